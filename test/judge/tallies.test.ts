/**
 * What is counted for lists: by mails, by returns, by reports, however often they come.
 */
import fc from 'fast-check'
import t from 'tap'
import { verdictOf } from '../../src/classify/verdict.ts'
import { noSigns } from '../../src/judge/conditions.ts'
import { foldReturns } from '../../src/judge/judge-returns.ts'
import type { ReturnEvent } from '../../src/judge/return-event.ts'
import { talliesOfReport, tallyOfMail, tallyOfOutcome } from '../../src/judge/tallies.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import { addCounts, type Counts } from '../../src/store/tally.ts'
import { dead, full, hour, mail, now, recipient, returned, wholePolicy } from './material.ts'

const autumn = mail(['jean@example.com', recipient('ann@example.com', 'blacklisted'), recipient('bob@example.com', 'refused')], {
  list: 'autumn',
})

t.test('a mail counts what refused its recipients, and its outcome who got it', async t => {
  t.same(tallyOfMail(autumn), { list: 'autumn', at: autumn.at, adds: { refusedByUs: 1, refusedByUpstream: 1 } })
  t.same(tallyOfMail(mail(['jean@example.com'])).adds, {}, 'most mails: nothing')
  for (const [outcome, adds] of [
    ['accepted', { sent: 1, recipients: 1 }],
    ['refused', { refusedByUpstream: 1 }],
    ['deferred', {}],
    ['aborted', {}],
    ['indeterminate', {}],
  ] as const)
    t.same(tallyOfOutcome('autumn', autumn.recipients, { outcome, at: now, reply: reply(outcome === 'accepted' ? 250 : 554, null, 'x') }), {
      list: 'autumn',
      at: now,
      adds,
    })
  t.same(tallyOfOutcome(null, autumn.recipients, { outcome: 'refused', at: now, reply: null }).adds, {}, 'refused by us: counted already')
})

/** Judges events one after another, each on what those before it left; gives all that was counted. */
function counted(events: readonly ReturnEvent[]): { counts: Counts; bounces: readonly Bounce[]; domains: readonly (string | undefined)[] } {
  const bounces = new Map<string, Bounce>()
  const tallies = events.flatMap((event, index) => {
    const { changes } = foldReturns({ addresses: new Map(), bounces, seq: 20 + index }, [event], () => noSigns, wholePolicy, now)
    for (const one of changes.bounces ?? []) bounces.set(one.id, one)
    return changes.tallies ?? []
  })
  return { counts: addCounts(...tallies.map(({ adds }) => adds)), bounces: [...bounces.values()], domains: tallies.map(one => one.domain) }
}

t.test('a return counts once, under what it last said', async t => {
  const message = mail(['jean@example.com'], { list: 'autumn' })
  const hard = returned({ message })
  const soft = returned({ message, verdict: full, grade: 'single' })
  t.same(counted([hard, hard, hard]).counts, { 'hard.invalid_address': 1 })
  t.same(counted([soft, hard]).counts, { 'hard.invalid_address': 1 }, 'proof takes the soft return back')
  t.same(counted([hard, soft]).counts, { 'hard.invalid_address': 1 })
  t.same(counted([soft]), { counts: { 'soft.mailbox_full': 1 }, bounces: counted([soft]).bounces, domains: ['example.com'] })
  t.same(counted([returned({ message, action: 'delivered' })]).counts, {}, 'a delivery is no return')
  t.same(counted([returned({ message, action: 'delayed' })]).counts, {})
  t.same(counted([returned({ message, kind: 'complaint' })]).counts, {}, 'a complaint is counted with its report')
  t.same(counted([returned({ message: null })]).counts, {}, 'nor what is about none of our mails')
  t.same(counted([returned({ message, match: { fate: 'not-a-recipient', address: 'x@example.net' } })]).counts, {})
})

t.test('whatever comes in whatever order, the sums are those of the records', async () => {
  const message = mail(['a@one.test', 'b@one.test', 'c@two.test'], { list: 'autumn' })
  const event = fc.record({
    who: fc.constantFrom(...message.recipients),
    verdict: fc.constantFrom(dead, full, verdictOf('moved_address', 'x'), verdictOf('no_answer', 'y')),
    grade: fc.constantFrom('proven' as const, 'single' as const, 'claimed' as const),
    action: fc.constantFrom('failed' as const, 'failed' as const, 'delivered' as const),
    hours: fc.integer({ min: 0, max: 50 }),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), given => {
      const { counts, bounces } = counted(
        given.map(({ who, hours, ...rest }) =>
          returned({ message, ...rest, receivedAt: now + hours * hour, match: { fate: 'recipient', recipient: who } }),
        ),
      )
      const failed = bounces.filter(({ action }) => action === 'failed')
      const wanted = addCounts(...failed.map(({ type, category }) => ({ [`${type}.${category}`]: 1 })))
      return JSON.stringify(Object.entries(counts).sort()) === JSON.stringify(Object.entries(wanted).sort())
    }),
  )
})

t.test('complaints and automatic replies count by their report', async t => {
  t.same(talliesOfReport('complaint', autumn, now), [{ list: 'autumn', at: now, adds: { complaints: 1 } }])
  t.same(talliesOfReport('auto_reply', mail([]), now), [{ list: null, at: now, adds: { autoReplies: 1 } }])
  for (const kind of ['bounce', 'delay', 'success', 'mdn', 'challenge', 'other'] as const)
    t.same(talliesOfReport(kind, autumn, now), [], kind)
  t.same(talliesOfReport('complaint', null, now), [], 'about none of our mails')
})
