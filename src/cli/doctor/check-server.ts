/**
 * The running server, if it can be asked: is it ready, from which domains does its mail come, and does a canary come back.
 */
import { z } from 'zod'
import type { Api } from '../api-client.ts'
import { type Finding, findingsOf } from './finding.ts'

const readySchema = z.object({ checks: z.record(z.string(), z.string()) })
const messagesSchema = z.object({ items: z.array(z.object({ from: z.object({ address: z.string().nullable() }).nullable() })) })
const flightSchema = z.object({ id: z.string(), returnedAt: z.string().nullable(), failure: z.string().nullable(), recipient: z.string() })

const lookEveryMs = 500
/** As many mails are looked at for From domains, and as many domains are checked. */
const [mails, maxDomains] = [200, 10]

/** Asks whether every part answers. */
export async function checkServer(api: Api): Promise<Finding[]> {
  const server = findingsOf('server')
  const answer = await api.call('GET', '/readyz')
  const parsed = readySchema.safeParse(answer.body)
  if (!parsed.success) return [server.unknown(answer.ok ? 'what answers is not rebond' : answer.why, 'start it, or say where it is: --url')]
  const ill = Object.entries(parsed.data.checks).filter(([, said]) => said !== 'ok')
  if (ill.length === 0) return [server.ok('it runs, and every part of it answers')]
  return ill.map(([part, said]) => server.problem(`${part}: ${said}`, 'look at its log'))
}

/** The domains of the From headers of the latest mails. */
export async function fromDomains(api: Api): Promise<string[]> {
  const answer = await api.call('GET', `/v1/messages?limit=${mails}`)
  const parsed = messagesSchema.safeParse(answer.body)
  if (!parsed.success) return []
  const domains = parsed.data.items.flatMap(({ from }) => from?.address?.split('@').slice(-1) ?? [])
  return [...new Set(domains.map(domain => domain.toLowerCase()))].slice(0, maxDomains)
}

/** Sends a canary and waits until it is back, at most `waitMs`. */
export async function checkRoundTrip(api: Api, waitMs: number): Promise<Finding> {
  const trip = findingsOf('round-trip')
  const sent = await api.call('POST', '/v1/canary')
  const flight = flightSchema.safeParse(sent.body)
  if (!sent.ok || !flight.success)
    return trip.problem(
      sent.ok ? 'what answers is not this version of rebond' : sent.why,
      'a token with scope admin is needed, and a running server',
    )
  if (flight.data.failure !== null)
    return trip.problem(
      `upstream did not take the canary: ${flight.data.failure}`,
      'see the finding about upstream; it must take mail from the bounce domain to the bounce domain',
    )
  const { id, recipient } = flight.data
  const startedAt = performance.now()
  while (performance.now() - startedAt < waitMs) {
    const now = flightSchema.safeParse((await api.call('GET', '/v1/canary')).body)
    if (now.success && now.data.id === id && now.data.returnedAt !== null) {
      return trip.ok(`a mail to ${recipient} came back through upstream after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    }
    await new Promise(resolve => setTimeout(resolve, lookEveryMs))
  }
  return trip.problem(
    `a mail to ${recipient} has not come back within ${waitMs / 1000} s`,
    'look into the queue of upstream: does it deliver the bounce domain to bounce.listen (MX, port 25, or a transport), and send returns to the envelope sender',
  )
}
