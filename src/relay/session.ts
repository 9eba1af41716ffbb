/**
 * One CRM session: performs what the pure machine (smtp/transaction.ts) asks for, on the two connections. It decides nothing.
 *
 * Promises: what one event brings leaves in one write per connection; input is read only while it can be taken, so memory is bounded; a bug
 * ends this session with 421 and a log line, and no other.
 */
import { maxAuthOctets } from '../smtp/command.ts'
import type { Effect, Event, LoginResult, Rules, State, Transaction } from '../smtp/dialogue.ts'
import { type Line, LineReader } from '../smtp/lines.ts'
import { ourReplies } from '../smtp/our-replies.ts'
import { formatReplyLine } from '../smtp/reply.ts'
import { openState, step, takesLines } from '../smtp/transaction.ts'
import type { Connection } from '../wire/connection.ts'
import { JournalEntry } from './journal.ts'
import { eventOfLine } from './line-event.ts'
import { MessagePassage } from './message-passage.ts'
import { Screening } from './screening.ts'
import { type Late, SessionClock } from './session-clock.ts'
import type { SessionDeps } from './session-deps.ts'
import { UpstreamLeg } from './upstream-leg.ts'

/** Octets that may wait to be taken, or to be read by the CRM, before no more are read. */
const maxWaitingOctets = 65_536

export class Session {
  readonly id: string
  readonly #deps: SessionDeps
  readonly #crm: Connection
  readonly #lines = new LineReader(maxAuthOctets)
  readonly #clock: SessionClock
  readonly #leg: UpstreamLeg
  readonly #screening: Screening
  #state: State
  #events: Event[] = []
  #performing = false
  #turning = false
  #message: MessagePassage | null = null
  #entry: JournalEntry | null = null
  #paused = false
  #ended = false

  constructor(id: string, crm: Connection, rules: Rules, deps: SessionDeps) {
    this.id = id
    this.#deps = deps
    this.#crm = crm
    this.#state = openState(rules, crm.secure)
    this.#clock = new SessionClock(deps, who => this.#turn(() => this.#late(who)))
    this.#screening = new Screening(deps, id, {
      turn: event => this.#turn(event),
      screened: (number, found) => this.#dispatch({ type: 'screened', number, found }),
    })
    this.#leg = new UpstreamLeg(deps.connections, deps.metrics, crm.remoteAddress, {
      turn: event => this.#turn(event),
      dispatch: event => this.#dispatch(event),
      answered: () => this.#clock.answered(),
      written: () => this.#message?.written(),
      trouble: (why, error) => this.#upstreamTrouble(why, error),
    })
  }

  /** Greets the CRM, and opens upstream meanwhile. `early`: octets that came before the session. */
  start(early: Buffer): void {
    this.#crm.bind({
      chunk: chunk => this.#turn(() => this.#take(chunk)),
      written: () => this.#turn(() => {}),
      closed: () => this.#turn(() => this.#dispatch({ type: 'client-left' })),
    })
    this.#turn(() => {
      this.#leg.open()
      this.#crm.say(`220 ${this.#deps.hostname} ESMTP rebond ${this.#deps.instanceId}\r\n`)
      if (early.length > 0) this.#take(early)
    })
    this.#crm.resume()
  }

  /** Asks the session to end as soon as nothing is under way. */
  stop(): void {
    this.#turn(() => this.#dispatch({ type: 'stop' }))
  }

  /** Ends the session now. */
  end(): void {
    this.#turn(() => this.#dispatch({ type: 'end', farewell: ourReplies.stopping }))
  }

  /** One event from outside, and all that follows from it in the same tick. */
  #turn(event: () => void): void {
    if (this.#ended) return
    if (this.#turning) return event()
    this.#turning = true
    try {
      event()
      this.#takeLines()
      this.#crm.flush()
      this.#leg.flush()
      this.#flow()
      this.#clock.set(this.#state, this.#message)
    } catch (err) {
      this.#deps.log.error({ err, session: this.id }, 'a session ended because of a bug')
      this.#crm.say(ourReplies.bug.wire)
      this.#leg.drop(false)
      this.#close()
    } finally {
      this.#turning = false
    }
  }

  #dispatch(event: Event): void {
    this.#events.push(event)
    if (this.#performing) return
    this.#performing = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) {
        const { state, effects } = step(this.#state, next)
        this.#state = state
        for (const effect of effects) this.#perform(effect)
      }
    } finally {
      this.#performing = false
    }
  }

  #take(chunk: Buffer): void {
    this.#clock.heard()
    if (this.#state.input === 'body' && this.#message && !this.#message.ended) {
      const rest = this.#message.take(chunk)
      if (rest.length > 0) this.#lines.push(rest)
    } else this.#lines.push(chunk)
  }

  #takeLines(): void {
    do {
      this.#screening.run()
      while (takesLines(this.#state)) {
        const line = this.#lines.next()
        if (line === null) break
        this.#clock.heardLine()
        this.#dispatch(this.#eventOf(line))
      }
    } while (this.#screening.pending)
    if (this.#state.slots.length === 0 && !this.#state.transaction) this.#screening.forget()
  }

  #eventOf(line: Line): Event {
    const { event, bad } = eventOfLine(line, this.#state.input, this.#deps)
    if (bad !== null) this.#badInput(bad)
    return event
  }

  #badInput(why: string): void {
    this.#deps.metrics.protocolErrors.inc({ side: 'client', why })
    this.#deps.log.info({ session: this.id, why }, 'the client sent a line that is no command')
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'say':
        return this.#crm.say(effect.wire)
      case 'send':
        this.#clock.sent(effect.verb)
        return this.#leg.say(effect.line, effect.verb)
      case 'screen':
        return this.#screening.ask(effect)
      case 'verify':
        this.#deps.verifyPassword(this.#crm.remoteAddress, effect.user, effect.password).then(
          ok => this.#verified(ok ? 'right' : 'wrong'),
          (err: Error) => {
            this.#deps.log.warn({ session: this.id, why: err.message }, 'a log-in could not be checked')
            this.#verified('unchecked')
          },
        )
        return
      case 'receive':
        return this.#receive(effect)
      case 'discard':
        return this.#message?.discard(effect.answer)
      case 'settle': {
        const settled = (this.#entry ?? this.#entryOf(effect.transaction)).settle(effect.result, effect.reply)
        this.#entry = null
        return this.#conclude(settled, effect.await)
      }
      case 'journal':
        return this.#conclude(this.#entryOf(effect.transaction).settle(effect.result, null), effect.await)
      case 'recipient':
        return this.#deps.metrics.rcpt.inc({ verdict: effect.verdict })
      case 'return-path-refused':
        return this.#deps.returnPathRefused(formatReplyLine(effect.reply))
      case 'violation':
        return this.#upstreamTrouble(effect.why, null)
      case 'open-upstream':
        return this.#leg.open()
      case 'drop-upstream':
        this.#clock.upstreamGone()
        return this.#leg.drop(effect.idle)
      case 'return-upstream':
        return this.#leg.giveBack()
      case 'start-tls':
        return this.#startTls()
      case 'close':
        return this.#close()
    }
  }

  #receive({ transaction }: Effect & { type: 'receive' }): void {
    const upstream = this.#leg.connection
    if (!upstream) return
    this.#entry = this.#entryOf(transaction)
    const message = new MessagePassage({
      crm: this.#crm,
      upstream,
      entry: this.#entry,
      maxOctets: this.#state.rules.maxMessageBytes,
      passUnrecorded: this.#deps.whenUnavailable === 'pass',
      sent: (octets, recorded) => this.#turn(() => this.#sent(octets, recorded)),
      failed: (answer, close, why) => {
        if (why) this.#badInput(why)
        this.#turn(() => this.#dispatch({ type: 'message-failed', answer, close }))
      },
    })
    this.#message = message
    const early = this.#lines.takeRest()
    if (early.length > 0) this.#take(early)
  }

  #verified(as: LoginResult): void {
    this.#turn(() => this.#dispatch({ type: 'verified', as }))
  }

  #sent(octets: number, recorded: boolean): void {
    this.#deps.metrics.messageBytes.inc(octets)
    if (!recorded) this.#deps.metrics.messagesUnjournalled.inc()
    this.#clock.sent('message')
    this.#leg.messageSent()
    this.#dispatch({ type: 'message-sent' })
  }

  #entryOf(transaction: Transaction): JournalEntry {
    return new JournalEntry(this.#deps, transaction, this.#screening.blocks)
  }

  #conclude(settled: Promise<void>, wait: boolean): void {
    this.#deps.inBackground(settled)
    if (wait) settled.finally(() => this.#turn(() => this.#dispatch({ type: 'concluded' })))
  }

  #startTls(): void {
    this.#lines.takeRest()
    this.#crm.flush()
    this.#deps.secure(this.#crm).then(
      () => {
        // What came in clear and was not read must not be taken for what came inside (RFC 3207 §6).
        this.#lines.takeRest()
        this.#turn(() => this.#dispatch({ type: 'secured' }))
      },
      (err: Error) => {
        this.#deps.log.info({ session: this.id, why: err.message }, 'TLS with the client failed')
        this.#turn(() => this.#dispatch({ type: 'client-left' }))
      },
    )
  }

  #upstreamTrouble(why: string, err: Error | null): void {
    if (why !== 'unavailable') this.#deps.metrics.upstreamFailures.inc({ why })
    this.#deps.log.warn({ session: this.id, why, ...(err ? { err } : {}) }, 'trouble with upstream')
  }

  #late(who: Late): void {
    this.#deps.metrics.protocolErrors.inc({ side: who === 'upstream' ? 'upstream' : 'client', why: 'late' })
    if (who === 'upstream') {
      this.#upstreamTrouble('late', null)
      this.#dispatch({ type: 'lost', farewell: ourReplies.upstreamLost, retry: false })
    } else this.#dispatch({ type: 'end', farewell: who === 'slow' ? ourReplies.tooSlow : ourReplies.idle })
  }

  /** Reads no more than can be taken, and no more than the CRM reads of its replies. */
  #flow(): void {
    const full = this.#lines.buffered > maxWaitingOctets || this.#crm.unsent > maxWaitingOctets
    if (full === this.#paused || this.#ended) return
    this.#paused = full
    if (full) this.#crm.pause()
    else this.#crm.resume()
  }

  #close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#message?.abandon()
    this.#clock.close()
    this.#leg.close()
    this.#crm.finish()
    this.#deps.ended(this)
  }
}
