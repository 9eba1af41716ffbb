/**
 * Reads a TAP stream on standard input and the test command's exit status as argument, and prints the closing line of a run.
 * The status counts as well: a file killed after one good assertion still totals "1 pass".
 */
import { Parser } from 'tap-parser'

const status = Number(process.argv[2])
const counts = { passed: 0, failed: 0, skipped: 0 }

/** Counts the leaves: an assertion inside a subtest, not the subtest's own summary line. */
function count(parser) {
  const withChildren = new Set()
  parser.on('child', child => {
    withChildren.add(child.name)
    count(child)
  })
  parser.on('assert', result => {
    if (result.skip || result.todo) counts.skipped++
    else if (!result.ok) counts.failed++
    else if (!withChildren.has(result.name)) counts.passed++
  })
}

const parser = new Parser({ omitVersion: true }, () => {
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  if (counts.passed === 0 && counts.failed === 0) counts.failed = 1
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  process.exitCode = counts.failed === 0 && status === 0 ? 0 : 1
})
count(parser)
process.stdin.pipe(parser)
