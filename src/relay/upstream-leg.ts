/**
 * A session's leg to upstream: takes a warm connection or opens one, hands on whole replies, and says when it is lost.
 */
import type { Metrics } from '../observe/metrics.ts'
import type { Event } from '../smtp/dialogue.ts'
import { ourReplies } from '../smtp/our-replies.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Subject } from '../smtp/slots.ts'
import type { Connection } from '../wire/connection.ts'
import type { Upstream } from './upstream.ts'
import type { WarmConnections } from './warm-connections.ts'

export type LegOwner = {
  /** Performs `event` as one turn of the session. */
  turn(event: () => void): void
  dispatch(event: Event): void
  /** A reply came, to the command that waited longest. */
  answered(): void
  /** Upstream has taken all octets that were passed to it. */
  written(): void
  /** Upstream cannot be had, or broke the protocol. */
  trouble(why: string, error: Error | null): void
}

export class UpstreamLeg {
  readonly #connections: WarmConnections
  readonly #metrics: Metrics
  readonly #owner: LegOwner
  /** The CRM's address. */
  readonly #client: string
  #upstream: Upstream | null = null
  /** Counts openings: what an earlier one brings is not for us any more. */
  #opening = 0

  constructor(connections: WarmConnections, metrics: Metrics, client: string, owner: LegOwner) {
    this.#connections = connections
    this.#metrics = metrics
    this.#client = client
    this.#owner = owner
  }

  /** null while there is none. */
  get connection(): Connection | null {
    return this.#upstream?.connection ?? null
  }

  /** Opens the leg: `ready`, or `lost`, is dispatched once, in the same tick with a warm connection. `fresh`: no warm one. */
  open(fresh = false): void {
    const turnOfOpening = ++this.#opening
    const warm = fresh ? null : this.#connections.take()
    if (warm) return this.#adopt(warm)
    this.#connections.open(this.#client).then(
      upstream => {
        if (turnOfOpening === this.#opening) this.#owner.turn(() => this.#adopt(upstream))
        else this.#connections.keep(upstream)
      },
      (error: Error) => {
        if (turnOfOpening !== this.#opening) return
        this.#owner.turn(() => {
          this.#owner.trouble('unavailable', error)
          this.#owner.dispatch({ type: 'lost', farewell: ourReplies.upstreamUnavailable, retry: false })
        })
      },
    )
  }

  /** Adds a line to the next flush. */
  say(line: string, verb: Subject['verb']): void {
    const upstream = this.#upstream
    upstream?.connection.say(upstream.xforward?.say(line, verb) ?? `${line}\r\n`)
  }

  /** The message and its final dot have been passed. */
  messageSent(): void {
    this.#upstream?.xforward?.messageSent()
  }

  flush(): void {
    this.#upstream?.connection.flush()
  }

  /** Lets go of the connection. `idle`: with a goodbye; else at once, and nothing more is written. */
  drop(idle: boolean): void {
    const upstream = this.#release()
    if (!upstream) return
    if (!idle) return upstream.connection.destroy()
    upstream.connection.say('QUIT\r\n')
    upstream.connection.finish()
  }

  /** Leaves the connection to the next session. */
  giveBack(): void {
    const upstream = this.#release()
    if (upstream) this.#connections.giveBack(upstream)
  }

  /** The session is over; a connection that is still open had its QUIT. */
  close(): void {
    const upstream = this.#release()
    upstream?.connection.finish()
  }

  #release(): Upstream | null {
    const upstream = this.#upstream
    this.#upstream = null
    this.#opening++
    if (!upstream) return null
    this.#metrics.upstreamConnections.dec({ state: 'busy' })
    upstream.connection.bind({ chunk() {}, written() {}, closed() {} })
    return upstream
  }

  #adopt(upstream: Upstream): void {
    this.#upstream = upstream
    this.#metrics.upstreamConnections.inc({ state: 'busy' })
    const owner = this.#owner
    upstream.connection.bind({
      chunk: chunk => {
        upstream.replies.push(chunk)
        owner.turn(() => this.#read(upstream))
      },
      written: () => owner.turn(() => owner.written()),
      closed: error => owner.turn(() => this.#lost(upstream, error)),
    })
    if (upstream.connection.closed) return this.#lost(upstream, null)
    owner.dispatch({ type: 'ready', facts: upstream.facts })
  }

  #read(upstream: Upstream): void {
    while (this.#upstream === upstream) {
      const reading = upstream.replies.next()
      if (!reading) return
      upstream.warm = false
      if (!reading.ok) {
        this.#owner.trouble(reading.why, null)
        this.#owner.dispatch({ type: 'lost', farewell: ourReplies.upstreamLost, retry: false })
        return
      }
      if (this.#isOurs(upstream, reading.spoken.reply)) continue
      this.#owner.answered()
      this.#owner.dispatch({ type: 'reply', spoken: reading.spoken })
    }
  }

  /** The reply to a command of ours is not the CRM's, unless it ends the session. */
  #isOurs({ xforward, connection }: Upstream, { code }: Reply): boolean {
    const next = xforward?.takeReply() ?? null
    if (next === null || code === 421) return false
    if (code !== 250) this.#owner.trouble('xforward', null)
    connection.say(next)
    return true
  }

  #lost(upstream: Upstream, error: Error | null): void {
    if (this.#upstream !== upstream) return
    const retry = upstream.warm
    if (!retry) this.#owner.trouble('lost', error)
    this.#owner.dispatch({ type: 'lost', farewell: ourReplies.upstreamLost, retry })
  }
}
