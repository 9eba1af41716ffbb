/**
 * How PostgreSQL would answer what the API asks, with tables of a given size: every question of the Store is put to it, each statement that it sends is
 * caught on its way, and explained. None may read a large table from end to end.
 */
import { Client } from 'pg'
import type { Test } from 'tap'
import type { AddressKey } from '../../src/smtp/path.ts'
import type { DeliveryFilter } from '../../src/store/filters.ts'
import { idBound } from '../../src/store/key-parts.ts'
import type { Store } from '../../src/store/store.ts'
import { address, block, bounce, day, message, minute, owed, report, start } from './samples.ts'

/** Pages of a list that are asked for: the first, and one behind a cursor. */
const pages = 2
const hour = 60 * minute
const week = 7 * day
const entry = { at: start, op: 'block', actor: 'hand', by: 'ops', why: 'asked us' }
const judged = report({ judged: { at: start, kind: 'bounce', bounceIds: [], problem: null } })

export type PlansOptions = {
  /** A store in a database that has tables and no rows. */
  readonly store: Store
  readonly url: string
  readonly rows: number
}

/** Fills the tables with as many rows each, asks everything, and checks the plans. */
export async function checkPlans(t: Test, { store, url, rows }: PlansOptions): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  for (const statement of fillSql(rows)) await client.query(statement)

  const asked = new Map<string, readonly unknown[]>()
  const caught = catchStatements(asked)
  try {
    for (const [what, ask] of questions(store)) {
      const from = performance.now()
      await ask()
      const took = performance.now() - from
      if (took > 200) t.comment(`${what}: ${took.toFixed(0)} ms`)
    }
  } finally {
    caught.stop()
  }

  const large = new Set(
    (await client.query<{ relname: string }>(`select relname from pg_class where relkind = 'r' and reltuples > ${rows / 25}`)).rows.map(
      ({ relname }) => relname,
    ),
  )
  for (const table of ['addresses', 'audit', 'deliveries', 'feed', 'tallies', 'incident_members'])
    t.ok(large.has(table), `${table} is large`)
  const scans = new Set<string>()
  for (const [text, values] of asked) {
    const plan = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, [...values])
    for (const { 'QUERY PLAN': line } of plan.rows)
      if (large.has(/Seq Scan on (\w+)/.exec(line)?.[1] ?? '')) scans.add(`${line.trim()}: ${text.replace(/\s+/g, ' ')}`)
  }
  t.same([...scans], [], `${asked.size} statements, ${rows} rows`)
  t.ok(asked.size > 60, 'they were caught')
}

/** Catches what any connection of `pg` sends, one of each text, until it is told to stop. */
function catchStatements(asked: Map<string, readonly unknown[]>): { stop(): void } {
  const { prototype } = Client
  const send = prototype.query
  prototype.query = function (this: Client, ...args: Parameters<typeof send>) {
    const [{ text, values = [] }] = args as unknown as [{ text: string; values?: readonly unknown[] }]
    if (/^\s*(?:select|with|delete|update)\b/.test(text) && !asked.has(text)) asked.set(text, values)
    return send.apply(this, args)
  } as typeof send
  return {
    stop() {
      prototype.query = send
    },
  }
}

/** All that the API, and the judge on its behalf, asks of the store. */
function questions(store: Store): [what: string, ask: () => Promise<unknown>][] {
  const times = { since: start - 9 * day, until: start + 9 * day }
  const key = 'user7@example7.org' as AddressKey
  const id = `${idBound(start).slice(0, 8)}${'8'.padStart(8, '0')}`
  const asks: [string, () => Promise<unknown>][] = []
  const one = (what: string, ask: () => Promise<unknown>) => void asks.push([what, ask])
  /** A list, by each choice of its conditions, at all times and between two. */
  const list = <F extends object>(
    what: string,
    choices: { readonly [K in keyof F]?: readonly unknown[] },
    ask: (filter: F, page: { limit: number; cursor: string | null }) => Promise<{ next: string | null }>,
  ) => {
    for (const filter of [...combinations(choices), ...combinations(choices).map(filter => ({ ...filter, ...times }))])
      one(`${what} ${JSON.stringify(filter)}`, async () => {
        let cursor: string | null = null
        for (let page = 0; page < pages; page++) {
          cursor = (await ask(filter as F, { limit: 20, cursor })).next
          if (cursor === null) return
        }
      })
  }

  one('lookup', async () => store.lookup([key, 'no@example.org' as AddressKey], start))
  one('address', () => store.address(key))
  one('lastAccepted', () => store.lastAccepted(key, start + week))
  one('message', () => store.message(id))
  list('messages', { key: [key], headerMessageId: ['7@crm'], upstreamId: ['Q7'], from: ['sales@example.com'] }, store.messages)
  one('bounce', () => store.bounce(`${id}-a`))
  one('bouncesOf', () => store.bouncesOf(id))
  const filters = { key: [key], domain: ['example7.org'], type: ['soft'], category: ['mailbox_full'], list: ['list7'] }
  list('bounces', { ...filters }, store.bounces)
  list('bounces', { q: ['user7', 'user', '@example7', 'nobody'], type: ['soft'] }, store.bounces)
  list('blacklist', { category: ['invalid_address'], domain: ['example7.org'] }, store.blacklist)
  list('suspects', {}, (_, page) => store.suspects(page))
  one('blacklistedCount', () => store.blacklistedCount())
  one('counts', () => store.counts())
  one('report', () => store.report(id))
  one('rawReport', () => store.rawReport(id))
  one('reportsOf', () => store.reportsOf(id))
  one('tokenUse', () => store.tokenUse(id))
  one('pendingReports', () => store.pendingReports(20))
  one('incident', () => store.incident(id))
  list('incidents', { state: ['open', 'closed'] }, store.incidents)
  list('members', {}, (_, page) => store.members('group1', page))
  one('dueOutbox', () => store.dueOutbox(start, 20))
  one('outboxItem', () => store.outboxItem(id))
  list('outbox', { state: ['waiting', 'dead'] }, store.outbox)
  one('changes', () => store.changes({ after: 100, limit: 20 }))
  one('dueDeliveries', () => store.dueDeliveries('hook1', start, 20))
  one('delivery', () => store.delivery('hook1', id))
  list<DeliveryFilter>('deliveries', { endpoint: ['hook1'], state: ['waiting', 'delivered', 'failed'] }, (filter, page) =>
    store.deliveries({ ...filter, endpoint: 'hook1' }, page),
  )
  one('endpointStop', () => store.endpointStop('hook1'))
  list('audit', { key: [key], actor: ['hand'], by: ['ops'], op: ['block'] }, store.audit)
  list('lists', {}, (_, page) => store.lists(page))
  one('list', () => store.list('list7'))
  one('tallies', () => store.tallies({ of: { list: 'list7' }, ...times, step: 'day' }))
  one('tallies of all', () => store.tallies({ of: 'all', ...times, step: 'hour' }))
  one('failingDomains', () => store.failingDomains(times.since, times.until, 20))
  one('mailboxPosition', () => store.mailboxPosition('imap.example.com/INBOX'))
  one('update', () => {
    const domain = 'example7.org' as AddressKey
    const span = { acceptedBefore: start + week }
    const neighbours = { of: [key], acceptedSince: start - week, ...span }
    const request = { keys: [key, domain], bounceIds: [`${id}-a`], ...span, neighbours, lived: { of: [key], ...span } }
    return store.update({ ...request, deadDomainsSince: start - week, operators: ['big.example'], incidents: [id] }, () => ({
      changes: { addresses: [address(key)], bounces: [bounce(key, { id: `${id}-a`, messageId: id })] },
      result: null,
    }))
  })
  one('expiredBlocks', () => store.expiredBlocks(start, 20))
  one('wholeReports', () => store.wholeReports(id, 20))
  one('erase', () => store.erase('user9@example9.org' as AddressKey))
  return asks
}

/** Every choice of one or no value for each condition. */
function combinations(values: Record<string, readonly unknown[] | undefined>): Record<string, unknown>[] {
  let found: Record<string, unknown>[] = [{}]
  for (const [name, choices = []] of Object.entries(values))
    found = found.flatMap(filter => [filter, ...choices.map(choice => ({ ...filter, [name]: choice }))])
  return found
}

/** A record as SQL: the sample, with these of its fields made for each row. */
function like(sample: object, fields: Readonly<Record<string, string>>): string {
  const made = Object.entries(fields).map(([name, sql]) => `'${name}', ${sql}`)
  return `('${JSON.stringify(sample)}'::jsonb || jsonb_build_object(${made}))::text::json`
}

/** Rows of the large tables, spread over the weeks for which there are partitions; made by the server. */
function fillSql(rows: number): string[] {
  const weeks = Array.from({ length: 5 }, (_, n) => `'${idBound(start + n * week).slice(0, 8)}'`)
  const domain = `'example' || n % 500 || '.org'`
  const who = `'user' || n % ${rows / 5} || '@' || ${domain}`
  const key = `'user' || n || '@' || ${domain}`
  const at = `${start} + n % 5 * ${week} + n`
  const since = { since: `${start} + n` }
  return [
    `create temp table ids as select n, (array[${weeks}])[1 + n % 5] || lpad(to_hex(n), 8, '0') as id from generate_series(1::bigint, ${rows}) n`,
    `insert into addresses select ${key}, ${domain}, ${start} + n, null, (array['invalid_address', 'inactive_address'])[1 + n % 2],
      case when n % 1000 = 0 then ${start} + n end, n, ${like(block('a@example.org'), since)},
      ${like(address('a@example.org', { block: block('a@example.org') }), { key, address: key })} from ids`,
    `insert into messages select id, n, n || '@crm', array['sales@example.com'], ${like(message(), { id: 'id' })} from ids`,
    `insert into message_recipients select ${domain}, 'user' || n % ${rows / 5}, id, n, true from ids`,
    `insert into message_outcomes select id, 'accepted', ${at}, 'Q' || n, '{}' from ids`,
    `insert into bounces select id || '-a', ${at}, ${who}, ${domain}, (array['invalid_address', 'mailbox_full'])[1 + n % 2],
      (array['hard', 'soft'])[1 + n % 2], 'list' || n % 50,
      ${like(bounce('a@example.org'), { id: `id || '-a'`, messageId: 'id', key: who, address: who })} from ids`,
    `insert into reports select id, id, 1000, n % 10000 = 0, null, ${like(judged, { id: 'id', messageId: 'id' })} from ids`,
    `insert into report_octets select id, 'octets' from ids`,
    `insert into outbox select id, ${at}, case when n % 100 = 1 then ${at} end, null, ${like(owed(start), { id: 'id' })} from ids where n % 100 < 2`,
    `insert into deliveries select 'hook' || n % 3, id, ${at}, ${at}, case when n % 100 = 0 then 'waiting' else 'delivered' end, null, '{"data": {}}' from ids`,
    `insert into feed select n, ${at}, '{}' from ids`,
    `update feed_end set newest = ${rows}`,
    `insert into audit select n, 0, ${at}, ${who}, 'block', 'hand', 'ops', ${like(entry, { key: who })} from ids`,
    `insert into incidents select id, n % 2000 = 0, '{}' from ids where n % 1000 = 0`,
    `insert into incident_members select 'group' || n % 50, id || '-a' from ids where n % 10 = 0`,
    `insert into tallies select '=list' || n % 50, ${start} + n * 4000 / ${rows} * ${hour}, (array['sent', 'accepted', 'hard.invalid_address'])[1 + n % 3], n % 64, 1
      from ids on conflict do nothing`,
    `insert into tallies select '@example' || n % 5000 || '.org', ${start} + n * 200 / ${rows} * ${day}, 'hard.invalid_address', n % 64, 1
      from ids on conflict do nothing`,
    `insert into lists select '=list' || n, n % 4, ${start}, ${start}, true, '{"list": "a", "template": null, "subject": null}'
      from generate_series(1, 200) n`,
    'analyze',
  ]
}
