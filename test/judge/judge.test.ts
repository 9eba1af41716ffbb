import fc from 'fast-check'
import t from 'tap'
import { verdictOf } from '../../src/classify/verdict.ts'
import { bounceId } from '../../src/judge/bounce-id.ts'
import { noSigns } from '../../src/judge/conditions.ts'
import { idOf, judge } from '../../src/judge/judge.ts'
import { foldReturns } from '../../src/judge/judge-returns.ts'
import { isNever } from '../../src/judge/never-list.ts'
import { newAddress } from '../../src/judge/new-address.ts'
import type { ReturnEvent } from '../../src/judge/return-event.ts'
import { addressStatus } from '../../src/judge/status.ts'
import type { AddressKey } from '../../src/smtp/path.ts'
import type { AddressRecord } from '../../src/store/address-record.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import { day, dead, facts, full, hour, keyOf, mail, now, policy, recipient, returned, wholePolicy } from './material.ts'

const jean = { address: 'jean@example.com', key: keyOf('jean@example.com') }
const known = (more: Partial<AddressRecord> = {}): AddressRecord => ({ ...newAddress(jean), ...more })
const unblockedAt = (seq: number) => known({ lastUnblock: { seq, at: now - hour, by: 'support', why: 'it is back' } })
const match = { fate: 'recipient', recipient: recipient(jean.address) } as const
const deadDomain = verdictOf('invalid_domain', 'rfc3463-x.1.2')
const weak = verdictOf('invalid_address', 'exchange-5.4.1', { confirm: { mails: 2, distinctDays: 2 } })

t.test('a proven hard return blacklists, and the record says all about it', async t => {
  const event = returned({ evidence: '550 5.1.1\0 User\r\n unknown', message: mail([recipient(jean.address, 'relayed', 'Jean Dupont')]) })
  const { why, bounce, address, audit } = judge(facts(), event, policy, now + 5)
  const id = bounceId(event.messageId, jean.key, 'failed')
  t.equal(why, 'blacklisted')
  t.match(bounce, {
    id,
    counted: true,
    why: 'blacklisted',
    evidence: '550 5.1.1 User unknown',
    grade: 'proven',
    messageId: event.messageId,
  })
  t.match(address, { key: jean.key, lastHard: { seq: 20, at: now }, counts: { hard: 1, soft: 0, uncounted: 0 }, awaiting: [] })
  t.strictSame(address?.block, {
    address: jean.address,
    since: now + 5,
    until: null,
    category: 'invalid_address',
    type: 'hard',
    fault: 'recipient',
    rule: 'rfc3463-x.1.1',
    evidence: '550 5.1.1 User unknown',
    bounceId: id,
    messageId: event.messageId,
    by: null,
  })
  t.match(audit, { op: 'block', actor: 'return', by: null, key: jean.key, at: now + 5 })
})

t.test('each condition that fails leaves the address as it was, and says why', async t => {
  const expected = { counts: { hard: 0, soft: 0, uncounted: 1 }, block: null, lastHard: null }
  for (const [why, event, given] of [
    ['unknown-message', returned({ message: null }), {}],
    ['not-a-recipient', returned({ match: { fate: 'not-a-recipient', address: 'other@example.com' } }), {}],
    ['not-a-recipient', returned({ match: { fate: 'not-a-recipient', address: null } }), {}],
    ['via-forward', returned({ match: { ...match, fate: 'via-forward' } }), {}],
    ['origin-unproven', returned({ grade: 'claimed' }), {}],
    ['unblocked-by-hand', returned({ grade: 'single' }), { address: unblockedAt(5) }],
    ['soft', returned({ verdict: full }), {}],
    ['awaiting-confirmation', returned({ verdict: weak }), {}],
    ['sent-before-unblock', returned(), { address: unblockedAt(15) }],
    ['never-list', returned(), {}],
    ['too-late', returned({ message: mail([jean.address], { at: now - 10 * day - 1 }) }), {}],
    ['resolver-suspect', returned({ verdict: deadDomain }), { resolver: { ...noSigns, livingNeighbour: true } }],
    ['resolver-suspect', returned({ verdict: deadDomain }), { resolver: { ...noSigns, invalidDomains: 3, oneLived: true } }],
  ] as const) {
    const rules = why === 'never-list' ? { ...policy, never: ['example.com'] } : policy
    const result = judge(facts(given), event, rules, now)
    t.equal(result.why, why)
    t.match(result.bounce, { why, counted: false }, why)
    t.equal(result.audit, null, why)
    if (why === 'unknown-message' || why === 'not-a-recipient') t.equal(result.address, null, `${why} concerns no address of ours`)
    else t.match(result.address, why === 'soft' ? { ...expected, counts: { soft: 1, uncounted: 0 } } : expected, why)
  }
})

t.test('and the same return counts when that one thing is not so', async t => {
  for (const [what, event, given] of [
    ['about a mail with one recipient, from anywhere', returned({ grade: 'single' }), {}],
    ['proven, after an unblock by hand', returned({ message: mail([jean.address], { seq: 16 }) }), { address: unblockedAt(15) }],
    ['ten days old to the millisecond', returned({ message: mail([jean.address], { at: now - 10 * day }) }), {}],
    ['a dead domain alone', returned({ verdict: deadDomain }), { resolver: { ...noSigns, invalidDomains: 2, oneLived: true } }],
    [
      'one of many dead domains of which none was ok before',
      returned({ verdict: deadDomain }),
      { resolver: { ...noSigns, invalidDomains: 9 } },
    ],
    [
      'a dead address among resolver trouble',
      returned(),
      { resolver: { livingNeighbour: true, invalidDomains: 9, lived: true, oneLived: true } },
    ],
    ['an upstream reply', returned({ source: 'reply', reportId: null }), {}],
  ] as const)
    t.match(judge(facts(given), event, policy, now), { why: 'blacklisted', address: { block: { bounceId: String } } }, what)
})

t.test('the clock does not say what came after what', async t => {
  const message = mail([jean.address], { seq: 16, at: now - 2 * hour })
  const late = known({ lastUnblock: { seq: 15, at: now - hour, by: null, why: '' } })
  t.equal(judge(facts({ address: late }), returned({ message }), policy, now).why, 'blacklisted', 'numbered after, clocked before')
  const early = known({ lastUnblock: { seq: 17, at: now - 3 * hour, by: null, why: '' } })
  t.equal(judge(facts({ address: early }), returned({ message }), policy, now).why, 'sent-before-unblock', 'numbered before, clocked after')
})

t.test('delays and deliveries are recorded and judge nobody', async t => {
  const delayed = judge(facts(), returned({ action: 'delayed', kind: 'delay', verdict: verdictOf('temporary', 'x') }), policy, now)
  t.match(delayed, { why: 'not-a-failure', address: null, bounce: { counted: false } })
  const delivered = returned({ action: 'delivered', kind: 'success' })
  t.match(judge(facts(), delivered, policy, now), { why: 'not-a-failure', address: { lastDelivered: { seq: 10, at: now }, block: null } })
  const older = facts({ address: known({ lastDelivered: { seq: 11, at: now - day } }) })
  t.equal(judge(older, delivered, policy, now).address, null, 'the later mail stays the last one')
  t.equal(judge(facts(), { ...delivered, grade: 'claimed' }, policy, now).address, null, 'a claim')
  t.equal(judge(facts(), { ...delivered, kind: 'complaint' }, policy, now).address, null, 'a complaint')
  t.not(idOf(delivered), idOf({ ...delivered, kind: 'complaint' }))
  for (const kind of ['complaint', 'auto_reply', 'mdn', 'challenge', 'other', 'delay', 'success'] as const)
    t.equal(judge(facts(), returned({ kind }), policy, now).why, 'not-a-failure', kind)
})

t.test('a return counts once: by retry, by a second path, as reply and as report', async t => {
  const first = judge(facts(), returned(), policy, now)
  const again = facts({ address: first.address, prior: first.bounce })
  for (const event of [
    returned(),
    returned({ reportId: 'another', receivedAt: now + hour, evidence: 'other words' }),
    returned({ source: 'reply', reportId: null }),
    returned({ verdict: full }),
    returned({ grade: 'claimed' }),
    returned({ match: { ...match, fate: 'via-forward' } }),
  ]) {
    const second = judge(again, event, policy, now)
    t.match(second, { why: 'duplicate', address: null, audit: null })
    t.equal(second.bounce, first.bounce)
  }
})

t.test('a record grows stronger, never weaker', async t => {
  const claimed = returned({ grade: 'claimed' })
  const one = judge(facts(), claimed, policy, now)
  t.match(one, { why: 'origin-unproven', address: { counts: { hard: 0, uncounted: 1 } } })
  const soft = judge(facts({ address: one.address, prior: one.bounce }), returned({ verdict: full }), policy, now)
  t.match(
    soft,
    { why: 'soft', bounce: { id: one.bounce.id }, address: { counts: { hard: 0, soft: 1, uncounted: 0 } } },
    'proof over a claim',
  )
  const next = facts({ address: soft.address, prior: soft.bounce })
  t.equal(judge(next, claimed, policy, now).why, 'duplicate', 'a claim over proof does nothing')
  const hard = judge(next, returned(), policy, now)
  t.match(
    hard,
    { why: 'blacklisted', bounce: { id: one.bounce.id }, address: { counts: { hard: 1, soft: 0, uncounted: 0 } } },
    'hard over soft',
  )
  t.equal(judge(facts({ address: hard.address, prior: hard.bounce }), returned({ verdict: full }), policy, now).why, 'duplicate')
})

t.test('what else is known of an address', async t => {
  t.test('a block in force keeps its reason, the return confirms it', async t => {
    const block = { ...(judge(facts(), returned(), policy, now - day).address?.block as NonNullable<AddressRecord['block']>) }
    const event = returned({ message: mail([jean.address], { seq: 11 }), evidence: 'later words' })
    const kept = judge(facts({ address: known({ block }) }), event, policy, now)
    t.match(kept, { why: 'blacklisted', bounce: { counted: true }, address: { block, counts: { hard: 1 } }, audit: null })
    for (const until of [now - 1, now + day]) {
      const ending = known({ block: { ...block, until, category: 'manual', by: 'support' } })
      const { address, audit } = judge(facts({ address: ending }), event, policy, now)
      t.match(address?.block, { until: null, evidence: 'later words', by: null }, 'one that ends gives way to one that does not')
      t.ok(audit)
    }
  })
  t.test('a rule with a time to live blocks until then', async t => {
    const event = returned({ verdict: verdictOf('inactive_address', 'x', { ttlDays: 30 }) })
    const { address } = judge(facts(), event, policy, now)
    t.equal(address?.block?.until, now + 30 * day)
    const later = returned({ ...event, message: mail([jean.address], { seq: 11 }) })
    t.equal(judge(facts({ address }), later, policy, now + day).address?.block?.until, now + 31 * day, 'extended')
    t.equal(judge(facts({ address }), later, policy, now - day).address?.block?.until, now + 30 * day, 'never shortened')
  })
  t.test('the spelling last written by a CRM is kept', async t => {
    const event = returned({ message: mail(['Jean@Example.com']) })
    t.match(judge(facts({ address: known() }), event, policy, now).address, { key: jean.key, address: 'Jean@Example.com' })
  })
})

t.test('a rule that asks for confirmation gets it', async t => {
  const on = (seq: number, at: number) => returned({ verdict: weak, receivedAt: at, message: mail([jean.address], { seq, at: at - hour }) })
  /** Judges returns one after another; gives the last `why` and record. */
  function after(...events: ReturnEvent[]) {
    let address: AddressRecord | null = null
    const bounces = new Map<string, Bounce>()
    let why = ''
    for (const event of events) {
      const result = judge(facts({ address, prior: bounces.get(idOf(event)) ?? null }), event, policy, now)
      bounces.set(idOf(event), result.bounce)
      address = result.address ?? address
      why = result.why
    }
    return { why, address }
  }
  t.match(after(on(11, now)), { why: 'awaiting-confirmation', address: { block: null, awaiting: { length: 1 } } })
  t.match(after(on(11, now), on(12, now + day)), { why: 'blacklisted', address: { awaiting: [], block: { rule: weak.rule } } })
  t.match(after(on(11, now), on(12, now + hour)), { why: 'awaiting-confirmation' }, 'two mails on one day')
  t.match(after(on(11, now), on(11, now)), { why: 'duplicate' }, 'one mail twice')
  const sameMail = { ...on(11, now), receivedAt: now + day }
  t.match(after(on(11, now), sameMail), { why: 'duplicate' }, 'one mail on two days')
  t.match(
    after(on(11, now), on(12, now), on(13, now), on(14, now)),
    { address: { awaiting: { length: 2 } } },
    'no more are kept than can matter',
  )
  t.match(
    after(on(11, now), returned({ message: mail([jean.address], { seq: 12 }) })),
    { why: 'blacklisted' },
    'a plain hard return needs none',
  )
  const taken = after({ ...on(11, now), grade: 'single' }, { ...on(11, now), verdict: full })
  t.equal(taken.why, 'soft')
  t.strictSame(taken.address?.awaiting, [], 'a record that no longer waits takes its place with it')
  const proof = after({ ...on(11, now), grade: 'single' }, sameMail, on(12, now + day))
  t.equal(proof.why, 'awaiting-confirmation', 'better proof of one mail a day later is neither a second mail nor a second day')
  t.equal(proof.address?.awaiting.length, 2)
  const other = { ...on(12, now + day), verdict: { ...weak, rule: 'another' } }
  t.match(after(on(11, now), other), { why: 'awaiting-confirmation' }, 'each rule by itself')
})

t.test('several recipients of one report, each with its own fate', async t => {
  const message = mail(['a@example.com', 'b@example.com', 'c@example.com'])
  const [a, b, c] = message.recipients.map(one => ({ fate: 'recipient', recipient: one }) as const)
  if (!a || !b || !c) throw new TypeError('three recipients')
  const events = [
    returned({ message, match: a }),
    returned({ message, match: b, verdict: full }),
    returned({ message, match: c, action: 'delivered' }),
    returned({ message, match: { fate: 'not-a-recipient', address: 'Stranger@Example.net' } }),
    returned({ message, match: a, evidence: 'named twice' }),
  ]
  const { changes, judgements } = foldReturns(
    { addresses: new Map(), bounces: new Map(), seq: 20 },
    events,
    () => noSigns,
    wholePolicy,
    now,
  )
  t.strictSame(
    judgements.map(({ why }) => why),
    ['blacklisted', 'soft', 'not-a-failure', 'not-a-recipient', 'duplicate'],
  )
  t.match(changes.addresses, [
    { key: 'a@example.com', block: { address: 'a@example.com' } },
    { key: 'b@example.com', block: null },
    { block: null },
  ])
  t.equal(changes.addresses?.length, 3)
  t.equal(changes.bounces?.length, 4)
  t.equal(changes.audit?.length, 1)
  t.match(changes.bounces?.[3], { address: 'Stranger@Example.net', key: 'stranger@example.net', counted: false })
})

t.test("the operator's never list", async t => {
  const list = ['vip@Example.com', 'partner.example', '@only.example', 'bücher.example', ' spaced.example ']
  for (const address of [
    'vip@example.com',
    'x@partner.example',
    'x@mail.PARTNER.example',
    'x@only.example',
    'x@xn--bcher-kva.example',
    'x@spaced.example',
  ])
    t.ok(isNever(list, keyOf(address)), address)
  for (const address of ['x@example.com', 'x@notpartner.example', 'x@sub.only.example', 'vip@example.net', 'x@example'])
    t.notOk(isNever(list, keyOf(address)), address)
  t.notOk(isNever([], keyOf('x@example.com')))
})

t.test('the status of an address', async t => {
  const hours = { okAfterHours: 72 }
  const moment = (seq: number, at = now - 80 * hour) => ({ seq, at })
  const block = judge(facts(), returned(), policy, now).address?.block ?? null
  for (const [status, record, accepted, what] of [
    ['unknown', null, null, 'never heard of'],
    ['ok', null, moment(5), 'accepted long enough ago'],
    ['ok', null, moment(5, now - 72 * hour), 'to the millisecond'],
    ['unknown', null, moment(5, now - 72 * hour + 1), 'accepted just now'],
    ['ok', known({ lastDelivered: moment(5, now) }), null, 'reported as delivered'],
    ['blacklisted', known({ block }), moment(50), 'a block in force'],
    ['blacklisted', known({ block: block && { ...block, until: now + 1 } }), null, 'a block that ends later'],
    ['unknown', known({ block: block && { ...block, until: now } }), null, 'a block that has ended'],
    ['unknown', known({ lastHard: moment(6) }), moment(5), 'accepted before the hard return'],
    ['ok', known({ lastHard: moment(6) }), moment(7), 'accepted after it'],
    ['unknown', known({ lastUnblock: { ...moment(6), by: null, why: '' } }), moment(5), 'just unblocked'],
    ['ok', known({ lastUnblock: { ...moment(6), by: null, why: '' } }), moment(7), 'unblocked, and accepted since'],
    [
      'unknown',
      known({ lastUnblock: { ...moment(8), by: null, why: '' }, lastDelivered: moment(7) }),
      moment(5),
      'delivered before the unblock',
    ],
    ['ok', known({ lastHard: moment(6), lastDelivered: moment(7) }), moment(5), 'delivered after the hard return'],
  ] as const)
    t.equal(addressStatus(record, accepted, now, hours), status, what)
})

t.test('any returns in any order, repeated at will, keep what must hold', async t => {
  const mails = [10, 12, 14].map(seq => mail(['a@example.com', 'b@example.com'], { seq, at: now - 9 * day }))
  const after = mails.at(-1)
  const event: fc.Arbitrary<ReturnEvent> = fc
    .record({
      message: fc.constantFrom(...mails),
      who: fc.constantFrom(0, 1),
      fate: fc.constantFrom('recipient' as const, 'via-forward' as const),
      action: fc.constantFrom('failed' as const, 'delayed' as const, 'delivered' as const),
      grade: fc.constantFrom('proven' as const, 'single' as const, 'claimed' as const),
      verdict: fc.constantFrom(dead, full, weak, deadDomain),
      receivedAt: fc.constantFrom(now - 2 * day, now - day, now, now + 2 * day),
    })
    .map(({ who, fate, ...more }) => {
      const to = more.message.recipients[who]
      if (!to) throw new TypeError('two recipients')
      return returned({ ...more, match: { fate, recipient: to } })
    })
  const unblock = fc.constantFrom('a@example.com', 'b@example.com').map(address => ({ unblock: keyOf(address) }))
  const step = fc.oneof({ weight: 6, arbitrary: event }, { weight: 1, arbitrary: unblock })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const addresses = new Map<AddressKey, AddressRecord>()
        const bounces = new Map<string, Bounce>()
        for (const one of steps.flatMap(step => [step, step])) {
          if ('unblock' in one) {
            const record = addresses.get(one.unblock)
            // Numbered between the second mail and the third.
            if (record?.block)
              addresses.set(one.unblock, { ...record, block: null, awaiting: [], lastUnblock: { seq: 13, at: now, by: null, why: '' } })
            continue
          }
          const { changes } = foldReturns({ addresses, bounces, seq: 20 }, [one], () => noSigns, wholePolicy, now)
          for (const record of changes.addresses ?? []) addresses.set(record.key, record)
          for (const bounce of changes.bounces ?? []) {
            const was = bounces.get(bounce.id)
            if (was?.counted) throw new Error('a record that counted was changed')
            bounces.set(bounce.id, bounce)
          }
          const record = addresses.get(keyOf('a@example.com'))
          if (record?.block && record.lastUnblock && record.block.messageId !== after?.id) throw new Error('older mail blocked again')
        }
        for (const record of addresses.values()) {
          const own = [...bounces.values()].filter(({ key }) => key === record.key)
          const counted = own.filter(bounce => bounce.counted)
          if (record.counts.hard !== counted.length) throw new Error('not one count for each record that counted')
          if (record.counts.soft !== own.filter(({ why }) => why === 'soft').length) throw new Error('soft counts')
          if (record.block && !counted.some(({ id }) => id === record.block?.bounceId)) throw new Error('a block of nothing that counted')
          if (record.awaiting.length > 2 * 2) throw new Error('too many wait')
          if (Object.values(record.counts).some(figure => figure < 0)) throw new Error('a negative count')
          if (own.some(({ grade, counted }) => counted && grade === 'claimed')) throw new Error('a claim counted')
          if (own.some(({ why, counted }) => counted !== (why === 'blacklisted'))) throw new Error('why and counted differ')
        }
        return true
      }),
      { numRuns: 500 },
    ),
  )
})
