/**
 * A message on its way through: octets in, the same octets out, the journal record durable before the final dot (RFC 5321 §4.1.1.4).
 *
 * Promises: memory is bounded by one read, whatever the size; nothing of a message that is refused, cut or unrecorded is ever followed by a
 * terminator; chunks go on untouched.
 */

import { type DataState, scanData, startOfData, terminator } from '../smtp/end-of-data.ts'
import { ourReplies } from '../smtp/our-replies.ts'
import type { SpokenReply } from '../smtp/reply.ts'
import type { Message } from '../store/message-records.ts'
import type { Connection } from '../wire/connection.ts'
import type { JournalEntry } from './journal.ts'
import { HeadGatherer } from './message-header.ts'

/** A last chunk up to this size is copied, so that the buffer it was read into is free while the journal is written. */
const copiedOctets = 16_384
const dot = Buffer.from('.')
const end = Buffer.from(terminator)

export type PassageDeps = {
  readonly crm: Connection
  readonly upstream: Connection
  readonly entry: JournalEntry
  /** null: no limit of ours. */
  readonly maxOctets: number | null
  /** A message that cannot be journalled goes on all the same. */
  readonly passUnrecorded: boolean
  /** The message and its final dot are on their way; `octets` of it. */
  sent(octets: number, recorded: boolean): void
  /** The message has ended and does not go upstream; `close`: the session cannot go on. */
  failed(answer: SpokenReply, close: boolean, why: 'look-alike' | 'nul' | null): void
}

export class MessagePassage {
  readonly #deps: PassageDeps
  readonly #head = new HeadGatherer()
  #state: DataState = startOfData
  #octets = 0
  #headKnown = false
  /** The answer at the end of a message that is only read to its end; null while it passes. */
  #discarding: SpokenReply | null = null
  #ended = false
  #over = false
  /** Upstream has not taken the last chunk yet. */
  #stalled = false
  /** Reading was stopped by us: what others stop is theirs to start. */
  #paused = false

  constructor(deps: PassageDeps) {
    this.#deps = deps
    deps.crm.useOwnBuffer(true)
  }

  /** Octets of the message that have come so far. */
  get octets(): number {
    return this.#octets
  }

  /** Its end has been seen: what comes now are commands again. */
  get ended(): boolean {
    return this.#ended
  }

  /** It waits for upstream, not for the CRM. */
  get stalled(): boolean {
    return this.#stalled
  }

  /** Takes octets as they came; gives what follows the message's end, empty while there is none. */
  take(chunk: Buffer): Buffer {
    const before = this.#state.held
    const found = scanData(this.#state, chunk)
    if (found.kind === 'refused') {
      this.#fail(found.why === 'nul' ? ourReplies.nulOctet : ourReplies.lookAlike, true, found.why)
      return chunk.subarray(0, 0)
    }
    const text = chunk.subarray(0, found.end)
    this.#octets += found.first.length + text.length
    if (this.#deps.maxOctets !== null && this.#octets > this.#deps.maxOctets) this.#cut(ourReplies.messageTooLarge)
    if (found.kind === 'more') {
      this.#state = found.state
      if (!this.#discarding) this.#pass(found.first, text)
      return chunk.subarray(0, 0)
    }
    this.#ended = true
    const rest = chunk.subarray(found.rest)
    if (this.#discarding) this.#fail(this.#discarding, false, null)
    // The dot and its CRLF follow the text in the same chunk, unless some of it was held back before.
    else if (before === '') this.#finish(chunk.subarray(0, found.rest), found.end)
    else this.#finish(Buffer.concat([text, end]), found.end, found.first)
    return rest
  }

  /** Upstream has taken everything. */
  written(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#resume()
  }

  /** Upstream has given its answer before the end: the rest is read and dropped. */
  discard(answer: SpokenReply): void {
    this.#discarding ??= answer
    this.written()
  }

  /** The session is over; whatever is under way ends in nothing. */
  abandon(): void {
    this.#over = true
  }

  #pass(first: '' | '.', text: Buffer): void {
    const { upstream, crm } = this.#deps
    this.#gather(first, text, null)
    if (first !== '') upstream.say(first)
    if (text.length === 0) return
    if (upstream.pass(crm.lends(text) ? Buffer.from(text) : text)) return
    this.#stalled = true
    this.#pause()
  }

  /** `last`: the rest of the message with its terminator; `textEnd`: where the text ends in it. */
  #finish(last: Buffer, textEnd: number, first: '' | '.' = ''): void {
    const { crm } = this.#deps
    this.#gather(first, last.subarray(0, textEnd), this.#octets)
    const recorded = this.#record(this.#octets)
    const kept = last.length <= copiedOctets || crm.lends(last) ? Buffer.from(last) : last
    // Without a pause where none is needed: stopping and starting a socket costs two system calls of some twenty a message (strace).
    if (kept !== last) crm.useOwnBuffer(false)
    else this.#pause()
    const whole = first === '' ? kept : Buffer.concat([dot, kept])
    recorded.then(message => this.#send(whole, message))
  }

  #send(last: Buffer, message: Message | null): void {
    const { upstream, crm, entry, passUnrecorded } = this.#deps
    if (this.#over) return
    crm.useOwnBuffer(false)
    if (this.#discarding) this.#fail(this.#discarding, false, null)
    else if (message === null && !passUnrecorded) this.#fail(ourReplies.notJournalled, false, null)
    else {
      this.#over = true
      if (message) entry.judge(message)
      // The buffer that the last octets stand in must not be read into before they are gone.
      this.#stalled = !upstream.pass(last)
      this.#deps.sent(this.#octets, message !== null)
    }
    if (!this.#stalled) this.#resume()
  }

  /** Collects the head; once it is known the record is written beside the message's way. */
  #gather(first: '' | '.', text: Buffer, octets: number | null): void {
    if (this.#headKnown) return
    if (first !== '') this.#head.take(dot)
    this.#headKnown = this.#head.take(text)
    if (this.#headKnown) this.#record(octets)
  }

  #pause(): void {
    this.#paused = true
    this.#deps.crm.pause()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deps.crm.resume()
  }

  #record(octets: number | null) {
    this.#headKnown = true
    return this.#deps.entry.record(this.#head.head(), octets)
  }

  #cut(answer: SpokenReply): void {
    if (this.#discarding) return
    this.#deps.upstream.destroy()
    this.discard(answer)
  }

  #fail(answer: SpokenReply, close: boolean, why: 'look-alike' | 'nul' | null): void {
    this.#ended = true
    this.#over = true
    this.#deps.crm.useOwnBuffer(false)
    this.#deps.failed(answer, close, why)
  }
}
