/**
 * The Store on PostgreSQL: the contract, on a real server, and what only this engine has: several nodes, a server that can go away.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import type { Config } from '../../src/config/schema.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createRetention } from '../../src/privacy/retention.ts'
import type { AddressKey } from '../../src/smtp/path.ts'
import { copyStore } from '../../src/store/copy-store.ts'
import { openArchive } from '../../src/store/open-archive.ts'
import { lookupStatement } from '../../src/store/postgres/erased-addresses.ts'
import { migrations } from '../../src/store/postgres/migrate.ts'
import { openPostgresStore, type PostgresStoreOptions } from '../../src/store/postgres-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { storeContract } from './contract.ts'
import { checkPlans } from './plans.ts'
import { address, block, blockAddress, bounce, commit, day, fill, idAt, keyOf, message, owed, recipient, report, start } from './samples.ts'

const server = await startPostgres(t)
const skip = 'skipped' in server ? server.skipped : false

const open = (url: string, more: Partial<PostgresStoreOptions> = {}) =>
  openPostgresStore({ url, passwordFile: null, timeoutMs: 10_000, connections: 4, now: () => start, log: createLog('silent'), ...more })

/** SHA-256 of each migration as it was released. */
const released = [
  'c00c2f0834a8820c2cbbad5e2cd18ea8ef2a27647924f20f417dda40826066b4',
  'd0c1205f22db9dabf4bcb88031aae202ee7ced3fdd3198530c1b3900cf734ce4',
]

const first = (limit: number) => ({ limit, cursor: null })

/** The tables of a store, to be copied: quicker than making them each time. */
let template: Promise<string> | null = null

async function freshDatabase(): Promise<string> {
  const { makeDatabase } = server as PostgresServer
  template ??= (async () => {
    const url = await makeDatabase()
    await (await open(url)).close()
    return url
  })()
  return makeDatabase(await template)
}

async function nodeOf(t: Test, url: string, more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const store = await open(url, more)
  t.teardown(() => store.close())
  return store
}

t.test('the contract', { skip }, async t => {
  storeContract(t, async (t, options) => {
    const url = await freshDatabase()
    const store = await nodeOf(t, url, options)
    return {
      store,
      async reopen() {
        await store.close()
        return nodeOf(t, url, options)
      },
    }
  })
})

t.test('nodes that start at once in an empty database make one schema', { skip }, async t => {
  const url = await (server as PostgresServer).makeDatabase()
  const nodes = await Promise.all(Array.from({ length: 8 }, () => open(url)))
  t.equal(nodes.length, 8)
  for (const node of nodes) await node.close()
})

t.test('two nodes share one memory', { skip }, async t => {
  const url = await freshDatabase()
  const [a, b] = [await nodeOf(t, url), await nodeOf(t, url)]
  const key = keyOf('jean@example.org')
  const blockOf = async (node: Store) => (await node.lookup([key], start))[0] ?? null

  await t.test('a block and an unblock on one are in force on the other when the call returns', async t => {
    for (let n = 0; n < 10; n++) {
      const [here, there] = n % 2 ? [a, b] : [b, a]
      await blockAddress(here, 'jean@example.org')
      t.same(await blockOf(there), block('jean@example.org'))
      await commit(here, { addresses: [address('jean@example.org')] })
      t.equal(await blockOf(there), null)
    }
  })

  await t.test('judges of one address, and of one operator, on both nodes lose nothing', async t => {
    const raise = (node: Store, n: number) =>
      node.update({ keys: [key, keyOf(`user${n}@big.example`)], operators: ['big.example'] }, ({ addresses, windows, seq }) => {
        const record = addresses.get(key) ?? address('jean@example.org')
        const hard = record.counts.hard + 1
        const judged = (windows.get('big.example')?.steps[0]?.judged ?? 0) + 1
        const window = { steps: [{ at: start, judged, wereOk: 0, hard: {} }], incidents: {}, silentUntil: {} }
        return {
          changes: { addresses: [{ ...record, counts: { ...record.counts, hard } }], windows: new Map([['big.example', window]]) },
          result: [hard, judged, seq],
        }
      })
    const seen = await Promise.all(Array.from({ length: 80 }, (_, n) => raise(n % 2 ? a : b, n)))
    const wanted = Array.from({ length: 80 }, (_, n) => n + 1)
    seen.sort(([one = 0], [other = 0]) => one - other)
    t.same(
      seen.map(([hard]) => hard),
      wanted,
    )
    t.same(
      seen.map(([, judged]) => judged),
      wanted,
    )
    t.ok(
      seen.every(([, , seq = 0], n) => n === 0 || seq > (seen[n - 1]?.[2] ?? 0)),
      'numbers follow the order of the commits',
    )
  })

  await t.test('the same return on both is one return', async t => {
    const before = (await a.counts()).bounces
    const returned = bounce('twice@example.org')
    await Promise.all([a, b].map(node => commit(node, { bounces: [returned] })))
    t.equal((await b.counts()).bounces, before + 1)
  })

  await t.test('a return on one and the header of its mail on the other find each other', async t => {
    for (let n = 0; n < 8; n++) {
      const mail = message({ subject: `mail ${n}`, recipients: [recipient('no@example.net', { verdict: 'refused' })] })
      const refused = bounce('no@example.net', { messageId: mail.id, source: 'reply' })
      await Promise.all([a.appendMessage(mail, []), commit(b, { bounces: [refused] })])
      t.equal((await a.bounce(refused.id))?.mail?.subject, `mail ${n}`)
    }
  })

  await t.test('recipients that both add to one mail are all kept', async t => {
    const mail = message()
    const more = ['one@example.org', 'two@example.org', 'three@example.org', 'four@example.org']
    await Promise.all(more.map((of, n) => (n % 2 ? a : b).appendMessage({ ...mail, recipients: [recipient(of)] }, [])))
    t.same((await a.message(mail.id))?.recipients.map(one => one.address).sort(), more.toSorted())
  })

  await t.test('changes of both stand in one feed without gaps', async t => {
    const feed = (n: number) => [{ at: start, kind: 'expired' as const, key, address: String(n), block: null, by: null, why: '' }]
    await Promise.all(Array.from({ length: 40 }, (_, n) => commit(n % 2 ? a : b, { feed: feed(n) })))
    const pages = await Promise.all([a.changes({ after: 0, limit: 100 }), b.changes({ after: 0, limit: 100 })])
    for (const { items } of pages)
      t.same(
        items.map(({ n }) => n),
        Array.from({ length: 40 }, (_, n) => n + 1),
      )
  })
})

t.test('work is done by one node; what a dead node held is done by another', { skip }, async t => {
  const url = await freshDatabase()
  const [a, b] = [await nodeOf(t, url), await nodeOf(t, url)]
  const stored = report()
  const item = owed(start)
  await a.acceptReport(stored, Buffer.from('x'))
  await commit(a, { outbox: [item] })
  t.same(await a.dueOutbox(start, 9), [item])
  const begun = { ...item, attempts: 1, inDoubt: true }
  await a.settleOutbox(begun, false)
  t.same([await b.pendingReports(9), await b.dueOutbox(start, 9), await b.dueOutbox(Number.MAX_SAFE_INTEGER, 9)], [[], [], []])
  t.equal(await a.claim('round'), true)
  t.equal(await b.claim('round'), false)
  await a.settleOutbox({ ...begun, dueAt: start - 1 }, false)
  t.match(await b.dueOutbox(start, 9), [{ attempts: 1 }], 'what was put off is for whoever comes first')
  t.same(await a.dueOutbox(start, 9), [])

  // A node that is gone without a word: its row stays, and is not renewed.
  const dead = await nodeOf(t, url, { nodeTimeoutMs: 3_600_000 })
  await dead.acceptReport(report({ id: idAt(start + 5), receivedAt: start + 5 }), Buffer.from('x'))
  await (server as PostgresServer).query(url, `update nodes set seen_at = now() - interval '1 hour'`)
  await b.check()
  await a.close()
  t.equal((await b.pendingReports(9)).length, 2)
  t.equal(await b.claim('round'), true)
})

t.test('one of two nodes forgets for both; when it goes, the other does', { skip }, async t => {
  const url = await freshDatabase()
  const nodes = [await nodeOf(t, url), await nodeOf(t, url)] as const
  const settings = parseConfig({ retention: { auditDays: 1 } })
  if (!settings.ok) throw new RangeError('bad settings')
  const { retention } = settings.config
  const jobs = nodes.map(store =>
    createRetention({
      ...{ store, config: retention, maxAgeDays: 30, log: createLog('silent'), metrics: createMetrics('test') },
      ...{ now: () => start, restMs: () => 0 },
    }),
  )
  const remember = () =>
    commit(nodes[0], { audit: [{ at: start - 2 * day, op: 'block', actor: 'hand', by: 'ops', key: keyOf('a@example.org'), why: 'old' }] })
  const rounds = async () => Promise.all(jobs.map(job => job.round()))

  await remember()
  const first = await rounds()
  t.same(first.filter(done => done.audit === 1).length, 1, 'one of them')
  t.same(first.filter(done => Object.keys(done).length === 0).length, 1, 'the other did nothing at all')
  await remember()
  t.same(await rounds(), first, 'and it is the same one again')
  const one = first.findIndex(done => done.audit === 1)
  const other = 1 - one
  await remember()
  await nodes[one]?.close()
  t.equal((await jobs[other]?.round())?.audit, 1)
})

t.test('what no column may hold stays in its record', { skip }, async t => {
  const store = await nodeOf(t, await freshDatabase())
  const odd = 'a\0b\ud800'
  await commit(store, {
    addresses: [address('odd@example.org', { block: block('odd@example.org', { category: 'manual', evidence: odd, by: odd }) })],
    audit: [{ at: start, op: 'block', actor: 'hand', by: odd, key: keyOf('odd@example.org'), why: odd }],
  })
  const [found] = await store.lookup([keyOf('odd@example.org')], start)
  t.equal(found?.evidence, odd)
  t.equal((await store.blacklist({}, first(9))).items[0]?.by, odd)
  t.equal((await store.audit({ by: odd }, first(9))).items[0]?.why, odd)
  const mail = message({ subject: odd, list: odd, headerMessageId: odd, from: { name: odd, address: odd }, reversePath: odd })
  const { id } = await store.appendMessage(mail, [])
  store.settleMessage(id, { outcome: 'accepted', at: start, reply: { code: 250, text: [odd] }, upstreamId: odd })
  t.equal((await store.messages({ headerMessageId: odd, upstreamId: odd, from: odd }, first(9))).items[0]?.subject, odd)

  // One that cannot be stored at all is refused alone; those that came with it are not.
  const bad = message({ recipients: [recipient('x@example.org', { key: 'a\0b@example.org' as AddressKey })] })
  const ended = await Promise.allSettled([
    store.appendMessage(message(), []),
    store.appendMessage(bad, []),
    store.appendMessage(message(), []),
  ])
  t.same(
    ended.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

t.test('one outcome that cannot be stored is lost alone, and said to be', { skip }, async t => {
  const said: string[] = []
  const store = await nodeOf(t, await freshDatabase(), { log: createLog('info', { write: line => void said.push(line) }) })
  const [one, two] = [await store.appendMessage(message(), []), await store.appendMessage(message(), [])]
  const accepted = { outcome: 'accepted', at: start, reply: null, upstreamId: null } as const
  store.settleMessage(one.id, accepted)
  store.settleMessage('a\0b', accepted)
  store.settleMessage(two.id, accepted)
  for (const { id } of [one, two]) t.equal((await store.message(id))?.outcome?.outcome, 'accepted')
  t.equal(said.filter(line => line.includes('could not be recorded')).length, 1)
})

t.test('a question is answered while mails go on ending', { skip }, async t => {
  const store = await nodeOf(t, await freshDatabase())
  const { id } = await store.appendMessage(message(), [])
  const settle = (at: number) => store.settleMessage(id, { outcome: 'accepted', at, reply: null, upstreamId: null })
  settle(start)
  let answered = false
  const asking = store.message(id).finally(() => {
    answered = true
  })
  for (let at = start; !answered; at++) {
    settle(at)
    await new Promise(setImmediate)
  }
  t.equal((await asking)?.id, id)
})

t.test('a migration that was released is never changed: the next one is added', t => {
  const sums = migrations.map(text => createHash('sha256').update(text).digest('hex'))
  t.same(sums.slice(0, released.length), released, 'a database that has run it would not get the change: see src/store/postgres/migrate.ts')
  t.equal(migrations.length, released.length, 'a new migration adds its sum here')
  t.end()
})

t.test('what cannot be opened says what is the matter and what to do, and never the password', { skip }, async t => {
  const { query } = server as PostgresServer
  const good = await freshDatabase()
  const changed = (change: (url: URL) => void) => {
    const url = new URL(good)
    change(url)
    return url.href
  }
  const refused = async (url: string, message: RegExp, code = 'ERR_STORE_UNAVAILABLE') => {
    const error = await open(url).then(
      () => null,
      (error: unknown) => error,
    )
    t.match(error, { code, message })
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /battery|s3cret/, 'no password')
  }
  await refused('mysql://rebond:s3cret@localhost/x', /must be a URL such as postgres:/)
  await refused('postgres://rebond:s3cret@[::bad/x', /must be a URL such as postgres:/)
  await refused(
    changed(url => (url.password = 's3cret')),
    /password authentication failed .*; correct the user and password/,
  )
  await refused(
    changed(url => (url.pathname = '/none')),
    /"none" does not exist.*; create the database first/,
  )
  await refused(
    changed(url => (url.port = '1')),
    /ECONNREFUSED.*; no server answers there/,
  )
  await refused(
    changed(url => (url.hostname = 'nowhere.invalid')),
    /the host in store.url has no address/,
  )

  const other = async (statement: string) => {
    const url = await freshDatabase()
    await query(url, statement)
    return url
  }
  await refused(
    await other('update rebond_schema set version = 99'),
    /has schema 99, .* start the version that wrote it/,
    'ERR_STORE_SCHEMA',
  )
  await refused(await other('update rebond_schema set version = 1'), /has schema 1, .* run rebond store migrate/, 'ERR_STORE_SCHEMA')
  const replica = await freshDatabase()
  await query(replica, `alter database ${new URL(replica).pathname.slice(1)} set default_transaction_read_only = on`)
  await refused(replica, /it is a replica, or set to read only: store.url must lead to the primary/)

  const file = join(await tempDirectory(t), 'password')
  await writeFile(file, `${decodeURIComponent(new URL(good).password)}\n`)
  const store = await nodeOf(
    t,
    changed(url => (url.password = '')),
    { passwordFile: file },
  )
  await store.check()
})

t.test('the server goes away and comes back', { skip: skip || (server as PostgresServer).process === null }, async t => {
  const own = (server as PostgresServer).process
  if (!own) throw new RangeError('the server is not ours')
  const url = await freshDatabase()
  let back = () => {}
  const returned = () => new Promise<void>(resolve => (back = resolve))
  const log = createLog('info', { write: line => void (line.includes('store available again') && back()) })
  const metrics = createMetrics('test')
  const store = await nodeOf(t, url, { log, metrics, timeoutMs: 2_000, retryAfterMs: [5, 20] })
  const kept = await store.appendMessage(message(), [])
  const refuses = async (why: string) => {
    for (const call of [
      () => store.lookup([keyOf('a@example.org')], start),
      () => store.appendMessage(message(), []),
      () => store.acceptReport(report(), Buffer.from('x')),
      () => blockAddress(store, 'a@example.org'),
      () => store.bounces({}, first(1)),
      () => store.check(),
    ])
      await t.rejects(async () => call(), { code: 'ERR_STORE_UNAVAILABLE' }, why)
  }

  await own.stop()
  await refuses('stopped')
  store.settleMessage(kept.id, { outcome: 'accepted', at: start, reply: null, upstreamId: 'meanwhile' })
  let again = returned()
  await own.start()
  await again
  t.equal((await store.message(kept.id))?.outcome?.upstreamId, 'meanwhile', 'an outcome is kept for later')
  t.equal((await store.counts()).messages, 1)
  await store.appendMessage(message(), [])

  again = returned()
  own.signal('SIGSTOP')
  const many = await Promise.allSettled(Array.from({ length: 50 }, () => store.appendMessage(message(), [])))
  t.ok(
    many.every(({ status }) => status === 'rejected'),
    'time-outs fire',
  )
  await refuses('paused')
  own.signal('SIGCONT')
  await again
  await store.check()
  t.match(await metrics.registry.metrics(), /rebond_store_errors_total [1-9]/)
})

t.test('retention drops whole periods, and keeps one that holds what waits or what is younger', { skip }, async t => {
  const url = await freshDatabase()
  const store = await nodeOf(t, url)
  const { query } = server as PostgresServer
  const week = 7 * day
  const partitionsOf = async (table: string) =>
    (
      await query(
        url,
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${table}'::regclass and inhrelid::regclass::text !~ 'rest' order by 1`,
      )
    ).map(({ name }) => name)
  const waits: string[] = []
  for (let weeks = 0; weeks < 4; weeks++) {
    const at = start + weeks * week
    const mail = await store.appendMessage(message({ id: idAt(at), at }), [])
    store.settleMessage(mail.id, { outcome: 'accepted', at, reply: null, upstreamId: `Q${weeks}` })
    await commit(store, { bounces: [bounce('a@example.org', { messageId: mail.id, receivedAt: start + 60 * day })] })
    const one = report({ id: idAt(at), messageId: mail.id, receivedAt: at })
    await store.acceptReport(one, Buffer.from('octets'))
    waits.push(one.id)
    const judged = { at, kind: 'bounce', bounceIds: [], problem: null } as const
    if (weeks !== 1) await commit(store, { report: { ...one, judged } })
  }
  await store.message('drained')
  const there = { ...(await store.counts()) }
  const weeks = (await partitionsOf('messages')).length
  t.equal(await store.forget('messages', start + 2 * week, 500), 2, 'two periods')
  t.same(await store.counts(), { ...there, messages: 2 }, 'with their counts')
  for (const table of ['messages', 'message_outcomes', 'message_recipients']) t.equal((await partitionsOf(table)).length, weeks - 2, table)
  t.equal(await store.forget('messages', start + 2 * week, 500), 0, 'once')

  const octets = (await partitionsOf('report_octets')).length
  t.equal(await store.forget('raw', start + 2 * week, 500), 1)
  t.equal((await partitionsOf('report_octets')).length, octets - 1)
  t.equal(await store.forget('raw', start + 2 * week, 500), 0)
  t.notOk(await store.rawReport(waits[0] ?? ''))
  t.ok(await store.rawReport(waits[1] ?? ''), 'to be judged')

  t.equal(await store.forget('bounces', start + 50 * day, 500), 0, 'received later than its mail')
  t.equal((await store.counts()).bounces, 4)
  t.equal(await store.forget('bounces', start + 61 * day, 500), 2, 'November and December are over')
  t.same(await store.counts(), { ...there, messages: 2, bounces: 0 })
  t.equal(await store.forget('reports', start + 50 * day, 500), 1, 'December; in November one waits')
  t.ok(await store.report(waits[1] ?? ''))
})

t.test('a store is copied to the other engine and back, goes on where it was cut short, and is the same', { skip }, async t => {
  const deps = { log: createLog('silent'), now: () => start }
  const paths = [await tempDirectory(t), await tempDirectory(t)] as const
  const url = await freshDatabase()
  const level = (path: string) => storeConfig({ kind: 'level', path })
  const postgres = storeConfig({ kind: 'postgres', url })
  const filled = await tempStore(t, { path: paths[0], now: () => start })
  await fill(filled)
  const wanted = await filled.counts()
  const list = await filled.list('autumn')
  await filled.close()

  const from = await openArchive(level(paths[0]), deps)
  const to = await openArchive(postgres, deps)
  let reads = 0
  const cut = {
    ...from,
    read(...args: Parameters<typeof from.read>) {
      if (++reads > 8) throw new RangeError('cut short')
      return from.read(...args)
    },
  } as typeof from
  await t.rejects(
    copyStore(cut, to, () => {}),
    { message: 'cut short' },
  )
  const there = await copyStore(from, to, () => {})
  t.same(
    there.filter(({ same, rows }) => !same || rows === 0),
    [],
  )
  await t.rejects(
    copyStore(from, to, () => {}),
    { code: 'ERR_TARGET_NOT_EMPTY' },
  )
  await from.close()

  const other = await openArchive(level(paths[1]), deps)
  const back = await copyStore(to, other, () => {})
  t.same(back, there)
  await Promise.all([to.close(), other.close()])

  for (const store of [await nodeOf(t, url), await tempStore(t, { path: paths[1], now: () => start })]) {
    t.same(await store.counts(), wanted, store.kind)
    t.same(await store.list('autumn'), list)
    t.same(await store.mailboxPosition('imap.example.com/INBOX'), { uidValidity: '7', lastUid: 42 })
    t.match(await store.lookup([keyOf('erased@example.org')], start), [{ category: 'invalid_address' }], 'erased, and still found')
    t.equal((await store.messages({ headerMessageId: '1@crm.example.com' }, first(9))).items.length, 2)
    t.equal((await store.changes({ after: 0, limit: 9 })).newest, 1)
    const { seq } = await store.appendMessage(message(), [])
    await store.update({ keys: [] }, facts => {
      t.ok(facts.seq > seq && seq > 3, 'numbers go on')
      return { changes: {}, result: null }
    })
  }
  const served = await nodeOf(t, url)
  await t.rejects(openArchive(postgres, deps), { code: 'ERR_STORE_LOCKED', message: /is in use by \d node/ })
  await served.close()
})

const storeConfig = (given: object): Config['store'] => {
  const parsed = parseConfig({ store: given, ...('url' in given ? { returnPath: { keyFile: 'key' } } : {}) })
  if (!parsed.ok) throw new RangeError(JSON.stringify(parsed.problems))
  return parsed.config.store
}

t.test('no question of the API reads a large table from end to end', { skip }, async t => {
  const url = await freshDatabase()
  await checkPlans(t, { store: await nodeOf(t, url), url, rows: 20_000 })

  const client = new Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`delete from meta where name = 'hashed'`)
  const lookup = await client.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off) ${lookupStatement.text}`, [
    ['user7@example7.org'],
    ['hash@erased.invalid'],
  ])
  const plan = lookup.rows.map(row => row['QUERY PLAN']).join('\n')
  t.match(plan, /never executed/, 'a store without erased addresses is not asked for any')
})
