/**
 * The canary: a mail of our own whose return must come back, so that somebody hears when returns stop (`bounce.canaryEvery`, `rebond doctor
 * --round-trip`).
 *
 * It goes through upstream as the CRM's mail does, with a signed return path, to `canary-…@` the bounce domain. Our own listener refuses that
 * address (550 5.1.1), so upstream must return the mail to the token: the whole way is walked, and nobody's mailbox is touched. What comes back
 * to a canary's token is counted here and not kept. One that was under way when the program ended is an unknown mail afterwards, which harms nobody.
 */
import { randomBytes } from 'node:crypto'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import { makeId } from '../return-path/time-id.ts'
import type { ForwardConnection } from './forward-connection.ts'

export type Flight = {
  readonly id: string
  readonly recipient: string
  /** Milliseconds since 1970. */
  readonly sentAt: number
  /** null: it has not come back. */
  returnedAt: number | null
  /** Why it could not even be sent; null: upstream took it. */
  failure: string | null
}

export type Canary = {
  /** Lets one fly; resolves when upstream has taken it, or has not. */
  send(): Promise<Flight>
  /** Says whether a token is a canary's, which has come back then. */
  returned(messageId: string): boolean
  /** The latest one; null: none has flown since the start. */
  latest(): Flight | null
  stop(): void
}

export type CanaryDeps = {
  /** Between two of them; null: only when asked for. */
  readonly everyMs: number | null
  readonly connection: Pick<ForwardConnection, 'send' | 'close'>
  readonly returnPath: Pick<ReturnPath, 'address' | 'domain'>
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
}

/** After the start: by then everything around it stands. */
const firstAfterMs = 60_000
/** Flights remembered: a return may take days (RFC 5321 §4.5.4.1), and the interval may be short. */
const maxRemembered = 1000

/** Makes the canary; the first of a series flies a minute after the start. */
export function createCanary({ everyMs, connection, returnPath, log, metrics, now }: CanaryDeps): Canary {
  const flights = new Map<string, Flight>()
  let latest: Flight | null = null
  metrics.canaryInterval.set((everyMs ?? 0) / 1000)
  const first = everyMs === null ? undefined : setTimeout(() => void send(), Math.min(everyMs, firstAfterMs)).unref()
  const timer = everyMs === null ? undefined : setInterval(() => void send(), everyMs).unref()

  async function send(): Promise<Flight> {
    const sentAt = now()
    const id = makeId(sentAt, randomBytes(4))
    const recipient = `canary-${randomBytes(8).toString('hex')}@${returnPath.domain}`
    const flight: Flight = { id, recipient, sentAt, returnedAt: null, failure: null }
    flights.set(id, flight)
    const [oldest] = flights.keys()
    if (flights.size > maxRemembered && oldest !== undefined) flights.delete(oldest)
    latest = flight
    const from = returnPath.address(id)
    const result = await connection.send({ from, to: recipient, smtpUtf8: false }, Buffer.from(mailOf(from, recipient, id, sentAt)))
    connection.close()
    if (!result.ok) {
      flight.failure = result.failure.words
      log.warn({ canary: id, why: flight.failure }, 'a canary could not be sent')
    } else log.info({ canary: id }, 'a canary was sent; its return must come back')
    return flight
  }

  return {
    send,
    returned(messageId) {
      const flight = flights.get(messageId)
      if (!flight) return false
      flight.returnedAt ??= now()
      metrics.canaryLastSuccess.set(flight.returnedAt / 1000)
      log.info({ canary: messageId, afterSeconds: Math.round((flight.returnedAt - flight.sentAt) / 1000) }, 'a canary came back')
      return true
    },
    latest: () => latest,
    stop() {
      clearTimeout(first)
      clearInterval(timer)
      connection.close()
    },
  }
}

function mailOf(from: string, to: string, id: string, at: number): string {
  return [
    `From: <${from}>`,
    `To: <${to}>`,
    'Subject: rebond canary',
    `Date: ${new Date(at).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@${to.slice(to.lastIndexOf('@') + 1)}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This mail goes to an address that does not exist, so that it comes back: rebond looks whether returns still find their way.',
    '',
  ].join('\r\n')
}
