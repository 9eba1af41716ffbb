/**
 * The part of the Store's definition that forgets: by age, a batch at a time; what waits and what is in force stays.
 */
import type { Test } from 'tap'
import type { Forgettable } from '../../src/store/forgetting.ts'
import { stepOf } from '../../src/store/tally.ts'
import type { OpenStore } from './contract.ts'
import { address, block, bounce, commit, day, idAt, keyOf, message, minute, owed, recipient, report, start } from './samples.ts'

const page = { limit: 100, cursor: null }

export async function forgetContract(t: Test, open: OpenStore): Promise<void> {
  const { store } = await open(t, { now: () => start })
  const all = async (kind: Forgettable, before: number, limit = 2) => {
    let rows = 0
    for (let more = 1; more > 0; ) {
      more = await store.forget(kind, before, limit)
      rows += more
    }
    return rows
  }

  await t.test('each kind loses what is older, in batches, and nothing else; the counts stay right', async t => {
    const times = [0, 1, 2, 10].map(days => start + days * day)
    const reports: string[] = []
    for (const at of times) {
      const mail = await store.appendMessage(message({ id: idAt(at), at }), [])
      store.settleMessage(mail.id, { outcome: 'accepted', at, reply: null, upstreamId: `Q${at}` })
      await commit(store, { bounces: [bounce('jean@example.org', { receivedAt: at, messageId: mail.id })] })
      const one = report({ id: idAt(at), messageId: mail.id, receivedAt: at })
      await store.acceptReport(one, Buffer.from('octets'))
      const judged = { at, kind: 'bounce', bounceIds: [], problem: null } as const
      await commit(store, { report: { ...one, judged } })
      reports.push(one.id)
      const key = keyOf('jean@example.org')
      await commit(store, {
        audit: [{ at, op: 'unblock', actor: 'hand', by: null, key, why: '' }],
        feed: [{ at, kind: 'unblocked', key, address: null, block: null, by: null, why: '' }],
      })
      await commit(store, { outbox: [owed(at, { id: idAt(at), deadAt: at })] })
    }
    const before = start + 5 * day
    const left = async () => ({
      ...(await store.counts()),
      octets: (await Promise.all(reports.map(id => store.rawReport(id)))).filter(one => one !== null).length,
      reports: (await Promise.all(reports.map(id => store.report(id)))).filter(one => one !== null).length,
      byAddress: (await store.messages({ key: keyOf('jean@example.org') }, page)).items.length,
      audit: (await store.audit({}, page)).items.length,
      feed: (await store.changes({ after: 0, limit: 100 })).items.length,
    })
    const kept = { ...(await left()) }
    t.match(kept, { messages: 4, bounces: 4, deadLetters: 4, octets: 4, reports: 4, byAddress: 4, audit: 4, feed: 4 })
    for (const [kind, changed] of [
      ['raw', { octets: 1 }],
      ['messages', { messages: 1, byAddress: 1 }],
      ['bounces', { bounces: 1 }],
      ['reports', { reports: 1 }],
      ['deadLetters', { deadLetters: 1 }],
      ['audit', { audit: 1 }],
      ['changes', { feed: 1 }],
    ] as const) {
      t.equal(await store.forget(kind, start, 2), 0, `${kind}: nothing is older`)
      t.equal(await all(kind, before), 3, kind)
      t.same(await left(), Object.assign(kept, changed), kind)
      t.equal(await store.forget(kind, before, 2), 0, `${kind}: once`)
    }
    t.equal((await store.messages({ upstreamId: `Q${start}` }, page)).items.length, 0)
  })

  await t.test('what waits keeps its octets: to be judged, or owed to somebody', async t => {
    const pending = report({ id: idAt(start) })
    const waiting = report({ id: idAt(start) })
    const judged = { at: start, kind: 'bounce', bounceIds: [], problem: null } as const
    for (const one of [pending, waiting]) await store.acceptReport(one, Buffer.from('octets'))
    await commit(store, { report: { ...waiting, judged }, outbox: [owed(start, { id: waiting.id, reportId: waiting.id })] })
    await all('raw', start + 100 * day)
    await all('reports', start + 100 * day)
    for (const { id } of [pending, waiting]) t.ok((await store.rawReport(id)) && (await store.report(id)))
    t.same(await store.wholeReports('', 10), [])
    await store.settleOutbox(owed(start, { id: waiting.id, reportId: waiting.id }), true)
    t.same(
      (await store.wholeReports('', 10)).map(({ id }) => id),
      [waiting.id],
    )
    await store.trimReport(waiting.id, Buffer.from('cut'))
    t.equal(String(await store.rawReport(waiting.id)), 'cut')
    t.match(await store.report(waiting.id), { trimmed: true })
    t.same(await store.wholeReports('', 10), [], 'trimmed once')
  })

  await t.test('an address goes when nothing is in force and nothing happened since; an ended block is named', async t => {
    const moment = (at: number) => ({ seq: 1, at })
    await commit(store, {
      addresses: [
        address('old@example.org', { lastHard: moment(start) }),
        address('young@example.org', { lastHard: moment(start), lastDelivered: moment(start + 9 * day) }),
        address('blocked@example.org', { lastHard: moment(start), block: block('blocked@example.org') }),
        address('ended@example.org', { lastHard: moment(start), block: block('ended@example.org', { until: start + minute }) }),
      ],
    })
    t.same(await store.expiredBlocks(start, 10), [])
    t.same(await store.expiredBlocks(start + minute, 10), [keyOf('ended@example.org')])
    await all('addresses', start + 5 * day)
    const there = async (of: string) => (await store.address(keyOf(of))) !== null
    t.notOk(await there('old@example.org'))
    for (const of of ['young@example.org', 'blocked@example.org']) t.ok(await there(of), of)
    t.equal(await store.blacklistedCount(), 2)
  })

  await t.test(
    'counters go by their hours, lists by their last mail, windows by the last that was heard; the rest is the same',
    async t => {
      const { store } = await open(t, { now: () => start })
      const forget = async (kind: Forgettable, before: number) => {
        for (let calls = 0; (await store.forget(kind, before, 2)) > 0; calls++) if (calls > 100) return t.fail(`${kind} never ends`)
      }
      const old = start - 10 * day
      for (const [list, at] of [
        ['gone', old],
        ['kept', old],
        ['kept', start],
        [null, old],
      ] as const) {
        const mail = message({ id: idAt(at), at, list })
        await store.appendMessage(mail, [])
        const tallies = [{ list, at, adds: { sent: 1, 'hard.invalid_address': 1 }, domain: `${list}.example` }]
        await commit(store, { tallies })
      }
      const silent = { steps: [], incidents: {}, silentUntil: { rule: start } }
      const quiet = { steps: [{ at: old, judged: 1, wereOk: 1, hard: {} }], incidents: {}, silentUntil: {} }
      await commit(store, {
        windows: new Map([
          ['quiet.example', quiet],
          ['silent.example', silent],
        ]),
      })
      const left = async () => ({
        all: (await store.tallies({ of: 'all', since: 0, until: start + day, step: 'hour' })).length,
        kept: (await store.tallies({ of: { list: 'kept' }, since: 0, until: start + day, step: 'hour' })).length,
        domains: (await store.failingDomains(0, start + day, 9)).map(({ domain }) => domain).sort(),
        lists: (await store.lists(page)).items.map(({ list }) => list).sort(),
        totals: [(await store.list('gone'))?.counts.sent, (await store.list('kept'))?.counts.sent, (await store.list(null))?.counts.sent],
      })
      const all = { all: 2, kept: 2, domains: ['gone.example', 'kept.example', 'null.example'], lists: ['gone', 'kept'], totals: [1, 2, 1] }
      const windowsOf = () =>
        store.update({ keys: [], operators: ['quiet.example', 'silent.example'] }, ({ windows }) => ({
          changes: {},
          result: [...windows.keys()],
        }))
      t.same(await left(), all)
      for (const kind of ['tallies', 'lists', 'windows'] as const) await forget(kind, stepOf(old, 'day'))
      t.same(await left(), all, 'nothing is older')
      await forget('tallies', start - day)
      t.same(await left(), { ...all, all: 1, kept: 1, domains: ['kept.example'] }, 'totals stay as long as their list')
      await forget('lists', start - day)
      t.same(await left(), { ...all, all: 1, kept: 1, domains: ['kept.example'], lists: ['kept'], totals: [undefined, 2, 1] })
      await forget('windows', start)
      t.same(await windowsOf(), ['silent.example'])
      // A list that comes back begins anew, and is listed.
      await store.appendMessage(message({ list: 'gone' }), [])
      await commit(store, { tallies: [{ list: 'gone', at: start, adds: { sent: 1 } }] })
      t.same((await store.lists(page)).items.map(({ list }) => list).sort(), ['gone', 'kept'])
      t.equal((await store.list('gone'))?.counts.sent, 1)
    },
  )

  await t.test('an erased address is in no record; its block holds, is found by the address, and can be lifted', async t => {
    const { store } = await open(t, { now: () => start })
    const key = keyOf('fantine@dup0nt.example')
    const mail = message({ recipients: [recipient('Fantine@dup0nt.example', { name: 'Fantine T' }), recipient('cosette@example.org')] })
    await store.appendMessage(mail, [])
    const one = report({ messageId: mail.id, sender: 'fantine@dup0nt.example' })
    await store.acceptReport(one, Buffer.from('To: fantine@dup0nt.example'))
    t.equal(await store.erase(key), 'busy', 'a return waits to be judged')
    const said = '<fantine@dup0nt.example>: unknown'
    const told = { id: '1', endpoint: 'crm', event: 'address.blacklisted', at: start, bounceId: null, since: start, dueAt: start } as const
    await commit(store, {
      report: { ...one, judged: { at: start, kind: 'bounce', bounceIds: [], problem: said } },
      outbox: [owed(start, { id: one.id, reportId: one.id })],
      addresses: [
        address('fantine@dup0nt.example', {
          block: block('fantine@dup0nt.example', { evidence: said }),
          lastHard: { seq: 1, at: start },
          soft: [],
        }),
      ],
      bounces: [
        bounce('fantine@dup0nt.example', { messageId: mail.id, evidence: said }),
        bounce('cosette@example.org', { messageId: mail.id }),
      ],
      audit: [{ at: start, op: 'block', actor: 'hand', by: 'Javert', key, why: said }],
      feed: [{ at: start, kind: 'blacklisted', key, address: key, block: null, by: null, why: said }],
      deliveries: [{ ...told, data: { address: key }, attempts: 0, lastStatus: null, lastError: null, ended: null }],
    })
    const before = await store.counts()
    const erased = await store.erase(key)
    if (erased === 'busy') return t.fail('busy')
    const { key: hash, ...counted } = erased
    t.same(counted, { messages: 1, bounces: 1, reports: 1, audit: 1, changes: 1, webhooks: 1, blocked: true })
    t.same(await store.counts(), { ...before, outbox: 0, webhooks: 0 }, 'the counts stay right')
    const records = [
      (await store.messages({}, page)).items,
      (await store.bounces({}, page)).items,
      (await store.blacklist({}, page)).items,
      (await store.audit({}, page)).items,
      (await store.changes({ after: 0, limit: 9 })).items,
      (await store.deliveries({ endpoint: 'crm' }, page)).items,
      (await store.outbox({}, page)).items,
      await store.report(one.id),
      await store.rawReport(one.id),
    ]
    t.notMatch(JSON.stringify(records), /fantine|dup0nt/i)
    t.match(JSON.stringify(records), 'cosette@example.org')
    for (const kind of [{ key: hash }, { key: keyOf('cosette@example.org') }]) t.equal((await store.messages(kind, page)).items.length, 1)
    t.equal((await store.messages({ key }, page)).items.length, 0)

    const other = keyOf('other@dup0nt.example')
    t.match(await store.lookup([key, other], start), [{ category: 'invalid_address', address: hash }, null])
    t.match(await store.address(key), { key, address: key, block: { category: 'invalid_address' }, lastHard: { seq: 1 } })
    t.equal((await store.audit({ key }, page)).items.length, 1, 'found by the address')
    const again = await store.erase(key)
    t.match(again, { key: hash, messages: 0, bounces: 0, blocked: true }, 'again: nothing more')
    await store.update({ keys: [key] }, ({ addresses }) => {
      const record = addresses.get(key)
      if (!record) throw new RangeError('it is there')
      const audit = [{ at: start, op: 'unblock', actor: 'hand', by: 'ops', key, why: '' }] as const
      const feed = [{ at: start, kind: 'unblocked', key, address: key, block: null, by: 'ops', why: `${key} asked` }] as const
      return { changes: { addresses: [{ ...record, block: null }], audit, feed }, result: null }
    })
    t.same(await store.lookup([key], start), [null])
    t.equal((await store.counts()).blacklisted, before.blacklisted - 1)
    t.equal((await store.audit({ key }, page)).items.length, 2)
    t.notMatch(JSON.stringify((await store.audit({}, page)).items), /fantine|dup0nt/i, 'lifting it does not bring it back')
    const { items } = await store.changes({ after: 0, limit: 100 })
    t.match(items.at(-1), { kind: 'unblocked', key: hash, address: null, why: '<erased> asked' }, 'nor into the feed')
  })
}
