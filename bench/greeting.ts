/**
 * How long a connection waits for its greeting while others are served: many connections at once, beside sessions that send as fast as they are answered.
 *
 * Run: npm run bench:greeting [-- --new 2000 --busy 0,20,200,1000]. Ends with 1 when one is not greeted within 10 s.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { load, startSink } from './loader.ts'
import { startRebond } from './rebond.ts'

const { values } = parseArgs({ options: { new: { type: 'string', default: '2000' }, busy: { type: 'string', default: '0,20,200,1000' } } })
const count = Number(values.new)
const longestMs = 10_000
const warmUpMs = 5_000
const loadSeconds = 20

const sink = await startSink()
process.stdout.write(
  `${count} connections at once\n\n| busy sessions | p50 | p90 | p99 | last | greeted | messages a second |\n|---|---|---|---|---|---|---|\n`,
)
let all = true
for (const busy of values.busy.split(',').map(Number)) {
  const rebond = await startRebond(sink.port, 0, { relay: { maxSessions: 10_000, maxSessionsPerClient: 10_000 } })
  const loading = busy > 0 ? load(rebond.port, { sessions: busy, octets: 1024 }, loadSeconds) : null
  if (loading) await sleep(warmUpMs)
  const sockets: Socket[] = []
  const waited = (await Promise.all(Array.from({ length: count }, () => greeted(rebond.port, sockets)))).filter(ms => ms !== null)
  for (const socket of sockets) socket.destroy()
  const rate = (await loading)?.rate ?? 0
  await rebond.stop()
  waited.sort((a, b) => a - b)
  const at = (share: number) => `${(waited[Math.floor(share * (waited.length - 1))] ?? Number.NaN).toFixed(0)} ms`
  all &&= waited.length === count
  process.stdout.write(`| ${[busy, at(0.5), at(0.9), at(0.99), at(1), `${waited.length} of ${count}`, rate.toFixed(0)].join(' | ')} |\n`)
}
await sink.stop()
process.exit(all ? 0 : 1)

/** Opens a connection, which stays open, and gives the milliseconds to its greeting; null: there was none in time. */
function greeted(port: number, sockets: Socket[]): Promise<number | null> {
  const from = performance.now()
  return new Promise(resolve => {
    const timer = setTimeout(resolve, longestMs, null)
    const socket = connect({ host: '127.0.0.1', port })
    sockets.push(socket)
    socket.on('error', () => resolve(null))
    socket.once('data', () => {
      clearTimeout(timer)
      resolve(performance.now() - from)
    })
  })
}
