/**
 * The part of the Store's definition that counts: lists, hours, failing domains.
 */
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Page, PageRequest } from '../../src/store/page.ts'
import type { Store } from '../../src/store/store.ts'
import { addCounts, type Counts, type ListRecord, stepMs, stepOf, type Tally, type TallyRequest } from '../../src/store/tally.ts'
import type { OpenStore } from './contract.ts'
import { commit, day, message, minute, start } from './samples.ts'

const hour = 60 * minute
const accepted = { outcome: 'accepted', at: start, reply: { code: 250, text: ['Ok'] }, upstreamId: null } as const

/** Every list, page by page. */
async function listsOf(store: Store, limit: number): Promise<ListRecord[]> {
  const items: ListRecord[] = []
  for (let page: PageRequest | null = { limit, cursor: null }; page; ) {
    const found: Page<ListRecord> = await store.lists(page)
    items.push(...found.items)
    page = found.next === null ? null : { limit, cursor: found.next }
  }
  return items
}

/** The steps of a time, in order. */
async function stepsOf(store: Store, request: Partial<TallyRequest>): Promise<(readonly [number, Counts])[]> {
  const steps = await store.tallies({ of: 'all', since: 0, until: start + 100 * day, step: 'hour', ...request })
  return steps.map(({ at, counts }) => [at, counts] as const).sort(([a], [b]) => a - b)
}

export async function tallyContract(t: Test, open: OpenStore): Promise<void> {
  await t.test('a mail, its outcome and its returns count for its list, for all mail, and by the hour', async t => {
    const { store, reopen } = await open(t, { now: () => start })
    t.same(await store.list('autumn'), null)
    t.same(await store.list(null), null)
    const mail = message({ list: 'autumn', subject: 'Leaves', template: 'news' })
    await store.appendMessage(mail, [], { list: 'autumn', at: start, adds: { refusedByUs: 2 } })
    store.settleMessage(mail.id, accepted, { list: 'autumn', at: start, adds: { sent: 1, recipients: 3 } })
    await commit(store, { tallies: [{ list: 'autumn', at: start + hour, adds: { 'hard.invalid_address': 1 }, domain: 'example.org' }] })
    await store.appendMessage(message(), [], { list: null, at: start + 2 * hour, adds: { refusedByUpstream: 1 } })
    const check = async (kept: Store) => {
      t.same(await kept.list('autumn'), {
        list: 'autumn',
        template: 'news',
        subject: 'Leaves',
        firstAt: start,
        lastAt: start,
        counts: { refusedByUs: 2, sent: 1, recipients: 3, 'hard.invalid_address': 1 },
      })
      t.match(await kept.list(null), { list: null, subject: null, counts: { refusedByUpstream: 1 } })
      t.same(await stepsOf(kept, { of: { list: 'autumn' } }), [
        [start, { refusedByUs: 2, sent: 1, recipients: 3 }],
        [start + hour, { 'hard.invalid_address': 1 }],
      ])
      t.same(await stepsOf(kept, { of: { list: null } }), [[start + 2 * hour, { refusedByUpstream: 1 }]])
      t.equal((await stepsOf(kept, {})).length, 3)
      t.same(await stepsOf(kept, { step: 'day' }), [
        [stepOf(start, 'day'), { refusedByUs: 2, sent: 1, recipients: 3, 'hard.invalid_address': 1, refusedByUpstream: 1 }],
      ])
      t.same(await stepsOf(kept, { since: start + hour, until: start + 2 * hour }), [[start + hour, { 'hard.invalid_address': 1 }]])
      t.same(await listsOf(kept, 1), [await kept.list('autumn')], 'mail without a list is none of the lists')
    }
    await check(store)
    await check(await reopen())
  })

  await t.test('sums are those of all events, in whatever company they were committed', async t => {
    const tally: fc.Arbitrary<Tally> = fc.record({
      list: fc.constantFrom(null, 'a', 'ab', '*', '=a', '', '#', '\0', 'x'.repeat(400)),
      at: fc.integer({ min: start, max: start + 3 * day }),
      adds: fc.dictionary(
        fc.constantFrom('sent', 'complaints', 'soft.mailbox_full'),
        fc.integer({ min: -2, max: 5 }),
      ) as fc.Arbitrary<Counts>,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(tally, { minLength: 1, maxLength: 30 }), async tallies => {
        const { store } = await open(t, { now: () => start })
        const settled = message()
        await store.appendMessage(settled, [])
        await Promise.all(
          tallies.map((one, n) => (n % 3 ? commit(store, { tallies: [one] }) : store.settleMessage(settled.id, accepted, one))),
        )
        for (const list of new Set(tallies.map(one => one.list))) {
          const own = tallies.filter(one => one.list === list)
          const wanted = addCounts(...own.map(({ adds }) => adds))
          const record = await store.list(list)
          if (record) t.same(record.counts, wanted)
          else t.same(wanted, {})
          for (const step of ['hour', 'day'] as const) {
            const steps = await store.tallies({ of: { list }, since: start, until: start + 4 * day, step })
            t.same(addCounts(...steps.map(({ counts }) => counts)), wanted)
            t.ok(steps.every(({ at }) => at % stepMs[step] === 0))
          }
        }
        await store.close()
      }),
      { numRuns: 5 },
    )
  })

  await t.test('lists are given by their first mail, latest first, and remember what the latest said', async t => {
    const { store } = await open(t, { now: () => start })
    for (const [n, list] of ['one', 'two', 'three', 'two', 'ünïcode/…'].entries())
      await store.appendMessage(message({ list, at: start + n * minute, subject: `Mail ${n}` }), [])
    for (const limit of [1, 2, 10])
      t.same(
        (await listsOf(store, limit)).map(({ list }) => list),
        ['ünïcode/…', 'three', 'two', 'one'],
      )
    t.match(await store.list('two'), { subject: 'Mail 3', firstAt: start + minute, lastAt: start + 3 * minute, counts: {} })
  })

  await t.test('domains are given with the most returns first; what was taken back is gone', async t => {
    const { store } = await open(t, { now: () => start })
    const fail = (domain: string, at: number, adds: Counts) => commit(store, { tallies: [{ list: null, at, adds, domain }] })
    await fail('a.test', start, { 'hard.invalid_address': 1 })
    await fail('b.test', start, { 'soft.mailbox_full': 2 })
    await fail('b.test', start + day, { 'hard.invalid_address': 1 })
    await fail('c.test', start, { 'soft.no_answer': 1 })
    await fail('c.test', start, { 'soft.no_answer': -1 })
    t.same(await store.failingDomains(start, start + 2 * day, 10), [
      { domain: 'b.test', hard: 1, soft: 2 },
      { domain: 'a.test', hard: 1, soft: 0 },
    ])
    t.same(await store.failingDomains(start, start + day - (start % day), 1), [{ domain: 'b.test', hard: 0, soft: 2 }])
    t.same(await store.failingDomains(start + 5 * day, start + 6 * day, 10), [])
  })
}
