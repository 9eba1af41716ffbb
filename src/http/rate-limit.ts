/**
 * How often one caller may ask: `http.requestsPerMinute`, counted per token, without one per client network (/32, IPv6 /64).
 *
 * What anybody may ask (health, the description) is not counted, so that a busy client hides nobody's health. More is 429 with `Retry-After`.
 */
import type { HttpConfig } from '../config/schema.ts'
import type { App } from './app.ts'
import { sendProblem } from './problem.ts'

const windowMs = 60_000

/** Puts the hook on every route that `app` gets afterwards. It must come after access.ts's, which says who asks. */
export function limitRequests(app: App, { requestsPerMinute }: Pick<HttpConfig, 'requestsPerMinute'>): void {
  const count = app.createRateLimit({
    max: requestsPerMinute,
    timeWindow: windowMs,
    keyGenerator: request => (request.caller === null ? networkOf(request.ip) : `token ${request.caller}`),
  })

  app.addHook('onRequest', async (request, reply) => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'none') return
    const limit = await count(request)
    if (limit.isAllowed || !limit.isExceeded) return
    reply.header('retry-after', Math.max(1, limit.ttlInSeconds))
    const who = request.caller === null ? 'this network' : `the token ${request.caller}`
    return sendProblem(reply, 'too-many-requests', `More than ${requestsPerMinute} requests came from ${who} within a minute.`)
  })
}

/** An IPv4 address, or the first half of an IPv6 one, which one machine may fill as it likes. */
function networkOf(ip: string): string {
  if (!ip.includes(':') || ip.includes('.')) return ip
  const [head = '', tail = ''] = ip.split('::')
  const groups = head.split(':').filter(group => group !== '')
  const rest = tail.split(':').filter(group => group !== '')
  const filled = ip.includes('::') ? [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest] : groups
  return `${filled.slice(0, 4).join(':')}::/64`
}
