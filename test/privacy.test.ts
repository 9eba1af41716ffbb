/**
 * What is forgotten and when, and what a person may ask about their address.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parseConfig } from '../src/config/config.ts'
import { block, unblock } from '../src/judge/by-hand.ts'
import { createLog } from '../src/observe/log.ts'
import { createMetrics } from '../src/observe/metrics.ts'
import { createRetention } from '../src/privacy/retention.ts'
import { parseReport } from '../src/report/general.ts'
import { trimMail } from '../src/report/trim-mail.ts'
import type { AddressKey } from '../src/smtp/path.ts'
import { isPseudonym, withoutAddress } from '../src/store/erased.ts'
import type { OutboxItem } from '../src/store/outbox-record.ts'
import type { StoredReport } from '../src/store/return-records.ts'
import type { Store } from '../src/store/store.ts'
import type { Changes } from '../src/store/update.ts'
import { bounceOf, hour, idAt, journal, keyOf, now, openServer, storeBounces } from './http/fixture.ts'
import { tempStore } from './support/temp-store.ts'

const day = 24 * hour
const page = { limit: 500, cursor: null }

/** Every key and value of a store, as one text. */
async function everything(store: Store): Promise<string> {
  const rows: string[] = []
  for await (const entries of (await store.snapshot?.()) ?? [])
    for (const { key, value } of entries) rows.push(`${key} ${value.toString('latin1')}`)
  return rows.join('\n')
}

function commit(store: Store, changes: Changes, keys: readonly AddressKey[] = []): Promise<null> {
  return store.update({ keys }, () => ({ changes, result: null }))
}

async function storeReport(
  store: Store,
  messageId: string,
  at: number,
  more: Partial<StoredReport> = {},
  raw = 'Subject: x\r\n\r\nbody\r\n',
) {
  const report: StoredReport = {
    id: idAt(at),
    messageId,
    receivedAt: at,
    sender: '',
    client: { address: '127.0.0.1', host: null },
    fromReporter: true,
    size: raw.length,
    judged: { at, kind: 'bounce', bounceIds: [], problem: null },
    ...more,
  }
  await store.acceptReport({ ...report, judged: null }, Buffer.from(raw))
  if (report.judged) await commit(store, { report })
  return report
}

function owed(reportId: string, deadAt: number | null): OutboxItem {
  return { id: reportId, reportId, to: 'news@crm.example', since: now, dueAt: now, attempts: 1, lastError: null, inDoubt: false, deadAt }
}

async function retention(t: Test, at: () => number, given: object = {}) {
  const store = await tempStore(t, { now: at })
  const parsed = parseConfig({ retention: given })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const metrics = createMetrics('1')
  const config = parsed.config.retention
  const job = createRetention({ store, config, maxAgeDays: 30, log: createLog('silent'), metrics, now: at, restMs: () => 0 })
  return { store, job, metrics }
}

t.test('every kind is forgotten when its time is up, not a day before, and the counts stay right', async t => {
  let at = now
  const { store, job, metrics } = await retention(t, () => at)
  const old = await journal(store, ['old@x.example'], { at: now })
  await storeBounces(store, bounceOf('old@x.example', old, { receivedAt: now, counted: false, why: 'soft', type: 'soft' }))
  await storeBounces(store, bounceOf('dead@x.example', null, { receivedAt: now }))
  const report = await storeReport(store, old.id, now)
  const given = await storeReport(store, old.id, now)
  await commit(store, { outbox: [owed(given.id, now)] })
  await block(store, { key: keyOf('hand@x.example'), address: 'hand@x.example', why: 'asked', by: 'Marius', until: null, now })
  await unblock(store, { key: keyOf('hand@x.example'), why: 'asked', by: 'Marius', now })
  await commit(store, {
    feed: [{ at: now, kind: 'unblocked', key: keyOf('hand@x.example'), address: null, block: null, by: null, why: '' }],
  })

  const kept = async () => ({
    raw: (await store.rawReport(report.id)) !== null,
    deadRaw: (await store.rawReport(given.id)) !== null,
    message: (await store.message(old.id)) !== null && (await store.messages({ key: keyOf('old@x.example') }, page)).items.length === 1,
    bounce: (await store.bounces({ key: keyOf('old@x.example') }, page)).items.length === 1,
    token: (await store.tokenUse(old.id)).reports > 0,
    audit: (await store.audit({ key: keyOf('hand@x.example') }, page)).items.length > 0,
    feed: (await store.changes({ after: 0, limit: 10 })).items.length > 0,
    address: (await store.address(keyOf('hand@x.example'))) !== null,
    blocked: (await store.address(keyOf('dead@x.example'))) !== null,
  })
  const all = { raw: true, deadRaw: true, message: true, bounce: true, token: true, audit: true, feed: true, address: true, blocked: true }
  t.same(await kept(), all)
  await job.round()
  t.same(await kept(), all, 'nothing is old yet')
  for (const [days, gone] of [
    [29, {}],
    [31, { raw: false, token: false, deadRaw: false }],
    [89, {}],
    [91, { message: false, feed: false }],
    [399, {}],
    [401, { bounce: false, audit: false, address: false }],
  ] as const) {
    at = now + days * day
    Object.assign(all, gone)
    // The octets of a dead letter stay as long as it does, and go with the round after.
    await job.round()
    await job.round()
    t.same(await kept(), all, `after ${days} days`)
  }
  t.match(await store.counts(), { blacklisted: 1, messages: 0, bounces: 0, pendingReports: 0, outbox: 0, deadLetters: 0 })
  t.notMatch(await everything(store), /old@x\.example|hand@x\.example/, 'no index is left behind')
  t.match(await metrics.registry.metrics(), 'rebond_forgotten_total{kind="messages"} 1')
})

t.test('what waits is never forgotten, null keeps for ever, and a round does all there is in small batches', async t => {
  let at = now
  const { store, job } = await retention(t, () => at, { journalDays: null, auditDays: null })
  for (let i = 0; i < 450; i++) await storeBounces(store, bounceOf(`a${i}@x.example`, null, { counted: false, why: 'soft', type: 'soft' }))
  const message = await journal(store, ['a@x.example'])
  const pending = await storeReport(store, message.id, now, { judged: null })
  const waiting = await storeReport(store, message.id, now)
  await commit(store, { outbox: [owed(waiting.id, null)] })
  at = now + 500 * day
  t.match(await job.round(), { bounces: 450 })
  t.equal((await store.counts()).bounces, 0)
  t.ok(await store.rawReport(pending.id), 'to be judged')
  t.ok(await store.rawReport(waiting.id), 'to be sent')
  t.ok(await store.message(message.id))
  t.equal((await store.counts()).messages, 1)
})

t.test('a block that has ended leaves the lists, and the change feed says so; one that was renewed stays', async t => {
  let at = now
  const { store, job } = await retention(t, () => at)
  const until = now + hour
  for (const address of ['ends@x.example', 'stays@x.example'])
    await block(store, { key: keyOf(address), address, why: 'a while', by: null, until, now })
  at = until
  await block(store, { key: keyOf('stays@x.example'), address: 'stays@x.example', why: 'longer', by: null, until: null, now: at })
  t.match(await job.round(), { expired: 1 })
  t.notMatch(await everything(store), /\nbt\0\w+\0ends@/, 'its index is gone')
  t.match((await store.changes({ after: 0, limit: 10 })).items.at(-1), { kind: 'expired', key: 'ends@x.example', block: null })
  t.equal(await store.blacklistedCount(), 1)
  t.same(await job.round(), {}, 'once')
})

t.test('of returned mail that was passed on, what the CRM wrote goes, and the report it gives stays the same', async t => {
  const { store, job } = await retention(t, () => now)
  const raw = [
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    '',
    'I could not deliver your mail.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.x.example',
    '',
    'Final-Recipient: rfc822; jean@x.example',
    'Action: failed',
    'Status: 5.1.1',
    '',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: Your order',
    'To: jean@x.example',
    '',
    'Dear Jean, your secret is 1234.',
    '--b--',
    '',
  ].join('\r\n')
  const message = await journal(store, ['jean@x.example'])
  const sent = await storeReport(store, message.id, now, {}, raw)
  const owing = await storeReport(store, message.id, now, {}, raw)
  await commit(store, { outbox: [owed(owing.id, null)] })
  t.same(await job.round(), { trimmed: 1 })
  const kept = String(await store.rawReport(sent.id))
  t.match(kept, /I could not deliver.*Status: 5\.1\.1.*Subject: Your order/s)
  t.notMatch(kept, 'secret')
  t.match(String(await store.rawReport(owing.id)), 'secret', 'what is to be sent is whole')
  t.same(await job.round(), {}, 'once')

  const golden = fileURLToPath(new URL('golden/mail/', import.meta.url))
  for (const name of readdirSync(golden).filter(one => one.endsWith('.eml'))) {
    const mail = readFileSync(golden + name)
    t.same(await parseReport(trimMail(mail)), await parseReport(mail), name)
    t.ok(trimMail(trimMail(mail)).equals(trimMail(mail)), `${name}: trimmed again it stays as it is`)
  }
})

t.test('an erased address is gone from every record, and its block holds', async t => {
  const { server, store, log, metrics } = await openServer(t)
  const call = (method: 'GET' | 'POST' | 'PUT', path: string, payload?: object) =>
    server.inject({ method, url: `/v1/addresses/fantine.tholomyes@dup0nt.example${path}`, ...(payload ? { payload } : {}) })
  const message = await journal(store, ['Fantine.Tholomyes@dup0nt.example', 'cosette@x.example'])
  const said = {
    evidence: '550 5.1.1 <fantine.tholomyes@dup0nt.example>: Fantine.Tholomyes unknown at mx.dup0nt.example',
    remoteMta: 'mx.dup0nt.example',
  }
  await storeBounces(store, bounceOf('Fantine.Tholomyes@dup0nt.example', message, said), bounceOf('cosette@x.example', message))
  const report = await storeReport(
    store,
    message.id,
    now,
    { sender: 'fantine.tholomyes@dup0nt.example' },
    'To: fantine.tholomyes@dup0nt.example\r\n\r\n',
  )
  await commit(store, { outbox: [owed(report.id, null)] })
  await call('PUT', '/block', { why: 'Fantine.Tholomyes asked', by: 'Javert' })
  const key = keyOf('fantine.tholomyes@dup0nt.example')
  await commit(store, { feed: [{ at: now, kind: 'blacklisted', key, address: key, block: null, by: null, why: '' }] })
  const counts = await store.counts()

  const exported = (await call('POST', '/export')).body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(
    exported.map(({ kind }) => kind),
    ['export', 'address', 'mail', 'report', 'owed', 'return', 'audit', 'change', 'end'],
  )
  t.notMatch(JSON.stringify(exported), 'cosette', 'what belongs to others is not handed out')

  const answer = await call('POST', '/erase', { why: 'article 17', by: 'Javert' })
  t.equal(answer.statusCode, 200, answer.body)
  const erased = answer.json()
  t.match(erased, { blocked: true, messages: 1, bounces: 1, reports: 1, audit: 1, changes: 1 })
  t.ok(isPseudonym(erased.key))
  t.notMatch(await everything(store), /tholomyes|dup0nt/i, 'gone from every key and value')
  t.match(await everything(store), 'cosette@x.example', 'others stay')
  t.same({ ...(await store.counts()), outbox: 0 }, { ...counts, outbox: 0 }, 'the counts stay right')
  t.equal((await store.counts()).outbox, 0)

  t.match(await store.lookup([key, keyOf('other@dup0nt.example')], now), [{ category: 'manual' }, null], 'refused at RCPT TO')
  t.match((await call('GET', '')).json(), { status: 'blacklisted', reason: { category: 'manual' } })
  t.match((await server.inject('/v1/blacklist')).body, erased.key)
  t.match((await store.audit({}, page)).items[0], { op: 'erase', by: 'Javert', why: 'article 17', key: erased.key })
  t.match((await call('POST', '/erase')).json(), { blocked: true, messages: 0, bounces: 0 }, 'again: nothing more')

  const lifted = await call('POST', '/unblock', { why: 'he came back' })
  t.equal(lifted.statusCode, 200, lifted.body)
  t.match(await store.lookup([key], now), [null])
  t.equal((await store.counts()).blacklisted, 1)
  t.notMatch(await everything(store), /tholomyes|dup0nt/i, 'unblocking does not bring it back')
  t.match((await call('GET', '')).json(), { status: 'unknown', lastUnblock: { why: 'he came back' } })

  t.notMatch(log.join(''), /tholomyes|dup0nt|cosette/i, 'nothing personal in the log')
  t.notMatch(await metrics.registry.metrics(), /tholomyes|dup0nt|cosette|@/i, 'nor in the metrics')
})

t.test('an address without a block leaves nothing; one whose returns wait to be judged must wait', async t => {
  const { server, store } = await openServer(t)
  const message = await journal(store, ['cosette@x.example'])
  const erase = () => server.inject({ method: 'POST', url: '/v1/addresses/cosette@x.example/erase' })
  const report = await storeReport(store, message.id, now, { judged: null })
  const busy = await erase()
  t.equal(busy.statusCode, 409)
  t.match(busy.json(), { type: '/problems#returns-pending' })
  t.ok(await store.rawReport(report.id))
  await commit(store, { report: { ...report, judged: { at: now, kind: 'bounce', bounceIds: [], problem: null } } })
  t.match((await erase()).json(), { blocked: false, messages: 1, reports: 1 })
  t.notMatch(await everything(store), /cosette/)
  t.same(await store.lookup([keyOf('cosette@x.example')], now), [null])
})

t.test('an address is taken out of texts, however it stands there, and nothing else is', async t => {
  const key = keyOf('jean@dup0nt.example')
  for (const [text, left] of [
    ['<Jean@Dup0nt.example>: no', '<<erased>>: no'],
    ['user jean unknown at mx1.dup0nt.example', 'user <erased> unknown at mx1.<erased>'],
    ['Jeannette is not jean', 'Jeannette is not <erased>'],
    ['550 no such user', '550 no such user'],
  ] as const)
    t.equal(withoutAddress(text, key), left)
  t.equal(withoutAddress('a user at x', keyOf('a@x.example')), 'a user at x', 'a short local part is a word like any other')
  t.equal(withoutAddress('x+y(z@x.example', keyOf('x+y@x.example')), '<erased>(z@<erased>')
})
