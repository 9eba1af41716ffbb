/**
 * The Store on LevelDB: the contract, and what only this engine has: one directory, one process, a disk that can fail.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { Level } from 'level'
import t, { type Test } from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { readOrMakeKeyFile } from '../../src/store/key-file.ts'
import { seqPart, timePart } from '../../src/store/level/keys.ts'
import { type LevelStoreOptions, openLevelStore } from '../../src/store/level-store.ts'
import type { Message } from '../../src/store/message-records.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { plainNode } from '../support/program.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { storeContract } from './contract.ts'
import { faultyDisk } from './faulty-database.ts'
import { address, blockAddress, bounce, commit, idAt, keyOf, message, minute, report, start } from './samples.ts'

const accepted = { outcome: 'accepted', at: start, reply: null, upstreamId: null } as const
const open = (path: string, more: Partial<LevelStoreOptions> = {}) =>
  openLevelStore({ path, now: () => start, log: createLog('silent'), ...more })

storeContract(t, async (t, options) => {
  const path = await tempDirectory(t)
  const store = await tempStore(t, { path, ...options })
  return {
    store,
    async reopen() {
      await store.close()
      return tempStore(t, { path, ...options })
    },
  }
})

/** A log that says when the store is back. */
function listenForReturn(): { log: LevelStoreOptions['log']; lines: string[]; back: () => Promise<void> } {
  const lines: string[] = []
  let tell = () => {}
  const write = (line: string) => {
    lines.push(line)
    if (line.includes('store available again')) tell()
  }
  return { log: createLog('info', { write }), lines, back: () => new Promise(resolve => (tell = resolve)) }
}

t.test('after a rejected write nothing is written until the database was closed and opened again', async t => {
  const disk = faultyDisk()
  const { log, lines, back } = listenForReturn()
  const metrics = createMetrics('test')
  const path = await tempDirectory(t)
  const options = { path, now: () => start, log, metrics, openDatabase: disk.open, reopenAfterMs: [1, 4] as const }
  const store = await tempStore(t, options)
  const kept = await store.appendMessage(message(), [])
  store.settleMessage(kept.id, { ...accepted, upstreamId: 'before' })
  disk.diary.length = 0

  // The first batch is held on its way to the disk, so that the others queue up behind it.
  let letGo = () => {}
  const atDisk = new Promise<void>(resolve => {
    disk.onWrite = () => {
      resolve()
      return new Promise(go => (letGo = go))
    }
  })
  const refused: Promise<unknown>[] = [store.appendMessage(message(), [])]
  await atDisk
  refused.push(blockAddress(store, 'a@example.org'), store.acceptReport(report(), Buffer.from('x')), store.check())
  disk.broken = 'open'
  disk.onWrite = async () => {}
  const returned = back()
  letGo()
  for (const call of refused) await t.rejects(call, { code: 'ERR_STORE_UNAVAILABLE' })
  t.same(disk.diary, ['failed write', 'close'])

  t.throws(() => store.lookup([keyOf('a@example.org')], start), StoreUnavailable, 'reads fail too')
  await t.rejects(store.message(kept.id), StoreUnavailable)
  await t.rejects(store.appendMessage(message(), []), { code: 'ERR_STORE_UNAVAILABLE' })
  store.settleMessage(kept.id, { ...accepted, upstreamId: 'meanwhile' })
  t.same(disk.diary, ['failed write', 'close'], 'nothing was written meanwhile')

  disk.broken = 'no'
  await returned
  t.equal(disk.diary[2], 'open')
  await store.check()
  t.equal((await store.message(kept.id))?.outcome?.upstreamId, 'meanwhile', 'an outcome is kept for later')
  const later = await store.appendMessage(message(), [])
  t.ok(later.seq > kept.seq)
  t.same(await store.blacklistedCount(), 0)
  t.match(lines[0], /No space left on device/)
  t.match(await metrics.registry.metrics(), /rebond_store_errors_total 1\n/)
  t.match(await metrics.registry.metrics(), /rebond_store_duration_seconds_count{op="append"} 4\n/)
})

t.test('an outcome is counted once, whether the failed batch with it was on the disk or not', async t => {
  for (const broken of ['write', 'answer'] as const) {
    const disk = faultyDisk()
    const { log, back } = listenForReturn()
    const store = await tempStore(t, { log, openDatabase: disk.open, reopenAfterMs: [1, 4] })
    const { id } = await store.appendMessage(message(), [])
    const returned = back()
    store.settleMessage(id, accepted, { list: null, at: start, adds: { sent: 1 } })
    disk.broken = broken
    await t.rejects(store.check(), StoreUnavailable)
    disk.broken = 'no'
    await returned
    t.match(await store.message(id), { outcome: { outcome: 'accepted' } })
    t.same((await store.list(null))?.counts, { sent: 1 }, broken)
    t.same((await store.tallies({ of: 'all', since: 0, until: start + minute, step: 'hour' }))[0]?.counts, { sent: 1 }, broken)
  }
})

t.test('closing ends the tries to open a failed store', async t => {
  const disk = faultyDisk()
  const path = await tempDirectory(t)
  const store = await open(path, { openDatabase: disk.open })
  disk.broken = 'open'
  await t.rejects(store.check(), StoreUnavailable)
  await store.close()
  t.equal(disk.diary.at(-1), 'close')
  await (await open(path)).close()
})

t.test('writers share a batch', async t => {
  const disk = faultyDisk()
  const store = await tempStore(t, { openDatabase: disk.open })
  disk.diary.length = 0
  await Promise.all(Array.from({ length: 100 }, () => store.appendMessage(message(), [])))
  t.equal(disk.diary.filter(line => line === 'write').length, 1)
})

/** A disk of 6 MB; or why there is none. */
function smallDisk(): { readonly path: string; readonly why: string | false } {
  const path = mkdtempSync(join(tmpdir(), 'rebond-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path], { encoding: 'utf8' })
  t.teardown(() => {
    if (mounted.status === 0) spawnSync('umount', [path])
    rmSync(path, { recursive: true, force: true })
  })
  if (mounted.status === 0) return { path, why: false }
  const why = `a small tmpfs cannot be mounted (${mounted.error?.message ?? mounted.stderr.trim()}); run as root to test a full disk`
  console.error(`SKIPPED: ${why}`)
  return { path, why }
}

const disk = smallDisk()

t.test('a full disk loses nothing that was acknowledged, and the store comes back by itself', { skip: disk.why }, async t => {
  const { path } = disk
  const { log, back } = listenForReturn()
  const store = await open(path, { log, reopenAfterMs: [1, 20] })
  const acknowledged: Message[] = []
  const append = async () => void acknowledged.push(await store.appendMessage(message({ subject: 'x'.repeat(500) }), []))
  for (let n = 0; n < 300; n++) await append()

  const returned = back()
  const filler = join(path, 'filler')
  await t.rejects(writeFile(filler, Buffer.alloc(8 * 2 ** 20)), { code: 'ENOSPC' })
  await t.rejects(
    (async () => {
      while (true) await append()
    })(),
    StoreUnavailable,
  )
  await t.rejects(store.check(), StoreUnavailable)
  await rm(filler)
  await returned
  for (let n = 0; n < 300; n++) await append()
  await store.close()

  const again = await open(path)
  const lost = []
  for (const { id } of acknowledged) if (!(await again.message(id))) lost.push(id)
  t.same(lost, [])
  t.ok(acknowledged.length >= 600)
  const seqs = acknowledged.map(({ seq }) => seq)
  t.same(
    seqs.toSorted((a, b) => a - b),
    seqs,
  )
  t.ok((await again.appendMessage(message(), [])).seq > Math.max(...seqs))
  await again.close()
})

/** Starts the child on a store; gives the lines it said so far once it said `open`. */
async function startChild(
  t: Test,
  path: string,
): Promise<{ child: ChildProcess; lines: string[]; said: (count: number) => Promise<void> }> {
  const file = fileURLToPath(new URL('child.ts', import.meta.url))
  const child = spawn(...plainNode(['--import', './test/support/typescript.mjs', file, path]), { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => lines.push(line))
  const said = async (count: number) => {
    while (lines.length < count) await once(reader, 'line')
  }
  await said(1)
  return { child, lines, said }
}

t.test('what was acknowledged is there after kill -9, and numbers go on rising', async t => {
  const path = await tempDirectory(t)
  const { child, lines, said } = await startChild(t, path)
  await t.rejects(open(path), { code: 'ERR_STORE_LOCKED', message: /is open in another process; stop the other rebond first/ })
  await said(300)
  child.kill('SIGKILL')
  await once(child, 'close')

  const store = await open(path)
  let highest = 0
  const missing: string[] = []
  for (const line of lines) {
    const [kind, name = '', seq] = line.split(' ')
    highest = Math.max(highest, Number(seq ?? 0))
    if (!(await isKept(store, kind, name))) missing.push(line)
  }
  t.same(missing, [], `of ${lines.length} acknowledged`)
  t.ok(highest > 0)
  t.ok((await store.appendMessage(message(), [])).seq > highest)
  t.equal(await store.blacklistedCount(), (await countBlacklist(store)).size)
  await store.close()
})

async function isKept(store: Store, kind: string | undefined, name: string): Promise<boolean> {
  if (kind === 'message') return (await store.message(name)) !== null
  if (kind === 'block') return (await store.lookup([keyOf(name)], start))[0] !== null
  if (kind === 'report') return (await store.report(name)) !== null && (await store.rawReport(name))?.length === 3000
  return kind === 'open'
}

async function countBlacklist(store: Store): Promise<Set<string>> {
  const found = new Set<string>()
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['blacklist']>> = await store.blacklist({}, { limit: 500, cursor })
    for (const { address } of page.items) found.add(address)
    cursor = page.next
  } while (cursor !== null)
  return found
}

t.test('a store that this process has open is refused, and stays as it is', async t => {
  const path = await tempDirectory(t)
  const store = await open(path)
  for (const name of [path, `${path}/`, join(path, 'level', '..')])
    await t.rejects(open(name), { code: 'ERR_STORE_LOCKED', message: /open in this process/ })
  await store.check()
  await store.close()
  await (await open(path)).close()
})

t.test('what cannot be opened says what is the matter and what to do', async t => {
  const newer = await tempDirectory(t)
  await (await open(newer)).close()
  const level = new Level(join(newer, 'level'))
  await level.put('meta\0schema', '2')
  await level.close()
  await t.rejects(open(newer), { code: 'ERR_STORE_SCHEMA', message: /has schema 2, and this version of rebond knows 1; start the version/ })

  const damaged = await tempDirectory(t)
  await (await open(damaged)).close()
  await writeFile(join(damaged, 'level', 'CURRENT'), 'MANIFEST-nothing\n')
  await t.rejects(open(damaged), { code: 'ERR_STORE_UNAVAILABLE', message: /cannot be opened \(.*\); / })

  const file = join(await tempDirectory(t), 'file')
  await writeFile(file, '')
  await t.rejects(open(file), { code: 'ERR_STORE_UNAVAILABLE', message: /cannot be opened \(ENOTDIR/ })

  // A link to a disk that is not mounted, and a file system in which nothing can be made (there a recursive mkdir never ends).
  const dangling = join(await tempDirectory(t), 'data')
  await symlink('/nonexistent/disk', dangling)
  for (const nowhere of [dangling, ...(process.platform === 'linux' ? ['/proc/rebond'] : [])]) {
    await t.rejects(open(nowhere), { code: 'ERR_STORE_UNAVAILABLE', message: /cannot be opened \((?:ENOENT|ENOTDIR)/ }, nowhere)
    await t.rejects(readOrMakeKeyFile(join(nowhere, 'return-path.key')), { code: 'ERR_KEY_FILE_INVALID', message: /must be a/ }, nowhere)
  }
})

t.test('the data directory is closed to everybody else', async t => {
  const path = join(await tempDirectory(t), 'new', 'data')
  await mkdir(path, { recursive: true, mode: 0o755 })
  await (await open(path)).close()
  for (const name of [path, join(path, 'level')]) t.equal((await stat(name)).mode & 0o777, 0o700, name)
})

const mail = { from: null, subject: null, template: null, list: null, headerMessageId: null, recipientName: null, sentAt: start }

t.test('a call looks at no more than 10,000 rows, and the next one goes on from there', async t => {
  const store = await tempStore(t, { now: () => start })
  const big = { ...mail, list: 'big' }
  const rare = bounce('rare@example.org', { receivedAt: start - minute, type: 'soft', category: 'mailbox_full', mail: big })
  const many = Array.from({ length: 11_000 }, (_, n) => bounce(`a${n}@example.org`, { receivedAt: start + n, mail: big }))
  await commit(store, { bounces: [rare, ...many] })
  for (const filter of [
    { list: 'big', key: rare.key },
    { list: 'big', q: 'rare' },
  ])
    t.same((await store.bounces(filter, { limit: 10, cursor: null })).items, [rare], 'an index leads there at once')

  const one = await store.bounces({ list: 'big', type: 'soft' }, { limit: 10, cursor: null })
  t.same(one.items, [], 'only a walk can test this')
  const two = await store.bounces({ list: 'big', type: 'soft' }, { limit: 10, cursor: one.next })
  t.same([two.items, two.next], [[rare], null])

  const common = await store.bounces({ q: 'a' }, { limit: 3, cursor: null })
  t.same(
    common.items.map(({ receivedAt }) => receivedAt - start),
    [10_999, 10_998, 10_997],
    'a search that too many fit walks by time',
  )
})

t.test('text from headers cannot break out of its place in a key', async t => {
  const store = await tempStore(t, { now: () => start })
  const odd = ['a\0b', 'a', 'a\0', '\0', 'x'.repeat(5000), 'x'.repeat(5001), '😀', '\ud800', '']
  for (const [n, list] of odd.entries())
    await commit(store, { bounces: [bounce(`a${n}@example.org`, { messageId: idAt(start), mail: { ...mail, list } })] })
  for (const [n, list] of odd.entries()) {
    const { items } = await store.bounces({ list }, { limit: 10, cursor: null })
    t.same(
      items.map(({ key }) => key),
      [keyOf(`a${n}@example.org`)],
      JSON.stringify(list.slice(0, 5)),
    )
  }
  await commit(store, { addresses: [address('a@example.org')] })
})

t.test('times and numbers sort in keys as they do in the calendar', async () => {
  const time = fc.oneof(fc.nat(2 ** 47), fc.double(), fc.constantFrom(0, -1, Number.POSITIVE_INFINITY, 2 ** 47))
  const inCalendar = (at: number) => Math.min(Math.max(Math.floor(at) || 0, 0), 36 ** 9 - 1)
  fc.assert(fc.property(time, time, (a, b) => timePart(a) <= timePart(b) === inCalendar(a) <= inCalendar(b) && timePart(a).length === 9))
  fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => seqPart(a) <= seqPart(b) === a <= b))
})
