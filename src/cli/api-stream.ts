/**
 * Exchanges with the running server that are streams, one way or both: lists that are imported and exported, a backup.
 *
 * By node:http, not fetch: fetch waits with the answer until all has been sent.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export type StreamBody = { readonly type: string; readonly pieces: AsyncIterable<Buffer> }

/** `answer` ends with an error when the connection was lost: what came is not the whole. */
export type Exchange =
  | { readonly ok: true; readonly answer: AsyncIterable<Buffer> }
  | { readonly ok: false; readonly why: string; readonly body: unknown }

export type Server = {
  readonly url: URL
  readonly token: string | null
  /** A problem (RFC 9457) as a sentence. */
  readonly said: (answer: unknown, status: number) => string
}

/** The server may think for so long between two pieces. */
const pauseMs = 120_000

/** Sends the head and begins to send the body; resolves when the answer begins. Never rejects. */
export async function exchange({ url: base, token, said }: Server, method: string, path: string, body?: StreamBody): Promise<Exchange> {
  const url = new URL(urlUnder(base, path))
  const headers = {
    ...(body ? { 'content-type': body.type } : {}),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  }
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { method, headers, timeout: pauseMs })
  request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { name: 'TimeoutError' })))
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  // Once an answer is there, it says more than a write that failed.
  const sent = body ? pipeline(Readable.from(body.pieces), request) : Promise.resolve(request.end()).then(() => {})
  const failed = sent.then(
    () => new Promise<never>(() => {}),
    err => err as Error,
  )
  try {
    const answer = await Promise.race([answered, failed.then(err => answered.catch(() => Promise.reject(err)))])
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return { ok: true, answer }
    const words = await text(answer)
    const problem = parseJson(words)
    if (problem === undefined) return { ok: false, why: `what answers at ${base.href} is not rebond (${status})`, body: null }
    return { ok: false, why: said(problem, status), body: problem }
  } catch (err) {
    request.destroy()
    return { ok: false, why: `the server at ${base.href} cannot be reached: ${whyUnreachable(err, pauseMs)}`, body: null }
  }
}

/** A path below where the server is. */
export function urlUnder(base: URL, path: string): string {
  return `${base.href.replace(/\/+$/, '')}${path}`
}

/** What kept a request from being answered, in words that say what to look at. */
export function whyUnreachable(err: unknown, timeoutMs: number): string {
  if (!(err instanceof Error)) return String(err)
  if (err.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} seconds`
  const cause = err.cause instanceof Error ? err.cause : err
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ECONNREFUSED') return 'nothing listens there (is rebond running? see --url)'
  if (code === 'ENOTFOUND') return 'its name cannot be found'
  return cause.message || code || err.message
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
