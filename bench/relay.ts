/**
 * How fast the relay is, beside the peers that are installed here: messages a second as a share of the direct rate in the same round, processor
 * time a message, times of a message, memory.
 *
 * Run: npm run bench -- [--rounds N] [--seconds N] [--cases A,B] [--peers no] [--memory no|rebond|all]. SMTPBENCH=PATH takes a load generator in C instead of load.ts,
 * which is itself the limit of the fast cases. A thousand sessions are a thousand processes to Postfix: `--memory all` is for a quiet machine.
 * All of it is loopback. Linux only.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hold, type Load, type Loaded, load, startSink } from './loader.ts'
import { peers } from './peers.ts'
import { processorMs, type Running, residentMb } from './processes.ts'
import { startRebond } from './rebond.ts'

const cases: Readonly<Record<string, Load>> = {
  '1k': { sessions: 20, octets: 1024 },
  '1k-connection-each': { sessions: 20, octets: 1024, perConnection: 1 },
  '50k': { sessions: 20, octets: 51_200 },
  '5m': { sessions: 10, octets: 5_242_880 },
  '10-recipients': { sessions: 20, octets: 1024, recipients: 10, blacklisted: 1 },
  '10-recipients-pipelined-connection-each': {
    sessions: 20,
    octets: 1024,
    recipients: 10,
    blacklisted: 1,
    perConnection: 1,
    pipelined: true,
  },
  'one-client': { sessions: 1, octets: 1024 },
  'all-refused': { sessions: 20, octets: 1024, blacklisted: 1 },
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    cases: { type: 'string', default: Object.keys(cases).join(',') },
    peers: { type: 'string', default: 'yes' },
    memory: { type: 'string', default: 'rebond' },
  },
})
const seconds = Number(values.seconds)

type Measured = Loaded & { readonly ratio: number; readonly processor: number; readonly direct: number }

const sink = await startSink()
const relays = new Map<string, Running>([['rebond', await startRebond(sink.port, 100_000)]])
for (const peer of values.peers === 'no' ? [] : peers) {
  const missing = peer.missing()
  try {
    if (missing !== null) throw new Error(missing)
    relays.set(peer.name, await peer.start(sink.port))
  } catch (err) {
    process.stdout.write(`${peer.name} is left out: ${(err as Error).message}\n`)
  }
}

// Until the code is compiled: the first ten thousand messages of a fresh process cost more.
for (const { port } of relays.values()) await load(port, { sessions: 20, octets: 1024 }, 2 * seconds)

for (const name of values.cases.split(',')) {
  const what = cases[name]
  if (!what) throw new RangeError(`there is no case ${name}; there are ${Object.keys(cases).join(', ')}`)
  const results = new Map<string, Measured[]>()
  for (let round = 0; round < Number(values.rounds); round++) {
    let before = (await load(sink.port, what, seconds)).rate
    for (const [relay, { port, pid }] of relays) {
      const from = processorMs(pid)
      const loaded = await load(port, what, seconds)
      const processor = (processorMs(pid) - from) / Math.max(1, loaded.ok)
      const after = (await load(sink.port, what, seconds)).rate
      const direct = (before + after) / 2
      before = after
      results.set(relay, [...(results.get(relay) ?? []), { ...loaded, ratio: loaded.rate / direct, processor, direct }])
    }
  }
  print(name, results)
}

const remembered = [...relays].filter(([name]) => values.memory === 'all' || (values.memory === 'rebond' && name === 'rebond'))
process.stdout.write('\n### memory\n\n| relay | at rest MB | 1,000 idle sessions MB | 500 half-way through 5 MB MB |\n|---|---|---|---|\n')
for (const [relay, running] of remembered) {
  const figures = [
    residentMb(running.pid).toFixed(0),
    await memoryOfStanding(running, 1000, null),
    await memoryOfStanding(running, 500, 5_242_880),
  ]
  process.stdout.write(`| ${relay} | ${figures.join(' | ')} |\n`)
}

for (const running of [...relays.values(), sink]) await running.stop()
process.exit(0)

/** Memory while so many sessions stand still, in megabytes; `not served` when they do not come to stand. */
async function memoryOfStanding({ port, pid }: Running, sessions: number, octets: number | null): Promise<string> {
  try {
    const end = await hold(port, sessions, octets)
    await sleep(2000)
    const megabytes = residentMb(pid).toFixed(0)
    end()
    await sleep(1000)
    return megabytes
  } catch {
    return 'not served'
  }
}

/** Prints the medians of one case. */
function print(name: string, results: ReadonlyMap<string, readonly Measured[]>): void {
  process.stdout.write(`\n### ${name}\n\n| relay | messages/s | ratio to direct | ms CPU a message | p50 ms | p99 ms | failed |\n`)
  process.stdout.write('|---|---|---|---|---|---|---|\n')
  for (const [relay, rounds] of results) {
    const of = (figure: (round: Measured) => number) => median(rounds.map(figure))
    const failed = rounds.reduce((sum, { fail }) => sum + fail, 0)
    const [rate, ratio, processor] = [of(r => r.rate).toFixed(0), of(r => r.ratio).toFixed(3), of(r => r.processor).toFixed(3)]
    process.stdout.write(
      `| ${relay} | ${rate} | ${ratio} | ${processor} | ${of(r => r.p50).toFixed(2)} | ${of(r => r.p99).toFixed(1)} | ${failed} |\n`,
    )
  }
  const direct = [...results.values()].flatMap(rounds => rounds.map(round => round.direct))
  process.stdout.write(`| direct | ${median(direct).toFixed(0)} | 1 | | | | |\n`)
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
