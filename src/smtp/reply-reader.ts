/**
 * Lines from upstream → whole replies (RFC 5321 §4.2.1), each with the octets it came in.
 *
 * Promises: whatever upstream sends, memory stays bounded (a line without end is dropped until its deadline); what is not a reply is a fault, after which the connection is not to be used.
 * Pure: a reader holds only the lines of the reply it is in.
 */
import { LineReader } from './lines.ts'
import { parseReply, type SpokenReply } from './reply.ts'

/** Longest reply line and longest reply taken: the standard's 512 octets are often exceeded, without end they must not be. */
const maxLineOctets = 4096
const maxLines = 256

export type ReplyFault = 'reply-malformed' | 'reply-too-long'
export type ReplyReading = { readonly ok: true; readonly spoken: SpokenReply } | { readonly ok: false; readonly why: ReplyFault }

export class ReplyReader {
  readonly #lines = new LineReader(maxLineOctets)
  #held: string[] = []

  /** Takes a chunk as it came; the chunk is not kept. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk)
  }

  /** Gives the next whole reply; null when there is none yet. */
  next(): ReplyReading | null {
    for (;;) {
      const line = this.#lines.next()
      if (line === null) return null
      if (!line.ok) return { ok: false, why: line.why === 'too-long' ? 'reply-too-long' : 'reply-malformed' }
      this.#held.push(line.text)
      if (line.text[3] === '-') {
        if (this.#held.length >= maxLines) return { ok: false, why: 'reply-too-long' }
        continue
      }
      const parsed = parseReply(this.#held)
      const wire = `${this.#held.join('\r\n')}\r\n`
      this.#held = []
      return parsed.ok ? { ok: true, spoken: { reply: parsed.reply, wire } } : { ok: false, why: 'reply-malformed' }
    }
  }

  /** Octets that came and were not read as replies: none may stand where a reply is not awaited. */
  get buffered(): number {
    return this.#lines.buffered + this.#held.length
  }
}
