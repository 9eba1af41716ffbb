/**
 * The header of a mail or of a part of one: fields of RFC 5322 §2.2, unfolded (§2.2.3).
 *
 * Values are octets, one latin1 character each, as they stood in the mail: `decodeHeaderText` and `parseAddressList` make text of them.
 * Tolerant of what old servers send: CRLF, LF, CR CR LF or CR alone as line end, an mbox `From ` line, lines that are no fields, no header at all.
 * Never throws; linear in the octets looked at; at most `maxHeadOctets` and `maxFields` are.
 * Pure.
 */

/** Longest header looked at: mailparser is given half of it, the largest real ones seen are under 40 KiB. */
export const maxHeadOctets = 262_144
const maxFields = 2_000

export type HeaderField = {
  /** Lower case. */
  readonly name: string
  /** Unfolded, outer white space removed; octets as latin1. */
  readonly value: string
}

export type Header = {
  /** Fields in the order of the mail. */
  readonly fields: readonly HeaderField[]
  /** Where the body begins in what was parsed: behind the empty line, or behind the last field when there is none. */
  readonly bodyStart: number
  /** Value of the first field of that name (lower case); null when there is none. */
  first(name: string): string | null
  /** Values of all fields of that name (lower case), in order. */
  all(name: string): readonly string[]
}

/** Parses the header at the start of `octets`; what follows the empty line is not looked at. The buffer is not kept. */
export function parseHeader(octets: Buffer): Header {
  const head = octets.length > maxHeadOctets ? octets.subarray(0, maxHeadOctets) : octets
  const ends = [head.indexOf('\r\n\r\n'), head.indexOf('\n\n')].filter(end => end > 0)
  // Octets are turned into text up to the first line of the body only.
  return parseHeaderText(head.toString('latin1', 0, ends.length === 0 ? head.length : Math.min(...ends) + 4))
}

/** The same for octets that are latin1 text already; `from` is where the header begins, and `bodyStart` counts from the start of `text`. */
export function parseHeaderText(text: string, from = 0): Header {
  const lineFeed = text.indexOf('\n', from)
  // Old Macintosh servers end lines with a CR alone; where there is any LF, a lone CR is only dirt inside a line.
  const end = lineFeed === -1 ? '\r' : '\n'
  const limit = Math.min(text.length, from + maxHeadOctets)
  const fields: HeaderField[] = []
  let name = ''
  let lines: string[] = []
  const flush = () => {
    if (name !== '' && fields.length < maxFields)
      fields.push({ name, value: (lines.length === 1 ? (lines[0] ?? '') : lines.join(' ')).trim() })
    name = ''
  }
  // The byte order mark of a careless editor, as octets or decoded.
  let at = text.startsWith('\xef\xbb\xbf', from) ? from + 3 : text.startsWith('\ufeff', from) ? from + 1 : from
  while (at < limit && fields.length < maxFields) {
    const found = text.indexOf(end, at)
    const stop = found === -1 || found > limit ? limit : found
    let last = stop
    while (last > at && text.charCodeAt(last - 1) === 13) last--
    const next = Math.min(stop + 1, text.length)
    if (last === at) {
      // An empty line: the end, unless nothing but dirt came before it.
      flush()
      if (fields.length > 0) return headerOf(fields, next)
      at = next
      continue
    }
    const first = text.charCodeAt(at)
    if (first === 32 || first === 9) {
      if (fields.length === 0 && name === '') return headerOf([], from)
      if (name !== '') lines.push(text.slice(at + 1, last).trim())
    } else {
      const colon = fieldNameEnd(text, at, last)
      if (colon === -1) {
        // A mail without any header: all of it is body.
        if (fields.length === 0 && name === '' && !/^>?From /.test(text.slice(at, at + 6))) return headerOf([], from)
        flush()
      } else {
        flush()
        name = text.slice(at, colon).trimEnd().toLowerCase()
        lines = [text.slice(colon + 1, last)]
      }
    }
    at = next
  }
  flush()
  return headerOf(fields, Math.min(at, text.length))
}

/** Index of the colon behind a field name that begins at `at`; -1 when the line is no field. Names are printable ASCII (RFC 5322 §3.6.8). */
function fieldNameEnd(text: string, at: number, end: number): number {
  const longest = Math.min(end, at + 998)
  for (let i = at; i < longest; i++) {
    const c = text.charCodeAt(i)
    if (c === 58) return i > at ? i : -1
    if (c > 32 && c < 127) continue
    if (c !== 32 && c !== 9) return -1
    // White space may stand only between the name and its colon (obsolete syntax, RFC 5322 §4.5).
    while (i < longest && (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 9)) i++
    return text.charCodeAt(i) === 58 ? i : -1
  }
  return -1
}

function headerOf(fields: readonly HeaderField[], bodyStart: number): Header {
  return {
    fields,
    bodyStart,
    first(name) {
      for (const field of fields) if (field.name === name) return field.value
      return null
    },
    all: name => fields.filter(field => field.name === name).map(field => field.value),
  }
}
