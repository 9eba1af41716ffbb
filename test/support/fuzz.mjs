/**
 * Loaded before the tests by `npm run fuzz`: every property is tried `FUZZ_RUNS` times (100,000), for at most `FUZZ_SECONDS` (20) each, from the seed
 * `FUZZ_SEED`, which is printed.
 */
import fc from 'fast-check'

process.env.FUZZ_RUNS ??= '100000'
process.env.FUZZ_SEED ??= String(Math.trunc(Math.random() * 2 ** 31))
const seed = Number(process.env.FUZZ_SEED)
fc.configureGlobal({
  seed,
  numRuns: Number(process.env.FUZZ_RUNS),
  interruptAfterTimeLimit: Number(process.env.FUZZ_SECONDS ?? 20) * 1000,
})
process.stderr.write(`FUZZ_SEED=${seed}\n`)
