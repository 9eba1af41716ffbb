/**
 * How long a body may take to arrive. Small ones all at once within a time; a stream as long as it goes on.
 *
 * node:http knows one time for all requests (`requestTimeout`), which a list of a million lines would run into. Here each route has its own.
 */
import type { IncomingMessage } from 'node:http'
import type { App } from './app.ts'
import { sendProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is read as it comes, by the route itself. */
    streamsBody?: boolean
  }
}

/** A body that is not a stream must have arrived by then. */
const bodyTimeoutMs = 30_000
/** A stream may pause for so long. */
const pauseTimeoutMs = 60_000

/** Gives every route that reads its body whole the deadline. */
export function limitBodyTime(app: App, timeoutMs: number = bodyTimeoutMs): void {
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request
    if (raw.complete || request.routeOptions.config.streamsBody) return
    const timer = setTimeout(() => {
      if (raw.complete || reply.sent) return
      reply.raw.once('finish', () => raw.destroy())
      reply.header('connection', 'close')
      void sendProblem(reply, 'request-timeout', `The body must arrive within ${timeoutMs / 1000} seconds.`)
    }, timeoutMs)
    raw.once('close', () => clearTimeout(timer))
    reply.raw.once('close', () => clearTimeout(timer))
  })
}

/** The pieces of a body; ends with an error when the sender leaves, or pauses too long while we wait for it. */
export async function* piecesOf(raw: IncomingMessage): AsyncGenerator<Buffer> {
  const pieces = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  try {
    while (true) {
      const timer = setTimeout(() => raw.destroy(new Error(`the sender paused for ${pauseTimeoutMs / 1000} seconds`)), pauseTimeoutMs)
      const next = await pieces.next().finally(() => clearTimeout(timer))
      if (next.done) return
      yield next.value
    }
  } finally {
    await pieces.return?.()
  }
}
