/**
 * Returned mail: how fast it is taken, durable before its 250, and how fast the backlog is judged. rebond as its users run it.
 *
 * Run: npm run bench:intake [-- returns [sessions]]. Each return is about another mail in the journal, and hard: it blacklists its recipient. Ends with
 * 1 when a bound of issue D does not hold.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bringReturns, journalMails, returnPathConfig } from './load/returns.ts'
import { freePort, processorMs, start } from './processes.ts'

const returns = Number(process.argv[2] ?? 10_000)
const sessions = Number(process.argv[3] ?? 20)
const bounds = { accepted: 1500, judged: 1000 }
const main = join(import.meta.dirname, '../dist/main.js')

const directory = await mkdtemp(join(tmpdir(), 'rebond-bench-'))
const path = join(directory, 'data')
const recipients = await journalMails(path, returns)
let missed = false
process.stdout.write(
  `${returns} returns, ${sessions} sessions\n\n| forwarding | accepted a second | judged a second, backlog of | processor time a return |\n|---|---|---|---|\n`,
)
await measure()
await rm(directory, { recursive: true, force: true })
process.exit(missed ? 1 : 0)

async function measure(): Promise<void> {
  const [bouncePort, httpPort, relayPort] = [await freePort(), await freePort(), await freePort()]
  const config = {
    hostname: 'relay.bench.test',
    log: { level: 'error' },
    relay: { listen: [{ host: '127.0.0.1', port: relayPort }] },
    bounce: { listen: [{ host: '127.0.0.1', port: bouncePort }], forwardTo: process.env.FORWARD ?? 'none' },
    http: { listen: { host: '127.0.0.1', port: httpPort } },
    returnPath: returnPathConfig,
    store: { path },
    policy: { surgeGuard: { enabled: true } },
  }
  const file = join(directory, 'rebond.yaml')
  await writeFile(file, JSON.stringify(config))
  const flags = process.env.PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] : []
  const rebond = await start(process.execPath, [...flags, main, 'serve', '--config', file], httpPort)
  const pending = async () => {
    const status = (await (await fetch(`http://127.0.0.1:${httpPort}/v1/status`)).json()) as {
      counts: { pendingReports: number; blacklisted: number }
    }
    return status.counts
  }
  const before = processorMs(rebond.pid)
  const from = performance.now()
  await bringReturns(bouncePort, recipients, sessions)
  const accepted = (returns * 1000) / (performance.now() - from)
  const { pendingReports: backlog } = await pending()
  const since = performance.now()
  while ((await pending()).pendingReports > 0) await sleep(20)
  const judged = backlog === 0 ? Number.POSITIVE_INFINITY : (backlog * 1000) / (performance.now() - since)
  const { blacklisted } = await pending()
  const cost = (processorMs(rebond.pid) - before) / returns
  missed = accepted < bounds.accepted || judged < bounds.judged || blacklisted !== returns
  process.stdout.write(
    `| ${config.bounce.forwardTo} | ${accepted.toFixed(0)} (bound ${bounds.accepted}) | ${judged.toFixed(0)} (bound ${bounds.judged}), ${backlog} | ${cost.toFixed(2)} ms |\n`,
  )
  if (blacklisted !== returns) process.stdout.write(`\nonly ${blacklisted} addresses are blacklisted\n`)
  await rebond.stop()
}
