/**
 * Where a message ends (RFC 5321 §4.1.1.4, §4.5.2): CRLF `.` CRLF, and nothing else.
 *
 * Every look-alike, a line of one dot with any of its two line ends a bare CR or a bare LF, is refused, and so is NUL (`CRLF NUL . CRLF` is
 * an end of data to servers that drop NULs): two servers must never disagree about where a message ends (SMTP smuggling, CVE-2023-51764 and
 * its kin). Dot-stuffing is neither removed nor added; octets are looked at, never touched. Only octets of the message are judged: what
 * follows its end is commands. The first offence or the end decides, however the octets were cut into chunks.
 * Pure: a scan is a function of the state before and the chunk.
 */

/** What stands before the next octet that is not yet decided. The start of the data counts as `crlf`: the DATA command ended so. */
type After = 'crlf' | 'lf' | 'cr' | 'text'

export type DataState = {
  readonly after: After
  /** Octets held back because the next one decides: none, `.`, or `.` CR. */
  readonly held: '' | '.' | '.\r'
}

export type ScanResult =
  | {
      readonly kind: 'more'
      readonly state: DataState
      /** Held octets that turned out to be text: they go on before the chunk. */
      readonly first: '' | '.'
      /** The chunk goes on up to here; the rest is held in `state`. */
      readonly end: number
    }
  | {
      readonly kind: 'end'
      readonly first: '' | '.'
      /** The message's last octet stands before this index; the dot and its CRLF are not passed on by this result. */
      readonly end: number
      /** Where in the chunk the next command begins. */
      readonly rest: number
    }
  | { readonly kind: 'refused'; readonly why: 'look-alike' | 'nul' }

const CR = 13
const LF = 10
const DOT = 46

/** The state at the start of a message's data. */
export const startOfData: DataState = { after: 'crlf', held: '' }

const states: Readonly<Record<After, DataState>> = {
  crlf: startOfData,
  lf: { after: 'lf', held: '' },
  cr: { after: 'cr', held: '' },
  text: { after: 'text', held: '' },
}
const lookAlike: ScanResult = { kind: 'refused', why: 'look-alike' }

/** The terminator that ends a message on the wire, its first CRLF being the message's own last one. */
export const terminator = '.\r\n'

/** Looks at one chunk; `chunk` is not kept. */
export function scanData(state: DataState, chunk: Buffer): ScanResult {
  if (chunk.length === 0) return { kind: 'more', state, first: '', end: 0 }
  const found = scanDots(state, chunk)
  const nul = chunk.indexOf(0)
  if (nul === -1 || (found.kind === 'end' && nul >= found.rest)) return found
  return found.kind === 'refused' ? found : { kind: 'refused', why: 'nul' }
}

function scanDots(state: DataState, chunk: Buffer): ScanResult {
  let first: '' | '.' = ''
  if (state.held !== '') {
    const decided = afterHeld(state, chunk)
    if (decided !== 'text') return decided
    first = '.'
  }
  // A dot at the start of a line is the only thing that can begin an end of data. Each of the two searches keeps its own place.
  let dot = state.held === '' && state.after !== 'text' && chunk[0] === DOT ? 0 : -1
  let [lfDot, crDot] = [-2, -2]
  for (let from = 0; ; from = dot + 1, dot = -1) {
    if (dot === -1) {
      if (lfDot !== -1 && lfDot < from) lfDot = chunk.indexOf('\n.', from, 'latin1')
      if (crDot !== -1 && crDot < from) crDot = chunk.indexOf('\r.', from, 'latin1')
      const found = lfDot === -1 ? crDot : crDot === -1 ? lfDot : Math.min(lfDot, crDot)
      if (found === -1) break
      dot = found + 1
    }
    const left = dot === 0 ? state.after : afterOf(chunk, dot, state)
    const next = chunk[dot + 1]
    if (next === undefined) return { kind: 'more', state: { after: left, held: '.' }, first, end: dot }
    if (next === LF) return lookAlike
    if (next !== CR) continue
    const last = chunk[dot + 2]
    if (last === undefined) return left === 'crlf' ? { kind: 'more', state: { after: left, held: '.\r' }, first, end: dot } : lookAlike
    if (last !== LF || left !== 'crlf') return lookAlike
    return { kind: 'end', first, end: dot, rest: dot + 3 }
  }
  const before = first === '' ? state : states.text
  return { kind: 'more', state: states[afterOf(chunk, chunk.length, before)], first, end: chunk.length }
}

/** Decides held octets by the chunk that follows them: a result, or `text` when the held dot was an ordinary one. */
function afterHeld(state: DataState, chunk: Buffer): ScanResult | 'text' {
  const [one, two] = chunk
  if (state.held === '.\r') return one === LF && state.after === 'crlf' ? { kind: 'end', first: '', end: 0, rest: 1 } : lookAlike
  if (one === LF) return lookAlike
  if (one !== CR) return 'text'
  if (state.after !== 'crlf') return lookAlike
  if (two === undefined) return { kind: 'more', state: { after: state.after, held: '.\r' }, first: '', end: 0 }
  return two === LF ? { kind: 'end', first: '', end: 0, rest: 2 } : lookAlike
}

/** What stands before `index` of the chunk, the octet before the chunk being known from the state. */
function afterOf(chunk: Buffer, index: number, state: DataState): After {
  const before = chunk[index - 1]
  if (before === CR) return 'cr'
  if (before !== LF) return 'text'
  if (index >= 2) return chunk[index - 2] === CR ? 'crlf' : 'lf'
  return state.after === 'cr' ? 'crlf' : 'lf'
}
