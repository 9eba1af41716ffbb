/**
 * Octets → lines, for commands and for replies alike: one grammar on both legs, so that no two readers can disagree about where a line
 * ends. A line ends at CRLF and at nothing else (RFC 5321 §2.3.8, §4.1.1.4: "MUST NOT recognize or generate any other").
 *
 * Lines are latin1 strings: one character an octet, so that what is passed on is byte for byte what came.
 * A reader copies what it keeps: the caller may reuse the chunk's memory as soon as `push` returns.
 * Pure: no I/O; a reader holds only its unread octets.
 */

/** `too-long`: over the limit; `control`: a CR, LF, NUL or other control character inside; the line's text is then not to be used. */
export type LineFault = 'too-long' | 'control'
export type Line = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: LineFault }

/** Control characters other than tab: no command and no reply has them (RFC 5321 §4.1.2, §4.2). */
const control = /[\0-\x08\x0a-\x1f\x7f]/

export class LineReader {
  readonly #maxOctets: number
  #held = ''
  /** Where to go on looking for CRLF: octets before it were searched already. */
  #searched = 0
  /** Inside a line that has passed the limit: everything up to its CRLF is dropped. */
  #dropping = false

  /** `maxOctets`: longest line, CRLF not counted. */
  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets
  }

  /** Takes a chunk as it came. */
  push(chunk: Buffer): void {
    const text = chunk.toString('latin1')
    this.#held = this.#held === '' ? text : this.#held + text
  }

  /** Gives the next whole line without its CRLF; null when there is none yet. A line over the limit is reported once, at its end. */
  next(): Line | null {
    const end = this.#held.indexOf('\r\n', this.#searched)
    if (end === -1) {
      if (this.#held.length > this.#maxOctets + 1) {
        this.#dropping = true
        // A CR at the very end may be the first half of the line's CRLF.
        this.#held = this.#held.endsWith('\r') ? '\r' : ''
      }
      this.#searched = Math.max(0, this.#held.length - 1)
      return null
    }
    const text = this.#held.slice(0, end)
    this.#held = end + 2 === this.#held.length ? '' : this.#held.slice(end + 2)
    this.#searched = 0
    if (this.#dropping || text.length > this.#maxOctets) {
      this.#dropping = false
      return { ok: false, why: 'too-long' }
    }
    return control.test(text) ? { ok: false, why: 'control' } : { ok: true, text }
  }

  /** Octets that were pushed and not yet read as lines. */
  get buffered(): number {
    return this.#held.length
  }

  /** Takes everything unread, as octets: what follows is not lines (a message's body), or is to be forgotten (STARTTLS). */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#held, 'latin1')
    this.#held = ''
    this.#searched = 0
    this.#dropping = false
    return rest
  }
}
