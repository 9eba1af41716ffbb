/**
 * Pages go out compressed (gzip) to whoever can read that. Each page has fresh form tokens, so its length tells nothing of them.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { App } from '../app.ts'

const compress = promisify(gzip)
/** Shorter ones are not worth it. */
const fromLength = 1024

/** Compresses the pages of every route that `app` gets. */
export function compressPages(app: App): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isPage = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html')
    if (!isPage) return payload
    reply.header('vary', 'accept-encoding, accept-language, cookie')
    if (payload.length < fromLength || !/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return payload
    const packed = await compress(payload)
    // fastify has set the length of what was.
    reply.removeHeader('content-length')
    reply.header('content-encoding', 'gzip')
    return packed
  })
}
