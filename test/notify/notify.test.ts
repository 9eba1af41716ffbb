/**
 * Telling: what is told of which change, that it is owed from the commit on, and how it reaches an endpoint, or does not.
 */
import { writeFile } from 'node:fs/promises'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import { isPublic } from '../../src/config/network.ts'
import { block, unblock } from '../../src/judge/by-hand.ts'
import { createChangeWatch } from '../../src/notify/change-watch.ts'
import { outcomeOf } from '../../src/notify/delivery-outcome.ts'
import { createPoster, parseRetryAfter } from '../../src/notify/post.ts'
import { tellingStore } from '../../src/notify/telling-store.ts'
import { tellingsOf } from '../../src/notify/tellings.ts'
import type { Block } from '../../src/store/address-record.ts'
import type { AuditEntry, AuditOp } from '../../src/store/audit-record.ts'
import type { Delivery } from '../../src/store/delivery-records.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import type { Incident } from '../../src/store/surge-records.ts'
import { checkedClient, openServer, tokens } from '../http/fixture.ts'
import { address, block as blockOf, bounce, commit, day, keyOf, message, minute, start } from '../store/samples.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { house, receiver, secretFiles, secrets } from './endpoint-under-test.ts'

const nothing = { addresses: new Map(), bounces: new Map(), incidents: new Map() }
const deed = { by: 'ops', why: 'he called', now: start }
const key = keyOf('jean@example.org')
const hour = 60 * minute

t.test('what a change of a block is called, and who did it', async t => {
  const old = blockOf('jean@example.org')
  const audit = (op: AuditOp): AuditEntry => ({ at: start, op, actor: 'hand', by: 'ops', key, why: 'because' })
  for (const [what, before, after, op, kind, event] of [
    ['a block begins', null, old, null, 'blacklisted', 'address.blacklisted'],
    ['a person lifts it', old, null, 'unblock', 'unblocked', 'address.unblocked'],
    ['its returns are undone', old, null, 'revert', 'reverted', 'address.unblocked'],
    ['its incident is released', old, null, 'release', 'reverted', 'address.unblocked'],
    [
      'another takes its place',
      old,
      blockOf('jean@example.org', { since: start + 1, by: 'ops' }),
      'block',
      'replaced',
      'address.blacklisted',
    ],
    ['its spelling alone changes', old, blockOf('Jean@example.org'), null, null, null],
    ['nothing', old, old, null, null, null],
    ['nothing at all', null, null, null, null, null],
  ] as const satisfies readonly (readonly [string, Block | null, Block | null, AuditOp | null, string | null, string | null])[]) {
    const known = before ? new Map([[key, address('jean@example.org', { block: before })]]) : new Map()
    const changes = { addresses: [address('jean@example.org', { block: after })], audit: op ? [audit(op)] : [] }
    const { feed, events } = tellingsOf({ ...nothing, addresses: known }, changes, start)
    t.same(
      feed.map(one => one.kind),
      kind ? [kind] : [],
      what,
    )
    t.same(
      events.map(one => one.event),
      event ? [event] : [],
      what,
    )
    if (kind) t.match(feed, [{ at: start, address: 'jean@example.org', by: op ? 'ops' : null, why: op ? 'because' : old.evidence }], what)
  }
})

t.test('which returns are told, and that each is told once', async t => {
  const soft = { type: 'soft', counted: false, why: 'soft' } as const
  for (const [what, more, events] of [
    ['a hard return', {}, ['mail.returned']],
    ['a soft one', soft, ['mail.returned']],
    ['one that no rule knows', { ...soft, category: 'unclassified' }, ['mail.returned', 'return.unclassified']],
    ['a complaint', { kind: 'complaint', action: 'delivered', category: 'unclassified' }, ['mail.returned']],
    ['a delivery', { kind: 'success', action: 'delivered', why: 'not-a-failure' }, []],
    ['a delay', { kind: 'delay', action: 'delayed', why: 'not-a-failure' }, []],
    ['our own refusal', { source: 'relay', why: 'refused-by-us' }, []],
    ['a stranger', { why: 'not-a-recipient' }, []],
    ['mail that we never sent', { messageId: null, why: 'unknown-message' }, []],
  ] as const satisfies readonly (readonly [string, Partial<Bounce>, readonly string[]])[]) {
    const one: Bounce = { ...bounce('jean@example.org'), ...more }
    const told = tellingsOf(nothing, { bounces: [one] }, start).events.map(({ event }) => event)
    t.same(told, events, what)
    t.same(tellingsOf({ ...nothing, bounces: new Map([[one.id, one]]) }, { bounces: [one] }, start).events, [], `${what}, known already`)
  }
  const incident: Incident = {
    ...{
      id: 'i',
      operator: 'example.org',
      rule: 'r',
      category: 'invalid_address',
      openedAt: start,
      lastAt: start,
      held: 1,
      blacklisted: 9,
    },
    closed: null,
  }
  const closed: Incident = { ...incident, closed: { at: start, how: 'released', by: 'ops', why: 'outage' } }
  const incidents = new Map([['i', incident]])
  const names = (before: typeof nothing, after: Incident) => tellingsOf(before, { incidents: [after] }, start).events.map(one => one.event)
  t.same(names(nothing, incident), ['incident.opened'])
  t.same(names({ ...nothing, incidents }, { ...incident, held: 2 }), [])
  t.same(names({ ...nothing, incidents }, closed), ['incident.closed'])
  t.same(names({ ...nothing, incidents: new Map([['i', closed]]) }, closed), [])
})

t.test('a block and an unblock reach the feed and the endpoint, signed so that the receiver can check it', async t => {
  const crm = await receiver(t)
  const { store, kept, notifier, deliveries, metrics } = await house(t, { url: crm.url })
  await block(store, { ...deed, key, address: 'jean@example.org', until: null })
  await unblock(store, { ...deed, key })
  t.equal(await unblock(store, { ...deed, key }), null, 'what changes nothing')
  await notifier.idle()
  t.equal(crm.received.length, 2, 'is not told')
  const bodies = crm.received.map(({ headers, body }) => {
    const { id } = { id: String(headers['webhook-id']) }
    t.match(headers, { 'content-type': 'application/json', 'user-agent': 'rebond/1.2.3', 'webhook-timestamp': String(start / 1000) })
    t.equal(headers['webhook-signature'], new Webhook(secrets[0]).sign(id, new Date(start), body))
    return JSON.parse(body)
  })
  const blocked = bodies.find(({ type }) => type === 'address.blacklisted')
  t.same(blocked, {
    type: 'address.blacklisted',
    timestamp: '2026-11-24T10:00:00.000Z',
    data: {
      change: 'blacklisted',
      address: 'jean@example.org',
      blacklisted: true,
      since: '2026-11-24T10:00:00.000Z',
      until: null,
      reason: {
        category: 'manual',
        type: 'hard',
        fault: 'unknown',
        rule: null,
        evidence: 'he called',
        bounceId: null,
        messageId: null,
      },
      by: 'ops',
      why: 'he called',
    },
  })
  t.match(
    bodies.find(({ type }) => type === 'address.unblocked'),
    { data: { change: 'unblocked', blacklisted: false, reason: null, by: 'ops', why: 'he called' } },
  )
  t.match(await kept.changes({ after: 0, limit: 10 }), {
    items: [
      { n: 1, kind: 'blacklisted' },
      { n: 2, kind: 'unblocked' },
    ],
    newest: 2,
  })
  t.match(await deliveries(), [{ ended: { how: 'delivered' }, attempts: 1, lastStatus: 204 }, { ended: { how: 'delivered' } }])
  t.match((await metrics.webhookDeliveries.get()).values, [{ labels: { endpoint: 'crm', outcome: 'delivered' }, value: 2 }])
})

t.test('a return is told with the mail that came back and a link, to those who want it', async t => {
  const crm = await receiver(t)
  const { store, notifier } = await house(t, { url: crm.url, events: ['mail.returned'] })
  const mail = await store.appendMessage(message(), [])
  const returned = bounce('jean@example.org', { messageId: mail.id })
  await commit(store, { bounces: [returned], addresses: [address('jean@example.org', { block: blockOf('jean@example.org') })] })
  await notifier.idle()
  t.equal(crm.received.length, 1, 'address.blacklisted was not asked for')
  t.match(JSON.parse(crm.received[0]?.body ?? ''), {
    type: 'mail.returned',
    data: {
      ...{
        bounceId: returned.id,
        messageId: mail.id,
        address: 'jean@example.org',
        category: 'invalid_address',
        type: 'hard',
        counted: true,
      },
      mail: {
        subject: 'Your order',
        headerMessageId: '<1@crm.example.com>',
        recipientName: 'Jean Dupont',
        sentAt: '2026-11-24T10:00:00.000Z',
      },
      link: `https://rebond.example.com/r/${returned.id}`,
    },
  })
})

t.test('what an answer means', async t => {
  const waiting: Delivery = {
    ...{ id: 'e', endpoint: 'crm', event: 'mail.returned', at: start, data: {}, bounceId: null, since: start, dueAt: start, attempts: 0 },
    ...{ lastStatus: null, lastError: null, ended: null },
  }
  const answered = (status: number, retryAfterMs: number | null = null) => ({ answered: true, status, retryAfterMs }) as const
  for (const [what, reply, attempts, how, trouble, waitMs] of [
    ['200', answered(200), 0, 'delivered', false, null],
    ['299', answered(299), 0, 'delivered', false, null],
    ['410', answered(410), 0, 'gone', false, 0],
    ['a redirect', answered(301), 0, 'deferred', false, 5_000],
    ['400, first', answered(400), 0, 'deferred', false, 5_000],
    ['500, second', answered(500), 1, 'deferred', false, 30_000],
    ['500, hundredth', answered(500), 99, 'deferred', false, 8 * hour],
    ['429 that asks for an hour', answered(429, hour), 0, 'deferred', true, hour],
    ['503 that asks for a second', answered(503, 1000), 0, 'deferred', true, 5_000],
    ['503 that asks for a year', answered(503, 365 * day), 0, 'deferred', true, day],
    ['no answer', { answered: false, why: 'ECONNREFUSED' }, 0, 'deferred', true, 5_000],
  ] as const) {
    const { delivery, ...outcome } = outcomeOf({ ...waiting, attempts }, reply, start, () => 0)
    t.match(outcome, { how, trouble }, what)
    t.equal(delivery.attempts, attempts + 1, what)
    if (waitMs === null) t.match(delivery.ended, { how: 'delivered' }, what)
    else t.equal(delivery.dueAt - start, waitMs, what)
  }
  t.equal(outcomeOf(waiting, answered(500), start, () => 1).delivery.dueAt - start, 3_333, 'chance takes up to a third')
  const late = outcomeOf({ ...waiting, since: start - 3 * day + 1000 }, answered(500), start, () => 0)
  t.match(late, { how: 'failed', delivery: { ended: { at: start, how: 'failed' }, lastError: 'it answered 500' } })
  const at = Date.UTC(2026, 10, 24, 10)
  for (const [text, ms] of [
    ['120', 120_000],
    [new Date(at + 5000).toUTCString(), 5000],
    [new Date(at - 5000).toUTCString(), 0],
    ['soon', null],
    [undefined, null],
  ] as const)
    t.equal(parseRetryAfter(text, at), ms, String(text))
})

t.test('a webhook that is not taken is tried again until it is, or for three days; a replay begins anew', async t => {
  const crm = await receiver(t, [500, { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'hang up'])
  const { store, notifier, after, deliveries, log } = await house(t, { url: crm.url })
  await block(store, { ...deed, key, address: 'jean@example.org', until: null })
  await notifier.idle()
  t.match(await deliveries(), [{ attempts: 1, lastStatus: 500, lastError: 'it answered 500', ended: null }])
  await after(4_999)
  t.equal(crm.received.length, 1)
  await after(1)
  t.match(await deliveries(), [{ attempts: 2, lastStatus: 302, lastError: /redirects, which is not followed/ }])
  await after(30_000)
  t.match(await deliveries(), [{ attempts: 3, lastStatus: null, lastError: /socket hang up|ECONNRESET/ }])
  t.match(notifier.endpoints(), [{ restsUntil: Number, lastError: /hang up|RESET/ }], 'and the endpoint rests')
  await after(2 * minute)
  t.equal(crm.received.length, 4)
  t.same(new Set(crm.received.map(({ headers }) => headers['webhook-id'])).size, 1, 'under one id')
  t.equal(new Set(crm.received.map(({ body }) => body)).size, 1)
  t.match(await deliveries(), [{ attempts: 4, lastStatus: 204, lastError: null, ended: { how: 'delivered' } }])

  const [delivered] = await deliveries()
  crm.script.push(...Array.from({ length: 100 }, () => 500))
  t.match(await notifier.replay('crm', [delivered as Delivery], { ...deed, now: start + hour }), [{ attempts: 0, ended: null }])
  for (let step = 0; step < 20; step++) await after(8 * hour)
  t.match(await deliveries(), [{ ended: { how: 'failed' }, lastError: 'it answered 500' }])
  t.match(log(), /gave up a webhook/)
  t.notMatch(log(), /jean|key=1|whsec/, 'nothing personal and no secret in the log')
  t.match((await store.audit({ op: 'replay' }, { limit: 9, cursor: null })).items, [{ by: 'ops', key: null, subject: 'webhook crm' }])
})

t.test('an endpoint in trouble is not run over: it is tried with one, and the rest follows', async t => {
  const crm = await receiver(t, [{ status: 503, headers: { 'retry-after': '60' } }])
  const { store, notifier, after } = await house(t, { url: crm.url, events: ['mail.returned'] })
  const mail = await store.appendMessage(message(), [])
  await commit(store, { bounces: [bounce('a@example.org', { messageId: mail.id })] })
  await notifier.idle()
  t.equal(crm.received.length, 1)
  for (const of of ['b', 'c', 'd', 'e']) await commit(store, { bounces: [bounce(`${of}@example.org`, { messageId: mail.id })] })
  await after(59_000)
  t.equal(crm.received.length, 1, 'Retry-After is kept')
  crm.script.push('hang up')
  await after(1_000)
  t.equal(crm.received.length, 2, 'one to see whether it is over')
  await after(minute)
  t.equal(crm.received.length, 7)
  t.equal(new Set(crm.received.map(({ headers }) => headers['webhook-id'])).size, 5)
})

t.test('410 disables an endpoint, also after a restart; what happens meanwhile waits until it is enabled', async t => {
  const crm = await receiver(t, [410])
  const path = await tempDirectory(t)
  const files = await secretFiles(t, secrets[0])
  const kept = await tempStore(t, { path, now: () => start })
  const first = await house(t, { url: crm.url, store: kept, files })
  await block(first.store, { ...deed, key, address: 'jean@example.org', until: null })
  await first.notifier.idle()
  t.match(first.notifier.endpoints(), [{ name: 'crm', disabled: { at: start, why: /410/ } }])
  t.match((await kept.audit({}, { limit: 9, cursor: null })).items, [
    { op: 'disable', actor: 'rebond', subject: 'webhook crm' },
    { op: 'block' },
  ])
  await first.notifier.stop()
  await kept.close()

  const again = await house(t, { url: crm.url, store: await tempStore(t, { path, now: () => start }), files })
  await unblock(again.store, { ...deed, key })
  await again.after(hour)
  t.equal(crm.received.length, 1)
  t.match((await again.metrics.webhookDisabled.get()).values, [{ value: 1 }])
  t.match(await again.notifier.enable('crm', deed), { why: /410/ })
  t.equal(await again.notifier.enable('crm', deed), null, 'it is enabled already')
  await again.notifier.idle()
  t.equal(crm.received.length, 3)
  t.equal((await again.kept.counts()).webhooks, 0)
})

t.test('what one node makes of an endpoint the others follow, without a restart', async t => {
  const crm = await receiver(t, [410])
  const kept = await tempStore(t, { now: () => start })
  const files = await secretFiles(t, secrets[0])
  const [one, other] = [await house(t, { url: crm.url, store: kept, files }), await house(t, { url: crm.url, store: kept, files })]
  await block(kept, { ...deed, key, address: 'jean@example.org', until: null })
  await one.notifier.idle()
  await block(one.store, { ...deed, key, address: 'jean@example.org', until: start + day })
  await one.notifier.idle()
  t.match(one.notifier.endpoints(), [{ disabled: { why: /410/ } }])
  await other.notifier.idle()
  t.match(other.notifier.endpoints(), [{ disabled: { why: /410/ } }], 'the other knows')
  t.match((await other.metrics.webhookDisabled.get()).values, [{ value: 1 }])
  const heard = crm.received.length
  await unblock(other.store, { ...deed, key })
  await other.notifier.idle()
  t.equal(crm.received.length, heard, 'and tells nothing')

  t.match(await other.notifier.enable('crm', deed), { why: /410/ })
  await one.notifier.idle()
  t.match(one.notifier.endpoints(), [{ disabled: null }])
  await other.notifier.idle()
  t.equal(new Set(crm.received.map(({ headers }) => headers['webhook-id'])).size, 2, 'what waited is told')
  t.equal(await one.notifier.enable('crm', deed), null)
})

t.test('what was committed is told after a crash, and what was told before it under the same id', async t => {
  const crm = await receiver(t)
  const path = await tempDirectory(t)
  const files = await secretFiles(t, secrets[0])
  const open = () => tempStore(t, { path, now: () => start })
  const kept = await open()
  const before = await house(t, { url: crm.url, store: kept, files, begin: false })
  await block(before.store, { ...deed, key, address: 'jean@example.org', until: null })
  await kept.close() // as it was on disk when the block was acknowledged: nothing has been sent

  const stopped = await open()
  let end = () => {}
  // The answer came, and the process died before that was on disk.
  const dying = { ...stopped, update: (() => new Promise<void>(resolve => (end = resolve))) as typeof stopped.update }
  const second = await house(t, { url: crm.url, store: dying, files, begin: false })
  void second.notifier.start()
  while (crm.received.length < 1) await new Promise(resolve => setImmediate(resolve))
  const third = await house(t, { url: crm.url, store: stopped, files })
  await third.notifier.idle()
  t.equal(crm.received.length, 2)
  t.equal(crm.received[0]?.headers['webhook-id'], crm.received[1]?.headers['webhook-id'])
  t.match(await third.deliveries(), [{ ended: { how: 'delivered' } }])
  end()
})

t.test('while a secret is replaced both sign; SIGHUP reads them again; a file that holds none is named', async t => {
  const crm = await receiver(t)
  const files = await secretFiles(t, secrets[0], secrets[1])
  const { store, notifier, log } = await house(t, { url: crm.url, files })
  await block(store, { ...deed, key, address: 'jean@example.org', until: null })
  await notifier.idle()
  const [one] = crm.received
  const signatures = String(one?.headers['webhook-signature']).split(' ')
  t.same(
    signatures,
    secrets.map(secret => new Webhook(secret).sign(String(one?.headers['webhook-id']), new Date(start), one?.body ?? '')),
  )
  await writeFile(files[0] ?? '', secrets[1])
  await notifier.reload()
  await unblock(store, { ...deed, key })
  await notifier.idle()
  const renewed = String(crm.received[1]?.headers['webhook-signature']).split(' ')
  t.equal(renewed[0], renewed[1])
  await writeFile(files[1] ?? '', 'whsec_short')
  await notifier.reload()
  t.match(log(), /must hold whsec_ and base64 of 24 to 64 octets/)
  for (const text of [
    '',
    'whsec_',
    'not base64!',
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
  ]) {
    const wrong = await house(t, { url: crm.url, files: await secretFiles(t, text), begin: false })
    await t.rejects(wrong.notifier.start(), { code: 'ERR_WEBHOOK_SECRET', message: /must hold whsec_/ }, text)
  }
  const missing = await house(t, { url: crm.url, files: ['/nonexistent/secret'], begin: false })
  await t.rejects(missing.notifier.start(), { code: 'ERR_WEBHOOK_SECRET', message: /\/nonexistent\/secret must be readable/ })
})

t.test('an endpoint is spoken to at the address that was checked, and at none that it may not have', async t => {
  const crm = await receiver(t)
  const ask = (url: string, allowPrivate: boolean, ...addresses: readonly string[]) => {
    const resolve = (_name: string, done: (err: null, found: { address: string; family: number }[]) => void) =>
      done(
        null,
        addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    const poster = createPoster({ url, allowPrivate, timeoutMs: 5_000, maxConnections: 1, resolve })
    return poster.post({}, '{}', 0).finally(() => poster.close())
  }
  const named = `http://crm.example.com:${crm.port}/`
  for (const [what, url, allowPrivate, addresses, why] of [
    ['a name at a loopback address', `https://crm.example.com:${crm.port}/`, false, ['127.0.0.1'], /127\.0\.0\.1, which is not public/],
    ['a literal one', `https://127.0.0.1:${crm.port}/`, false, [], /not public/],
    ['a literal one of IPv6', `https://[::1]:${crm.port}/`, false, [], /not public/],
    ['IPv4 in IPv6 clothes', 'https://x.example/', false, ['::ffff:10.0.0.1'], /not public/],
    ['the metadata service of a cloud', 'https://x.example/', false, ['169.254.169.254'], /not public/],
    ['http to loopback, not allowed', named, false, ['127.0.0.1'], /set allowPrivate/],
    ['http to a public address', 'http://x.example/', true, ['192.88.98.1', '8.8.8.8'], /which is public: use https/],
    ['nothing', named, true, [], /is at/],
  ] as const) {
    t.match(await ask(url, allowPrivate, ...addresses), { answered: false, why }, what)
  }
  t.equal(crm.received.length, 0)
  t.match(await ask(named, true, '127.0.0.1'), { answered: true, status: 204 })
  t.equal(crm.received.length, 1, 'the name is connected to where it was resolved, and resolved once')
  for (const address of ['8.8.8.8', '2001:4860:4860::8888']) t.equal(isPublic(address), true, address)
  for (const address of [
    '0.0.0.0',
    '10.1.1.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '127.1.2.3',
    '169.254.1.1',
    '224.0.0.1',
    '255.255.255.255',
  ])
    t.equal(isPublic(address), false, address)
  for (const address of [
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'ff02::1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '::ffff:192.168.0.1',
    'example.com',
  ])
    t.equal(isPublic(address), false, address)
})

t.test('a long answer, and none at all, end in time', async t => {
  const crm = await receiver(t, [{ status: 200, body: 'x'.repeat(1_000_000) }])
  const poster = createPoster({ url: crm.url, allowPrivate: true, timeoutMs: 5_000, maxConnections: 1 })
  t.match(await poster.post({}, '{}', 0), { answered: true, status: 200 })
  poster.close()
  const silent = createPoster({ url: crm.url, allowPrivate: true, timeoutMs: 50, maxConnections: 1 })
  crm.script.push({ status: 100 })
  t.match(await silent.post({}, '{}', 0), { answered: false, why: /no answer within 0\.05 seconds|socket/ })
  silent.close()
})

t.test('endpoints as the configuration has them', async t => {
  const one = { name: 'crm', url: 'https://crm.example.com/hook', secretFiles: ['s'] }
  const problems = (webhooks: unknown) => {
    const parsed = parseConfig({ webhooks })
    return parsed.ok ? [] : parsed.problems.map(({ path, message: text }) => `${path}: ${text}`)
  }
  t.same(problems([one, { ...one, name: 'other', events: ['mail.returned'] }]), [])
  for (const [what, given, problem] of [
    ['plain http', { ...one, url: 'http://crm.example.com/' }, /^webhooks\[0\]\.url: must be an https URL/],
    ['another scheme', { ...one, url: 'ftp://crm.example.com/' }, /webhooks\[0\]\.url: must be an https URL/],
    ['a password in it', { ...one, url: 'https://u:p@crm.example.com/' }, /must hold no user and no password/],
    ['no secret', { ...one, secretFiles: [] }, /webhooks\[0\]\.secretFiles: must be a list of at least 1/],
    ['an unknown event', { ...one, events: ['mail.sent'] }, /webhooks\[0\]\.events\[0\]: must be address\.blacklisted \|/],
    ['a name that is none', { ...one, name: 'The CRM' }, /webhooks\[0\]\.name: must be a short name/],
  ] as const)
    t.match(problems([given]), [problem], what)
  t.same(
    problems([
      { ...one, url: 'http://127.0.0.1:3000/' },
      { ...one, name: 'b', url: 'http://crm.internal/', allowPrivate: true },
    ]),
    [],
  )
  t.match(problems([one, one]), [/webhooks\[1\]\.name: must be the name of one endpoint only/])
})

t.test('who waits for the feed is woken by a change, by time, by leaving, and by the end', async t => {
  const watch = createChangeWatch()
  const woken = watch.next(60_000)
  watch.changed()
  await woken
  await watch.next(1)
  const gone = new AbortController()
  const leaving = watch.next(60_000, gone.signal)
  gone.abort()
  await leaving
  await watch.next(60_000, gone.signal)
  const many = Array.from({ length: 250 }, () => watch.next(60_000))
  watch.stop()
  await Promise.all(many)
  await watch.next(60_000)
  t.pass('nobody waits')
})

t.test('what came off a list is in the feed, and told to no endpoint', async t => {
  const crm = await receiver(t)
  const { store, notifier } = await house(t, { url: crm.url })
  await store.update({ keys: [key] }, () => ({
    changes: { addresses: [address('jean@example.org', { block: blockOf('jean@example.org') })], isBulk: true },
    result: null,
  }))
  await notifier.idle()
  t.equal(crm.received.length, 0)
  t.match(await store.changes({ after: 0, limit: 9 }), { items: [{ kind: 'blacklisted', why: '550 5.1.1 User unknown' }] })
})

t.test('the API shows endpoints and what they were told, replays, and enables', async t => {
  const crm = await receiver(t, [400, 410])
  const { store, notifier, clock } = await house(t, { url: crm.url })
  const fixture = await openServer(t, { withTokens: true, store, notifier, now: () => clock.now })
  const ask = await checkedClient(t, fixture)
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const get = async (url: string) => (await ask({ url, ...as(tokens.reader) })).json()
  const post = (url: string, payload: object = {}) => ask({ method: 'POST', url, payload, ...as(tokens.admin) })
  await block(store, { ...deed, key, address: 'jean@example.org', until: null })
  await notifier.idle()

  const [shown] = (await get('/v1/webhooks')).items
  t.match(shown, {
    name: 'crm',
    state: 'ok',
    lastError: 'it answered 400',
    oldestWaiting: '2026-11-24T10:00:00.000Z',
    lastDeliveredAt: null,
  })
  t.equal(shown.url, crm.url.replace('?key=1', ''), 'without what may be a secret')
  const [told] = (await get('/v1/webhooks/crm/deliveries?state=waiting')).items
  t.match(told, { event: 'address.blacklisted', attempts: 1, lastStatus: 400, nextAt: '2026-11-24T10:00:05.000Z', data: { by: 'ops' } })
  t.same((await get('/v1/webhooks/crm/deliveries?state=delivered')).items, [])
  t.equal((await ask({ url: '/v1/webhooks/other/deliveries', ...as(tokens.reader) })).statusCode, 404)
  t.equal((await ask({ url: '/v1/webhooks/crm/deliveries?state=lost', ...as(tokens.reader) })).statusCode, 400)

  t.match((await post(`/v1/webhooks/crm/deliveries/${told.id}/replay`, { why: 'mended' })).json(), { state: 'waiting', attempts: 0 })
  await notifier.idle()
  t.match((await get('/v1/webhooks')).items, [
    { state: 'disabled', why: 'the endpoint answered 410 Gone', since: '2026-11-24T10:00:00.000Z' },
  ])
  t.match((await post('/v1/webhooks/crm/enable', { by: 'amy', why: 'it is back' })).json(), { state: 'ok', since: null })
  await notifier.idle()
  t.match((await get('/v1/webhooks')).items, [{ state: 'ok', oldestWaiting: null, lastDeliveredAt: '2026-11-24T10:00:00.000Z' }])
  t.match((await post('/v1/webhooks/crm/replay', { since: '2026-11-24T09:00:00Z', state: 'delivered' })).json(), {
    replayed: 1,
    more: false,
  })
  t.match((await post('/v1/webhooks/crm/replay', { since: '2026-11-24T11:00:00Z' })).json(), { replayed: 0, more: false })
  await notifier.idle()
  t.equal(crm.received.length, 4)
  for (const url of ['/v1/webhooks/crm/deliveries/none/replay', '/v1/webhooks/other/enable', '/v1/webhooks/other/deliveries/x/replay'])
    t.equal((await post(url)).statusCode, 404, url)
  t.equal((await post('/v1/webhooks/crm/replay')).statusCode, 400, 'replay wants a time')
  t.match((await get('/v1/audit?actor=hand')).items, [
    { op: 'replay', by: 'boss', address: null, subject: 'webhook crm', why: 'no reason given' },
    { op: 'enable', by: 'amy', why: 'it is back' },
    { op: 'replay', by: 'boss', why: 'mended' },
    { op: 'block', by: 'ops', address: 'jean@example.org', subject: null, why: 'he called' },
  ])
  t.match((await get('/v1/audit?address=jean%40example.org&op=block&by=ops&since=2026-11-24&until=2026-11-25')).items, [{ op: 'block' }])
  t.same((await get('/v1/audit?by=nobody')).items, [])
  t.equal((await ask({ url: '/v1/audit?op=sing', ...as(tokens.reader) })).statusCode, 400)
  const figures = (await fixture.server.inject({ url: '/metrics', ...as(tokens.reader) })).body
  t.match(figures, /^rebond_webhooks_waiting 0$/m)
  t.match(figures, /^rebond_incidents_open 0$/m)
})

t.test('the change feed is read from anywhere, waits for what is new, and says what it has forgotten', async t => {
  const watch = createChangeWatch()
  const kept = await tempStore(t, { now: () => start })
  const store = tellingStore(kept, { listeners: [], now: () => start, onChange: watch.changed, onOwed: () => {} })
  const fixture = await openServer(t, { store, changeWatch: watch })
  const ask = await checkedClient(t, fixture)
  const feed = async (query = '') => (await ask({ url: `/v1/changes${query}` })).json()
  t.same(await feed(), { items: [], next: 0, newest: 0 })
  t.same(await feed('?after=0&wait=0'), { items: [], next: 0, newest: 0 })
  const waiting = feed('?after=0&wait=30')
  await block(store, { ...deed, key, address: 'jean@example.org', until: null })
  t.match(await waiting, {
    items: [
      {
        n: 1,
        change: 'blacklisted',
        address: 'jean@example.org',
        blacklisted: true,
        reason: { category: 'manual' },
        by: 'ops',
        why: 'he called',
      },
    ],
    next: 1,
    newest: 1,
  })
  await unblock(store, { ...deed, key })
  t.match(await feed('?after=1'), { items: [{ n: 2, change: 'unblocked', blacklisted: false, reason: null }], next: 2 })
  t.match(await feed('?limit=1'), { items: [{ n: 1 }], next: 1, newest: 2 })
  t.match(await feed('?after=2'), { items: [], next: 2, newest: 2 })
  for (const query of ['?after=-1', '?after=x', '?limit=0', '?limit=1001', '?wait=31', '?after=1.5', '?since=1', '?after='])
    t.equal((await ask({ url: `/v1/changes${query}` })).statusCode, 400, query)
  const ahead = await ask({ url: '/v1/changes?after=3' })
  t.match([ahead.statusCode, ahead.json()], [410, { type: '/problems#changes-forgotten', detail: /ends at 2/ }])
  const forgetful = { ...store, changes: async () => ({ items: [], oldest: 7, newest: 9 }) }
  const old = await openServer(t, { store: forgetful })
  t.match((await old.server.inject('/v1/changes?after=5')).json(), { detail: /Changes up to 6 have been forgotten/ })
  t.equal((await old.server.inject('/v1/changes?after=6')).statusCode, 200)
  t.equal((await old.server.inject('/v1/changes')).statusCode, 200)
})
