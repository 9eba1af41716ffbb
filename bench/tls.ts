/**
 * What TLS costs on either leg: the rate in clear, with TLS to the CRM, with TLS to upstream and with both, interleaved, as shares of the rate in clear
 * of the same round. Connections that are kept show the records' cost, a connection each that of the handshakes.
 *
 * Run: npm run bench:tls -- [--rounds N] [--seconds N]. Load generator and sink are ours in all rows, which is their limit: read the shares, and
 * the processor time of the relay.
 */
import { parseArgs } from 'node:util'
import { tlsFile } from '../test/support/tls-files.ts'
import { load, startSink } from './loader.ts'
import { processorMs } from './processes.ts'
import { type Differences, startRebond } from './rebond.ts'

// With the generator in C for some rows and ours for others, the rows could not be compared.
if (process.env.SMTPBENCH) throw new Error('SMTPBENCH must not be set: only the generator of ours speaks TLS')

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '4' } } })
const seconds = Number(values.seconds)

const crm: Differences = {
  listen: { tls: 'implicit' },
  relay: { tls: { certFile: tlsFile('server.pem'), keyFile: tlsFile('server.key') } },
}
const upstream: Differences = { upstream: { tls: 'implicit', caFile: tlsFile('ca.pem'), serverName: 'mail.test' } }
const legs = [
  { name: 'in clear', crmTls: false, upstreamTls: false, differs: {} },
  { name: 'TLS to the CRM', crmTls: true, upstreamTls: false, differs: crm },
  { name: 'TLS to upstream', crmTls: false, upstreamTls: true, differs: upstream },
  { name: 'TLS on both', crmTls: true, upstreamTls: true, differs: { ...crm, ...upstream } },
] as const

const sinks = { clear: await startSink(), tls: await startSink(null, true) }
const relays = await Promise.all(
  legs.map(async leg => ({ ...leg, running: await startRebond((leg.upstreamTls ? sinks.tls : sinks.clear).port, 1000, leg.differs) })),
)
for (const { running, crmTls } of relays) await load(running.port, { sessions: 20, octets: 1024, tls: crmTls }, seconds)

for (const [title, perConnection] of [
  ['1 KB, kept connections', 0],
  ['1 KB, a connection each', 1],
] as const) {
  const rounds = new Map<string, { share: number; processor: number; fail: number }[]>()
  for (let round = 0; round < Number(values.rounds); round++) {
    let clear = 0
    for (const { name, running, crmTls } of relays) {
      const from = processorMs(running.pid)
      const { rate, ok, fail } = await load(running.port, { sessions: 20, octets: 1024, perConnection, tls: crmTls }, seconds)
      if (name === 'in clear') clear = rate
      const one = { share: rate / clear, processor: (processorMs(running.pid) - from) / Math.max(1, ok), fail }
      rounds.set(name, [...(rounds.get(name) ?? []), one])
    }
  }
  process.stdout.write(`\n### ${title}\n\n| leg | share of the rate in clear | ms CPU a message | failed |\n|---|---|---|---|\n`)
  for (const [name, all] of rounds) {
    const [share, processor] = [median(all.map(one => one.share)), median(all.map(one => one.processor))]
    process.stdout.write(`| ${name} | ${share.toFixed(2)} | ${processor.toFixed(3)} | ${all.reduce((sum, { fail }) => sum + fail, 0)} |\n`)
  }
}
for (const { running } of relays) await running.stop()
for (const sink of Object.values(sinks)) await sink.stop()
process.exit(0)

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}
