/**
 * How fast the relay is: messages a second as a share of the direct rate in the same run, and processor time a message.
 *
 * Run: node --import @tapjs/typescript/import bench/relay.ts [SECONDS] [CASE,…]. Sink, relay (real store, 100,000 blacklisted, journal on and
 * durable) and load generator are processes of their own. SMTPBENCH=PATH takes the load generator in C instead of the small one in
 * bench/smtp-load.ts, which is itself the limit of fast cases; WARM=N sets the warm connections.
 */
import { type Child, inputPort, type Load, loader, startNode } from './processes.ts'

const [seconds = '5', only = ''] = process.argv.slice(2)
const cases: Readonly<Record<string, Load>> = {
  '1 KB, kept': { sessions: 20, octets: 1024 },
  '1 KB, a connection each': { sessions: 20, octets: 1024, perConnection: 1 },
  '50 KB': { sessions: 20, octets: 51_200 },
  '5 MB': { sessions: 10, octets: 5_242_880 },
  '1 KB, 10 recipients': { sessions: 20, octets: 1024, recipients: 10, blacklisted: 1 },
  '10 recipients pipelined, a connection each': {
    sessions: 20,
    octets: 1024,
    recipients: 10,
    blacklisted: 1,
    perConnection: 1,
    pipelined: true,
  },
  'one client, kept': { sessions: 1, octets: 1024 },
  'all refused': { sessions: 20, octets: 1024, blacklisted: 1 },
}

const tools = await loader()
const relay: Child = await startNode('relay-server.ts', [String(tools.sinkPort)])
const relayPort = inputPort(relay)
await tools.load(relayPort, { sessions: 20, octets: 1024 }, 5) // until the code is compiled
process.stdout.write('| case | direct /s | relay /s | ratio | ms processor a message | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|\n')
for (const [name, load] of Object.entries(cases)) {
  if (only !== '' && !only.split(',').includes(name)) continue
  const before = await tools.load(tools.sinkPort, load, Number(seconds))
  const from = await relay.ask()
  const through = await tools.load(relayPort, load, Number(seconds))
  const to = await relay.ask()
  const after = await tools.load(tools.sinkPort, load, Number(seconds))
  const direct = (before.rate + after.rate) / 2
  const processor = (to.processorMs - from.processorMs) / Math.max(1, through.ok)
  process.stdout.write(
    `| ${name} | ${direct.toFixed(0)} | ${through.rate.toFixed(0)} | ${(through.rate / direct).toFixed(2)} | ${processor.toFixed(3)} | ${through.p50} | ${through.p99} |\n`,
  )
}
relay.stop()
tools.stop()
process.exit(0)
