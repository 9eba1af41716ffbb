/**
 * What commands draw for a person at a terminal, and that nobody else gets any of it.
 */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { formatProgress, openProgress } from '../../src/cli/progress.ts'

/** A stream that says it is a terminal, and what was written to it. */
function terminal(isTTY: boolean, columns = 80) {
  let written = ''
  const stream = Object.assign(new PassThrough(), { isTTY, columns })
  stream.on('data', piece => {
    written += piece
  })
  return { stream, written: () => written }
}

t.test('the bar says how much, how fast, how long still, in the width there is', async t => {
  const state = { label: 'import', unit: 'lines', total: 1_000_000, done: 640_000, elapsedMs: 50_000, columns: 120 }
  t.equal(formatProgress(state), `import [${'#'.repeat(19)}${'.'.repeat(11)}]  64 %  640,000 of 1,000,000 lines, 12,800/s, 0:29 left`)
  t.equal(formatProgress({ ...state, total: null }), 'import 640,000 lines, 12,800/s', 'no total: no promise')
  t.equal(formatProgress({ ...state, columns: 60 }), 'import  64 %  640,000 of 1,000,000 lines, 12,800/s, 0:29 left'.slice(0, 59))
  t.match(formatProgress({ ...state, elapsedMs: 0 }), /0\/s$/, 'no time has passed')
  t.match(formatProgress({ ...state, elapsedMs: 50_000_000 }), /, 7:48:45 left$/)
  t.match(formatProgress({ ...state, done: 2_000_000 }), /\[#{30}\] 100 %/, 'more than was promised')
  t.match(formatProgress({ ...state, total: 0, done: 0 }), /100 % {2}0 of 0 lines/)
  for (let columns = 1; columns < 130; columns++) t.ok(formatProgress({ ...state, columns }).length < columns, String(columns))
})

t.test('the bar is drawn ten times a second at most, on a terminal only, and leaves no trace', async t => {
  let at = 0
  const options = { label: 'import', unit: 'lines', total: 1000, now: () => at }
  for (const [isTTY, env, draws] of [
    [true, {}, 10],
    [false, {}, 0],
    [true, { TERM: 'dumb' }, 0],
  ] as const) {
    at = 0
    const { stream, written } = terminal(isTTY)
    const progress = openProgress({ stderr: stream, env }, options)
    for (at = 1; at <= 1000; at++) progress.advance()
    t.equal(written().split('import').length - 1, draws, JSON.stringify({ isTTY, env }))
    const before = written()
    progress.hide()
    progress.hide()
    t.equal(written().slice(before.length), draws > 0 ? '\r\x1b[K' : '', 'hidden once')
    progress.end()
    at += 1000
    progress.advance()
    t.equal(written().length, before.length + (draws > 0 ? 4 : 0), 'ended: never again')
  }
})
