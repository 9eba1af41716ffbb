/**
 * Octets in pieces → lines of text, in bounded memory. A line ends at LF or CRLF; a UTF-8 byte order mark in front is dropped.
 *
 * Promises: every line of the input gives exactly one line, whatever it holds; one that is too long, holds NUL or is not UTF-8 gives a sentence
 * that says so, and does not touch its neighbours. Pure.
 */
import { Buffer } from 'node:buffer'

/** Octets of a line that are read; what an export holds is a few hundred. */
export const maxLineOctets = 65_536

/** `text` is without its line end. Lines are counted from 1. */
export type TextLine =
  | { readonly line: number; readonly ok: true; readonly text: string }
  | { readonly line: number; readonly ok: false; readonly why: string }

const lf = 0x0a
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Splits a stream into lines. */
export class TextLines {
  #line = 1
  #length = 0
  #kept: Buffer[] = []

  /** Takes the next piece and gives the lines that end in it. */
  read(piece: Buffer): TextLine[] {
    const lines: TextLine[] = []
    let from = 0
    for (let end = piece.indexOf(lf); end !== -1; end = piece.indexOf(lf, from)) {
      this.#keep(piece.subarray(from, end))
      lines.push(this.#take())
      from = end + 1
    }
    this.#keep(piece.subarray(from))
    return lines
  }

  /** Gives the last line, when it has no line end. */
  end(): TextLine[] {
    return this.#length === 0 ? [] : [this.#take()]
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return
    if (this.#length + part.length <= maxLineOctets + 1) this.#kept.push(part)
    else this.#kept = []
    this.#length += part.length
  }

  #take(): TextLine {
    const line = this.#line++
    const length = this.#length
    const [only] = this.#kept
    const octets = this.#kept.length === 1 && only ? only : Buffer.concat(this.#kept)
    this.#kept = []
    this.#length = 0
    if (length > maxLineOctets + 1) return { line, ok: false, why: `the line is over ${maxLineOctets} octets` }
    if (line === 1 && (octets.subarray(0, 2).equals(utf16le) || octets.subarray(0, 2).equals(utf16be)))
      return { line, ok: false, why: 'the file is UTF-16: save it as UTF-8' }
    const whole = octets.at(-1) === 0x0d ? octets.subarray(0, -1) : octets
    const bare = line === 1 && whole.subarray(0, 3).equals(bom) ? whole.subarray(3) : whole
    if (bare.includes(0)) return { line, ok: false, why: 'the line holds NUL' }
    try {
      return { line, ok: true, text: utf8.decode(bare) }
    } catch {
      return { line, ok: false, why: 'the line is not UTF-8' }
    }
  }
}

const bom = Buffer.from([0xef, 0xbb, 0xbf])
const utf16le = Buffer.from([0xff, 0xfe])
const utf16be = Buffer.from([0xfe, 0xff])
