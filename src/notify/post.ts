/**
 * One POST to a webhook endpoint: bounded in time and in what is read of the answer, no redirects, and only to addresses that the endpoint may have.
 *
 * The address is checked as the connection is made, with the very address that is connected to: a name that answers otherwise a moment later
 * (DNS rebinding) gains nothing. Without TLS only addresses that are not public are spoken to.
 */
import { lookup } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPublic } from '../config/network.ts'

export type PostReply =
  | {
      readonly answered: true
      readonly status: number /** `Retry-After`, in milliseconds from now. */
      readonly retryAfterMs: number | null
    }
  | { readonly answered: false; readonly why: string }

export type Poster = {
  /** Sends one; never rejects. `now`: what a `Retry-After` that is a date is counted from. */
  post(headers: Readonly<Record<string, string>>, body: string, now: number): Promise<PostReply>
  /** Lets no more connections wait. */
  close(): void
}

/** Names → addresses; `dns.lookup` unless told. */
export type Resolve = (
  name: string,
  done: (err: Error | null, addresses: readonly { readonly address: string; readonly family: number }[]) => void,
) => void

export type PosterOptions = {
  readonly url: string
  readonly allowPrivate: boolean
  readonly timeoutMs: number
  readonly maxConnections: number
  readonly resolve?: Resolve
}

/** An answer says no more than its status: more than this of a body is not waited for. */
const maxAnswerOctets = 16_384

/** The endpoint's address is none that it may have. */
class AddressNotAllowed extends Error {
  readonly code = 'ERR_ADDRESS_NOT_ALLOWED'
}

/** Makes the way to one endpoint, with connections that are kept. */
export function createPoster({ url, allowPrivate, timeoutMs, maxConnections, resolve = systemResolve }: PosterOptions): Poster {
  const target = new URL(url)
  const isTls = target.protocol === 'https:'
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const mayReach = (address: string) => (isTls ? allowPrivate || isPublic(address) : allowPrivate && !isPublic(address))
  const refused = (addresses: string) =>
    new AddressNotAllowed(
      isTls || !allowPrivate
        ? `${host} is at ${addresses}, which is not public: set allowPrivate if that is meant`
        : `${host} is at ${addresses}, which is public: use https`,
    )
  const pinned: LookupFunction = (name, options, callback) => {
    resolve(name, (err, found) => {
      if (err) return callback(err, '', 0)
      const fit = found.filter(({ address }) => mayReach(address))
      const [first] = fit
      if (!first) return callback(refused(found.map(({ address }) => address).join(', ')), '', 0)
      if (options.all) callback(null, [...fit])
      else callback(null, first.address, first.family)
    })
  }
  const agentOptions = { keepAlive: true, maxSockets: maxConnections, maxFreeSockets: 2, timeout: timeoutMs }
  const agent = isTls ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  const request = isTls ? httpsRequest : httpRequest

  return {
    post(headers, body, now) {
      // A literal address is connected to without a look-up.
      if (isIP(host) !== 0 && !mayReach(host)) return Promise.resolve({ answered: false, why: refused(host).message })
      return new Promise(done => {
        const signal = AbortSignal.timeout(timeoutMs)
        const sent = request(target, { method: 'POST', agent, lookup: pinned, signal, headers: withLength(headers, body) })
        sent.on('error', err =>
          done({ answered: false, why: signal.aborted ? `no answer within ${timeoutMs / 1000} seconds` : err.message || codeOf(err) }),
        )
        sent.on('response', answer => {
          const status = answer.statusCode ?? 0
          const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], now)
          const end = () => done({ answered: true, status, retryAfterMs })
          discard(answer, end)
        })
        sent.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

function withLength(headers: Readonly<Record<string, string>>, body: string): Record<string, string | number> {
  return { ...headers, 'content-length': Buffer.byteLength(body) }
}

/** Reads an answer away, so that its connection can be used again; a long one is cut, with its connection. */
function discard(answer: IncomingMessage, end: () => void): void {
  let octets = 0
  answer.on('data', (chunk: Buffer) => {
    octets += chunk.length
    if (octets > maxAnswerOctets) answer.destroy()
  })
  // The status has been read: whatever becomes of the rest, it stands.
  answer.on('error', () => {})
  answer.on('close', end)
}

/** Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. Milliseconds from now, null when there is none. */
export function parseRetryAfter(text: string | undefined, now: number): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}

const systemResolve: Resolve = (name, done) => lookup(name, { all: true }, (err, addresses) => done(err, addresses ?? []))

function codeOf(err: Error): string {
  return 'code' in err ? String(err.code) : err.name
}
