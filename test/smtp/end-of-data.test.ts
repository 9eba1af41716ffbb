import fc from 'fast-check'
import t from 'tap'
import { type DataState, scanData, startOfData } from '../../src/smtp/end-of-data.ts'

type Seen = { passed: string; result: 'more' | 'end' | 'refused'; rest: string }

/** Feeds the pieces one after the other and gathers what was passed on. */
function scanAll(pieces: readonly string[]): Seen {
  let state: DataState = startOfData
  let passed = ''
  for (const [index, piece] of pieces.entries()) {
    const chunk = Buffer.from(piece, 'latin1')
    const result = scanData(state, chunk)
    if (result.kind === 'refused') return { passed: '', result: 'refused', rest: '' }
    passed += result.first + piece.slice(0, result.end)
    if (result.kind === 'end') return { passed, result: 'end', rest: piece.slice(result.rest) + pieces.slice(index + 1).join('') }
    state = result.state
  }
  return { passed: passed + state.held, result: 'more', rest: '' }
}

/** The rules said slowly: the first line of one dot, or NUL, decides; each line end is CRLF, CR or LF, the longest first. */
function reference(text: string): Seen {
  const nul = text.indexOf('\0')
  let left = '\r\n'
  let start = 0
  for (const match of text.matchAll(/\r\n|\r|\n/g)) {
    const line = text.slice(start, match.index)
    const end = match.index + match[0].length
    // A CR that is the last octet may yet become CRLF: only what is known is judged.
    const undecided = match[0] === '\r' && end === text.length && left === '\r\n'
    if (line === '.' && !undecided) {
      if (nul !== -1 && nul < end) break
      if (left === '\r\n' && match[0] === '\r\n')
        return nul === -1 || nul >= end ? { passed: text.slice(0, start), result: 'end', rest: text.slice(end) } : break_()
      return { passed: '', result: 'refused', rest: '' }
    }
    left = match[0]
    start = end
  }
  return nul === -1 ? { passed: text, result: 'more', rest: '' } : { passed: '', result: 'refused', rest: '' }
}
const break_ = (): Seen => ({ passed: '', result: 'refused', rest: '' })

t.test('CRLF . CRLF ends the data, and what follows it is left', async t => {
  for (const [text, passed, rest] of [
    ['.\r\n', '', ''],
    ['a\r\n.\r\n', 'a\r\n', ''],
    ['a\r\n..\r\nb\r\n.\r\nQUIT\r\n', 'a\r\n..\r\nb\r\n', 'QUIT\r\n'],
    ['\r\r\n.\r\n', '\r\r\n', ''],
    ['a.\r\n.b\r\n.\r\n', 'a.\r\n.b\r\n', ''],
  ] as const) {
    t.same(scanAll([text]), { passed, result: 'end', rest }, JSON.stringify(text))
    t.same(scanAll([...text]), { passed, result: 'end', rest }, `${JSON.stringify(text)} octet by octet`)
  }
})

t.test('every look-alike of the end of data is refused, whole and octet by octet', async t => {
  const ends = ['\r\n', '\n', '\r']
  for (const left of ends)
    for (const right of ends) {
      if (left === '\r\n' && right === '\r\n') continue
      const text = `a${left}.${right}b\r\n.\r\nMAIL FROM:<x@y>\r\n`
      t.equal(scanAll([text]).result, 'refused', JSON.stringify(text))
      t.equal(scanAll([...text]).result, 'refused', `${JSON.stringify(text)} octet by octet`)
    }
  for (const text of ['.\n', '.\r.', '\n.\r\n', '\r\n\0.\r\n', 'a\0b']) t.equal(scanAll([...text]).result, 'refused', JSON.stringify(text))
})

t.test('bare line ends that surround no lone dot pass untouched', async t => {
  for (const text of ['a\nb\rc\n\r', '\n..\n', 'a\r..\r', '\n.a', '. \r\n', '.\t\r\n']) {
    t.same(scanAll([...text]), { passed: text, result: 'more', rest: '' }, JSON.stringify(text))
  }
})

t.test('the scanner agrees with a slow reference on any text, cut anywhere', async t => {
  const octet = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('\r', '\n', '.') }, { weight: 1, arbitrary: fc.constantFrom('a', '\0') })
  const runs = Number(process.env.FUZZ_RUNS ?? 3000)
  let compared = 0
  fc.assert(
    fc.property(fc.array(fc.array(octet, { maxLength: 8 }), { maxLength: 8 }), pieces => {
      const texts = pieces.map(piece => piece.join(''))
      const whole = texts.join('')
      const expected = reference(whole)
      compared++
      const cut = scanAll(texts)
      const bytes = scanAll([...whole])
      return (
        JSON.stringify(cut) === JSON.stringify(bytes) &&
        JSON.stringify(cut) === JSON.stringify(scanAll([whole])) &&
        JSON.stringify(cut) === JSON.stringify(expected)
      )
    }),
    { numRuns: runs },
  )
  t.ok(compared >= runs)
})
