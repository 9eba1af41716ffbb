/**
 * Lists and campaigns, and the figures of all mail: every answer held against the OpenAPI document.
 */
import t from 'tap'
import { formatTime } from '../../src/http/fields.ts'
import { checkedClient, hour, journal, now, openServer } from './fixture.ts'

const day = 24 * hour
/** The day of the tests begins. */
const today = now - (now % day)
const nothing = { sent: 0, recipients: 0, refusedByUs: 0, refusedByUpstream: 0, hard: {}, soft: {}, complaints: 0, autoReplies: 0 }

t.test('a list has its counters, in all and by the hour and day', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  await journal(store, ['jean@example.com'], { list: 'Été 2026 / "a"', at: now - 2 * hour, outcome: null })
  const count = (list: string | null, at: number, adds: object, domain?: string) =>
    store.update({ keys: [] }, () => ({ changes: { tallies: [{ list, at, adds, ...(domain ? { domain } : {}) }] }, result: null }))
  await count('Été 2026 / "a"', now - 2 * hour, { sent: 1, recipients: 2 })
  await count('Été 2026 / "a"', now - hour, { 'hard.invalid_address': 1, complaints: 1 }, 'example.com')
  await count(null, now - day, { refusedByUs: 3 })

  const counters = { ...nothing, sent: 1, recipients: 2, hard: { invalid_address: 1 }, complaints: 1 }
  const item = {
    list: 'Été 2026 / "a"',
    template: 'order',
    subject: 'Your order',
    firstAt: formatTime(now - 2 * hour),
    lastAt: formatTime(now - 2 * hour),
    ...counters,
  }
  t.same((await ask({ url: '/v1/lists' })).json(), { items: [item], next: null, none: { ...nothing, refusedByUs: 3 } })

  const url = `/v1/lists/${encodeURIComponent('Été 2026 / "a"')}`
  const daily = (await ask({ url })).json()
  t.match(daily, item)
  t.equal(daily.steps.length, 31, 'thirty days and today, in which nothing may have happened')
  t.same(daily.steps.at(-1), { at: formatTime(today), ...counters })
  t.same(daily.steps.at(-2), { at: formatTime(today - day), ...nothing })
  const hourly = (await ask({ url: `${url}?step=hour&since=${formatTime(now - 2 * hour)}&until=${formatTime(now)}` })).json()
  t.same(hourly.steps, [
    { at: formatTime(now - 2 * hour), ...nothing, sent: 1, recipients: 2 },
    { at: formatTime(now - hour), ...nothing, hard: { invalid_address: 1 }, complaints: 1 },
  ])
  t.equal((await ask({ url: '/v1/lists/unheard-of' })).statusCode, 404)

  const all = (await ask({ url: '/v1/statistics' })).json()
  t.same(all.totals, { ...counters, refusedByUs: 3 })
  t.same(all.domains, [{ domain: 'example.com', hard: 1, soft: 0 }])
  t.same(all.steps.at(-2), { at: formatTime(today - day), ...nothing, refusedByUs: 3 })
  t.equal(all.since, formatTime(today - 30 * day))
  t.equal(all.until, formatTime(today + day))
})

t.test('lists page, the latest first', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  for (const [n, list] of ['one', 'two', 'three'].entries()) await journal(fixture.store, ['a@example.com'], { list, at: now - hour + n })
  const found: string[] = []
  for (let url: string | null = '/v1/lists?limit=1'; url; ) {
    const page: { items: { list: string }[]; next: string | null } = (await ask({ url })).json()
    found.push(...page.items.map(({ list }) => list))
    url = page.next && `/v1/lists?limit=1&cursor=${encodeURIComponent(page.next)}`
  }
  t.same(found, ['three', 'two', 'one'])
  t.equal((await ask({ url: '/v1/lists?cursor=x' })).statusCode, 400)
})

t.test('a time that cannot be answered is refused with what would be right', async t => {
  const ask = await checkedClient(t, await openServer(t))
  for (const [query, why] of [
    ['step=minute', /must be hour or day/],
    ['since=yesterday', /must be a time of RFC 3339/],
    ['since=2026-11-24&until=2026-11-01', /since must be earlier than until/],
    ['step=hour&since=2020-01-01', /at most 2000 steps apart/],
    ['list=x', /must not be there/],
  ] as const)
    for (const path of ['/v1/statistics', '/v1/lists/x']) {
      const answer = await ask({ url: `${path}?${query}` })
      t.equal(answer.statusCode, 400, query)
      t.match(answer.body, why)
    }
  t.equal((await ask({ url: '/v1/statistics?since=2026-11-24T08:30:00Z&until=2026-11-24T08:30:01Z&step=hour' })).json().steps.length, 1)
})
