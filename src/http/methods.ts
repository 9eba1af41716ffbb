/**
 * 405 for a method that a path does not know, with the `Allow` of those it does (RFC 9110 §15.5.6).
 */
import type { HTTPMethods } from 'fastify'
import type { App } from './app.ts'
import { sendProblem } from './problem.ts'

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Runs `addRoutes`, then makes every path it added answer its other methods. */
export function refuseOtherMethods(app: App, addRoutes: () => void): void {
  const known = new Map<string, Set<HTTPMethods>>()
  let done = false
  app.addHook('onRoute', ({ url, method }) => {
    if (done) return
    const before = known.get(url) ?? new Set()
    known.set(url, new Set([...before, ...[method].flat()]))
  })
  addRoutes()
  done = true
  for (const [url, allowed] of known) {
    if (allowed.has('GET')) allowed.add('HEAD')
    app.route({
      method: methods.filter(method => !allowed.has(method)),
      url,
      config: { access: 'none' },
      schema: { hide: true },
      // Before the body is read: a body of the wrong kind is not what is wrong here.
      onRequest: async (request, reply) => {
        const allow = [...allowed].sort().join(', ')
        reply.header('allow', allow)
        return sendProblem(reply, 'method-not-allowed', `This path knows ${allow}, not ${request.method}.`)
      },
      handler: () => {},
    })
  }
}
