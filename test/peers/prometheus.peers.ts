/**
 * A real Prometheus scrapes a running rebond: `npm run test:peers`, with Debian's prometheus. Every promised metric arrives, every alert loads.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { type Program, startProgram, temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { freePort } from './free-port.ts'
import { stopped } from './stopped.ts'

const isMissing = spawnSync('prometheus', ['--version']).error !== undefined
const skip = isMissing ? 'NOT RUN: Prometheus is not installed (apt-get install prometheus)' : false
if (skip) console.error(skip)

/** What users were promised; a histogram is seen by its buckets. */
const promised = [
  'rebond_rcpt_total',
  'rebond_messages_total',
  'rebond_messages_unjournalled_total',
  'rebond_message_bytes_total',
  'rebond_sessions',
  'rebond_upstream_duration_seconds_bucket',
  'rebond_upstream_connections',
  'rebond_return_path_refused_total',
  'rebond_bounces_total',
  'rebond_reports_total',
  'rebond_reports_rejected_total',
  'rebond_last_return_timestamp_seconds',
  'rebond_blacklisted_addresses',
  'rebond_blacklist_changes_total',
  'rebond_unclassified_total',
  'rebond_store_duration_seconds_bucket',
  'rebond_store_errors_total',
  'rebond_build_info',
]

type Sample = { readonly metric: Record<string, string>; readonly value: readonly [number, string] }
type Rules = {
  readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[] }[]
}

t.test('Prometheus scrapes rebond: up, every promised metric, every alert', { skip }, async t => {
  const program = await startProgram(t)
  for (const to of ['unknown', 'unknown-late', 'forged-late', 'delay', 'jean']) await send(program, `${to}@sandbox.test`)
  const url = await startPrometheus(program)
  const query = async (text: string) => (await ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(text)}`)).result
  await until(
    () => query('up{job="rebond"} == 1'),
    found => found.length === 1,
  )
  // The late returns come within a second; what they count is in one of the next scrapes.
  const names = await until(
    () => ask<string[]>('label/__name__/values'),
    found => promised.every(name => found.includes(name)),
  )
  t.ok(names.length >= promised.length)
  t.match(await query('rebond_rcpt_total{verdict="refused"}'), [{ value: [Number, '1'] }])
  t.match(await query('rebond_reports_rejected_total{why="forged"}'), [{ value: [Number, '1'] }])

  const alerts = parse(readFileSync('config/prometheus/alerts.yaml', 'utf8')) as { groups: { rules: { alert: string }[] }[] }
  const wanted = alerts.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
  const evaluated = await until(
    async () => (await ask<Rules>('rules')).groups.flatMap(({ rules }) => rules),
    rules => rules.length === wanted.length && rules.every(({ health }) => health !== 'unknown'),
  )
  t.same(
    evaluated.map(({ name, health, lastError }) => [name, health, lastError ?? '']),
    wanted.map(name => [name, 'ok', '']),
  )

  async function ask<T>(path: string): Promise<T> {
    const { status, data } = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { status: string; data: T }
    if (status !== 'success') throw new Error(`Prometheus answered ${status} to ${path}`)
    return data
  }

  /** Starts it with our alerts and one target; gives where it answers. */
  async function startPrometheus({ url: target }: Program): Promise<string> {
    const directory = await temporaryDirectory(t)
    await copyFile('config/prometheus/alerts.yaml', join(directory, 'alerts.yaml'))
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [{ job_name: 'rebond', static_configs: [{ targets: [new URL(target).host] }] }],
    }
    await writeFile(join(directory, 'prometheus.yml'), stringify(config))
    const listen = `127.0.0.1:${await freePort()}`
    const args = [`--config.file=${join(directory, 'prometheus.yml')}`, `--storage.tsdb.path=${join(directory, 'data')}`]
    const child = spawn('prometheus', [...args, `--web.listen-address=${listen}`], { stdio: 'ignore' })
    t.teardown(() => stopped(child, 'SIGTERM'))
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode} before it was ready`)
        return fetch(`http://${listen}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      },
      ready => ready,
    )
    return `http://${listen}`
  }
})

async function send({ relay }: Program, to: string): Promise<void> {
  const transport = createTransport({ ...relay, ignoreTLS: true })
  // A refusal is one of the things to be counted.
  await transport.sendMail({ from: 'news@shop.example', to, subject: 'Hello', text: 'Hello' }).catch(() => {})
  transport.close()
}
