/**
 * Forgetting by age in PostgreSQL: one bounded statement a call, the oldest rows first; whole periods of the large tables go as one.
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import { type Forgettable, lastChangeOf, lastUseOf } from '../forgetting.ts'
import { idBound } from '../key-parts.ts'
import type { StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import type { SurgeWindow } from '../surge-records.ts'
import { CountChanges } from './counters.ts'
import type { Database } from './database.ts'
import { forgetPeriods } from './forget-periods.ts'

type Forgetting = Pick<Store, 'forget' | 'expiredBlocks' | 'wholeReports' | 'trimReport'>

/** Rows looked at for one that may go. */
const looksPerRow = 10

/** Deletes at most $2 rows older than $1, and gives their ids. */
const statements: Readonly<Partial<Record<Forgettable, string>>> = {
  raw: `with old as (select o.id from report_octets o join reports r on r.id = o.id
      where o.id < $1 and not r.pending and not exists (select 1 from outbox x where x.id = o.id) order by o.id limit $2)
    delete from report_octets where id in (select id from old) returning id`,
  messages: `with old as (select id from messages where id < $1 order by id limit $2),
      outcomes as (delete from message_outcomes where id in (select id from old)),
      recipients as (delete from message_recipients where id in (select id from old))
    delete from messages where id in (select id from old) returning id`,
  bounces: `with old as (select id from bounces where received_at < $1 order by received_at limit $2)
    delete from bounces where id in (select id from old) returning id`,
  reports: `with old as (select r.id from reports r
      where r.id < $1 and not r.pending and not exists (select 1 from outbox x where x.id = r.id) order by r.id limit $2),
      octets as (delete from report_octets where id in (select id from old))
    delete from reports where id in (select id from old) returning id`,
  deadLetters: `with old as (select id from outbox where dead_at < $1 order by dead_at limit $2)
    delete from outbox where id in (select id from old) and dead_at is not null returning id`,
  audit: `with old as (select seq, n from (select seq, n, at from audit order by seq, n limit $2) first where at < $1)
    delete from audit using old where audit.seq = old.seq and audit.n = old.n returning audit.seq::text as id`,
  changes: `with old as (select n from (select n, at from feed order by n limit $2) first where at < $1)
    delete from feed where n in (select n from old) returning n::text as id`,
  webhooks: `with old as (select endpoint, id from deliveries where state <> 'waiting' and at < $1 limit $2)
    delete from deliveries d using old where d.endpoint = old.endpoint and d.id = old.id returning d.id`,
  lists: `with old as (select scope from lists where scope <> '-' group by scope having max(last_at) < $1 limit $2),
      totals as (delete from tallies where scope in (select scope from old) and hour = -1)
    delete from lists where scope in (select scope from old) returning scope as id`,
  incidents: `with old as (select id from incidents where id < $1 and not open order by id limit $2),
      members as (delete from incident_members where (member_of, bounce_id) in
        (select member_of, bounce_id from incident_members where member_of < $1 order by 1, 2 limit $2) returning bounce_id),
      gone as (delete from incidents where id in (select id from old) returning id)
    select id from gone union all select bounce_id from members`,
}

/** Kinds whose age is that of their ids. */
const byId: ReadonlySet<Forgettable> = new Set<Forgettable>(['raw', 'messages', 'reports', 'incidents'])

export function createForget(database: Database, slot: number): Forgetting {
  /** Where the walk through all addresses goes on. */
  let place = ''
  /** Where the walk through all counters goes on. */
  let scope = ''

  async function addresses(before: number, limit: number): Promise<number> {
    const text = 'select key, data from addresses where key > $1 order by key limit $2'
    const rows = await database.run<{ key: string; data: AddressRecord }>({ name: 'walk addresses', text }, [place, limit * looksPerRow])
    place = rows.at(-1)?.key ?? ''
    const old = rows.flatMap(({ key, data }) => (data.block === null && lastChangeOf(data) < before ? [key] : []))
    if (old.length > 0)
      // Who was touched meanwhile stays: its record is another.
      await database.serializable(async run => {
        const still = await run<{ key: string; data: AddressRecord }>({ text: 'select key, data from addresses where key = any($1)' }, [
          old,
        ])
        const gone = still.filter(({ data }) => data.block === null && lastChangeOf(data) < before).map(({ key }) => key)
        return { result: null, writes: [run({ text: 'delete from addresses where key = any($1)' }, [gone])] }
      })
    return rows.length
  }

  /** Scope by scope, from where the last call ended: in each, hours stand in their order. Days of failing domains have an index of their own. */
  async function tallies(before: number, limit: number): Promise<number> {
    const days = `with old as (select scope, hour, counter, slot from tallies where scope like '@%' and hour < $1 order by hour, scope limit $2)
      delete from tallies t using old where (t.scope, t.hour, t.counter, t.slot) = (old.scope, old.hour, old.counter, old.slot) returning 1`
    let dealtWith = (await database.run({ name: 'forget days', text: days }, [before, limit])).length
    const next = `select scope from tallies where scope > $1 and not (scope >= '@' and scope < 'A') order by scope limit 1`
    const hours = `with old as (select hour, counter, slot from tallies where scope = $1 and hour >= 0 and hour < $2 order by hour limit $3)
      delete from tallies t using old where t.scope = $1 and (t.hour, t.counter, t.slot) = (old.hour, old.counter, old.slot) returning 1`
    while (dealtWith < limit) {
      const [row] = await database.run<{ scope: string }>({ name: 'next scope', text: next }, [scope])
      if (!row) {
        if (dealtWith === 0) scope = ''
        return dealtWith
      }
      const gone = await database.run({ name: 'forget hours', text: hours }, [row.scope, before, limit])
      dealtWith += 1 + gone.length
      if (gone.length < limit) scope = row.scope
    }
    return dealtWith
  }

  /** One for each operator that was ever judged: few. */
  async function windows(before: number, limit: number): Promise<number> {
    return database.serializable(async run => {
      const rows = await run<{ operator: string; data: SurgeWindow }>({ text: 'select operator, data from surge_windows' })
      const old = rows.filter(({ data }) => lastUseOf(data) < before).slice(0, limit)
      const names = old.map(({ operator }) => operator)
      return { result: old.length, writes: [run({ text: 'delete from surge_windows where operator = any($1)' }, [names])] }
    })
  }

  return {
    async forget(kind, before, limit) {
      database.assertOpen()
      if (kind === 'addresses') return addresses(before, limit)
      if (kind === 'tallies') return tallies(before, limit)
      if (kind === 'windows') return windows(before, limit)
      if (kind === 'messages' || kind === 'bounces' || kind === 'reports' || kind === 'raw') {
        const periods = await forgetPeriods(database, kind, before)
        if (periods > 0) return periods
      }
      const text = statements[kind]
      // What a return path has brought stands in its reports.
      if (text === undefined) return 0
      return database.transaction(async run => {
        const gone = await run<{ id: string }>({ name: `forget ${kind}`, text }, [byId.has(kind) ? idBound(before) : before, limit])
        const counts = new CountChanges()
        if (kind === 'messages' || kind === 'bounces') for (const { id } of gone) counts.add(kind, id, -1)
        return { result: gone.length, writes: counts.put(run, slot) }
      })
    },

    async expiredBlocks(now, limit) {
      const text = 'select key from addresses where blocked_until is not null and blocked_until <= $1 order by blocked_until limit $2'
      return (await database.run<{ key: AddressKey }>({ name: 'expired blocks', text }, [now, limit])).map(({ key }) => key)
    },

    async wholeReports(after, limit) {
      const text = `select data from reports r where id > $1 and not pending and not exists (select 1 from outbox x where x.id = r.id) order by id limit $2`
      const found: StoredReport[] = []
      for (let from = after; found.length < limit; ) {
        const rows = await database.run<{ data: StoredReport }>({ name: 'whole reports', text }, [from, limit * looksPerRow])
        found.push(...rows.map(({ data }) => data).filter(report => report.judged && !report.trimmed))
        const last = rows.at(-1)
        if (!last) break
        from = last.data.id
      }
      return found.slice(0, limit)
    },

    async trimReport(id, kept) {
      await database.transaction(async run => {
        const [row] = await run<{ data: StoredReport }>({ text: 'select data from reports where id = $1 for update' }, [id])
        if (!row) return { result: null, writes: [] }
        const data = JSON.stringify({ ...row.data, trimmed: true })
        return {
          result: null,
          writes: [
            run({ text: 'update reports set data = $2 where id = $1' }, [id, data]),
            run({ text: 'update report_octets set raw = $2 where id = $1' }, [id, kept]),
          ],
        }
      })
    },
  }
}
