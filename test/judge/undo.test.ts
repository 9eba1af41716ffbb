/**
 * A bad day and its undoing: the surge guard, incidents, decisions of people, reverts, and the operator's policy.
 */
import t, { type Test } from 'tap'
import { verdictOf } from '../../src/classify/verdict.ts'
import { parseConfig } from '../../src/config/config.ts'
import { block, unblock } from '../../src/judge/by-hand.ts'
import { noSigns } from '../../src/judge/conditions.ts'
import { decide } from '../../src/judge/decide.ts'
import { endIncident, settleIncidents } from '../../src/judge/incidents.ts'
import { idOf, judge } from '../../src/judge/judge.ts'
import { foldReturns, judgeReturns } from '../../src/judge/judge-returns.ts'
import { operatorOf, organisationOf } from '../../src/judge/operator.ts'
import type { ReturnEvent } from '../../src/judge/return-event.ts'
import { revert } from '../../src/judge/revert.ts'
import { createScreen } from '../../src/judge/screen.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { AddressRecord } from '../../src/store/address-record.ts'
import { isSuspect } from '../../src/store/address-record.ts'
import type { AuditEntry } from '../../src/store/audit-record.ts'
import type { Message } from '../../src/store/message-records.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import type { SurgeWindow } from '../../src/store/surge-records.ts'
import { tempStore } from '../support/temp-store.ts'
import { day, dead, facts, full, hour, keyOf, mail, now, returned, wholePolicy } from './material.ts'

/** Addresses in the surge and in the first campaign: the numbers of the promise with REBOND_FULL_SURGE=1. */
const isFull = process.env.REBOND_FULL_SURGE === '1'
const surgeSize = isFull ? 10_000 : 300
const campaignSize = isFull ? 50_000 : 20_000

const firstPage = { limit: 500, cursor: null }
const hand = { by: 'support', why: 'the provider said so', now }
const policyWith = (policy: object) => {
  const parsed = parseConfig({ policy })
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems))
  return parsed.config.policy
}

/** A store in which mail is sent and comes back; mail of weeks ago was accepted, so that who got some is ok. */
async function site(t: Test, policy = wholePolicy) {
  const store = await tempStore(t, { now: () => now })
  let mails = 0
  const sent = async (address: string, at = now - hour): Promise<Message> => {
    mails++
    const {
      seq: _,
      outcome: __,
      ...draft
    } = mail([address], { at, id: makeId(at, Buffer.from([3, mails >> 16, (mails >> 8) & 255, mails & 255])) })
    const message = await store.appendMessage(draft, [])
    store.settleMessage(message.id, { outcome: 'accepted', at, reply: reply(250, null, 'Ok'), upstreamId: null })
    return message
  }
  const bounced = async (message: Message, more: Partial<ReturnEvent> = {}): Promise<Bounce> => {
    const event = returned({ message, receivedAt: now, remoteMta: 'mx1.mail.big.example', ...more })
    await judgeReturns({ store, policy, now: () => event.receivedAt }, [event])
    const bounce = await store.bounce(idOf(event))
    if (!bounce) throw new TypeError('a return is recorded')
    return bounce
  }
  const blacklisted = async (address: string) => (await store.lookup([keyOf(address)], now))[0] !== null
  return { store, policy, sent, bounced, blacklisted }
}

/** Does it for all, as many at once as a listener would. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += 100) await Promise.all(items.slice(at, at + 100).map(work))
}

t.test('an operator is who answers, else whom we wrote to, and never our own upstream', async t => {
  const key = keyOf('jean@mail.example.co.uk')
  for (const [remoteMta, evidence, operator] of [
    ['mx1.mail.big.example', '', 'big.example'],
    ['dns; MX1.Big.Example. (192.0.2.1)', '', 'big.example'],
    [null, 'host mx.big.example[192.0.2.1] said: 550 no', 'big.example'],
    ['192.0.2.1', '550 5.1.1 no', 'example.co.uk'],
    [null, 'said by nobody.', 'example.co.uk'],
  ] as const)
    t.equal(operatorOf({ remoteMta, evidence, key }), operator, `${remoteMta} ${evidence}`)
  for (const [domain, organisation] of [
    ['example.com', 'example.com'],
    ['a.b.example.fr', 'example.fr'],
    ['mx.example.gouv.fr', 'example.gouv.fr'],
    ['co.uk', 'co.uk'],
    ['mx.example.com.br', 'example.com.br'],
    ['mail.example.pvt.k12.ma.us', 'example.pvt.k12.ma.us'],
    ['a.shop.eu-west-1.amazonaws.com', 'amazonaws.com'],
    ['_mx.a_b.example.com', 'example.com'],
    ['localhost', 'localhost'],
  ] as const)
    t.equal(organisationOf(domain), organisation)
})

t.test('an outage that answers "no such user" for everybody blacklists fewer than the minimum, and one call restores them', async t => {
  const { store, policy, sent, bounced } = await site(t)
  const addresses = Array.from({ length: surgeSize }, (_, i) => `user${i}@big.example`)
  await each(addresses, address => sent(address, now - 40 * day))
  await each(addresses, async address => bounced(await sent(address)))
  t.ok((await store.blacklistedCount()) < policy.surgeGuard.addresses, `${await store.blacklistedCount()} are blacklisted`)
  const [incident, another] = (await store.incidents({ state: 'open' }, firstPage)).items
  if (!incident) throw new TypeError('there is an incident')
  t.equal(another, undefined, 'one incident')
  t.match(incident, { operator: 'big.example', rule: dead.rule, closed: null })
  t.equal(incident.held + incident.blacklisted, surgeSize, 'which lists every one of them')
  t.match((await store.bounces({}, { limit: 1, cursor: null })).items, [{ why: 'held', counted: false }])

  t.equal(await endIncident({ store, policy }, 'unknown', { ...hand, verb: 'release' }), null)
  t.match(await endIncident({ store, policy }, incident.id, { ...hand, verb: 'release' }), { closed: { how: 'released', by: 'support' } })
  t.equal(await store.blacklistedCount(), 0, 'all are restored')
  t.match((await store.incidents({}, firstPage)).items, [{ id: incident.id, closed: { how: 'released' } }])
  const audited: AuditEntry[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await store.audit({ by: 'support' }, { ...firstPage, cursor: cursor ?? null })
    audited.push(...page.items)
    cursor = page.next
  }
  t.match(
    audited.filter(({ key }) => key === null),
    [{ op: 'release', actor: 'hand', subject: `incident ${incident.id}`, why: String }],
  )
  t.strictSame((await store.incidents({ state: 'open' }, firstPage)).items, [])
  t.equal(await endIncident({ store, policy }, incident.id, { ...hand, verb: 'confirm' }), 'closed', 'what was released is not confirmed')
  t.match(await store.address(keyOf('user7@big.example')), { block: null, lastHard: null, held: null })
})

t.test('an incident that a person confirms blacklists what it holds; unblocks and the never list win', async t => {
  const policy = policyWith({ never: ['user11@big.example'] })
  const { store, sent, bounced, blacklisted } = await site(t, policyWith({}))
  const addresses = Array.from({ length: 16 }, (_, i) => `user${i}@big.example`)
  await each(addresses, address => sent(address, now - 40 * day))
  for (const address of addresses) await bounced(await sent(address))
  const key = keyOf('user12@big.example')
  await block(store, { ...hand, key, address: key, until: null })
  await unblock(store, { ...hand, key })
  const [incident] = (await store.incidents({}, firstPage)).items
  if (!incident) throw new TypeError('there is an incident')
  for (let twice = 0; twice < 2; twice++)
    t.match(await endIncident({ store, policy }, incident.id, { ...hand, verb: 'confirm' }), { closed: { how: 'confirmed' } })
  for (const [who, is] of [
    [3, true],
    [10, true],
    [15, true],
    [11, false],
    [12, false],
  ] as const)
    t.equal(await blacklisted(`user${who}@big.example`), is, `user${who}`)
  t.match(await store.address(keyOf('user15@big.example')), { counts: { hard: 1, uncounted: 0 } }, 'once, though asked twice')
  await sent('late@big.example', now - 40 * day)
  t.equal((await bounced(await sent('late@big.example'))).why, 'blacklisted', 'and the guard is silent about this rule for a while')
  t.equal(
    (await revert(store, { incident: incident.id }, { ...hand, dryRun: false })).counts.restored,
    14,
    'an incident can be reverted as well',
  )
})

t.test('held is decided: by a hard return a day later, by an acceptance, by time', async t => {
  const { store, policy, sent, bounced, blacklisted } = await site(t)
  const addresses = Array.from({ length: 14 }, (_, i) => `user${i}@big.example`)
  await each(addresses, address => sent(address, now - 40 * day))
  for (const address of addresses) await bounced(await sent(address, now - 2 * day), { receivedAt: now - 2 * day })
  t.equal((await store.bounces({}, firstPage)).items.filter(({ why }) => why === 'held').length, 5)
  const later = (address: string, receivedAt: number) => sent(address, receivedAt).then(message => bounced(message, { receivedAt }))
  t.equal((await later('user10@big.example', now - 2 * day + 23 * hour)).why, 'held', 'within a day it may be the same outage')
  t.equal((await later('user10@big.example', now - 2 * day + 24 * hour)).why, 'blacklisted', 'a day later it is not')
  await sent('user11@big.example', now - day)
  t.strictSame(await settleIncidents({ store, policy }, now), { closed: 0, released: 0 }, 'accepted just now: it may come back yet')
  t.strictSame(await settleIncidents({ store, policy }, now + 3 * day), { closed: 0, released: 1 })
  t.notOk((await store.address(keyOf('user11@big.example')))?.held)
  t.strictSame(await settleIncidents({ store, policy }, now + 9 * day), { closed: 1, released: 3 }, 'nothing came any more')
  const done = (await store.audit({ actor: 'rebond' }, firstPage)).items
  t.same(
    done.map(({ op, by }) => `${op} ${by}`),
    ['close null', ...Array.from({ length: 4 }, () => 'release null')],
    'what rebond does by itself is in the audit too',
  )
  t.match((await store.incidents({}, firstPage)).items, [{ closed: { how: 'decided', by: null } }])
  for (const who of [11, 12, 13]) t.notOk(await blacklisted(`user${who}@big.example`))
})

t.test('what the guard does not look at', async t => {
  const { store, sent, bounced } = await site(t)
  const addresses = Array.from({ length: 40 }, (_, i) => `user${i}@big.example`)
  await each(addresses, address => sent(address, now - 40 * day))
  for (const address of addresses) await bounced(await sent(address), { grade: 'claimed' })
  t.strictSame((await store.incidents({}, firstPage)).items, [], 'claims feed it in neither direction')
  for (const [i, address] of addresses.entries()) await bounced(await sent(address), { remoteMta: `mx.host${i}.example` })
  t.strictSame((await store.incidents({}, firstPage)).items, [], 'many operators are no outage of one')
  t.equal(await store.blacklistedCount(), 40)
})

t.test('a first campaign to an old list passes the guard', async t => {
  const addresses = new Map<AddressRecord['key'], AddressRecord>()
  let windows = new Map<string, SurgeWindow>()
  let deadOnes = 0
  let held = 0
  for (let i = 0; i < campaignSize; i++) {
    if (i % 100 >= 8) continue
    deadOnes++
    const at = now + Math.floor((i / campaignSize) * 3 * hour)
    const message = mail([`user${i}@dead${i % 40}.example`], {
      seq: i,
      at: at - 60_000,
      id: makeId(at - 60_000, Buffer.from([0, i >> 16, (i >> 8) & 255, i & 255])),
    })
    const event = returned({ message, receivedAt: at, remoteMta: `mx.operator${i % 40}.example` })
    const given = { addresses, bounces: new Map(), seq: i, accepted: new Map(), incidents: new Map(), windows, journalSince: now - hour }
    const { changes, judgements } = foldReturns(given, [event], () => noSigns, wholePolicy, at)
    for (const record of changes.addresses ?? []) addresses.set(record.key, record)
    windows = new Map([...windows, ...(changes.windows ?? [])])
    held += judgements.filter(({ why }) => why === 'held').length
  }
  const blocked = [...addresses.values()].filter(record => record.block !== null).length
  t.equal(held, 0, 'the guard is silent')
  t.ok(blocked >= 0.99 * deadOnes, `${blocked} of ${deadOnes} dead addresses are blacklisted`)
})

t.test('a return that could not decide by itself is decided by a person', async t => {
  const { store, policy, sent, bounced, blacklisted } = await site(t)
  const claim = await bounced(await sent('a@example.com'), { grade: 'claimed' })
  t.match(await decide(store, policy, claim.id, { ...hand, verb: 'confirm' }), {
    refused: null,
    bounce: { why: 'confirmed', counted: true },
  })
  t.ok(await blacklisted('a@example.com'))
  t.match(await decide(store, policy, claim.id, { ...hand, verb: 'dismiss' }), { refused: 'confirmed' }, 'once')
  const weak = verdictOf('invalid_address', 'weak', { confirm: { mails: 2, distinctDays: 2 } })
  const message = await sent('b@example.com')
  const waits = await bounced(message, { verdict: weak })
  t.equal(waits.why, 'awaiting-confirmation')
  t.match(await decide(store, policy, waits.id, { ...hand, verb: 'dismiss' }), { bounce: { why: 'dismissed', counted: false } })
  t.strictSame((await store.address(keyOf('b@example.com')))?.awaiting, [])
  t.equal((await bounced(message)).why, 'dismissed', 'the same return in a better report does not come back')
  t.equal(await decide(store, policy, 'none', { ...hand, verb: 'confirm' }), null)
  const soft = await bounced(await sent('c@example.com'), { verdict: full })
  t.match(await decide(store, policy, soft.id, { ...hand, verb: 'confirm' }), { refused: 'soft' })
  const old = await bounced(await sent('d@example.com'), { grade: 'claimed' })
  const key = keyOf('d@example.com')
  await block(store, { ...hand, key, address: key, until: null })
  await unblock(store, { ...hand, key })
  t.match(await decide(store, policy, old.id, { ...hand, verb: 'confirm' }), { refused: 'sent-before-unblock' })
  const never = await bounced(await sent('e@example.com'), { grade: 'claimed' })
  t.match(await decide(store, policyWith({ never: ['example.com'] }), never.id, { ...hand, verb: 'confirm' }), { refused: 'never-list' })
  t.match((await store.audit({ key: keyOf('a@example.com') }, firstPage)).items, [{ op: 'confirm', actor: 'hand', by: 'support' }])
})

t.test('a revert takes returns out, and what came later stands', async t => {
  const { store, sent, bounced, blacklisted } = await site(t)
  const bad = { receivedAt: now - 5 * hour }
  for (const name of ['a', 'b', 'c', 'd']) await bounced(await sent(`${name}@x.example`, now - 6 * hour), bad)
  await bounced(await sent('b@x.example'), { evidence: 'later words' })
  const handed = keyOf('c@x.example')
  await block(store, { ...hand, key: handed, address: handed, until: null })
  await unblock(store, { ...hand, key: keyOf('d@x.example') })
  const window = { since: now - 5 * hour, until: now - 4 * hour }
  const expected = { restored: 1, stillBlocked: 1, changedByHand: 2, tooOld: 0, ended: 0, blockedAgain: 0 }
  const before = await store.address(keyOf('a@x.example'))
  t.match(await revert(store, window, { ...hand, dryRun: true }), { id: null, counts: expected })
  t.strictSame(await store.address(keyOf('a@x.example')), before, 'a dry run changes nothing')
  const done = await revert(store, window, { ...hand, dryRun: false })
  t.match(done, { id: /^[0-9a-v]{16}$/, counts: expected, sample: { length: 4 } })
  t.notOk(await blacklisted('a@x.example'))
  t.match(await store.address(keyOf('a@x.example')), { block: null, lastHard: null, counts: { hard: 0, uncounted: 1 } })
  t.match((await store.address(keyOf('b@x.example')))?.block, { evidence: 'later words' })
  t.match((await store.address(handed))?.block, { by: 'support' })
  t.match((await store.bounces({ key: keyOf('a@x.example') }, firstPage)).items, [{ why: 'reverted', counted: false }])
  t.strictSame((await revert(store, window, { ...hand, dryRun: false })).id, null, 'again: nothing is left to revert')
  t.match(
    await revert(store, { revert: done.id ?? '' }, { ...hand, dryRun: false }),
    { counts: { blockedAgain: 1 } },
    'and a revert is reverted',
  )
  t.ok(await blacklisted('a@x.example'))
  t.match(await store.address(keyOf('a@x.example')), { block: before?.block, lastHard: before?.lastHard, counts: { hard: 1 } })
})

t.test('a record keeps fifty events; what is older cannot be taken out any more', async t => {
  const { store, sent, bounced } = await site(t)
  const first = await bounced(await sent('a@x.example', now - 5 * hour), { receivedAt: now - 5 * hour })
  for (let i = 0; i < 51; i++) await bounced(await sent('a@x.example'), { receivedAt: now })
  const record = await store.address(keyOf('a@x.example'))
  t.equal(record?.events?.length, 50)
  t.match(record?.folded?.block, { bounceId: first.id })
  t.match(await revert(store, { until: now - hour }, { ...hand, dryRun: false }), { counts: { tooOld: 1 } })
  t.match(await revert(store, { since: now - hour }, { ...hand, dryRun: false }), { counts: { stillBlocked: 1 } })
})

t.test('what the policy asks for', async t => {
  const soft = (i: number, more: Partial<ReturnEvent> = {}) =>
    returned({
      verdict: full,
      receivedAt: now + i * day,
      message: mail(['a@example.com'], { seq: i + 1, at: now + i * day - hour }),
      ...more,
    })
  const run = (policy: ReturnType<typeof policyWith>, events: readonly ReturnEvent[]) => {
    let address: AddressRecord | null = null
    const whys: string[] = []
    for (const event of events) {
      const result = judge(facts({ address }), event, policy, event.receivedAt)
      address = result.address ?? address
      whys.push(result.why)
    }
    return { whys, address }
  }
  const escalate = policyWith({ categories: { mailbox_full: { count: 3, withinDays: 10, distinctDays: 3, expiresAfterDays: 30 } } })
  const result = run(escalate, [soft(0), soft(1), soft(2)])
  t.strictSame(result.whys, ['soft', 'soft', 'blacklisted'])
  t.match(result.address?.block, { category: 'mailbox_full', type: 'soft', until: now + 32 * day }, 'and it ends by itself')
  t.strictSame(run(wholePolicy, [soft(0), soft(1), soft(2)]).whys, ['soft', 'soft', 'soft'], 'off by default')
  t.strictSame(run(escalate, [soft(0), soft(1), soft(12)]).whys, ['soft', 'soft', 'soft'], 'not within ten days')
  t.strictSame(run(escalate, [soft(0), soft(0.1), soft(0.2)]).whys, ['soft', 'soft', 'soft'], 'on one day')
  t.strictSame(run(escalate, [soft(0), soft(1), soft(2, { grade: 'claimed' })]).whys, ['soft', 'soft', 'soft'], 'claims do not add up')
  const delivered = soft(1.5, { action: 'delivered', kind: 'success' })
  t.strictSame(run(escalate, [soft(0), soft(1), delivered, soft(2)]).whys.at(-1), 'soft', 'mail was delivered in between')
  t.ok(
    isSuspect(
      run(
        wholePolicy,
        [0, 1, 2, 3, 4].map(i => soft(i)),
      ).address ?? { block: null },
    ),
  )
  t.notOk(
    isSuspect(
      run(
        wholePolicy,
        [0, 1, 2, 3].map(i => soft(i)),
      ).address ?? { block: null },
    ),
  )

  const byRule = policyWith({ rules: { [dead.rule]: { confirm: { mails: 2, distinctDays: 1 }, expiresAfterDays: 7 } } })
  const hard = (i: number) => soft(i, { verdict: dead })
  const confirmed = run(byRule, [hard(0), hard(0.1)])
  t.strictSame(confirmed.whys, ['awaiting-confirmation', 'blacklisted'])
  t.equal(confirmed.address?.block?.until, now + 7.1 * day)
  for (const [policy, path] of [
    [{ categories: { sender_blocked: { count: 3 } } }, 'policy.categories.sender_blocked.count'],
    [{ categories: { invalid_address: { count: 3 } } }, 'policy.categories.invalid_address.count'],
    [{ categories: { mailbox_full: { confirm: { mails: 2, distinctDays: 2 } } } }, 'policy.categories.mailbox_full.confirm'],
  ] as const)
    t.match(parseConfig({ policy }), { ok: false, problems: [{ path, message: /^must be absent/ }] })

  const observe = policyWith({ mode: 'observe' })
  t.match(run(observe, [hard(0)]), { whys: ['observed'], address: { block: null, counts: { uncounted: 1 } } })
  const { store, sent, bounced } = await site(t, observe)
  t.equal((await bounced(await sent('a@example.com'))).why, 'observed')
  await block(store, { ...hand, key: keyOf('b@example.com'), address: 'b@example.com', until: null })
  for (const mode of ['observe', 'enforce'] as const)
    t.equal((await createScreen({ store, now: () => now, mode })([keyOf('b@example.com')]))[0] === null, mode === 'observe', mode)
})
