/**
 * A PostgreSQL store as plain records, for `rebond store copy`.
 */

import type { QueryResultRow } from 'pg'
import { timeOfId } from '../../return-path/time-id.ts'
import type { Archive, Archived, ArchivedKind, ArchiveNumbers, Placed } from '../archive.ts'
import type { AuditEntry } from '../audit-record.ts'
import type { NumberedChange } from '../change-records.ts'
import type { EndpointStop } from '../delivery-records.ts'
import { erasedDomain } from '../erased.ts'
import { textPart } from '../key-parts.ts'
import type { Message } from '../message-records.ts'
import type { MailboxPosition, StoredReport } from '../return-records.ts'
import type { SurgeWindow } from '../surge-records.ts'
import type { Counts, ListRecord } from '../tally.ts'
import { putLists, putSums, scopeOf, sumsOf } from './archived-tallies.ts'
import { putAudit } from './audit.ts'
import type { Database, Run } from './database.ts'
import { putDeliveries } from './deliveries.ts'
import { keepMailbox } from './mailboxes.ts'
import { aheadMs, makePartitions } from './partitions.ts'
import { putReports, replaceReports } from './reports.ts'
import {
  addressTable,
  bounceTable,
  incidentTable,
  memberTable,
  messageTable,
  outboxTable,
  putRows,
  recipientsOf,
  recipientTable,
  windowTable,
} from './writes.ts'

/** How a kind is read: its rows in the order of `place`, and what makes a record of a row. */
type Source<K extends ArchivedKind, R = QueryResultRow> = {
  readonly place: readonly string[]
  readonly from: string
  readonly select: string
  readonly read: (row: R) => Archived[K]
}

/** A source whose rows have these columns: `select` gives them. */
function source<K extends ArchivedKind, R extends object>(given: Source<K, R>): Source<K> {
  return { ...given, read: row => given.read(row as R) }
}

/** A kind that is kept as one column. */
function whole<K extends ArchivedKind>(from: string, ...place: readonly string[]): Source<K> {
  return source<K, { data: Archived[K] }>({ place, from, select: 'data', read: ({ data }) => data })
}

const sources: { readonly [K in ArchivedKind]: Source<K> } = {
  addresses: whole('addresses', 'key'),
  messages: source<'messages', Message & { data: Message }>({
    place: ['id'],
    from: 'messages',
    select: 'seq, data, (select data from message_outcomes o where o.id = messages.id) as outcome',
    read: ({ seq, data, outcome }) => ({ ...data, seq, outcome }),
  }),
  bounces: whole('bounces', 'id'),
  reports: source<'reports', { data: StoredReport; raw: Buffer | null }>({
    place: ['id'],
    from: 'reports',
    select: 'data, (select raw from report_octets o where o.id = reports.id) as raw',
    read: ({ data, raw }) => ({ report: data, raw: raw?.toString('base64') ?? null }),
  }),
  outbox: whole('outbox', 'id'),
  audit: source<'audit', { seq: number; n: number; data: AuditEntry }>({
    place: ['seq', 'n'],
    from: 'audit',
    select: 'seq, n, data',
    read: ({ seq, n, data }) => ({ seq, n, entry: data }),
  }),
  windows: source<'windows', { operator: string; data: SurgeWindow }>({
    place: ['operator'],
    from: 'surge_windows',
    select: 'operator, data',
    read: ({ operator, data }) => ({ operator, window: data }),
  }),
  incidents: whole('incidents', 'id'),
  members: source<'members', { member_of: string; bounce_id: string }>({
    place: ['member_of', 'bounce_id'],
    from: 'incident_members',
    select: 'member_of, bounce_id',
    read: ({ member_of, bounce_id }) => ({ group: member_of, bounceId: bounce_id }),
  }),
  tallies: source<'tallies', { scope: string; hour: number; data: Counts }>({
    place: ['scope', 'hour'],
    from: `(select scope, hour, json_object_agg(counter, value) as data from (
        select scope, hour, counter, sum(value)::bigint as value from tallies where hour >= 0 group by 1, 2, 3 having sum(value) <> 0
      ) as sums group by 1, 2) as hours`,
    select: 'scope, hour, data',
    read: ({ scope, hour, data }) => ({ scope, at: hour, counts: data }),
  }),
  lists: source<'lists', { first_at: number; last_at: number; data: ListRecord; counts: Counts | null }>({
    place: ['scope'],
    from: `(select scope, min(first_at) as first_at, coalesce(max(last_at) filter (where seen), min(first_at)) as last_at,
        (array_agg(data order by seen desc, last_at desc))[1] as data from lists group by scope) as merged`,
    select: `first_at, last_at, data, (select json_object_agg(counter, value) from (
        select counter, sum(value)::bigint as value from tallies t where t.scope = merged.scope and hour = -1 group by 1 having sum(value) <> 0
      ) as sums) as counts`,
    read: ({ first_at, last_at, data, counts }) => ({ ...data, firstAt: first_at, lastAt: last_at, counts: counts ?? {} }),
  }),
  changes: source<'changes', { n: number; data: NumberedChange }>({
    place: ['n'],
    from: 'feed',
    select: 'n, data',
    read: ({ n, data }) => ({ ...data, n }),
  }),
  deliveries: whole('deliveries', 'endpoint', 'id'),
  stops: source<'stops', { endpoint: string; data: EndpointStop }>({
    place: ['endpoint'],
    from: 'endpoint_stops',
    select: 'endpoint, data',
    read: ({ endpoint, data }) => ({ endpoint, stop: data }),
  }),
  mailboxes: source<'mailboxes', { name: string; value: string }>({
    place: ['name'],
    from: `(select name, value from meta where name like 'mailbox %') as mailboxes`,
    select: 'name, value',
    read: ({ name, value }) => ({ mailbox: name.slice('mailbox '.length), position: JSON.parse(value) as MailboxPosition }),
  }),
}

type Writers = { readonly [K in ArchivedKind]: (run: Run, records: readonly Archived[K][]) => Promise<unknown>[] }

const writers: Writers = {
  addresses: (run, records) => putRows(run, addressTable, records),
  messages: (run, records) => [
    ...putRows(run, messageTable, records),
    ...putRows(
      run,
      recipientTable,
      records.flatMap(message => recipientsOf(message, message.seq)),
    ),
    ...putOutcomes(run, records),
  ],
  bounces: (run, records) => putRows(run, bounceTable, records),
  reports: (run, records) => [
    ...putReports(
      run,
      records.map(({ report }) => report),
    ),
    ...records.flatMap(({ report, raw }) => (raw === null ? [] : [run(...replaceReports([{ report, raw: Buffer.from(raw, 'base64') }]))])),
  ],
  outbox: (run, records) => putRows(run, outboxTable, records),
  audit: (run, records) => putAudit(run, records),
  windows: (run, records) =>
    putRows(
      run,
      windowTable,
      records.map(({ operator, window }) => [operator, window] as const),
    ),
  incidents: (run, records) => putRows(run, incidentTable, records),
  members: (run, records) => putRows(run, memberTable, records),
  tallies: (run, records) =>
    putSums(
      run,
      records.flatMap(({ scope, at, counts }) => sumsOf(scope, at, counts)),
    ),
  lists: (run, records) => [
    ...putLists(run, records),
    ...putSums(
      run,
      records.flatMap(({ list, counts }) => sumsOf(scopeOf(list), -1, counts)),
    ),
  ],
  changes: (run, records) => [
    run(
      {
        text: 'insert into feed (n, at, data) select * from unnest($1::bigint[], $2::bigint[], $3::json[]) on conflict (n) do nothing',
      },
      [records.map(({ n }) => n), records.map(({ at }) => at), records.map(({ n: _, ...change }) => JSON.stringify(change))],
    ),
  ],
  deliveries: (run, records) => putDeliveries(run, records, new Map()),
  stops: (run, records) => putDeliveries(run, [], new Map(records.map(({ endpoint, stop }) => [endpoint, stop]))),
  mailboxes: (run, records) => records.map(({ mailbox, position }) => run(...keepMailbox(mailbox, position))),
}

function putOutcomes(run: Run, messages: readonly Archived['messages'][]): Promise<unknown>[] {
  const ended = messages.flatMap(({ id, outcome }) => (outcome ? [{ id, outcome }] : []))
  const text = `insert into message_outcomes (id, outcome, at, upstream_id, data)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::json[]) on conflict (id) do nothing`
  const values = [
    ended.map(({ id }) => id),
    ended.map(({ outcome }) => outcome.outcome),
    ended.map(({ outcome }) => outcome.at),
    ended.map(({ outcome: { upstreamId } }) => (upstreamId === null ? null : textPart(upstreamId))),
    ended.map(({ outcome }) => JSON.stringify(outcome)),
  ]
  return [run({ text }, values)]
}

/** Ids of nothing real lie before this year, and have no partition of their own. */
const oldest = Date.UTC(2000, 0)

/** Makes an archive of an open database, which it closes. */
export function postgresArchive(database: Database, now: () => number): Archive {
  let made = { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY }

  /** Old mails get partitions of their own, as if they had been journalled here. */
  async function makeRoom(ids: readonly string[]): Promise<void> {
    const times = ids.map(id => timeOfId(id.slice(0, 16))).filter(at => at >= oldest && at <= now() + aheadMs)
    const [from, until] = [Math.min(made.from, ...times), Math.max(made.until, ...times)]
    if (times.length === 0 || (from === made.from && until === made.until)) return
    await makePartitions(database, from, until)
    made = { from, until }
  }

  return {
    async read<K extends ArchivedKind>(kind: K, after: string | null, limit: number) {
      const { place, from, select, read } = sources[kind]
      const values = after === null ? [] : (JSON.parse(after) as unknown[])
      const behind = after === null ? '' : `where (${place.join(', ')}) > (${place.map((_, n) => `$${n + 2}`).join(', ')})`
      const text = `select json_build_array(${place.join(', ')}) as place, ${select} from ${from} ${behind} order by ${place.join(', ')} limit $1`
      const rows = await database.run<QueryResultRow & { place: unknown[] }>({ text }, [limit, ...values])
      return rows.map((row): Placed<K> => ({ place: JSON.stringify(row.place), record: read(row) }))
    },
    async write(kind, records) {
      if (kind === 'messages' || kind === 'bounces') await makeRoom((records as readonly { readonly id: string }[]).map(({ id }) => id))
      if (kind === 'reports') await makeRoom((records as readonly Archived['reports'][]).map(({ report }) => report.id))
      await database.transaction(async run => ({ result: null, writes: writers[kind](run, records) }))
    },
    async numbers() {
      const text = `select (select last_value from seq) as seq, (select newest from feed_end) as change,
        (select value from meta where name = 'erased') as "erasedKey"`
      const [row] = await database.run<ArchiveNumbers>({ text })
      return row ?? { seq: 0, change: 0, erasedKey: null }
    },
    finish: ({ seq, change, erasedKey }) =>
      database.session(async run => {
        await run({ text: `select setval('seq', greatest($1::bigint, (select last_value from seq)))` }, [Math.max(seq, 1)])
        await run({ text: 'update feed_end set newest = greatest(newest, $1)' }, [change])
        if (erasedKey !== null)
          await run({ text: `insert into meta values ('erased', $1) on conflict (name) do update set value = excluded.value` }, [erasedKey])
        for (const text of recount) await run({ text })
      }),
    async mark() {
      const [row] = await database.run<{ value: string }>({ text: `select value from meta where name = 'copy'` })
      return row?.value ?? null
    },
    async setMark(mark) {
      if (mark === null) await database.run({ text: `delete from meta where name = 'copy'` })
      else
        await database.run({ text: `insert into meta values ('copy', $1) on conflict (name) do update set value = excluded.value` }, [mark])
    },
    close: () => database.close(),
  }
}

/** The hour in an id, as `hourOfId` has it: ten characters of base32hex hold 48 bits of milliseconds, and two more. */
const hourOf = `(select (sum((strpos('0123456789abcdefghijklmnopqrstuv', substr(id, i, 1)) - 1) * (32 ^ (10 - i))::numeric) / 4 / 3600000)::numeric
  from generate_series(1, 10) as i)`

const recount = [
  `insert into meta select 'hashed', 'true' where exists (select from addresses where domain = '${erasedDomain}') on conflict do nothing`,
  'delete from counts',
  `insert into counts (name, slot, hour, value) select 'blocks', 0, 0, count(*) from addresses where blocked_since is not null`,
  ...['messages', 'bounces'].map(
    table =>
      `insert into counts (name, slot, hour, value) select '${table}', 0, hour, count(*) from (select greatest(floor(${hourOf}), 0)::bigint as hour from ${table}) as hours group by hour`,
  ),
]
