/**
 * Keeping a store through bad days: a backup of a running server that can be served, and the repair of one whose files are damaged.
 */
import { copyFile, cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { runBackup } from '../../src/cli/backup.ts'
import { runRepair } from '../../src/cli/repair.ts'
import type { CommandIo } from '../../src/cli/run-command.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createRetention } from '../../src/privacy/retention.ts'
import { readOrMakeKeyFile } from '../../src/store/key-file.ts'
import { type Database, openLevel } from '../../src/store/level/database.ts'
import { meaningOf, owedKinds } from '../../src/store/level/owed-rows.ts'
import { rebuild } from '../../src/store/level/rebuild.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { formatEnd, formatRow, parseSnapshotLine, SnapshotSum } from '../../src/store/snapshot.ts'
import type { Store } from '../../src/store/store.ts'
import { openServer } from '../http/fixture.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { address, blockAddress, bounce, commit, fill, keyOf, message, start } from './samples.ts'

type Run = (args: readonly string[], io: CommandIo) => Promise<number>
type Rows = ReadonlyMap<string, Buffer>

const first = { limit: 500, cursor: null }

async function run(command: Run, args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const status = await command(args, { stdin: Readable.from([]), stdout, stderr, env: {} })
  stdout.end()
  stderr.end()
  return { status, stdout: await text(stdout), stderr: await text(stderr) }
}

async function rowsOf(store: Store): Promise<Rows> {
  const rows = new Map<string, Buffer>()
  for await (const entries of (await store.snapshot?.()) ?? []) for (const { key, value } of entries) rows.set(key, value)
  return rows
}

/** A server on a store with something of every kind, and its configuration file. */
async function serving(t: Test) {
  const directory = await tempDirectory(t)
  const store = await tempStore(t, { path: join(directory, 'data'), now: () => start })
  await fill(store)
  const { key } = await readOrMakeKeyFile(join(directory, 'data', 'return-path.key'))
  const { server, log } = await openServer(t, { store, http: { listen: { port: 0 } } })
  const { host, port } = await server.listen()
  const url = `http://${host}:${port}`
  const config = join(directory, 'rebond.yaml')
  await writeFile(config, `store: { path: data }\nhttp: { listen: { host: "${host}", port: ${port} } }\n`)
  return { directory, store, key, url, config, log }
}

t.test('no row has an empty value: classic-level would keep its memory for ever', async t => {
  const store = await tempStore(t, { now: () => start })
  await fill(store)
  const rows = await rowsOf(store)
  t.ok(
    [...rows.keys()].some(name => name.startsWith('m')),
    'there are rows',
  )
  t.same(
    [...rows].filter(([, value]) => value.length === 0).map(([name]) => name),
    [],
  )
})

t.test('a backup of a running server can be served: everything comes back', async t => {
  const { directory, store, key, config, log } = await serving(t)
  const target = join(directory, 'backups', 'monday')
  const wanted = await rowsOf(store)
  const done = await run(runBackup, ['--config', config, target])
  t.equal(done.status, 0, done.stderr)
  t.match(done.stdout, new RegExp(`: ${wanted.size} rows, read again and the same \\(sha256 [0-9a-f]{64}\\)`))
  t.match(log.join(''), /a backup is being taken/)
  t.same(await readdir(join(directory, 'backups')), ['monday'], 'nothing else is left')
  for (const name of await readdir(target, { recursive: true })) {
    const { mode } = await stat(join(target, name))
    t.equal(mode & 0o077, 0, `${name} is the owner's only`)
  }
  t.same(Buffer.from(await readFile(join(target, 'return-path.key'), 'latin1'), 'base64'), key)

  // What happens after a backup is not in it.
  await store.appendMessage(message(), [])
  const restored = await tempStore(t, { path: target, now: () => start })
  const rows = await rowsOf(restored)
  t.same([...rows.keys()], [...wanted.keys()])
  for (const [name, value] of wanted) if (!rows.get(name)?.equals(value)) t.fail(`${JSON.stringify(name)} differs`)
  t.same(await restored.counts(), { ...(await store.counts()), messages: 2 })
  for (const items of [
    (await restored.blacklist({}, first)).items,
    (await restored.bounces({}, first)).items,
    (await restored.outbox({}, first)).items,
    (await restored.audit({}, first)).items,
  ])
    t.ok(items.length > 0)
  t.match(await restored.lookup([keyOf('a@example.org')], start), [{ category: 'invalid_address' }])

  const again = await run(runBackup, ['--config', config, target])
  t.match(again, { status: 1, stderr: /must be empty or not exist, and holds \d entries/ })
})

t.test('a backup leaves the key out only when it is told to, and says so', async t => {
  const { directory, url, config } = await serving(t)
  t.match(await run(runBackup, [join(directory, 'a'), '--url', url]), { status: 2, stderr: /needs --config FILE.*or --without-key/ })
  t.match(await run(runBackup, []), { status: 2, stderr: /needs a DIR/ })
  t.match(await run(runBackup, ['a', 'b']), { status: 2, stderr: /one directory at a time/ })
  await mkdir(join(directory, 'a'))
  const bare = await run(runBackup, [join(directory, 'a'), '--url', url, '--without-key', '--json'])
  t.match(bare, { status: 0, stderr: /is NOT in this backup/ })
  t.match(JSON.parse(bare.stdout), { keys: [], rows: Number })
  t.same(await readdir(join(directory, 'a')), ['level'])
  await rm(join(directory, 'data', 'return-path.key'))
  const lost = await run(runBackup, ['--config', config, join(directory, 'b')])
  t.match(lost, { status: 1, stderr: /return-path\.key: must be a key file that can be read.*--without-key/ })
  const postgres = join(directory, 'postgres.yaml')
  await writeFile(postgres, 'store: { kind: postgres, url: "postgres://rebond:s3cret@db/rebond" }\nreturnPath: { keyFile: key }\n')
  const other = await run(runBackup, ['--config', postgres, join(directory, 'b')])
  t.match(other, { status: 1, stderr: /pg_dump .*'postgres:\/\/rebond@db\/rebond', restored by pg_restore/ })
  const repair = await run(runRepair, ['--config', postgres])
  t.match(repair, { status: 1, stderr: /in PostgreSQL/ })
  t.same((await readdir(directory)).sort(), ['a', 'data', 'postgres.yaml', 'rebond.yaml'])
})

t.test('a backup that is cut short, or changed on the way, is none', async t => {
  const directory = await tempDirectory(t)
  const rows = [
    { key: 'ad\0a', value: Buffer.from('{}') },
    { key: 'ad\0b', value: Buffer.from([0, 255]) },
  ]
  const sum = new SnapshotSum()
  for (const row of rows) sum.add(row)
  const whole = [...rows.map(formatRow), formatEnd(sum.total())]
  const [one = '', two = '', end = ''] = whole
  let answer: readonly string[] = []
  let cut = false
  const server = createServer((_request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const piece of answer) reply.write(piece)
    if (cut) setImmediate(() => reply.destroy())
    else reply.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const backup = () => run(runBackup, [join(directory, 'b'), '--without-key', '--url', `http://127.0.0.1:${port}`])
  for (const [why, lines, words] of [
    ['no end', [one, two], /the server ended it after 2 rows/],
    ['a row less', [one, end], /2 rows were sent, and other ones came/],
    ['another order', [two, one, end], /other ones came/],
    ['a changed value', [one, formatRow({ key: 'ad\0b', value: Buffer.from([0, 254]) }), end], /other ones came/],
    ['no row', [one, '{"key":1}\n', end], /line 2 of the server's answer is no row/],
    ['more behind the end', [one, two, end, one], /line 3 of the server's answer/],
    ['half a line', [one, two.slice(0, -4)], /the server ended it after 1 rows/],
  ] as const) {
    answer = lines
    const failed = await backup()
    t.equal(failed.status, 1, why)
    t.match(failed.stderr, words, why)
    t.match(failed.stderr, /nothing was kept/)
    t.same(await readdir(directory), [], `${why}: nothing is left`)
  }
  cut = true
  answer = [one]
  t.match(await backup(), { status: 1, stderr: /nothing was kept/ })
  t.same(await readdir(directory), [])
  cut = false
  answer = whole
  t.match(await backup(), { status: 0 })
})

t.test('rows travel as they are, whatever they hold', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), (name, octets) => {
      const entry = { key: name, value: Buffer.from(octets) }
      const line = formatRow(entry)
      t.equal(line.indexOf('\n'), line.length - 1)
      t.same(parseSnapshotLine(line.slice(0, -1)), { ok: true, line: { kind: 'row', entry } })
    }),
    { numRuns: 100 },
  )
  for (const line of ['', '{', 'null', '[]', '1', '{"key":"a"}', '{"end":{}}', '{"end":{"rows":"1","sha256":"x"}}'])
    t.match(parseSnapshotLine(line), { ok: false, why: String }, line)
  t.end()
})

/** Every index leads to a record and every record has its indexes, and the counters say what is there. */
async function checkWhole(t: Test, store: Store, why: string): Promise<void> {
  const rows = await rowsOf(store)
  const owed = new Map<string, string>()
  const isOwed = (name: string) => (owedKinds as readonly string[]).includes(name.slice(0, 2))
  const counted = new Map<string, number>()
  for (const [name, value] of rows) {
    if (isOwed(name)) continue
    const meaning = meaningOf(name, value)
    if (!meaning) t.fail(`${why}: ${JSON.stringify(name)} is left`)
    for (const [key, text] of meaning?.owes ?? []) owed.set(key, text)
    for (const counter of meaning?.counts ?? []) counted.set(counter, (counted.get(counter) ?? 0) + 1)
  }
  t.same(
    [...rows].filter(([name]) => isOwed(name)).map(([name, value]) => [name, value.toString()]),
    [...owed].sort(([a], [b]) => (a < b ? -1 : 1)),
    `${why}: the rows that are owed are those that are there`,
  )
  const { blacklisted, messages, bounces, pendingReports, outbox } = await store.counts()
  const said = { blocks: blacklisted, messages, bounces, pending: pendingReports, outbox }
  for (const [name, count] of Object.entries(said)) t.equal(count, counted.get(name) ?? 0, `${why}: ${name}`)
}

t.test('rebuilding a store that is whole changes nothing', async t => {
  const path = await tempDirectory(t)
  const store = await openLevelStore({ path, now: () => start, log: createLog('silent') })
  await fill(store)
  await store.erase?.(keyOf('b@example.org'))
  await blockAddress(store, 'c@example.org', { until: start + 1 })
  const before = await rowsOf(store)
  await checkWhole(t, store, 'as it was written')
  await store.close()
  const database = await openLevel(join(path, 'level'))
  t.match(await rebuild(database, () => {}), { unreadable: 0, blocksKept: 0 })
  await database.close()
  const after = await rowsOf(await tempStore(t, { path, now: () => start }))
  t.same(after, before)
})

t.test('retention that is killed at any write leaves nothing half done, and its next round does the rest', async t => {
  const directory = await tempDirectory(t)
  const later = start + 1000 * 86_400_000
  const filled = await openLevelStore({ path: join(directory, 'filled'), now: () => start, log: createLog('silent') })
  await fill(filled)
  await blockAddress(filled, 'd@example.org', { until: start + 1 })
  await commit(filled, { addresses: [address('e@example.org', { lastHard: { seq: 1, at: start } })] })
  await filled.close()

  /** A round on a copy, until its write number `most` is refused, and all that come after it: the process is gone. */
  async function roundOf(name: string, from: string, most: number): Promise<{ writes: number; path: string; done: boolean }> {
    const path = join(directory, name)
    await cp(join(directory, from), path, { recursive: true })
    let writes = 0
    const killed = async (location: string): Promise<Database> => {
      const database = await openLevel(location)
      return {
        ...database,
        batch() {
          const batch = database.batch()
          const write = batch.write.bind(batch)
          batch.write = options => (++writes > most ? Promise.reject(new Error('killed')) : write(options))
          return batch
        },
      }
    }
    const store = await openLevelStore({
      path,
      now: () => later,
      log: createLog('silent'),
      openDatabase: killed,
      reopenAfterMs: [60_000, 60_000],
    })
    const retention = createRetention({
      ...{ store, config: { ...parsedRetention(), rawDays: 1 }, maxAgeDays: 30, log: createLog('silent') },
      ...{ metrics: createMetrics('test'), now: () => later, restMs: () => 0 },
    })
    const done = await retention.round().then(
      () => true,
      () => false,
    )
    await store.close().catch(() => {})
    return { writes, path, done }
  }

  const whole = await roundOf('whole', 'filled', Number.POSITIVE_INFINITY)
  t.ok(whole.done && whole.writes > 8, `${whole.writes} writes`)
  const wanted = await rowsOf(await tempStore(t, { path: whole.path, now: () => later }))
  const without = (rows: Rows) => [...rows].filter(([name]) => !name.startsWith('meta\0')).map(([name]) => name)
  for (let most = 1; most < whole.writes; most++) {
    const cut = await roundOf(`cut-${most}`, 'filled', most)
    t.notOk(cut.done, `killed at write ${most + 1}`)
    const between = await openLevelStore({ path: cut.path, now: () => start, log: createLog('silent') })
    await checkWhole(t, between, `after ${most} writes`)
    await between.close()
    const next = await roundOf(`next-${most}`, `cut-${most}`, Number.POSITIVE_INFINITY)
    const store = await openLevelStore({ path: next.path, now: () => later, log: createLog('silent') })
    t.same(without(await rowsOf(store)), without(wanted), `after ${most} writes: the next round does the rest`)
    await store.close()
  }
})

function parsedRetention() {
  const parsed = parseConfig({})
  if (!parsed.ok) throw new RangeError('the defaults must be right')
  return parsed.config.retention
}

/** Ways in which files come to harm. */
const damages: Readonly<Record<string, (level: string, tables: readonly string[]) => Promise<unknown>>> = {
  'CURRENT is gone': level => rm(join(level, 'CURRENT')),
  'CURRENT is empty': level => writeFile(join(level, 'CURRENT'), ''),
  'the manifest is gone': async level => rm(join(level, (await readdir(level)).find(name => name.startsWith('MANIFEST')) ?? '')),
  'the manifest is cut short': async level =>
    truncate(join(level, (await readdir(level)).find(name => name.startsWith('MANIFEST')) ?? ''), 20),
  'a table is gone': (_level, [table = '']) => rm(table),
  'a table is cut short': (_level, [table = '']) => truncate(table, 6000),
  'a table is overwritten': async (_level, [table = '']) => {
    const octets = await readFile(table)
    await writeFile(table, octets.fill(0xa5, 4000, 9000))
  },
}

t.test('a damaged store says so, loses nothing more, and is mended as far as it goes', async t => {
  const directory = await tempDirectory(t)
  const good = join(directory, 'good')
  const open = (path: string) => openLevelStore({ path, now: () => start, log: createLog('silent') })
  for (let i = 0; i < 3; i++) {
    // Each opening makes a table of the log before it.
    const store = await open(good)
    if (i === 0) await fill(store)
    const names = Array.from({ length: 200 }, (_, n) => `user${n}-${i}@example.org`)
    await Promise.all(names.map(name => blockAddress(store, name)))
    await Promise.all(names.map(name => commit(store, { bounces: [bounce(name)] })))
    await store.close()
  }
  const blocked = 602
  for (const [why, harm] of Object.entries(damages)) {
    const path = join(directory, why.replaceAll(' ', '-'))
    const level = join(path, 'level')
    await mkdir(level, { recursive: true })
    for (const name of await readdir(join(good, 'level'))) await copyFile(join(good, 'level', name), join(level, name))
    const tables = (await readdir(level)).filter(name => name.endsWith('.ldb')).sort()
    t.ok(tables.length > 0, 'there is a table')
    await harm(
      level,
      tables.map(name => join(level, name)),
    )
    const harmed = await readdir(level)
    const failed = await open(path)
      .then(async store => {
        const error = await rowsOf(store).catch((err: Error) => err)
        await store.close()
        return error
      })
      .catch((err: Error) => err)
    t.match(failed, { code: 'ERR_STORE_UNAVAILABLE', message: /rebond repair --config FILE .*put a backup in its place/ }, why)
    for (const name of tables) if (harmed.includes(name)) t.ok((await readdir(level)).includes(name), `${why}: ${name} is still there`)

    const config = join(directory, 'rebond.yaml')
    await writeFile(config, `store: { path: "${path}" }\n`)
    const repaired = await run(runRepair, ['--config', config])
    t.equal(repaired.status, 0, `${why}: ${repaired.stderr}`)
    t.match(repaired.stdout, /: repaired; as it was it lies in .*level\.damaged-\d{8}T\d{6}Z\n/)
    const copy = (await readdir(path)).find(name => name.startsWith('level.damaged-')) ?? ''
    for (const name of harmed)
      if (name.endsWith('.ldb')) t.ok((await readdir(join(path, copy))).includes(name), `${why}: a copy of ${name}`)
    const store = await open(path)
    await checkWhole(t, store, why)
    const { blacklisted } = await store.counts()
    const isWhole = !why.includes('table')
    if (isWhole) t.equal(blacklisted, blocked, `${why}: all is there`)
    else t.ok(blacklisted > 0 && blacklisted <= blocked, `${why}: ${blacklisted} of ${blocked} blocks are left`)
    const { seq } = await store.appendMessage(message(), [])
    if (isWhole) t.ok(seq > blocked, `${why}: numbers go on`)
    await store.close()
  }
})

t.test('a repair waits until nobody serves the store, and needs one', async t => {
  const { config, directory } = await serving(t)
  const refused = await run(runRepair, ['--config', config]).catch((err: Error) => ({ status: 1, stderr: err.message }))
  t.match(refused, { stderr: /is open in another process; stop the other rebond first/ })
  t.same((await readdir(join(directory, 'data'))).sort(), ['level', 'return-path.key'], 'nothing was copied')
  t.match(await run(runRepair, []), { status: 2, stderr: /--config FILE must be given/ })
})

t.test('what LevelDB left out of a damaged log is said', async t => {
  const path = await tempDirectory(t)
  const store = await openLevelStore({ path, now: () => start, log: createLog('silent') })
  for (let i = 0; i < 50; i++) await blockAddress(store, `user${i}@example.org`)
  await store.close()
  const level = join(path, 'level')
  const name = (await readdir(level)).find(one => one.endsWith('.log')) ?? ''
  const octets = await readFile(join(level, name))
  await writeFile(join(level, name), octets.fill(0xa5, 600, 700))
  const lines: string[] = []
  const again = await openLevelStore({ path, now: () => start, log: createLog('info', { write: line => void lines.push(line) }) })
  await again.close()
  t.match(lines.join(''), new RegExp(`${name}: dropping \\d+ bytes; Corruption`))
})
