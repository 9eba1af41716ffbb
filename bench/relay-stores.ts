/**
 * The relay on PostgreSQL beside the relay on LevelDB: 1 KB messages, 20 sessions, 10,000 blacklisted addresses, interleaved; the rate on LevelDB of the same
 * round is 1. The database is on the same machine.
 *
 * Run: npm run bench:stores -- postgres://USER:PASSWORD@HOST/EMPTY-DATABASE [--rounds N] [--seconds N]. Prints figures; passes no judgement.
 */
import { parseArgs } from 'node:util'
import { load, startSink } from './loader.ts'
import { processorMs } from './processes.ts'
import { startRebond } from './rebond.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '4' } },
})
const [postgresUrl] = positionals
if (postgresUrl === undefined) throw new Error('needs the URL of an empty PostgreSQL database')
const seconds = Number(values.seconds)
const sink = await startSink()
const relays = [
  { name: 'LevelDB', running: await startRebond(sink.port, 10_000) },
  { name: 'PostgreSQL', running: await startRebond(sink.port, 10_000, { postgresUrl }) },
]
const what = { sessions: 20, octets: 1024 }
for (const { running } of relays) await load(running.port, what, seconds)

process.stdout.write(
  '| store | round | messages/s | share of LevelDB | ms CPU a message | p99 ms | failed |\n|---|---|---|---|---|---|---|\n',
)
for (let round = 1; round <= Number(values.rounds); round++) {
  let base = 0
  for (const { name, running } of relays) {
    const from = processorMs(running.pid)
    const { rate, ok, fail, p99 } = await load(running.port, what, seconds)
    base ||= rate
    const processor = (processorMs(running.pid) - from) / Math.max(1, ok)
    process.stdout.write(
      `| ${name} | ${round} | ${rate.toFixed(0)} | ${(rate / base).toFixed(2)} | ${processor.toFixed(3)} | ${p99.toFixed(1)} | ${fail} |\n`,
    )
  }
}
for (const { running } of relays) await running.stop()
await sink.stop()
process.exit(0)
