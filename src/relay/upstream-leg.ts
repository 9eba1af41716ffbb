/**
 * A session's leg to upstream: takes a warm connection or opens one, hands on whole replies, and says when it is lost.
 */
import type { Metrics } from '../observe/metrics.ts'
import type { Event } from '../smtp/dialogue.ts'
import { ourReplies } from '../smtp/our-replies.ts'
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
  #upstream: Upstream | null = null
  /** Counts openings: what an earlier one brings is not for us any more. */
  #opening = 0

  constructor(connections: WarmConnections, metrics: Metrics, owner: LegOwner) {
    this.#connections = connections
    this.#metrics = metrics
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
    this.#connections.open().then(
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
  say(line: string): void {
    this.#upstream?.connection.say(`${line}\r\n`)
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
      this.#owner.answered()
      this.#owner.dispatch({ type: 'reply', spoken: reading.spoken })
    }
  }

  #lost(upstream: Upstream, error: Error | null): void {
    if (this.#upstream !== upstream) return
    const retry = upstream.warm
    if (!retry) this.#owner.trouble('lost', error)
    this.#owner.dispatch({ type: 'lost', farewell: ourReplies.upstreamLost, retry })
  }
}
