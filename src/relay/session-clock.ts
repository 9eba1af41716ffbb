/**
 * The deadlines of one session (RFC 5321 §4.5.3.2), and how long upstream took for each reply. A deadline is data: one sweep looks at all.
 */
import type { RelayConfig } from '../config/schema.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { State } from '../smtp/dialogue.ts'
import type { Subject } from '../smtp/slots.ts'
import type { Deadline, Deadlines } from '../wire/deadlines.ts'
import type { MessagePassage } from './message-passage.ts'

/** A body's rate is looked at over this time. */
const rateWindowMs = 60_000

export type ClockDeps = {
  readonly config: Pick<RelayConfig, 'timeouts' | 'minBytesPerSecond'>
  readonly deadlines: Deadlines
  readonly metrics: Metrics
  /** Milliseconds, never going back. */
  readonly clock: () => number
}

/** Who is late. `slow`: a body below the minimum rate. */
export type Late = 'client' | 'slow' | 'upstream'

export class SessionClock implements Deadline {
  dueAt = Number.POSITIVE_INFINITY
  readonly #deps: ClockDeps
  readonly #late: (who: Late) => void
  /** Commands that wait for upstream's reply, oldest first. */
  #sent: { readonly verb: Subject['verb']; readonly at: number }[] = []
  #who: Late = 'client'
  #heardAt: number
  #lineAt: number
  #window: { readonly startedAt: number; readonly octets: number; readonly message: MessagePassage; stalled: boolean } | null = null

  constructor(deps: ClockDeps, late: (who: Late) => void) {
    this.#deps = deps
    this.#late = late
    this.#heardAt = this.#lineAt = deps.clock()
    deps.deadlines.watch(this)
  }

  /** Octets of the CRM came. */
  heard(): void {
    this.#heardAt = this.#deps.clock()
  }

  /** A whole line of the CRM came: octets alone do not keep a session alive. */
  heardLine(): void {
    this.#lineAt = this.#heardAt
  }

  /** A command went upstream. */
  sent(verb: Subject['verb']): void {
    this.#sent.push({ verb, at: this.#deps.clock() })
  }

  /** Upstream answered the command that waited longest. */
  answered(): void {
    const sent = this.#sent.shift()
    const now = this.#deps.clock()
    this.#lineAt = now
    if (sent) this.#deps.metrics.upstreamDuration(sent.verb).observe((now - sent.at) / 1000)
  }

  /** The upstream that owed replies is gone. */
  upstreamGone(): void {
    this.#sent = []
  }

  /** Sets the deadline after a turn of the session. */
  set(state: State, message: MessagePassage | null): void {
    const { timeouts } = this.#deps.config
    const [waiting] = this.#sent
    if (waiting) {
      this.#who = 'upstream'
      this.dueAt = waiting.at + this.#limitOf(waiting.verb) * 1000
    } else if (state.input === 'body' && message && !message.ended) {
      this.#setForBody(message)
    } else {
      // An upstream that is being opened has deadlines of its own.
      this.#who = 'client'
      this.dueAt = state.slots.length > 0 ? Number.POSITIVE_INFINITY : this.#lineAt + timeouts.idleSeconds * 1000
    }
  }

  expire(): void {
    if (this.#who !== 'slow') return this.#late(this.#who)
    const { minBytesPerSecond } = this.#deps.config
    const window = this.#window
    this.#window = null
    const due = (minBytesPerSecond * rateWindowMs) / 1000
    if (window && !window.stalled && window.message.octets - window.octets < due) this.#late('slow')
    else if (window) this.#setForBody(window.message)
  }

  close(): void {
    this.#deps.deadlines.forget(this)
  }

  #setForBody(message: MessagePassage): void {
    const now = this.#deps.clock()
    if (this.#window?.message !== message) this.#window = { startedAt: now, octets: message.octets, message, stalled: false }
    if (message.stalled) this.#window.stalled = true
    const block = this.#heardAt + this.#deps.config.timeouts.blockSeconds * 1000
    const window = this.#window.startedAt + rateWindowMs
    this.#who = window < block ? 'slow' : message.stalled ? 'upstream' : 'client'
    this.dueAt = Math.min(block, window)
  }

  #limitOf(verb: Subject['verb']): number {
    const { timeouts } = this.#deps.config
    if (verb === 'message') return timeouts.finalDotSeconds
    if (verb === 'DATA') return timeouts.dataSeconds
    return verb === 'EHLO' || verb === 'HELO' ? timeouts.greetingSeconds : timeouts.commandSeconds
  }
}
