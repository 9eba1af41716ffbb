/**
 * The definition of the Store type: every engine must pass it, on an empty store for each part.
 */
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Change } from '../../src/store/change-records.ts'
import type { Delivery } from '../../src/store/delivery-records.ts'
import type { AuditFilter, BounceFilter, DeliveryFilter, MessageFilter, OutboxFilter } from '../../src/store/filters.ts'
import type { Message } from '../../src/store/message-records.ts'
import type { OutboxItem } from '../../src/store/outbox-record.ts'
import { BadCursor, type Page, type PageRequest } from '../../src/store/page.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import type { Incident } from '../../src/store/surge-records.ts'
import type { Changes } from '../../src/store/update.ts'
import { forgetContract } from './forget-contract.ts'
import {
  address,
  block,
  blockAddress,
  bounce,
  commit,
  day,
  idAt,
  keyOf,
  message,
  minute,
  owed,
  recipient,
  report,
  start,
} from './samples.ts'
import { tallyContract } from './tally-contract.ts'

export type OpenStore = (t: Test, options: { readonly now: () => number }) => Promise<{ store: Store; reopen(): Promise<Store> }>

const accepted = { outcome: 'accepted', at: start, reply: { code: 250, text: ['Ok'] }, upstreamId: null } as const
const first = (limit: number): PageRequest => ({ limit, cursor: null })

/** Every item of a list, page by page. */
async function all<T>(list: (page: PageRequest) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = null; ; ) {
    const page: Page<T> = await list({ limit, cursor })
    items.push(...page.items)
    if (page.items.length > limit) throw new RangeError('a page holds more than its limit')
    if (page.next === null) return items
    cursor = page.next
  }
}

/** Runs the contract; `open` gives an empty store each time. */
export function storeContract(t: Test, open: OpenStore): void {
  t.test('blocks', t => blocks(t, open))
  t.test('updates', t => updates(t, open))
  t.test('the journal', t => journal(t, open))
  t.test('returns', t => returns(t, open))
  t.test('pages', t => pages(t, open))
  t.test('reports, outbox, audit', t => work(t, open))
  t.test('the change feed and webhooks', t => telling(t, open))
  t.test('the surge guard and suspects', t => guard(t, open))
  t.test('counters', t => tallyContract(t, open))
  t.test('forgetting', t => forgetContract(t, open))
  t.test('life', t => life(t, open))
}

async function blocks(t: Test, open: OpenStore): Promise<void> {
  let now = start
  const { store } = await open(t, { now: () => now })
  const lookup = async (of: string) => (await store.lookup([keyOf(of)], now))[0]

  await t.test('a blocked address is found, its neighbours are not, and the order of the question is kept', async t => {
    await blockAddress(store, 'jean@example.org')
    const keys = ['ann@example.org', 'jean@example.org', 'jean@example.or', 'ean@example.org'].map(keyOf)
    t.same(await store.lookup(keys, now), [null, block('jean@example.org'), null, null])
    t.same(await store.lookup([], now), [])
    t.same((await store.address(keyOf('jean@example.org')))?.block, block('jean@example.org'))
    t.equal(await store.address(keyOf('ann@example.org')), null)
  })

  await t.test('a lifted block is gone everywhere when the update resolves', async t => {
    await commit(store, { addresses: [address('jean@example.org')] })
    t.equal(await lookup('jean@example.org'), null)
    t.equal((await store.address(keyOf('jean@example.org')))?.block, null)
    t.same((await store.blacklist({}, first(10))).items, [])
    t.equal(await store.blacklistedCount(), 0)
  })

  await t.test('a block ends when its time is up, to the millisecond, in every view', async t => {
    await blockAddress(store, 'brief@example.org', { until: start + minute })
    for (const [at, blocked] of [
      [start + minute - 1, true],
      [start + minute, false],
      [start + day, false],
    ] as const) {
      now = at
      t.equal((await lookup('brief@example.org')) !== null, blocked, `lookup at ${at}`)
      t.equal((await store.address(keyOf('brief@example.org')))?.block !== null, blocked, 'address')
      t.equal((await store.blacklist({}, first(10))).items.length, blocked ? 1 : 0, 'list')
      t.equal(await store.blacklistedCount(), blocked ? 1 : 0, 'count')
      await store.update({ keys: [keyOf('brief@example.org')] }, ({ addresses }) => {
        t.equal(addresses.get(keyOf('brief@example.org'))?.block !== null, blocked, 'facts')
        return { changes: {}, result: null }
      })
    }
    await blockAddress(store, 'brief@example.org', { since: now, until: now + day })
    t.equal(await store.blacklistedCount(), 1, 'blocked again')
    now = start
    await commit(store, { addresses: [address('brief@example.org')] })
    t.equal(await store.blacklistedCount(), 0)
  })

  await t.test('the blacklist is filtered by category, domain and time, alone and together, newest block first', async t => {
    const made = [
      ['a@one.test', 'invalid_address', 0],
      ['b@one.test', 'manual', 1],
      ['a@two.test', 'invalid_address', 2],
      ['b@two.test', 'inactive_address', 3],
      ['c@one.test', 'invalid_address', 4],
    ] as const
    for (const [of, category, at] of made) await blockAddress(store, of, { category, since: start + at * minute })
    for (const filter of combinations({
      category: ['invalid_address', 'manual', 'moved_address'] as const,
      domain: ['one.test', 'ONE.test.', 'none.test'],
      since: [start + minute],
      until: [start + 4 * minute],
    })) {
      const wanted = made
        .filter(
          ([of, category, at]) =>
            (filter.category === undefined || filter.category === category) &&
            (filter.domain === undefined || of.endsWith(`@${filter.domain.toLowerCase().replace(/\.$/, '')}`)) &&
            (filter.since === undefined || start + at * minute >= filter.since) &&
            (filter.until === undefined || start + at * minute < filter.until),
        )
        .map(([of]) => of)
        .reverse()
      const found = await all(page => store.blacklist(filter, page), 2)
      t.same(
        found.map(item => item.address),
        wanted,
        JSON.stringify(filter),
      )
    }
    t.equal(await store.blacklistedCount(), made.length)
  })

  await t.test('a block that replaces another stands at its own place only', async t => {
    await blockAddress(store, 'a@one.test', { category: 'manual', since: start + 9 * minute })
    const items = await all(page => store.blacklist({ domain: 'one.test' }, page), 10)
    t.same(
      items.map(item => [item.address, item.category]),
      [
        ['a@one.test', 'manual'],
        ['c@one.test', 'invalid_address'],
        ['b@one.test', 'manual'],
      ],
    )
    const invalid = await all(page => store.blacklist({ category: 'invalid_address' }, page), 10)
    t.notOk(invalid.some(item => item.address === 'a@one.test'))
  })
}

/** Every choice of one or no value for each condition. */
function combinations<F extends Record<string, readonly unknown[]>>(values: F): { [K in keyof F]?: F[K][number] }[] {
  let found: Record<string, unknown>[] = [{}]
  for (const [name, choices] of Object.entries(values))
    found = found.flatMap(filter => [filter, ...choices.map(choice => ({ ...filter, [name]: choice }))])
  return found as { [K in keyof F]?: F[K][number] }[]
}

async function updates(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })
  const key = keyOf('busy@example.org')
  const count = (to: Store, more: Changes = {}) =>
    to.update({ keys: [key] }, ({ addresses }) => {
      const record = addresses.get(key) ?? address('busy@example.org')
      const hard = record.counts.hard + 1
      return { changes: { ...more, addresses: [{ ...record, counts: { ...record.counts, hard } }] }, result: hard }
    })

  await t.test('no update of an address is lost, however many run at once', async t => {
    const results = await Promise.all(Array.from({ length: 50 }, () => count(store)))
    t.same(
      results.sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, n) => n + 1),
    )
    t.equal((await store.address(key))?.counts.hard, 50)
  })

  await t.test('updates of several addresses in opposite orders all come to an end', async t => {
    const keys = ['a@example.org', 'b@example.org', 'c@example.org'].map(keyOf)
    const raise = (of: typeof keys) =>
      store.update({ keys: of }, ({ addresses }) => {
        const changed = of.map(one => addresses.get(one) ?? address(one))
        return {
          changes: { addresses: changed.map(one => ({ ...one, counts: { ...one.counts, soft: one.counts.soft + 1 } })) },
          result: null,
        }
      })
    await Promise.all(Array.from({ length: 20 }, (_, n) => raise(n % 2 === 0 ? keys : keys.toReversed())))
    for (const one of keys) t.equal((await store.address(one))?.counts.soft, 20, one)
  })

  await t.test('a fold that throws changes nothing, gives its error, and holds up nobody', async t => {
    const before = await store.address(key)
    await t.rejects(
      store.update({ keys: [key] }, () => {
        throw new RangeError('broken fold')
      }),
      { message: 'broken fold' },
    )
    t.same(await store.address(key), before)
    t.equal(await count(store), 51)
  })

  await t.test('a fold may change only what its request named, and then nothing is done', async t => {
    const foreign = address('foreign@example.org')
    await t.rejects(
      store.update({ keys: [key] }, () => ({ changes: { addresses: [foreign] }, result: null })),
      TypeError,
    )
    await t.rejects(
      store.update({ keys: [key] }, () => ({ changes: { bounces: [bounce('busy@example.org')] }, result: null })),
      TypeError,
    )
    t.equal(await store.address(foreign.key), null)
    t.same((await store.bounces({}, first(10))).items, [])
  })

  await t.test('facts are what earlier updates wrote, and each update has a later number', async t => {
    const returned = bounce('busy@example.org')
    await commit(store, { bounces: [returned] })
    const request = { keys: [key, keyOf('new@example.org')], bounceIds: [returned.id, 'none-1'] }
    const seqs: number[] = []
    for (let n = 0; n < 3; n++)
      await store.update(request, facts => {
        seqs.push(facts.seq)
        t.same([...facts.addresses.keys()], [key])
        t.same([...facts.bounces], [[returned.id, returned]])
        t.same([facts.accepted.size, facts.neighbours.size, facts.deadDomains.length], [0, 0, 0], 'not asked for')
        return { changes: {}, result: null }
      })
    t.same(
      seqs.toSorted((a, b) => a - b),
      seqs,
    )
    t.equal(new Set(seqs).size, 3)
  })

  await t.test('everything an update changes is there together, also after the store was opened again', async t => {
    const returned = bounce('whole@example.org')
    const stored = report()
    const item = owed(start)
    const entry = { at: start, op: 'block', actor: 'return', by: null, key: returned.key, why: 'unit' } as const
    await store.acceptReport(stored, Buffer.from('raw'))
    const judged = { at: start, kind: 'bounce', bounceIds: [returned.id], problem: null } as const
    const changes = {
      addresses: [address('whole@example.org', { block: block('whole@example.org') })],
      bounces: [returned],
      report: { ...stored, judged },
      outbox: [item],
      audit: [entry],
    }
    await commit(store, changes)
    const again = await reopen()
    for (const one of [again]) {
      t.same(await one.address(returned.key), changes.addresses[0])
      t.same((await one.lookup([returned.key], start))[0], block('whole@example.org'))
      t.same(await one.bounce(returned.id), returned)
      t.same(await one.report(stored.id), { ...stored, judged })
      t.same(await one.pendingReports(10), [])
      t.same(await one.dueOutbox(start, 10), [item])
      t.same((await one.audit({ key: returned.key }, first(10))).items, [entry])
    }
  })
}

async function journal(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })

  await t.test('a mail is kept as given, with a rising number, and its outcome is added', async t => {
    const mails: Message[] = []
    for (let n = 0; n < 3; n++) mails.push(await store.appendMessage(message({ at: start + n }), []))
    const [one, two, three] = mails
    if (!one || !two || !three) throw new RangeError()
    t.ok(one.seq < two.seq && two.seq < three.seq)
    t.equal(one.outcome, null)
    t.same(await store.message(one.id), one)
    store.settleMessage(one.id, { ...accepted, upstreamId: 'Q1' })
    t.same(await store.message(one.id), { ...one, outcome: { ...accepted, upstreamId: 'Q1' } })
    t.same((await store.message(two.id))?.outcome, null)
    t.equal(await store.message(idAt(start)), null)
    t.equal((await store.counts()).messages, 3)
  })

  await t.test('numbers never go back, and outcomes are kept, when the store is opened again', async t => {
    const one = await store.appendMessage(message(), [])
    store.settleMessage(one.id, accepted)
    const again = await reopen()
    t.same((await again.message(one.id))?.outcome, accepted)
    const two = await again.appendMessage(message(), [])
    t.ok(two.seq > one.seq)
  })

  await t.test('a return path that comes back adds its recipients to the mail', async t => {
    const { store } = await open(t, { now: () => start })
    const one = await store.appendMessage(message(), [])
    store.settleMessage(one.id, accepted)
    const more = { ...message(), id: one.id, subject: 'other', recipients: [recipient('ann@example.org')] }
    await Promise.all([store.appendMessage(more, []), store.appendMessage({ ...more, recipients: [recipient('bob@example.org')] }, [])])
    const merged = await store.message(one.id)
    t.same(merged?.recipients.map(({ address }) => address).sort(), ['ann@example.org', 'bob@example.org', 'jean@example.org'])
    t.same([merged?.seq, merged?.subject, merged?.outcome], [one.seq, one.subject, accepted])
    t.equal((await store.counts()).messages, 1)
    t.equal((await store.messages({ key: keyOf('bob@example.org') }, first(10))).items.length, 1)
  })

  await t.test('mails are found by recipient, Message-ID, upstream id, sender and time, alone and together, newest first', async t => {
    const { store } = await open(t, { now: () => start })
    const list: Message[] = []
    for (let n = 0; n < 8; n++) {
      const sent = await store.appendMessage(
        message({
          at: start + n * minute,
          recipients: [recipient(n % 2 ? 'Ann@Example.org' : 'bob@example.org'), ...(n === 5 ? [recipient('bob@example.org')] : [])],
          headerMessageId: n === 0 ? null : `<${n % 3}@crm.example.com>`,
          from: n < 2 ? null : { name: 'Sales', address: n === 7 ? 'Other@Example.com' : 'sales@example.com' },
          reversePath: n === 3 ? '' : 'crm@example.com',
        }),
        [],
      )
      store.settleMessage(sent.id, { ...accepted, upstreamId: n % 4 === 0 ? null : `Q${n % 4}` })
      list.push({ ...sent, outcome: { ...accepted, upstreamId: n % 4 === 0 ? null : `Q${n % 4}` } })
    }
    const test = (one: Message, filter: MessageFilter) =>
      (!filter.key || one.recipients.some(({ key }) => key === filter.key)) &&
      (!filter.headerMessageId || one.headerMessageId === `<${filter.headerMessageId.replace(/[<>]/g, '')}>`) &&
      (!filter.upstreamId || one.outcome?.upstreamId === filter.upstreamId) &&
      (!filter.from || [one.from?.address.toLowerCase(), one.reversePath].includes(filter.from.toLowerCase())) &&
      (filter.since === undefined || one.at >= filter.since) &&
      (filter.until === undefined || one.at < filter.until)
    for (const filter of combinations({
      key: [keyOf('ann@example.org'), keyOf('bob@example.org'), keyOf('none@example.org')],
      headerMessageId: ['1@crm.example.com', '<2@crm.example.com>'],
      upstreamId: ['Q1', 'Q2'],
      from: ['other@example.com', 'CRM@example.com'],
      since: [start + 2 * minute],
      until: [start + 6 * minute],
    }))
      t.same(
        (await all(page => store.messages(filter, page), 3)).map(({ id }) => id),
        list
          .filter(one => test(one, filter))
          .map(({ id }) => id)
          .reverse(),
        JSON.stringify(filter),
      )
    t.same(await all(page => store.messages({}, page), 3), list.reverse())
  })

  await t.test('the last acceptance is that of the latest mail that upstream took for this recipient in time', async t => {
    const { store } = await open(t, { now: () => start })
    const of = keyOf('jean@example.org')
    const sent: Message[] = []
    for (const [n, outcome, verdict] of [
      [0, 'accepted', 'relayed'],
      [1, 'accepted', 'relayed'],
      [2, 'refused', 'relayed'],
      [3, 'accepted', 'refused'],
      [4, null, 'relayed'],
      [5, 'accepted', 'relayed'],
    ] as const) {
      const one = await store.appendMessage(message({ at: start + n * day, recipients: [recipient('jean@example.org', { verdict })] }), [])
      if (outcome) store.settleMessage(one.id, { ...accepted, outcome, at: start + n * day + minute })
      sent.push(one)
    }
    for (const [before, n] of [
      [start + minute - 1, null],
      [start + minute, 0],
      [start + day, 0],
      [start + day + minute, 1],
      [start + 5 * day, 1],
      [start + 9 * day, 5],
    ] as const) {
      const wanted = n === null ? null : { seq: sent[n]?.seq, at: start + n * day + minute }
      t.same(await store.lastAccepted(of, before), wanted, `day ${(before - start) / day}`)
      await store.update({ keys: [of], acceptedBefore: before }, facts => {
        t.same(facts.accepted.get(of) ?? null, wanted)
        return { changes: {}, result: null }
      })
    }
    t.equal(await store.lastAccepted(keyOf('ann@example.org'), start + 9 * day), null)
  })

  await t.test('a neighbour is another address of the domain that went well in the time asked about', async t => {
    const { store } = await open(t, { now: () => start })
    const send = async (of: string, verdict: 'relayed' | 'refused' = 'relayed') => {
      const one = await store.appendMessage(message({ recipients: [recipient(of, { verdict })] }), [])
      store.settleMessage(one.id, accepted)
      return { seq: one.seq, at: start }
    }
    const neighbour = (of: string, acceptedSince = start - day, acceptedBefore = start + day) =>
      store.update({ keys: [], neighbours: { of: [keyOf(of), keyOf('a@none.test')], acceptedSince, acceptedBefore } }, facts => {
        t.notOk(facts.neighbours.has(keyOf('a@none.test')))
        return { changes: {}, result: facts.neighbours.get(keyOf(of)) ?? null }
      })
    await send('me@example.org')
    await send('refused@example.org', 'refused')
    await send('else@sub.example.org')
    t.equal(await neighbour('me@example.org'), null, 'itself, a refused one and another domain do not count')
    const good = { key: keyOf('good@example.org'), accepted: await send('good@example.org') }
    t.same(await neighbour('me@example.org'), good)
    t.equal(await neighbour('me@example.org', start + 1), null, 'too early')
    t.equal(await neighbour('me@example.org', start - day, start - 1), null, 'too late')
    await commit(store, { addresses: [address('good@example.org', { lastHard: { seq: good.accepted.seq + 1, at: start } })] })
    t.same((await neighbour('good@example.org'))?.key, keyOf('me@example.org'))
    t.equal(await neighbour('me@example.org'), null, 'it has returned hard since')

    const lived = (of: string, acceptedBefore = start) =>
      store.update({ keys: [], lived: { of: [keyOf(of)], acceptedBefore } }, facts => ({ changes: {}, result: facts.lived.has(keyOf(of)) }))
    t.ok(await lived('me@example.org'), 'a domain lived by the address itself too')
    t.ok(await lived('new@example.org'))
    t.notOk(await lived('me@example.org', start - 1), 'not yet')
    t.notOk(await lived('me@none.test'))
    t.notOk(await lived('refused@org'))
    await commit(store, { addresses: [address('me@example.org', { lastHard: { seq: good.accepted.seq + 2, at: start } })] })
    t.notOk(await lived('new@example.org'), 'all its mail has come back since')
  })
}

async function returns(t: Test, open: OpenStore): Promise<void> {
  const { store } = await open(t, { now: () => start })
  const lists = ['spring', 'autumn', null]
  const made: Bounce[] = []
  const addresses = ['ann@example.org', 'anna@example.org', 'bob@example.net', 'bob@annex.test']
  for (let n = 0; n < 24; n++) {
    const hard = n % 3 === 0
    const mail = {
      from: null,
      subject: `mail ${n}`,
      template: null,
      list: lists[n % 5] ?? null,
      headerMessageId: null,
      recipientName: null,
      sentAt: start,
    }
    made.push(
      bounce(addresses[n % 4] ?? '', {
        receivedAt: start + n * minute,
        category: hard ? 'invalid_address' : n % 2 ? 'mailbox_full' : 'no_answer',
        type: hard ? 'hard' : 'soft',
        mail,
      }),
    )
  }
  for (const one of made) await commit(store, { bounces: [one] })

  await t.test('returns are found by every condition, alone and together, newest first', async t => {
    const test = (one: Bounce, filter: BounceFilter) =>
      (!filter.key || one.key === filter.key) &&
      (!filter.domain || one.key.endsWith(`@${filter.domain}`)) &&
      (!filter.type || one.type === filter.type) &&
      (!filter.category || one.category === filter.category) &&
      (!filter.list || one.mail?.list === filter.list) &&
      (filter.since === undefined || one.receivedAt >= filter.since) &&
      (filter.until === undefined || one.receivedAt < filter.until) &&
      (!filter.q || one.key.startsWith(filter.q.toLowerCase()) || one.key.includes(`@${filter.q.toLowerCase().replace(/^@/, '')}`))
    for (const filter of combinations({
      key: [keyOf('ann@example.org')],
      domain: ['example.org'],
      type: ['hard', 'soft'] as const,
      category: ['mailbox_full'] as const,
      list: ['spring'],
      q: ['ANN', '@ann', 'ann@'],
      since: [start + 5 * minute],
      until: [start + 20 * minute],
    }))
      t.same(
        (await all(page => store.bounces(filter, page), 4)).map(({ id }) => id),
        made
          .filter(one => test(one, filter))
          .map(({ id }) => id)
          .reverse(),
        JSON.stringify(filter),
      )
    t.same(await all(page => store.bounces({}, page), 4), made.toReversed())
  })

  await t.test('a return that is judged again stands under its new verdict only', async t => {
    const [one] = made
    if (!one) throw new RangeError()
    const judged: Bounce = { ...one, category: 'mailbox_full', type: 'soft', counted: false, why: 'soft' }
    const before = await store.counts()
    await commit(store, { bounces: [judged] })
    t.same(await store.bounce(one.id), judged)
    t.notOk((await all(page => store.bounces({ type: 'hard' }, page), 50)).some(({ id }) => id === one.id))
    t.ok((await all(page => store.bounces({ category: 'mailbox_full' }, page), 50)).some(({ id }) => id === one.id))
    t.same(await store.counts(), before)
    t.equal(before.bounces, made.length)
  })

  await t.test('returns of one mail are given together, and no others', async t => {
    const { id } = await store.appendMessage(message(), [])
    const two = ['x@example.org', 'y@example.org'].map(of => bounce(of, { messageId: id }))
    for (const one of two) await commit(store, { bounces: [one] })
    t.same((await store.bouncesOf(id)).map(({ key }) => key).sort(), ['x@example.org', 'y@example.org'])
    t.same(await store.bouncesOf(idAt(start)), [])
  })

  await t.test('a mail with refused recipients brings their records with it', async t => {
    const mail = message({ recipients: [recipient('dead@example.org', { verdict: 'blacklisted' })] })
    const refusal = bounce('dead@example.org', { messageId: mail.id, source: 'relay', counted: false, why: 'refused-by-us' })
    await store.appendMessage(mail, [refusal])
    t.same((await store.bounces({ key: keyOf('dead@example.org') }, first(5))).items, [refusal])
  })

  await t.test('a return learns the header of its mail, whichever of the two is stored first', async t => {
    for (const order of ['return first', 'mail first', 'both at once']) {
      const mail = message({ subject: order, list: order, recipients: [recipient(`jean@${order.length}.test`, { verdict: 'refused' })] })
      const refused = bounce(`jean@${order.length}.test`, { messageId: mail.id, source: 'reply' })
      const [record, append] = [() => commit(store, { bounces: [refused] }), () => store.appendMessage(mail, [])]
      if (order === 'both at once') await Promise.all([append(), record()])
      else for (const step of order === 'mail first' ? [append, record] : [record, append]) await step()
      const found = (await store.bounces({ list: order }, first(5))).items
      t.match(found, [{ id: refused.id, mail: { subject: order, recipientName: 'Jean Dupont', sentAt: start } }], order)
    }
  })

  await t.test('returns that call a domain dead are given to an update that asks for them', async t => {
    const categories = ['invalid_domain', 'no_mail_domain', 'invalid_address'] as const
    for (const [n, category] of categories.entries())
      await commit(store, { bounces: [bounce(`a@dead${n}.test`, { category, receivedAt: start + day + n })] })
    const asked = (deadDomainsSince: number) =>
      store.update({ keys: [], deadDomainsSince }, facts => ({ changes: {}, result: facts.deadDomains.map(({ key }) => key) }))
    t.same(await asked(start), ['a@dead1.test', 'a@dead0.test'])
    t.same(await asked(start + day + 1), ['a@dead1.test'])
    t.same(await asked(start + day + 2), [])
  })
}

async function pages(t: Test, open: OpenStore): Promise<void> {
  const { store } = await open(t, { now: () => start })
  const put = (n: number) => commit(store, { bounces: [bounce(`a${n}@example.org`, { receivedAt: start + n })] })
  for (let n = 0; n < 25; n++) await put(n)

  await t.test('pages of every size give each item once', async t => {
    for (const filter of [{}, { domain: 'example.org' }, { q: 'a' }, { type: 'hard' }] as const)
      for (const limit of [1, 2, 24, 25, 26, 500])
        t.equal(new Set((await all(page => store.bounces(filter, page), limit)).map(({ id }) => id)).size, 25, `${limit}`)
    t.equal((await store.bounces({}, first(25))).next, null, 'a full page that is the last says so')
  })

  await t.test('what is written between two pages neither repeats nor hides what was there', async t => {
    const seen: number[] = []
    let cursor: string | null = null
    let extra = 100
    do {
      const page: Page<Bounce> = await store.bounces({}, { limit: 4, cursor })
      seen.push(...page.items.map(({ receivedAt }) => receivedAt - start))
      cursor = page.next
      await put(extra++)
    } while (cursor !== null)
    t.same(
      seen,
      Array.from({ length: 25 }, (_, n) => 24 - n),
    )
  })

  await t.test('a cursor that was not given out by this list under this filter is refused', async t => {
    const { next } = await store.bounces({ type: 'hard' }, first(2))
    if (next === null) throw new RangeError('the list must be longer than the page')
    t.equal((await store.bounces({ type: 'hard' }, { limit: 2, cursor: next })).items.length, 2)
    const wrong = ['', 'x', '*', next.slice(1), `${next}x`, next.slice(0, -1), next.toUpperCase()]
    for (const cursor of wrong) await t.rejects(store.bounces({ type: 'hard' }, { limit: 2, cursor }), BadCursor, cursor)
    await t.rejects(store.bounces({}, { limit: 2, cursor: next }), BadCursor, 'another filter')
    await t.rejects(store.messages({}, { limit: 2, cursor: next }), BadCursor, 'another list')
    await t.rejects(store.blacklist({}, { limit: 2, cursor: next }), BadCursor, 'another list')
    await fc.assert(
      fc.asyncProperty(fc.string(), async cursor =>
        store.bounces({}, { limit: 2, cursor }).then(
          () => false,
          error => error instanceof BadCursor,
        ),
      ),
      { numRuns: 50 },
    )
  })
}

async function work(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })

  await t.test('a report is kept with its octets, and pending, oldest first, until it is judged', async t => {
    const raw = Buffer.from([0, 255, 13, 10, 128, 0])
    const [late, early] = [report({ receivedAt: start + 2 }), report({ receivedAt: start + 1 })]
    for (const one of [late, early]) await store.acceptReport(one, raw)
    t.same(await store.pendingReports(10), [early, late])
    t.same(await store.pendingReports(1), [early])
    t.same(await store.report(early.id), early)
    t.same(await store.rawReport(early.id), raw)
    const judged = { ...early, judged: { at: start, kind: 'other', bounceIds: [], problem: 'none' } } as const
    t.equal((await store.counts()).pendingReports, 2)
    await commit(store, { report: judged })
    t.same(await store.pendingReports(10), [late])
    t.same(await store.report(early.id), judged)
    t.same(await store.rawReport(early.id), raw, 'judging keeps the octets')
    t.equal((await store.counts()).pendingReports, 1)
    t.same([await store.report('none'), await store.rawReport('none')], [null, null])
  })

  await t.test('an id of a report is taken once, whoever comes at the same time, and for good', async t => {
    const one = report()
    const same = { ...one, messageId: idAt(start), sender: 'other@example.org' }
    const taken = await Promise.all([store.acceptReport(one, Buffer.from('first')), store.acceptReport(same, Buffer.from('second'))])
    t.same(taken, [true, false])
    await commit(store, { report: { ...one, judged: { at: start, kind: 'other', bounceIds: [], problem: null } } })
    t.equal(await store.acceptReport(same, Buffer.from('third')), false)
    t.match(await store.report(one.id), { messageId: one.messageId, judged: { kind: 'other' } })
    t.same(await store.rawReport(one.id), Buffer.from('first'))
    t.same(await store.tokenUse(same.messageId), { reports: 0, octets: 0 })
    t.notOk(
      (await store.pendingReports(100)).some(({ id }) => id === one.id),
      'what was judged is not pending again',
    )
  })

  await t.test('a token knows how many reports and octets it has brought', async t => {
    const messageId = idAt(start)
    t.same(await store.tokenUse(messageId), { reports: 0, octets: 0 })
    for (const size of [10, 200]) await store.acceptReport(report({ messageId, size }), Buffer.alloc(size))
    await store.acceptReport(report({ size: 5 }), Buffer.alloc(5))
    t.same(await store.tokenUse(messageId), { reports: 2, octets: 210 })
    const brought = [report({ messageId, receivedAt: start + 9 }), report({ messageId, receivedAt: start + 8 })]
    for (const one of brought) await store.acceptReport(one, Buffer.from('x'))
    t.same((await store.reportsOf(messageId)).slice(2), brought.toReversed(), 'and gives them, oldest first')
    t.same(await store.reportsOf('none'), [])
  })

  await t.test('owed mail is given when it is due, oldest first, and rests when it is rescheduled', async t => {
    const [one, two, three] = [owed(start + 20), owed(start + 10), owed(start + 30)]
    await commit(store, { outbox: [one, two, three] })
    t.same(await store.dueOutbox(start + 9, 10), [])
    t.same(await store.dueOutbox(start + 20, 10), [two, one])
    t.same(await store.dueOutbox(start + 20, 1), [two])
    const later = { ...two, dueAt: start + 99, attempts: 1, lastError: '451' }
    await store.settleOutbox(later, false)
    await store.settleOutbox(one, true)
    t.same(await store.dueOutbox(start + 50, 10), [three])
    await store.settleOutbox({ ...one, dueAt: start }, false)
    t.same(await store.dueOutbox(start + 99, 10), [three, later], 'what was sent does not come back')
    t.equal((await store.counts()).outbox, 2)
    const again = await reopen()
    t.same(await again.dueOutbox(start + 99, 10), [three, later])
  })

  await t.test('owed mail that was given up is never due, is listed apart, and can be asked for again', async t => {
    const { store, reopen } = await open(t, { now: () => start })
    const items = [1, 2, 3, 4].map(n => owed(start + n, { id: idAt(start + n) }))
    await commit(store, { outbox: items })
    const [one, two, three, four] = items as [OutboxItem, OutboxItem, OutboxItem, OutboxItem]
    const dead = [
      { ...three, deadAt: start + 50, lastError: '550 no' },
      { ...one, deadAt: start + 60, lastError: '550 no' },
    ]
    for (const item of dead) await store.settleOutbox(item, false)
    const again = await reopen()
    t.same(await again.dueOutbox(start + 99, 10), [two, four])
    t.match(await again.counts(), { outbox: 2, deadLetters: 2 })
    for (const limit of [1, 2, 10]) {
      const listed = (filter: OutboxFilter) => all(page => again.outbox(filter, page), limit)
      t.same(await listed({ state: 'dead' }), dead.toReversed(), 'given up last, first')
      t.same(await listed({ state: 'waiting' }), [four, two])
      t.same(await listed({}), [four, dead[0], two, dead[1]])
    }
    t.same([await again.outboxItem(one.id), await again.outboxItem('none')], [dead[1], null])
    await again.settleOutbox({ ...one, dueAt: start + 70 }, false)
    t.same(await again.dueOutbox(start + 99, 10), [two, four, { ...one, dueAt: start + 70 }])
    await again.settleOutbox(three, true)
    t.match(await again.counts(), { outbox: 3, deadLetters: 0 })
    t.same(await all(page => again.outbox({ state: 'dead' }, page), 10), [])
  })

  await t.test('the audit is kept in order, by address and as a whole', async t => {
    const { store } = await open(t, { now: () => start })
    const entry = (of: string, why: string) => ({ at: start, op: 'block', actor: 'hand', by: 'ops', key: keyOf(of), why }) as const
    await commit(store, { audit: [entry('a@example.org', '1'), entry('b@example.org', '2')] })
    await commit(store, { audit: [entry('a@example.org', '3')] })
    const whys = async (key?: string) =>
      (await all(page => store.audit(key === undefined ? {} : { key: keyOf(key) }, page), 2)).map(({ why }) => why)
    t.same(await whys(), ['3', '2', '1'])
    t.same(await whys('a@example.org'), ['3', '1'])
    t.same(await whys('c@example.org'), [])
  })

  await t.test('the audit is filtered by who, what and when; an entry need not be about an address', async t => {
    const { store } = await open(t, { now: () => start })
    const base = { at: start, op: 'block', actor: 'hand', by: 'ops', key: keyOf('a@example.org'), why: '1' } as const
    await commit(store, { audit: [base, { ...base, op: 'unblock', at: start + 1, by: 'amy', why: '2' }] })
    await commit(store, { audit: [{ ...base, op: 'enable', at: start + 2, key: null, subject: 'webhook crm', why: '3' }] })
    await commit(store, { audit: [{ ...base, actor: 'return', at: start + 3, by: null, why: '4' }] })
    for (const [filter, whys] of [
      [{}, '4321'],
      [{ op: 'block' }, '41'],
      [{ actor: 'hand' }, '321'],
      [{ by: 'ops' }, '31'],
      [{ since: start + 1, until: start + 3 }, '32'],
      [{ key: keyOf('a@example.org'), actor: 'hand' }, '21'],
      [{ op: 'retry' }, ''],
    ] as const satisfies readonly (readonly [AuditFilter, string])[]) {
      for (const limit of [1, 2, 10]) {
        const found = await all(page => store.audit(filter, page), limit)
        t.equal(found.map(({ why }) => why).join(''), whys, JSON.stringify(filter))
      }
    }
    t.match((await store.audit({ op: 'enable' }, first(9))).items, [{ key: null, subject: 'webhook crm' }])
  })
}

async function telling(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })
  const change = (of: string): Change => ({ at: start, kind: 'blacklisted', key: keyOf(of), address: of, block: null, by: null, why: '' })

  await t.test('changes are numbered from 1 in the order of their commits, without gaps, whoever commits beside them', async t => {
    t.same(await store.changes({ after: 0, limit: 10 }), { items: [], oldest: null, newest: 0 })
    await commit(store, { feed: [change('a@example.org'), change('b@example.org')] })
    t.match(await store.changes({ after: 0, limit: 10 }), { items: [{ n: 1, address: 'a@example.org' }, { n: 2 }], oldest: 1, newest: 2 })
    // A reader that goes on from what it has seen, while others write.
    const seen: string[] = []
    let after = 2
    let writing = true
    const read = async () => {
      while (writing || after < 202) {
        const page = await store.changes({ after, limit: 7 })
        for (const { n, address } of page.items) {
          t.equal(n, ++after)
          seen.push(address ?? '')
        }
        t.ok(page.newest >= after)
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    const names = Array.from({ length: 200 }, (_, index) => `${index}@example.com`)
    const reading = read()
    await Promise.all(names.map(name => commit(store, { feed: [change(name)] })))
    writing = false
    await reading
    t.same(seen.toSorted(), names.toSorted())
    t.same(await store.changes({ after: 202, limit: 10 }), { items: [], oldest: 1, newest: 202 })
  })

  await t.test('the feed goes on where it was after a restart', async t => {
    const again = await reopen()
    await commit(again, { feed: [change('c@example.org')] })
    t.match(await again.changes({ after: 202, limit: 10 }), { items: [{ n: 203, address: 'c@example.org' }], oldest: 1, newest: 203 })
  })

  await t.test('webhooks are given when they are due, of one endpoint, and listed with what became of them', async t => {
    const { store, reopen } = await open(t, { now: () => start })
    const owed = (id: string, dueAt: number, more: Partial<Delivery> = {}): Delivery => ({
      ...{ id, endpoint: 'crm', event: 'mail.returned', at: dueAt, data: { id }, bounceId: null, since: start, dueAt, attempts: 0 },
      ...{ lastStatus: null, lastError: null, ended: null, ...more },
    })
    const [one, two, other] = [owed('1', start + 20), owed('2', start + 10), owed('1', start, { endpoint: 'crm-2' })]
    await commit(store, { deliveries: [one, two, other] })
    t.same(await store.dueDeliveries('crm', start + 9, 9), [])
    t.same(await store.dueDeliveries('crm', start + 20, 9), [two, one])
    t.same(await store.dueDeliveries('crm', start + 20, 1), [two])
    t.same(await store.dueDeliveries('crm-2', start + 20, 9), [other])
    t.equal((await store.counts()).webhooks, 3)
    const done: Delivery = { ...two, attempts: 1, lastStatus: 204, ended: { at: start + 11, how: 'delivered' } }
    const later = { ...one, attempts: 1, lastStatus: 500, lastError: 'no', dueAt: start + 99 }
    await commit(store, { deliveries: [done, later] })
    const again = await reopen()
    t.same(await again.dueDeliveries('crm', start + 50, 9), [])
    t.same([await again.delivery('crm', '2'), await again.delivery('crm', '3'), await again.delivery('none', '2')], [done, null, null])
    for (const [filter, listed] of [
      [{}, [done, later]],
      [{ state: 'waiting' }, [later]],
      [{ state: 'delivered' }, [done]],
      [{ state: 'failed' }, []],
      [{ since: start + 20 }, [later]],
      [{ until: start + 20 }, [done]],
    ] as const satisfies readonly (readonly [Omit<DeliveryFilter, 'endpoint'>, readonly Delivery[]])[])
      t.same(await all(page => again.deliveries({ endpoint: 'crm', ...filter }, page), 1), listed, JSON.stringify(filter))
    t.equal((await again.counts()).webhooks, 2)
    await commit(again, { deliveries: [{ ...done, ended: null, dueAt: start }] })
    t.match(await again.dueDeliveries('crm', start, 9), [{ id: '2' }], 'what has ended can be owed again')
    t.equal((await again.counts()).webhooks, 3)

    t.equal(await again.endpointStop('crm'), null)
    await commit(again, { endpointStops: new Map([['crm', { at: start, why: '410' }]]) })
    t.same([await again.endpointStop('crm'), await again.endpointStop('crm-2')], [{ at: start, why: '410' }, null])
    await commit(again, { endpointStops: new Map([['crm', null]]) })
    t.equal(await again.endpointStop('crm'), null)
  })

  await t.test('how far a mailbox has been read is kept, each mailbox for itself', async t => {
    const { store, reopen } = await open(t, { now: () => start })
    const mailbox = 'returns INBOX/Zurückgewiesen'
    t.equal(await store.mailboxPosition(mailbox), null)
    for (const lastUid of [7, 8]) await store.keepMailboxPosition(mailbox, { uidValidity: '1747', lastUid })
    const again = await reopen()
    t.same(await again.mailboxPosition(mailbox), { uidValidity: '1747', lastUid: 8 })
    t.equal(await again.mailboxPosition('returns INBOX'), null)
  })
}

async function guard(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })
  const empty = { steps: [], incidents: {}, silentUntil: {} }
  const step = (judged: number) => ({ at: start, judged, wereOk: 0, hard: {} })
  const incident: Incident = {
    id: idAt(start),
    operator: 'big.example',
    rule: 'rule',
    category: 'invalid_address',
    openedAt: start,
    lastAt: start,
    held: 1,
    blacklisted: 0,
    closed: null,
  }

  await t.test('updates of one operator see each other without waiting for the disk, and none is lost', async t => {
    const raise = (of: string) =>
      store.update({ keys: [keyOf(of)], operators: ['big.example'] }, ({ windows }) => {
        const judged = (windows.get('big.example')?.steps[0]?.judged ?? 0) + 1
        return { changes: { windows: new Map([['big.example', { ...empty, steps: [step(judged)] }]]) }, result: judged }
      })
    const seen = await Promise.all(Array.from({ length: 50 }, (_, n) => raise(`user${n}@big.example`)))
    t.same(
      seen.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, n) => n + 1),
    )
    await store.update({ keys: [], operators: ['big.example', 'other.example'] }, facts => {
      t.same([...facts.windows.keys()], ['big.example'])
      t.equal(facts.journalSince, null)
      return { changes: {}, result: null }
    })
    const first = await store.appendMessage(message({ at: start - day }), [])
    await store.appendMessage(message(), [])
    await store.update({ keys: [], operators: [] }, ({ journalSince }) => {
      t.equal(journalSince, first.at)
      return { changes: {}, result: null }
    })
  })

  await t.test('incidents are listed, with their returns, and given with the windows and addresses they stand in', async t => {
    const returns = [bounce('a@big.example'), bounce('b@big.example', { receivedAt: start + minute })]
    const older = { ...incident, id: idAt(start - day), closed: { at: start, how: 'decided', by: null, why: 'over' } } as const
    const held = { incident: older.id, bounceId: returns[0]?.id ?? '', messageId: returns[0]?.messageId ?? '', at: start }
    await commit(store, {
      addresses: [address('a@big.example', { held })],
      bounces: returns,
      incidents: [incident, older],
      members: returns.map(({ id }) => ({ group: incident.id, bounceId: id })),
      windows: new Map([['big.example', { ...empty, incidents: { rule: { id: incident.id, lastAt: start } } }]]),
    })
    await store.update({ keys: [keyOf('a@big.example')], operators: ['big.example'] }, facts => {
      t.same([...facts.incidents.keys()].toSorted(), [incident.id, older.id].toSorted())
      return { changes: {}, result: null }
    })
    await store.update({ keys: [], incidents: [older.id, 'none'] }, facts => {
      t.same([...facts.incidents], [[older.id, older]])
      return { changes: {}, result: null }
    })
    for (const open of [async () => store, reopen]) {
      const one = await open()
      t.same(await one.incident(incident.id), incident)
      t.equal(await one.incident('none'), null)
      t.same(await all(page => one.incidents({}, page), 1), [incident, older])
      t.same(await all(page => one.incidents({ state: 'open' }, page), 1), [incident])
      t.same(await all(page => one.incidents({ state: 'closed' }, page), 1), [older])
      const ids = (await all(page => one.members(incident.id, page), 1)).map(({ id }) => id)
      t.same(
        ids,
        returns
          .map(({ id }) => id)
          .toSorted()
          .toReversed(),
      )
      t.same(await all(page => one.members('none', page), 1), [])
    }
  })

  await t.test('suspects are listed by their latest return, while they are suspects', async t => {
    const { store } = await open(t, { now: () => start })
    const soft = (days: number, last: number) =>
      Array.from({ length: days }, (_, n) => ({
        category: 'mailbox_full' as const,
        rule: 'rule',
        messageId: idAt(start),
        at: start + last - (days - 1 - n) * day,
      }))
    const late = address('late@example.org', { soft: soft(6, minute) })
    const early = address('early@example.org', { soft: soft(5, 0) })
    await commit(store, { addresses: [late, early, address('few@example.org', { soft: soft(4, 0) })] })
    t.same(await all(store.suspects, 1), [late, early])
    await commit(store, { addresses: [{ ...late, block: block('late@example.org') }] })
    t.same(await all(store.suspects, 1), [early], 'one that is blacklisted is none')
    await commit(store, { addresses: [{ ...early, soft: [] }] })
    t.same(await all(store.suspects, 1), [])
  })
}

async function life(t: Test, open: OpenStore): Promise<void> {
  const { store, reopen } = await open(t, { now: () => start })
  await store.check()
  t.equal(await store.claim('rounds'), true)
  t.equal(await store.claim('rounds'), true, 'it stays the one')
  const work: Promise<unknown>[] = Array.from({ length: 20 }, (_, n) => blockAddress(store, `a${n}@example.org`))
  await Promise.all(work)
  const under = store.appendMessage(message(), [])
  const again = await reopen()

  await t.test('closing waits for what was under way', async t => {
    const { id } = await under
    t.ok(await again.message(id))
    t.equal(await again.blacklistedCount(), 20)
  })

  await t.test('a closed store refuses every call, at once and without harm', async t => {
    await again.close()
    await again.close()
    const page = first(1)
    const key = keyOf('a1@example.org')
    const calls: Record<string, () => unknown> = {
      lookup: () => again.lookup([key], start),
      appendMessage: () => again.appendMessage(message(), []),
      settleMessage: () => again.settleMessage('a', accepted),
      message: () => again.message('a'),
      messages: () => again.messages({}, page),
      acceptReport: () => again.acceptReport(report(), Buffer.from('a')),
      report: () => again.report('a'),
      rawReport: () => again.rawReport('a'),
      pendingReports: () => again.pendingReports(1),
      reportsOf: () => again.reportsOf('a'),
      tokenUse: () => again.tokenUse('a'),
      update: () => commit(again, { addresses: [address('a@example.org')] }),
      address: () => again.address(key),
      lastAccepted: () => again.lastAccepted(key, start),
      blacklist: () => again.blacklist({}, page),
      blacklistedCount: () => again.blacklistedCount(),
      counts: () => again.counts(),
      bounce: () => again.bounce('a'),
      bouncesOf: () => again.bouncesOf('a'),
      bounces: () => again.bounces({}, page),
      incident: () => again.incident('a'),
      incidents: () => again.incidents({}, page),
      members: () => again.members('a', page),
      suspects: () => again.suspects(page),
      dueOutbox: () => again.dueOutbox(start, 1),
      settleOutbox: () => again.settleOutbox(owed(start), true),
      outboxItem: () => again.outboxItem('a'),
      outbox: () => again.outbox({}, page),
      changes: () => again.changes({ after: 0, limit: 1 }),
      dueDeliveries: () => again.dueDeliveries('crm', start, 1),
      delivery: () => again.delivery('crm', 'a'),
      deliveries: () => again.deliveries({ endpoint: 'crm' }, page),
      endpointStop: () => again.endpointStop('crm'),
      mailboxPosition: () => again.mailboxPosition('a'),
      keepMailboxPosition: () => again.keepMailboxPosition('a', { uidValidity: '1', lastUid: 1 }),
      audit: () => again.audit({}, page),
      lists: () => again.lists(page),
      list: () => again.list('a'),
      tallies: () => again.tallies({ of: 'all', since: 0, until: start, step: 'day' }),
      failingDomains: () => again.failingDomains(0, start, 1),
      claim: () => again.claim('rounds'),
      forget: () => again.forget('messages', start, 1),
      expiredBlocks: () => again.expiredBlocks(start, 1),
      wholeReports: () => again.wholeReports('', 1),
      trimReport: () => again.trimReport('a', Buffer.from('a')),
      erase: () => again.erase(key),
      ...(again.snapshot ? { snapshot: () => again.snapshot?.() } : {}),
      check: () => again.check(),
    }
    t.same(
      Object.keys(calls).sort(),
      Object.keys(again)
        .filter(name => !['kind', 'close'].includes(name) && again[name as keyof Store] !== null)
        .sort(),
    )
    for (const [name, call] of Object.entries(calls)) await t.rejects(async () => call(), StoreUnavailable, name)
  })
}
