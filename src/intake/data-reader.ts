/**
 * The data of one message as an application wants it: up to CRLF `.` CRLF, dot-stuffing removed (RFC 5321 §4.5.2), in time linear in the
 * octets, however they are cut and however many dots they hold. Where the data ends is decided by smtp/end-of-data.ts alone.
 *
 * Only a dot behind CRLF is stuffing: behind a bare CR or LF it belongs to the message.
 * Pure: a reader holds its state and nothing of the chunks.
 */
import { type DataState, scanData, startOfData } from '../smtp/end-of-data.ts'

export type DataRead =
  | { readonly kind: 'more'; readonly octets: readonly Buffer[] }
  | {
      readonly kind: 'end'
      readonly octets: readonly Buffer[]
      /** Where in the chunk the next command begins. */
      readonly rest: number
    }
  | { readonly kind: 'refused'; readonly why: 'look-alike' | 'nul' }

const CR = 13
const LF = 10
const DOT = 46
const lineWithDot = Buffer.from('\r\n.')
const aDot = Buffer.from('.')

export class DataReader {
  #state: DataState = startOfData

  /** Reads the next chunk; the octets it gives may be views of the chunk. After `end` or `refused` the reader is spent. */
  read(chunk: Buffer): DataRead {
    const before = this.#state
    const scanned = scanData(before, chunk)
    if (scanned.kind === 'refused') return scanned
    const octets = [unstuff(before, chunk, scanned.end)]
    // A held dot that turned out to be text is stuffing when it began a line, and the message's own otherwise.
    if (scanned.first === '.' && before.after !== 'crlf') octets.unshift(aDot)
    if (scanned.kind === 'end') return { kind: 'end', octets, rest: scanned.rest }
    this.#state = scanned.state
    return { kind: 'more', octets }
  }
}

/** Gives the chunk up to `end` without the dots that begin its lines: a view when there are none, else a copy. */
function unstuff({ after, held }: DataState, chunk: Buffer, end: number): Buffer {
  const text = chunk.subarray(0, end)
  const startsLine = held === '' && after === 'crlf' && text[0] === DOT
  const endsLine = held === '' && after === 'cr' && text[0] === LF && text[1] === DOT
  const first = startsLine ? 0 : endsLine ? 1 : text.indexOf(lineWithDot) + 2
  if (first === 1 && !endsLine) return text
  const copy = Buffer.allocUnsafe(end)
  let length = text.copy(copy, 0, 0, first)
  for (let from = first + 1; from < end; from++) {
    const octet = text[from] as number
    if (octet === DOT && text[from - 1] === LF && text[from - 2] === CR) continue
    copy[length++] = octet
  }
  return copy.subarray(0, length)
}
