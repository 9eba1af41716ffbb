/**
 * Endurance: 2,000 sessions that send as fast as they are answered, 50,000 returns among them; memory, thread, `/livez` and every session's progress are watched.
 *
 * Run: npm run bench:soak [-- --minutes 10 --sessions 2000 --returns 50000]. Ends with 1 when a bound does not hold: memory grows by no more than 10 % after
 * the warm-up (a fifth of the time), the thread's p99 stays under 50 ms, `/livez` answers every second, no session gets less than a tenth of the mean.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { bringReturns, journalMails, returnPathConfig } from './load/returns.ts'
import { load, startSink } from './loader.ts'
import { freePort, processorMs, residentMb, start } from './processes.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    sessions: { type: 'string', default: '2000' },
    returns: { type: 'string', default: '50000' },
  },
})
const [minutes, sessions, returns] = [Number(values.minutes), Number(values.sessions), Number(values.returns)]
const bounds = { growth: 0.1, lateMs: 50, share: 0.1 }
const warmUpMs = minutes * 12_000

type Sample = { readonly atMs: number; readonly residentMb: number; readonly lateMs: number; readonly livezMs: number | null }

const directory = await mkdtemp(join(tmpdir(), 'rebond-soak-'))
const path = join(directory, 'data')
const mails = await journalMails(path, returns)
const sink = await startSink()
const [relayPort, bouncePort, httpPort] = [await freePort(), await freePort(), await freePort()]
const file = join(directory, 'rebond.yaml')
const config = {
  hostname: 'relay.bench.test',
  log: { level: 'error' },
  relay: { listen: [{ host: '127.0.0.1', port: relayPort }], maxSessionsPerClient: sessions, maxSessions: sessions },
  bounce: { listen: [{ host: '127.0.0.1', port: bouncePort }], forwardTo: 'none' },
  http: { listen: { host: '127.0.0.1', port: httpPort } },
  upstream: { host: '127.0.0.1', port: sink.port },
  returnPath: returnPathConfig,
  store: { path },
}
await writeFile(file, JSON.stringify(config))
const rebond = await start(process.execPath, [join(import.meta.dirname, '../dist/main.js'), 'serve', '--config', file], httpPort)
const url = `http://127.0.0.1:${httpPort}`

const from = performance.now()
const samples: Sample[] = []
let over = false
const watching = watch()
const loading = load(relayPort, { sessions, octets: 1024 }, minutes * 60)
await sleep(warmUpMs)
const floodFrom = performance.now()
await bringReturns(bouncePort, mails, 20)
const floodSeconds = (performance.now() - floodFrom) / 1000
const loaded = await loading
over = true
await watching
const { counts } = (await (await fetch(`${url}/v1/status`)).json()) as { counts: { blacklisted: number; pendingReports: number } }
const processor = processorMs(rebond.pid) / 1000
await rebond.stop()
await sink.stop()
await rm(directory, { recursive: true, force: true })
process.exit(report() ? 0 : 1)

/** Looks once a second. */
async function watch(): Promise<void> {
  while (!over) {
    const before = performance.now()
    const alive = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(5000) }).then(
      answer => answer.ok,
      () => false,
    )
    const livezMs = alive ? performance.now() - before : null
    const metrics = await fetch(`${url}/metrics`).then(
      answer => answer.text(),
      () => '',
    )
    const lateMs = Number(/^rebond_event_loop_lateness_seconds (\S+)$/m.exec(metrics)?.[1] ?? Number.NaN) * 1000
    samples.push({ atMs: before - from, residentMb: residentMb(rebond.pid), lateMs, livezMs })
    await sleep(Math.max(0, 1000 - (performance.now() - before)))
  }
}

/** Prints what was seen; says whether every bound holds. */
function report(): boolean {
  const warm = samples.filter(({ atMs }) => atMs >= warmUpMs)
  const third = Math.ceil(warm.length / 3)
  const [early, late] = [warm.slice(0, third), warm.slice(-third)].map(some => median(some.map(sample => sample.residentMb)))
  const growth = (late ?? 0) / (early ?? 1) - 1
  const lateness = warm.map(({ lateMs }) => lateMs)
  const missed = samples.filter(({ livezMs }) => livezMs === null).length
  const share = loaded.fewest / (loaded.ok / sessions)
  const rows: [what: string, figure: string, bound: string, holds: boolean][] = [
    ['messages', `${loaded.ok} (${loaded.rate.toFixed(0)} a second), ${loaded.fail} failed`, '0 failed', loaded.fail === 0],
    ['a message, p50 and p99', `${loaded.p50.toFixed(0)} and ${loaded.p99.toFixed(0)} ms`, '', true],
    ['of one session, fewest and most', `${loaded.fewest} and ${loaded.most}`, `fewest a tenth of the mean`, share >= bounds.share],
    [
      'returns',
      `${returns} in ${floodSeconds.toFixed(0)} s (${(returns / floodSeconds).toFixed(0)} a second); ${counts.pendingReports} not judged yet at the end`,
      'all taken',
      true,
    ],
    [
      'resident, first and last third after warm-up',
      `${early?.toFixed(0)} and ${late?.toFixed(0)} MB (${(growth * 100).toFixed(1)} %)`,
      '10 % growth',
      growth <= bounds.growth,
    ],
    [
      "the thread's p99 of each second, median and most",
      `${median(lateness).toFixed(1)} and ${Math.max(...lateness).toFixed(1)} ms`,
      'median 50 ms',
      median(lateness) < bounds.lateMs,
    ],
    [
      '/livez',
      `${samples.length - missed} of ${samples.length} answered, slowest ${Math.max(...samples.map(({ livezMs }) => livezMs ?? 0)).toFixed(0)} ms`,
      'all',
      missed === 0,
    ],
    ['processor', `${processor.toFixed(0)} s`, '', true],
  ]
  process.stdout.write(`${minutes} minutes, ${sessions} sessions\n\n| what | seen | bound | |\n|---|---|---|---|\n`)
  for (const [what, figure, bound, holds] of rows)
    process.stdout.write(`| ${what} | ${figure} | ${bound} | ${holds ? 'holds' : '**MISSED**'} |\n`)
  return rows.every(([, , , holds]) => holds)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
