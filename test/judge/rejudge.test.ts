/**
 * Kept returns through other rules: verdicts change, ids do not; what people decided stands; pages go on where they stopped.
 */
import t, { type Test } from 'tap'
import type { RuleSet } from '../../src/classify/compile-rules.ts'
import { parseRuleFile } from '../../src/classify/rule-file.ts'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { block, unblock } from '../../src/judge/by-hand.ts'
import { decide } from '../../src/judge/decide.ts'
import { createRejudge, type RejudgedPage } from '../../src/judge/rejudge.ts'
import { createReplyJudge } from '../../src/judge/replies.ts'
import { createReportJudge } from '../../src/judge/report-judge.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { Report } from '../../src/report/report.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { parseReply } from '../../src/smtp/reply.ts'
import type { JournalRecipient, Message } from '../../src/store/message-records.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import { tempStore } from '../support/temp-store.ts'
import { hour, keyOf, mail, now, recipient, report, reported, stored, wholePolicy } from './material.ts'

const returnPath = {
  address: (id: string) => `b-${id}@bounces.shop.example`,
  readEnvelopeId: () => ({ ok: false, why: 'foreign' }) as const,
}
const gone = '550 5.1.1 User unknown'
const odd = '550 zebra crossing closed'
/** The shipped rules, and one of the operator's that takes the words for something else. */
function rulesThatSay(phrase: string, gives: string): RuleSet {
  const parsed = parseRuleFile({
    rules: [{ id: 'own-rule', gives, when: { says: [phrase] }, sample: phrase === 'user unknown' ? gone : odd }],
  })
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems))
  return parsed.rules
}
const unknownIsFull = rulesThatSay('user unknown', 'mailbox_full')
const zebraIsDead = rulesThatSay('zebra crossing', 'inactive_address')

/** A store with returns that were judged by the shipped rules. */
async function archive(t: Test) {
  const store = await tempStore(t, { now: () => now })
  let rules = shippedRules
  const reports = new Map<string, Report>()
  const deps = {
    store,
    policy: wholePolicy,
    metrics: createMetrics('0'),
    log: createLog('silent'),
    now: () => now,
    rules: () => rules,
    returnPath,
  }
  const judgeReport = createReportJudge({ ...deps, forwarding: { forwardTo: 'none', postmaster: null } })
  const judgeReplies = createReplyJudge(deps)
  const rejudge = createRejudge({
    ...deps,
    parse: async raw => {
      const found = reports.get(raw.toString())
      if (!found) throw new Error('cannot be read')
      return found
    },
  })
  let mails = 0
  const sent = async (to: readonly (string | JournalRecipient)[], given: Partial<Message> = {}) => {
    const {
      seq: _,
      outcome: __,
      ...draft
    } = mail(to, { list: 'autumn', ...given, id: makeId(now - hour, Buffer.from([4, 0, 0, mails++])) })
    return store.appendMessage(draft, [])
  }
  const bounced = async (address: string, diagnostic: string): Promise<Bounce> => {
    const message = await sent([address])
    const one = stored(message.id)
    const read = report([reported(address, { diagnostic, status: null, replyCode: 550 })])
    reports.set(one.id, read)
    await store.acceptReport(one, Buffer.from(one.id))
    const { bounceIds } = await judgeReport(one, read)
    const bounce = await store.bounce(bounceIds[0] ?? '')
    if (!bounce) throw new TypeError('a return is recorded')
    return bounce
  }
  const run = async (with_: RuleSet, dryRun = false, limit = 100) => {
    rules = with_
    const pages: RejudgedPage[] = []
    for (let cursor: string | null = null; ; ) {
      const page: RejudgedPage = await rejudge({
        filter: {},
        page: { limit, cursor },
        dryRun,
        by: 'ops',
        why: 'new rules',
      })
      pages.push(page)
      if (page.next === null) break
      cursor = page.next
    }
    const sum = (name: keyof (typeof pages)[0]['counts']) => pages.reduce((total, { counts }) => total + counts[name], 0)
    const counts = Object.fromEntries(
      (['changed', 'same', 'decided', 'tooOld', 'gone', 'other', 'blocks', 'restores'] as const).map(name => [name, sum(name)]),
    )
    return { counts, changed: pages.flatMap(page => page.changed), pages: pages.length }
  }
  const blocked = async (address: string) => (await store.lookup([keyOf(address)], now))[0] !== null
  return { store, sent, bounced, run, blocked, judgeReplies, reports }
}

t.test('a return that today is soft lifts its block, its id stays, and a dry run only says so', async t => {
  const { store, bounced, run, blocked } = await archive(t)
  const bounce = await bounced('jean@example.com', gone)
  t.equal(bounce.why, 'blacklisted')
  const before = await store.address(keyOf('jean@example.com'))
  const dry = await run(unknownIsFull, true)
  t.match(dry.counts, { changed: 1, restores: 1, blocks: 0, same: 0 })
  t.match(dry.changed, [
    {
      id: bounce.id,
      from: { rule: bounce.rule, counted: true },
      to: { category: 'mailbox_full', type: 'soft', rule: 'own-rule', counted: false, why: 'soft' },
    },
  ])
  t.ok(await blocked('jean@example.com'))
  t.strictSame(await store.address(keyOf('jean@example.com')), before)
  t.strictSame(await store.bounce(bounce.id), bounce, 'nothing was done')

  t.match((await run(unknownIsFull)).counts, { changed: 1, restores: 1 })
  t.notOk(await blocked('jean@example.com'))
  t.match(await store.bounce(bounce.id), {
    id: bounce.id,
    receivedAt: bounce.receivedAt,
    rule: 'own-rule',
    counted: false,
    mail: { list: 'autumn' },
  })
  t.match(await store.address(keyOf('jean@example.com')), { block: null, lastHard: null, counts: { hard: 0, soft: 1, uncounted: 0 } })
  t.same((await store.list('autumn'))?.counts, { 'soft.mailbox_full': 1 }, 'the counters follow')
  t.match((await store.audit({ key: keyOf('jean@example.com') }, { limit: 1, cursor: null })).items, [
    { op: 'rejudge', actor: 'hand', by: 'ops' },
  ])
  t.match((await run(unknownIsFull)).counts, { changed: 0, same: 1 }, 'again: nothing more')

  t.match((await run(shippedRules)).counts, { changed: 1, blocks: 1 }, 'and back')
  t.match(await store.address(keyOf('jean@example.com')), { block: { rule: bounce.rule }, counts: { hard: 1, soft: 0, uncounted: 0 } })
  t.same((await store.list('autumn'))?.counts, { 'hard.invalid_address': 1 })
})

t.test('a return that nobody could classify blacklists once a rule knows it', async t => {
  const { bounced, run, blocked } = await archive(t)
  const bounce = await bounced('jean@example.com', odd)
  t.match(bounce, { type: 'soft', counted: false })
  t.match((await run(zebraIsDead)).counts, { changed: 1, blocks: 1 })
  t.ok(await blocked('jean@example.com'))
})

t.test('what people decided stands, before and after the return', async t => {
  const { store, bounced, run, blocked } = await archive(t)
  const hand = { by: 'support', why: 'he rang', now }
  await bounced('lifted@example.com', odd)
  await bounced('lifted-hard@example.com', gone)
  await bounced('by-hand@example.com', gone)
  const claimed = await bounced('dismissed@example.com', odd)
  for (const address of ['lifted@example.com', 'lifted-hard@example.com']) {
    const key = keyOf(address)
    await block(store, { ...hand, key, address, until: null })
    await unblock(store, { ...hand, key })
  }
  await block(store, { ...hand, key: keyOf('by-hand@example.com'), address: 'by-hand@example.com', until: null })
  await store.update({ keys: [claimed.key], bounceIds: [claimed.id] }, () => ({
    changes: { bounces: [{ ...claimed, type: 'hard', why: 'origin-unproven' }] },
    result: null,
  }))
  await decide(store, wholePolicy, claimed.id, { ...hand, verb: 'dismiss' })

  t.match((await run(zebraIsDead)).counts, { decided: 1, blocks: 0 }, 'mail of before the unblock does not block again')
  t.notOk(await blocked('lifted@example.com'))
  t.match((await run(unknownIsFull)).counts, { decided: 1, restores: 0 })
  t.ok(await blocked('by-hand@example.com'), 'a block by hand is not lifted')
  await run(shippedRules)
  t.notOk(await blocked('lifted-hard@example.com'), 'put back in its place, before the unblock')
  t.match(await store.bounce(claimed.id), { why: 'dismissed' })
})

t.test('replies are judged again from the journal; what cannot be read any more stays as it is', async t => {
  const { store, sent, bounced, run, judgeReplies, reports } = await archive(t)
  const said = parseReply([gone])
  if (!said.ok) throw new TypeError(said.why)
  await judgeReplies(await sent([{ ...recipient('reply@example.com', 'refused'), reply: said.reply }]))
  t.equal(await store.blacklistedCount(), 1)
  await bounced('unread@example.com', gone)
  reports.clear()
  t.match((await run(unknownIsFull)).counts, { changed: 1, restores: 1, gone: 1 })
  t.equal(await store.blacklistedCount(), 1)
})

t.test('it goes page by page, each return once', async t => {
  const { store, bounced, run } = await archive(t)
  for (let n = 0; n < 7; n++) await bounced(`user${n}@example.com`, gone)
  const done = await run(unknownIsFull, false, 3)
  t.match(done.counts, { changed: 7, restores: 7 })
  t.ok(done.pages >= 3)
  t.equal(await store.blacklistedCount(), 0)
})
