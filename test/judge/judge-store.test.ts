import t, { type Test } from 'tap'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { block, unblock } from '../../src/judge/by-hand.ts'
import { createReplyJudge } from '../../src/judge/replies.ts'
import { createReportJudge } from '../../src/judge/report-judge.ts'
import { createScreen } from '../../src/judge/screen.ts'
import { acceptedBefore, addressStatus } from '../../src/judge/status.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { Report, ReportedRecipient } from '../../src/report/report.ts'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { JournalRecipient, Message } from '../../src/store/message-records.ts'
import type { StoredReport, Why } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { tempStore } from '../support/temp-store.ts'
import { day, hour, keyOf, mail, now, recipient, report, reported, stored, wholePolicy } from './material.ts'

const firstPage = { limit: 100, cursor: null }
/** Return paths that show their message. */
const returnPath = createReturnPath({
  address: 'b-{token}@{domain}',
  domain: 'bounces.shop.example',
  keys: [Buffer.alloc(32, 7)],
  maxAgeDays: 30,
})
const gone = { action: 'failed', status: '5.1.2', replyCode: null, diagnostic: 'Host or domain name not found' } as const

/** A store, the judges on it, and short words for what tests do. */
async function court(t: Test, more: { forwardTo?: string; postmaster?: string; clock?: () => number } = {}) {
  const clock = more.clock ?? (() => now)
  const store = await tempStore(t, { now: clock })
  const metrics = createMetrics('0')
  const log = createLog('silent')
  const deps = { store, policy: wholePolicy, metrics, log, now: clock, rules: () => shippedRules, returnPath }
  const judge = createReportJudge({ ...deps, forwarding: { forwardTo: more.forwardTo ?? 'original', postmaster: more.postmaster ?? null } })
  let mails = 0
  return {
    store,
    metrics,
    judge,
    judgeReplies: createReplyJudge(deps),
    /** Journals a mail. */
    async sent(to: readonly (string | JournalRecipient)[], given: Partial<Message> = {}): Promise<Message> {
      const at = given.at ?? now - hour
      const { seq: _, outcome, ...draft } = mail(to, { ...given, at, id: makeId(at, Buffer.from([2, 0, 0, mails++])) })
      const message = await store.appendMessage(draft, [])
      if (outcome) store.settleMessage(message.id, outcome)
      return message
    },
    /** Stores and judges a report about a mail; gives the `why` of each record it made or met. */
    async returned(messageId: string, recipients: readonly ReportedRecipient[], given: Partial<StoredReport> & { kind?: 'success' } = {}) {
      const { kind = 'bounce', ...rest } = given
      const one = stored(messageId, rest)
      await store.acceptReport(one, Buffer.from('the report'))
      const { bounceIds } = await judge(one, report(recipients, { kind }))
      return Promise.all(bounceIds.map(async id => (await store.bounce(id))?.why))
    },
    async status(address: string) {
      const key = keyOf(address)
      return addressStatus(
        await store.address(key),
        await store.lastAccepted(key, acceptedBefore(clock(), wholePolicy)),
        clock(),
        wholePolicy,
      )
    },
  }
}

const figure = async (metric: { get(): Promise<{ values: { value: number; labels: object }[] }> }) =>
  (await metric.get()).values.map(({ value, labels }) => ({ value, ...labels }))

t.test('a proven report blacklists, its mail is owed to the sender, all in one commit', async t => {
  const { store, metrics, judge, sent, status } = await court(t)
  const message = await sent([recipient('jean@example.com', 'relayed', 'Jean Dupont')])
  const one = stored(message.id)
  await store.acceptReport(one, Buffer.from('the report'))
  const { bounceIds } = await judge(one, report([reported('jean@example.com')]))
  t.equal(await status('jean@example.com'), 'blacklisted')
  t.match(await store.bounce(bounceIds[0] ?? ''), {
    why: 'blacklisted',
    category: 'invalid_address',
    reportId: one.id,
    mail: { subject: 'Your order', recipientName: 'Jean Dupont', sentAt: message.at },
  })
  t.match(await store.report(one.id), { judged: { at: now, kind: 'bounce', bounceIds, problem: null } })
  t.strictSame(await store.pendingReports(10), [])
  t.match(await store.dueOutbox(now, 10), [{ id: one.id, reportId: one.id, to: 'news@shop.example', attempts: 0 }])
  t.match((await store.audit({}, firstPage)).items, [{ op: 'block', actor: 'return', key: 'jean@example.com' }])
  t.strictSame(await figure(metrics.bounces), [{ value: 1, source: 'dsn', type: 'hard', category: 'invalid_address' }])
  t.strictSame(await figure(metrics.blacklistChanges), [{ value: 1, op: 'block', actor: 'return' }])

  t.test('judging it again, as after a crash, changes nothing more', async t => {
    const before = await store.address(keyOf('jean@example.com'))
    const [owed] = await store.dueOutbox(now, 10)
    if (!owed) throw new TypeError('one mail is owed')
    await store.settleOutbox(owed, true)
    t.strictSame(await judge(one, report([reported('jean@example.com')])), { bounceIds })
    t.strictSame(await store.address(keyOf('jean@example.com')), before)
    t.strictSame(await store.dueOutbox(now, 10), [], 'and what was sent is not owed again')
    t.equal((await store.bounces({}, firstPage)).items.length, 1)
    t.equal((await store.audit({}, firstPage)).items.length, 1)
    t.strictSame(await figure(metrics.bounces), [{ value: 1, source: 'dsn', type: 'hard', category: 'invalid_address' }])
  })
  t.test('nor does the same return in another report', async t => {
    const other = stored(message.id, { receivedAt: now + hour })
    await store.acceptReport(other, Buffer.from('the report'))
    t.strictSame(await judge(other, report([reported('jean@example.com', { diagnostic: '550 other words' })])), { bounceIds })
    t.match(await store.address(keyOf('jean@example.com')), { counts: { hard: 1, soft: 0, uncounted: 0 } })
    t.match(await store.dueOutbox(now, 10), [{ id: other.id }], 'but its own forward is owed')
  })
})

t.test('recipient A of a mail to A and B sends a perfect report against B, and B passes', async t => {
  const { store, sent, returned, status } = await court(t)
  const message = await sent(['a@example.com', 'b@example.com'])
  const forged = { fromReporter: false, client: { address: '203.0.113.5', host: 'a.example' } }
  t.strictSame(await returned(message.id, [reported('b@example.com', { originalAddress: 'b@example.com' })], forged), ['origin-unproven'])
  t.equal(await status('b@example.com'), 'unknown')
  t.match(await store.lookup([keyOf('b@example.com')], now), [null])
  t.strictSame(await returned(message.id, [reported('a@example.com')], forged), ['origin-unproven'], 'nor against A')
  t.strictSame(await returned(message.id, [reported('stranger@example.com')], forged), ['not-a-recipient'])
  t.strictSame(await returned(message.id, [reported('b@example.com')]), ['blacklisted'], 'while proof overrides the claim')
})

t.test('a report from anywhere about a mail that one recipient alone has seen', async t => {
  const { sent, returned, status } = await court(t)
  const message = await sent(['a@example.com', recipient('b@example.com', 'blacklisted')])
  t.strictSame(await returned(message.id, [reported('a@example.com')], { fromReporter: false }), ['blacklisted'])
  t.equal(await status('b@example.com'), 'unknown')
})

t.test('a hard return after an unblock: of older mail it is late, of newer mail it blocks, and only with proof', async t => {
  const { store, sent, returned, status } = await court(t)
  const key = keyOf('jean@example.com')
  const deed = { key, why: 'it is back', by: 'support', now }
  const older = await sent(['jean@example.com'])
  const another = await sent(['jean@example.com'])
  t.strictSame(await returned(older.id, [reported('jean@example.com')]), ['blacklisted'])
  t.match(await unblock(store, deed), { bounceId: String, category: 'invalid_address' }, 'gives what was lifted')
  t.equal(await unblock(store, deed), null, 'nothing to lift')
  t.equal(await status('jean@example.com'), 'unknown')
  t.strictSame(await returned(another.id, [reported('jean@example.com')]), ['sent-before-unblock'])
  t.strictSame(await returned(older.id, [reported('jean@example.com')]), ['blacklisted'], 'the old record stays as it was')
  t.equal(await status('jean@example.com'), 'unknown', 'and does not block again')
  const newer = await sent(['jean@example.com'])
  t.strictSame(await returned(newer.id, [reported('jean@example.com')], { fromReporter: false }), ['unblocked-by-hand'])
  t.equal(await status('jean@example.com'), 'unknown')
  t.strictSame(await returned(newer.id, [reported('jean@example.com')]), ['blacklisted'])
  t.equal(await status('jean@example.com'), 'blacklisted')
  t.match(
    (await store.audit({ key }, firstPage)).items.map(({ op, actor }) => `${op} ${actor}`),
    ['block return', 'unblock hand', 'block return'],
  )
})

t.test('several recipients with mixed fates, in one commit', async t => {
  const { store, sent, returned, status } = await court(t)
  const message = await sent(['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com', 'e@example.com'])
  const whys = await returned(message.id, [
    reported('a@example.com'),
    reported('b@example.com', { status: '5.2.2', replyCode: 552, diagnostic: '552 5.2.2 Mailbox full' }),
    reported('c@example.com', { action: 'delivered', status: '2.0.0', replyCode: 250, diagnostic: '250 2.0.0 Ok' }),
    reported('d@example.com', { action: 'delayed', status: '4.4.1', replyCode: null, diagnostic: 'connect timed out' }),
    reported('old@elsewhere.example', { originalAddress: 'e@example.com' }),
    reported('stranger@example.net'),
    reported(null),
  ])
  const expected: Why[] = ['blacklisted', 'soft', 'not-a-failure', 'not-a-failure', 'via-forward', 'not-a-recipient', 'not-a-recipient']
  t.strictSame(whys, expected)
  for (const [who, is] of [
    ['a', 'blacklisted'],
    ['b', 'unknown'],
    ['c', 'ok'],
    ['d', 'unknown'],
    ['e', 'unknown'],
  ] as const)
    t.equal(await status(`${who}@example.com`), is, who)
  t.equal(await store.address(keyOf('stranger@example.net')), null, 'a stranger gets no record')
  t.equal((await store.bounces({ key: keyOf('stranger@example.net') }, firstPage)).items.length, 1, 'what was said of it is shown')
  t.equal(
    (await store.bounces({ key: keyOf('e@example.com') }, firstPage)).items[0]?.why,
    'via-forward',
    'a dead forward is shown with the living address',
  )
})

t.test('a mail the journal does not know', async t => {
  const { store, returned } = await court(t)
  const id = makeId(now - hour, Buffer.from([9, 9, 9, 9]))
  t.strictSame(await returned(id, [reported('jean@example.com')]), ['unknown-message'])
  t.match((await store.bounces({}, firstPage)).items, [{ messageId: null, address: 'jean@example.com', mail: null }])
  t.equal(await store.address(keyOf('jean@example.com')), null)
  t.strictSame(await store.dueOutbox(now, 10), [], 'and nobody to forward to')
})

t.test('who is to get the report afterwards', async t => {
  for (const [forwardTo, reversePath, to] of [
    ['original', 'crm@shop.example', ['crm@shop.example']],
    ['original', '', []],
    ['none', 'crm@shop.example', []],
    ['returns@shop.example', '', ['returns@shop.example']],
  ] as const) {
    const { store, judge, sent } = await court(t, { forwardTo })
    const one = stored((await sent(['jean@example.com'], { reversePath })).id)
    await store.acceptReport(one, Buffer.from('away until Monday'))
    t.strictSame(await judge(one, report([], { kind: 'auto_reply' })), { bounceIds: [] }, 'an auto-reply has no returns')
    t.strictSame(
      (await store.dueOutbox(now, 10)).map(item => item.to),
      to,
    )
    t.match(await store.report(one.id), { judged: { kind: 'auto_reply' } })
  }
})

t.test('mail to postmaster@ goes to bounce.postmaster, wherever returns go, or is kept', async t => {
  for (const forwardTo of ['original', 'none', 'returns@shop.example']) {
    for (const postmaster of [undefined, 'ops@shop.example']) {
      const { store, judge } = await court(t, postmaster === undefined ? { forwardTo } : { forwardTo, postmaster })
      const one = stored('postmaster')
      await store.acceptReport(one, Buffer.from('hello, is anybody there?'))
      await judge(one, report([], { kind: 'other' }))
      const owed = (await store.dueOutbox(now, 10)).map(item => item.to)
      t.strictSame(owed, postmaster === undefined ? [] : [postmaster], `${forwardTo}, ${postmaster}`)
    }
  }
})

t.test('a report of strangers fills no store, and what could not be read says so', async t => {
  const { store, judge, sent } = await court(t)
  const message = await sent(['a@example.com', 'b@example.com'])
  const many = stored(message.id)
  await store.acceptReport(many, Buffer.from('x'))
  const strangers = Array.from({ length: 500 }, (_, i) => reported(`user${i}@example.net`))
  const { bounceIds } = await judge(many, report([...strangers, reported('a@example.com')]))
  t.equal(bounceIds.length, 21)
  t.match(await store.report(many.id), { judged: { problem: /^480 more recipients/ } })
  const broken = stored(message.id)
  await store.acceptReport(broken, Buffer.from('x'))
  await judge(broken, report([], { kind: 'other' }), 'reading took too long')
  t.match(await store.report(broken.id), { judged: { kind: 'other', problem: 'reading took too long' } })
})

t.test('a sick resolver blacklists nobody', async t => {
  t.test('a domain of which another address was ok lives', async t => {
    const { sent, returned } = await court(t)
    const accepted = { outcome: 'accepted', reply: reply(250, null, 'Ok'), upstreamId: null } as const
    await sent(['ok@alive.example'], { at: now - 5 * day, outcome: { ...accepted, at: now - 5 * day } })
    await sent(['ok@long-ago.example'], { at: now - 20 * day, outcome: { ...accepted, at: now - 20 * day } })
    const message = await sent(['x@alive.example', 'x@long-ago.example'])
    const whys = await returned(message.id, [reported('x@alive.example', gone), reported('x@long-ago.example', gone)])
    t.strictSame(whys, ['resolver-suspect', 'blacklisted'])
  })
  t.test('a report of delivery shows life too', async t => {
    const { sent, returned } = await court(t)
    const message = await sent(['ok@alive.example', 'x@alive.example', 'ok@sandbox.test', 'nodomain-late@sandbox.test'])
    const delivered = { action: 'delivered', status: '2.0.0', diagnostic: null } as const
    await returned(message.id, [reported('ok@alive.example', delivered), reported('ok@sandbox.test', delivered)], { kind: 'success' })
    t.strictSame(await returned(message.id, [reported('x@alive.example', gone)]), ['resolver-suspect'])
    t.strictSame(
      await returned(message.id, [reported('nodomain-late@sandbox.test', gone)]),
      ['blacklisted'],
      'except where every part is played',
    )
  })
  t.test('a first campaign to an old list has many dead domains, and no resolver is to blame', async t => {
    const { store, sent, returned } = await court(t)
    const domains = Array.from({ length: 12 }, (_, n) => `dead${n}.example`)
    const late = now - 5 * day
    for (const domain of domains) {
      // The mail that came back was itself accepted long ago: that is no sign of life.
      const message = await sent([`x@${domain}`], { at: late, outcome: { outcome: 'accepted', at: late, reply: null, upstreamId: null } })
      t.strictSame(await returned(message.id, [reported(`x@${domain}`, gone)]), ['blacklisted'], domain)
    }
    t.equal(await store.blacklistedCount(), 12)
  })
  t.test('the third domain in ten minutes under one host is one too many where one was ok, also when all come at once', async t => {
    const { sent, returned } = await court(t)
    // Of one domain only, and long before: alone it would not be held.
    await sent(['y@three.example'], {
      at: now - 60 * day,
      outcome: { outcome: 'accepted', at: now - 60 * day, reply: null, upstreamId: null },
    })
    const domains = ['one.example', 'two.example', 'three.example', 'four.example']
    const mails = await Promise.all(domains.map(domain => sent([`x@${domain}`])))
    const whys = await Promise.all(mails.map((message, i) => returned(message.id, [reported(`x@${domains[i]}`, gone)])))
    t.strictSame(whys.flat().sort(), ['blacklisted', 'blacklisted', 'resolver-suspect', 'resolver-suspect'])
    const later = { receivedAt: now + 11 * 60_000 }
    const [last] = await Promise.all([sent(['x@five.example'])])
    t.strictSame(await returned(last.id, [reported('x@five.example', gone)], later), ['blacklisted'], 'eleven minutes later')
  })
  t.test('hosts are suspected one by one, and strangers to the mail are no sign', async t => {
    const { store, judge, sent } = await court(t)
    await sent(['ok@one.example'], {
      at: now - 60 * day,
      outcome: { outcome: 'accepted', at: now - 60 * day, reply: null, upstreamId: null },
    })
    for (const [i, domain] of ['one.example', 'two.example', 'three.example', 'four.example'].entries()) {
      const message = await sent([`x@${domain}`])
      const one = stored(message.id)
      await store.acceptReport(one, Buffer.from('x'))
      const { bounceIds } = await judge(one, report([reported(`x@${domain}`, gone)], { reportingMta: `out${i}.upstream.example` }))
      t.equal((await store.bounce(bounceIds[0] ?? ''))?.why, 'blacklisted', domain)
    }
  })
  t.test('three in one report are all suspect; claims are no sign', async t => {
    const { sent, returned } = await court(t)
    await sent(['ok@two.example'], {
      at: now - 60 * day,
      outcome: { outcome: 'accepted', at: now - 60 * day, reply: null, upstreamId: null },
    })
    const to = ['x@one.example', 'x@two.example', 'x@three.example']
    const claims = await sent(to)
    await returned(
      claims.id,
      to.map(address => reported(address, gone)),
      { fromReporter: false },
    )
    const single = await sent(['y@one.example'])
    t.strictSame(await returned(single.id, [reported('y@one.example', gone)]), ['blacklisted'])
    const message = await sent(to)
    const whys = await returned(
      message.id,
      to.map(address => reported(address, gone)),
    )
    t.strictSame(whys, ['resolver-suspect', 'resolver-suspect', 'resolver-suspect'])
  })
})

t.test("upstream's 5yz to RCPT is judged at once, and needs no report", async t => {
  const { store, judgeReplies, sent, returned, status, metrics } = await court(t)
  const refused = (address: string, said: JournalRecipient['reply']) => ({ ...recipient(address, 'refused'), reply: said })
  const message = await sent([
    refused('dead@example.com', reply(550, '5.1.1', 'User unknown')),
    refused('full@example.com', reply(552, '5.2.2', 'Mailbox full')),
    { ...recipient('grey@example.com', 'deferred'), reply: reply(451, '4.7.1', 'Greylisted') },
    'fine@example.com',
    recipient('known@example.com', 'blacklisted'),
  ])
  await judgeReplies(message)
  t.match(
    (await store.bouncesOf(message.id))
      .map(({ address, source, why, grade, evidence, mail }) => ({ address, source, why, grade, evidence, mail }))
      .sort((a, b) => a.address.localeCompare(b.address)),
    [
      {
        address: 'dead@example.com',
        source: 'reply',
        why: 'blacklisted',
        grade: 'proven',
        evidence: '550 5.1.1 User unknown',
        mail: { subject: 'Your order' },
      },
      { address: 'full@example.com', why: 'soft' },
    ],
  )
  t.equal(await status('dead@example.com'), 'blacklisted')
  t.equal((await store.bounces({}, firstPage)).items.length, 2)
  await judgeReplies(message)
  t.match(await store.address(keyOf('dead@example.com')), { counts: { hard: 1 } }, 'twice is once')
  t.strictSame(await returned(message.id, [reported('dead@example.com')]), ['blacklisted'], 'by a second path it is the same record')
  t.match(await figure(metrics.blacklistChanges), [{ value: 1, op: 'block', actor: 'return' }])
  t.test('a store that fails is logged, and the relay goes on', async t => {
    const broken = { update: () => Promise.reject(new StoreUnavailable('gone')), bounces: store.bounces } as unknown as Store
    const judgeBroken = createReplyJudge({
      store: broken,
      policy: wholePolicy,
      metrics,
      log: createLog('silent'),
      now: () => now,
      rules: () => shippedRules,
      returnPath,
    })
    await t.resolves(judgeBroken(message))
  })
})

t.test('blocks by hand', async t => {
  let clock = now
  const { store, status, sent, returned } = await court(t, { clock: () => clock })
  const key = keyOf('jean@example.com')
  const deed = { key, address: 'Jean@Example.com', why: 'left\r\nus', by: 'support', until: null, now }
  const screen = createScreen({ store, now: () => clock })
  await block(store, deed)
  t.match(await screen([keyOf('other@example.com'), key]), [
    null,
    { category: 'manual', evidence: 'left us', by: 'support', bounceId: null, until: null },
  ])
  t.equal(await status('jean@example.com'), 'blacklisted')
  await block(store, { ...deed, why: 'on leave', until: now + day })
  t.match(await screen([key]), [{ evidence: 'on leave', until: now + day }], 'again: replaces')
  t.equal(await store.blacklistedCount(), 1)
  clock = now + day
  t.strictSame(await screen([key]), [null], 'it ends by itself')
  t.equal(await unblock(store, { ...deed, now: clock }), null, 'and then there is nothing to lift')
  t.equal(await status('jean@example.com'), 'unknown')
  const message = await sent(['jean@example.com'], { at: now })
  t.strictSame(await returned(message.id, [reported('jean@example.com')], { receivedAt: clock }), ['blacklisted'], 'a return counts again')
  t.match(
    (await store.audit({ key }, firstPage)).items.map(({ op, actor, why }) => `${op} ${actor} ${why}`),
    [/^block return /, 'block hand on leave', 'block hand left us'],
  )
})

t.test('mode keep: a report is matched by its envelope id, else by a Message-ID, which only claims', async t => {
  const { store, judge, sent } = await court(t)
  let made = 0
  /** Judges a report that came to no token; gives its records, and whether it is owed to anybody. */
  async function handedIn(given: Partial<Report>, more: Partial<StoredReport> = {}) {
    const id = makeId(now, Buffer.from([9, 0, 0, made++]))
    const one = { ...stored(id, more), id }
    await store.acceptReport(one, Buffer.from('the report'))
    const { bounceIds } = await judge(one, { ...report([reported('jean@example.com')]), ...given })
    const [bounce] = await Promise.all(bounceIds.map(bounceId => store.bounce(bounceId)))
    return { messageId: bounce?.messageId, grade: bounce?.grade, why: bounce?.why, owed: (await store.outboxItem(id)) !== null }
  }
  const stranger = { fromReporter: false }
  const upstreamId = '0102018f3c2a-5b7e-000000'
  const to = [recipient('jean@example.com', 'relayed')]
  const accepted = { outcome: 'accepted', at: now, reply: reply(250, null, `Ok ${upstreamId}`), upstreamId } as const
  const first = await sent(to, { headerMessageId: '<1@crm.example>' })
  const second = await sent(to, { headerMessageId: '<2@crm.example>', outcome: accepted })
  const others = await sent([recipient('marie@example.com', 'relayed')], { headerMessageId: '<1@crm.example>' })

  const forged = { originalEnvelopeId: returnPath.envelopeId(first.id).replace(/.$/, '~') }
  t.same(await handedIn(forged, stranger), { messageId: null, grade: 'claimed', why: 'unknown-message', owed: false }, 'not our signature')
  t.same(
    await handedIn({ originalMessageId: '<1@crm.example>' }, { fromReporter: true }),
    { messageId: first.id, grade: 'claimed', why: 'origin-unproven', owed: false },
    'the mail of that id that went to the recipient',
  )
  t.same(
    await handedIn({ originalMessageId: `<${upstreamId}@eu-west-1.amazonses.com>` }, stranger),
    { messageId: second.id, grade: 'claimed', why: 'origin-unproven', owed: false },
    'the id that upstream put in its place',
  )
  t.same(await handedIn({ originalEnvelopeId: returnPath.envelopeId(others.id), recipients: [reported('marie@example.com')] }, stranger), {
    messageId: others.id,
    grade: 'single',
    why: 'blacklisted',
    owed: false,
  })
  t.same(await handedIn({ originalMessageId: '<9@crm.example>' }, stranger), {
    ...{ messageId: null, grade: 'claimed', why: 'unknown-message', owed: false },
  })
  const gone = returnPath.envelopeId(makeId(now - hour, Buffer.from([3, 3, 3, 3])))
  t.match(await handedIn({ originalEnvelopeId: gone }, stranger), { why: 'unknown-message', owed: false }, 'no longer in the journal')
})

t.test('words that name an address of ours are about the sender, whatever else they say', async t => {
  const { sent, returned, store, judgeReplies, status } = await court(t)
  const message = await sent([recipient('jean@example.com', 'relayed')])
  const words = (address: string) => `550 5.1.1 <${address}>: User unknown`
  for (const ours of [returnPath.address(message.id), message.reversePath]) {
    t.strictSame(await returned(message.id, [reported('jean@example.com', { diagnostic: words(ours) })]), ['soft'], ours)
  }
  t.equal(await status('jean@example.com'), 'unknown')
  t.strictSame(await returned(message.id, [reported('jean@example.com', { diagnostic: words('jean@example.com') })]), ['blacklisted'])

  const refused = { ...recipient('paul@example.com', 'refused'), reply: reply(550, '5.1.1', `<${returnPath.address('x')}>: User unknown`) }
  const second = await sent([refused])
  const named = { ...refused, reply: reply(550, '5.1.1', `<${returnPath.address(second.id)}>: User unknown`) }
  await judgeReplies({ ...second, recipients: [named] })
  t.match(await store.address(keyOf('paul@example.com')), { block: null, counts: { hard: 0, soft: 1 } })
})

t.test('a local name alone means the recipient who has it, whatever domain was guessed for it', async t => {
  const { sent, returned, status } = await court(t)
  const message = await sent(['a5@shop.test', 'x5@shop.test'])
  t.strictSame(await returned(message.id, [reported('a5@mx.example', { localName: 'a5' })]), ['blacklisted'])
  t.equal(await status('a5@shop.test'), 'blacklisted')
  t.equal(await status('x5@shop.test'), 'unknown')
})
