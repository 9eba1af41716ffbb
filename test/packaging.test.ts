/**
 * What operators are handed beside the program: unit, image, compose example, alerts, dashboard and their papers. They name metrics, keys, paths and
 * users of the program, and must not drift from it. What needs a tool that is not installed is skipped and says so; `test/packaging/build-image.sh` builds the image.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { commands } from '../src/cli/commands.ts'
import { loadConfig } from '../src/cli/load-config.ts'
import { createSystemdNotifier } from '../src/cli/systemd-notifier.ts'
import { parseConfig } from '../src/config/config.ts'
import { createMetrics } from '../src/observe/metrics.ts'
import { temporaryDirectory } from './support/program.ts'
import { until } from './support/until.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Rule = {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}
const { groups } = parse(read('config/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }
const alerts = groups.flatMap(({ rules }) => rules)

const alertTests = ['config/prometheus/alerts-minutes.test.yaml', 'config/prometheus/alerts-days.test.yaml']

type Panel = { readonly id: number; readonly title: string; readonly type: string; readonly targets?: readonly { readonly expr: string }[] }
const dashboard = JSON.parse(read('config/grafana/rebond.json')) as { panels: Panel[] }
const operations = read('doc/operations.md')

/** Name of each series that a scrape may show → its labels. A histogram shows three. */
async function series(): Promise<Map<string, ReadonlySet<string>>> {
  const { registry } = createMetrics('0')
  const known = new Map<string, ReadonlySet<string>>()
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const metric = registry.getSingleMetric(name) as unknown as { labelNames: string[] }
    const labels = new Set(['instance', 'job', ...metric.labelNames])
    // The enumeration of prom-client's types says "histogram" here, its declarations a number.
    if (String(type) !== 'histogram') known.set(name, labels)
    else
      for (const part of ['bucket', 'sum', 'count'])
        known.set(`${name}_${part}`, new Set([...labels, ...(part === 'bucket' ? ['le'] : [])]))
  }
  return known
}

/** Every metric of ours that a query names, with the labels it selects by. */
function selected(query: string): { name: string; labels: string[] }[] {
  return [...query.matchAll(/(rebond_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', selector = '']) => ({
    name,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
}

/** Labels that a query sums by. */
const grouped = (query: string): string[] => [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))

/** Runs a tool of Debian's; null when it is not there, which the test's outcome then says. */
function run(t: Test, tool: string, args: readonly string[]): { status: number | null; output: string } | null {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' })
  if (error) {
    t.pass(`${tool} ${args.join(' ')}`, { skip: `${tool} is not installed: NOT checked` })
    return null
  }
  return { status, output: `${stdout}${stderr}` }
}

t.test('alerts and dashboard name only metrics and labels that exist', async t => {
  const known = await series()
  const queries = [
    ...alerts.map(({ alert, expr }) => ({ where: alert, query: expr })),
    ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, query: expr }))),
  ]
  t.ok(queries.length > 30, 'the queries were read')
  for (const { where, query } of queries) {
    const used = selected(query)
    t.ok(used.length > 0 || /^(?:sum\()?up\{job="rebond"/.test(query), `${where} asks for something of rebond`)
    for (const { name, labels } of used) {
      t.ok(known.has(name), `${where}: ${name} exists`)
      for (const label of labels) t.ok(known.get(name)?.has(label), `${where}: ${name} has the label ${label}`)
    }
    for (const label of grouped(query)) {
      t.ok(
        used.some(({ name }) => known.get(name)?.has(label)),
        `${where}: a metric of the query has the label ${label}`,
      )
    }
  }
  t.notOk(known.has('rebond_invented_total'), 'the test can tell')
})

t.test('every metric is explained to operators, and shown on the dashboard', async t => {
  const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n')
  for (const name of (await series()).keys()) {
    if (/_duration_seconds_(?:sum|count)$/.test(name)) continue
    const base = name.replace(/_bucket$/, '')
    t.match(operations, new RegExp(`\`${base}[\`{]`), `doc/operations.md explains ${base}`)
    t.ok(shown.includes(name), `the dashboard shows ${name}`)
  }
  for (const [name] of operations.matchAll(/\brebond_[a-z_]+/g)) {
    t.ok(
      [...(await series()).keys()].some(one => one === name || one === `${name}_bucket`),
      `${name} of doc/operations.md exists`,
    )
  }
})

t.test('every alert has its words: a severity, a summary, a chapter in doc/operations.md, a unit test', async t => {
  const tests = alertTests.map(read).join('\n')
  for (const { alert, labels, annotations } of alerts) {
    t.match(alert, /^Rebond[A-Z]/)
    t.match(labels.severity, /^(?:page|ticket)$/, alert)
    t.match(annotations.summary, /\$labels\.instance/, `${alert} says where`)
    t.ok(annotations.description, `${alert} says what it means`)
    const chapter = operations.split(`\n### ${alert}\n`)[1]
    t.ok(chapter, `doc/operations.md has a chapter ${alert}`)
    t.match(chapter ?? '', new RegExp(`^\\s*\\*${labels.severity}\\.\\*`), `${alert} has the same severity there`)
    t.match(tests, new RegExp(`alertname: ${alert}$`, 'm'), `${alert} is tested`)
  }
  for (const [, name] of operations.matchAll(/^### (Rebond\w+)$/gm))
    t.ok(
      alerts.some(({ alert }) => alert === name),
      `${name} exists`,
    )
})

t.test('panels can be told apart, and lie on the grid', async t => {
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  for (const { gridPos } of dashboard.panels as unknown as { gridPos: { x: number; w: number } }[]) t.ok(gridPos.x + gridPos.w <= 24)
})

t.test('promtool agrees with the alerts and their tests', async t => {
  const check = run(t, 'promtool', ['check', 'rules', join(root, 'config/prometheus/alerts.yaml')])
  if (check) t.equal(check.status, 0, check.output)
  const tests = run(t, 'promtool', ['test', 'rules', ...alertTests.map(path => join(root, path))])
  if (tests) t.equal(tests.status, 0, tests.output)
})

/** The last value of each key of a unit's section [Service], and all lines. */
function serviceOf(text: string): Map<string, string> {
  const lines = text.split('\n[Service]\n')[1]?.split('\n[Install]')[0]?.split('\n') ?? []
  return new Map(
    lines.flatMap(line => (/^[A-Z]/.test(line) ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])) as [
      string,
      string,
    ][],
  )
}

t.test('the unit starts what the package has, as nobody', async t => {
  const service = serviceOf(read('systemd/rebond.service'))
  const [, program = '', command, config] =
    /^\/usr\/bin\/node \/opt\/rebond\/(\S+) (\S+) --config (\S+)$/.exec(service.get('ExecStart') ?? '') ?? []
  const { bin } = JSON.parse(read('package.json')) as { bin: { rebond: string } }
  t.equal(program, bin.rebond)
  t.equal(command, 'serve')
  t.match(operations, `${config}`)
  t.equal(service.get('DynamicUser'), 'yes')
  t.equal(service.get('LimitCORE'), '0', 'no secret in a core dump')
  t.equal(service.get('CapabilityBoundingSet'), 'CAP_NET_BIND_SERVICE', 'port 25, and no other right of root’s')
  t.equal(service.get('MemoryDenyWriteExecute'), undefined, 'V8 could not start')
  const { store, relay } = await configOf(t, 'config/example.yaml')
  t.equal(store.path, `/var/lib/${service.get('StateDirectory')}`, 'the example keeps its data where the unit lets it write')
  t.ok(Number(service.get('TimeoutStopSec')) > relay.timeouts.stopSeconds, 'transactions in flight may finish')
})

t.test('the unit asks for notice of readiness only if the program gives it', async t => {
  const service = serviceOf(read('systemd/rebond.service'))
  const gives = /\bsystemd\.ready\(\)/.test(read('src/cli/serve.ts'))
  t.equal(service.get('Type'), gives ? 'notify' : 'exec')
  t.equal(service.get('NotifyAccess'), gives ? 'all' : undefined, 'the words come from systemd-notify, another process')
  if (gives) t.ok(Number(service.get('WatchdogSec')) > Number(service.get('TimeoutStopSec')), 'no sign of life is asked for while it stops')
  else t.equal(service.get('WatchdogSec'), undefined)
})

t.test('the socket unit opens what the example listens on, in the order in which the program takes sockets', async t => {
  const { relay, bounce } = await configOf(t, 'config/example.yaml')
  const streams = [...read('systemd/rebond.socket').matchAll(/^ListenStream=(.*)$/gm)].map(([, at]) => at)
  t.same(
    streams,
    [...relay.listen, ...bounce.listen].map(({ host, port }) => `${host}:${port}`),
  )
})

t.test('systemd-analyze has nothing to say about the unit, and little exposure', async t => {
  const unit = join(await temporaryDirectory(t), 'rebond.service')
  await writeFile(unit, read('systemd/rebond.service').replace('=/usr/bin/node ', `=${process.execPath} `))
  // It exits 0 on an unknown key: any word is a failure.
  const socket = join(dirname(unit), 'rebond.socket')
  await writeFile(socket, read('systemd/rebond.socket'))
  const verify = run(t, 'systemd-analyze', ['verify', '--man=no', unit, socket])
  if (verify) t.same(verify, { status: 0, output: '' })
  const security = run(t, 'systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', unit])
  if (security) t.equal(security.status, 0, `exposure is at most 2.0: ${/Overall.*/.exec(security.output)?.[0]}`)
})

t.test('systemd is told: ready, alive, stopping', async t => {
  const directory = await temporaryDirectory(t)
  const told = join(directory, 'told')
  await writeFile(join(directory, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>'${told}'\n`)
  await chmod(join(directory, 'systemd-notify'), 0o755)
  const words = () => readFile(told, 'utf8').catch(() => '')
  const warnings: unknown[] = []
  const log = { warn: (...args: unknown[]) => warnings.push(args) }
  const env = { NOTIFY_SOCKET: '@here', PATH: `${directory}:${process.env.PATH}` }

  createSystemdNotifier({ PATH: env.PATH }, log).ready()
  const other = createSystemdNotifier({ ...env, WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }, log)
  other.ready()
  await until(words, text => text.includes('READY=1'))
  t.equal(await words(), '@here READY=1\n', 'not without a socket, and no watchdog of another process')

  const notifier = createSystemdNotifier({ ...env, WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }, log)
  notifier.ready()
  // The timer does not keep a process alive that has nothing else to do; this one does until the words are there.
  await until(words, text => text.split('WATCHDOG=1').length > 2)
  notifier.stopping()
  await until(words, text => text.includes('@here STOPPING=1 WATCHDOG=1\n'))
  t.same(warnings, [])

  const without = createSystemdNotifier({ ...env, PATH: directory.concat('/nowhere') }, log)
  without.ready()
  without.stopping()
  await until(
    async () => warnings.length,
    count => count > 0,
  )
  t.equal(warnings.length, 1, 'a missing tool is said once')
})

t.test('the image is not root’s, carries no secrets in, exposes nothing, and can be asked how it is', async t => {
  const dockerfile = read('Dockerfile')
  const instructions = dockerfile
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => /^[A-Z]+ /.test(line))
  const last = instructions.slice(instructions.findLastIndex(line => line.startsWith('FROM ')))
  t.equal(instructions.filter(line => line.startsWith('FROM ')).length, 2, 'two stages')
  t.match(
    last.find(line => line.startsWith('USER ')),
    /^USER [1-9]\d*:[1-9]\d*$/,
    'a number, for platforms that check it',
  )
  t.notOk(
    instructions.some(line => line.startsWith('EXPOSE')),
    'docker run -P would publish the relay',
  )
  t.match(
    last.find(line => line.startsWith('HEALTHCHECK ')),
    /\/livez/,
  )
  t.match(
    last.find(line => line.startsWith('LABEL ')),
    /org\.opencontainers\.image\.title="rebond"/,
  )
  const { version } = JSON.parse(read('package.json')) as { version: string }
  t.ok(last.includes(`ARG VERSION=${version}`), 'the version of package.json')
  for (const line of instructions) {
    if (!line.startsWith('COPY ') || line.includes('--from=')) continue
    for (const path of line.split(' ').slice(1, -1)) {
      t.ok(existsSync(join(root, path)), `${path} exists`)
      t.ok(read('.dockerignore').split('\n').includes(`!${path}`), `.dockerignore lets ${path} in`)
    }
  }
  t.match(read('.dockerignore'), /^\*$/m, 'nothing else goes into the build')
})

t.test('the compose example publishes no relay port, and admits no gateway', async t => {
  type Compose = {
    services: {
      rebond: { image: string; ports: string[]; read_only: boolean; cap_drop: string[] }
      crm: { networks: { crm: { ipv4_address: string } } }
    }
  }
  const { rebond, crm } = (parse(read('config/compose.example.yaml')) as Compose).services
  const { relay, bounce, http, store, returnPath } = await configOf(t, 'config/container.example.yaml')
  t.same(rebond.ports, [`25:${bounce.listen[0]?.port}`])
  t.same(relay.clients, [`${crm.networks.crm.ipv4_address}/32`], 'the CRM and nobody else, not the gateway of its network')
  t.ok(rebond.read_only)
  t.same(rebond.cap_drop, ['ALL'])
  t.equal(http.listen.host, '127.0.0.1')
  t.equal(store.path, '/var/lib/rebond')
  t.match(returnPath.keyFile, /^\/run\/secrets\//)
  const { version } = JSON.parse(read('package.json')) as { version: string }
  t.equal(rebond.image, `rebond:${version}`)
})

t.test('the compose example of two nodes fits its configuration, and names nothing that it does not make', async t => {
  type Service = { image: string; ports?: string[]; networks: string[] | Record<string, { ipv4_address?: string }>; secrets?: string[] }
  type Compose = { services: Record<string, Service>; networks: object; secrets: object }
  for (const name of ['config/compose.example.yaml', 'config/compose.postgres.example.yaml']) {
    const { services, networks, secrets } = parse(read(name)) as Compose
    for (const [of, { networks: joined, secrets: given = [] }] of Object.entries(services)) {
      const names = Array.isArray(joined) ? joined : Object.keys(joined)
      t.same(
        names.filter(network => !(network in networks)),
        [],
        `${name}: networks of ${of}`,
      )
      t.same(
        given.filter(secret => !(secret in secrets)),
        [],
        `${name}: secrets of ${of}`,
      )
    }
  }

  const text = read('config/compose.postgres.example.yaml')
  const { services } = parse(text) as Compose
  const single = parse(read('config/container.example.yaml')) as object
  const store = parse(/^# {3}(store: .*)$/m.exec(text)?.[1] ?? '') as object
  const parsed = parseConfig({ ...single, ...store })
  if (!parsed.ok) return t.fail(JSON.stringify(parsed.problems))
  const { relay, store: shared, returnPath } = parsed.config
  t.match(services.rebond, { image: (parse(read('config/compose.example.yaml')) as Compose).services.rebond?.image, ports: undefined })
  t.match(services.crm?.networks, { crm: { ipv4_address: String(relay.clients).replace('/32', '') } })
  t.match(shared, { kind: 'postgres', url: 'postgres://rebond@db:5432/rebond' })
  const files = Object.keys((parse(text) as Compose).secrets).map(secret => `/run/secrets/${secret}`)
  t.same([returnPath.keyFile, shared.passwordFile], files)
})

async function configOf(t: Test, path: string) {
  const loaded = await loadConfig(join(root, path))
  if (!loaded.ok) {
    t.fail(loaded.problems.join('\n'))
    throw new Error(`${path} has problems`)
  }
  return loaded.config
}

t.test('what the papers say to run and to open is there', async t => {
  for (const [, path = ''] of operations.matchAll(/(?:^|\s)(?:\/opt\/rebond\/)?((?:config|systemd|test)\/[\w./-]+)/gm))
    t.ok(existsSync(join(root, path)), path)
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const [, name = ''] of operations.matchAll(/npm run ([\w:]+)/g)) t.ok(name in scripts, `npm run ${name}`)
  const names = commands.map(({ manual }) => manual.name)
  for (const [, name = ''] of operations.matchAll(/(?:^|`|rebond )rebond ([a-z-]+)\b/gm)) t.ok(names.includes(name), `rebond ${name}`)
  const keys = read('doc/configuration.md')
  for (const page of ['doc/operations.md', 'doc/dns.md']) {
    for (const [, key = ''] of read(page).matchAll(/`((?:relay|upstream|returnPath|bounce|store|http|policy|lists|log)\.[\w.]+)/g)) {
      t.ok(keys.includes(`\`${key}`), `${page}: ${key} is a key`)
    }
  }
})
