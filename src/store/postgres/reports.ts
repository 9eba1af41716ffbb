/**
 * Reports in PostgreSQL: mail that came to a return path, its octets, and which of them wait to be judged.
 *
 * A pending report is held by the node that accepted it, which is about to judge it; another node takes it over when that one is gone.
 */
import type { StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import { createBatches } from './batches.ts'
import type { Database, Run } from './database.ts'
import { free, type Node } from './node.ts'

type Reports = Pick<Store, 'acceptReport' | 'report' | 'rawReport' | 'pendingReports' | 'reportsOf' | 'tokenUse'> & {
  idle(): Promise<void>
}
type Accepted = { readonly report: StoredReport; readonly raw: Buffer }

const maxBatch = 64
/** Octets of reports that travel together; a larger one travels alone. */
const maxBatchOctets = 1024 * 1024

const pending = {
  name: 'pending reports',
  text: `with due as (
      select id, data, holder from reports where pending and ${free('reports', 2)} order by id limit $1 for update skip locked),
    taken as (update reports set holder = $2 from due where reports.id = due.id and due.holder is distinct from $2)
    select data from due order by id`,
}

export function createReports(database: Database, node: Node): Reports {
  const accepted = createBatches<Accepted, boolean>({
    async work(items) {
      const rows = await database.run<{ id: string }>(...acceptReports(items, node.id))
      const fresh = new Set(rows.map(({ id }) => id))
      // Of two with one id in a batch the first is the one that was stored.
      return items.map(({ report }) => fresh.delete(report.id))
    },
    atOnce: 2,
    maxItems: maxBatch,
    maxOctets: maxBatchOctets,
    octetsOf: ({ raw }) => raw.length,
  })
  return {
    async acceptReport(report, raw) {
      database.assertOpen()
      return accepted.add({ report, raw })
    },
    async report(id) {
      const [row] = await database.run<{ data: StoredReport }>({ name: 'report', text: 'select data from reports where id = $1' }, [id])
      return row?.data ?? null
    },
    async rawReport(id) {
      const [row] = await database.run<{ raw: Buffer }>({ name: 'raw report', text: 'select raw from report_octets where id = $1' }, [id])
      return row?.raw ?? null
    },
    async pendingReports(limit) {
      return (await database.run<{ data: StoredReport }>(pending, [limit, node.id, node.timeoutMs])).map(({ data }) => data)
    },
    async reportsOf(messageId) {
      const text = 'select data from reports where message_id = $1 order by id'
      return (await database.run<{ data: StoredReport }>({ name: 'reports of a mail', text }, [messageId])).map(({ data }) => data)
    },
    async tokenUse(messageId) {
      const text = 'select count(*) as reports, coalesce(sum(size), 0)::bigint as octets from reports where message_id = $1'
      const [row] = await database.run<{ reports: number; octets: number }>({ name: 'token use', text }, [messageId])
      return { reports: row?.reports ?? 0, octets: row?.octets ?? 0 }
    },
    idle: accepted.idle,
  }
}

/** What both statements that write reports with their octets begin with: octets are parameters of their own, which travel as they are. */
const insert = `insert into reports (id, message_id, size, pending, holder, data)
      select id, message_id, size, pending, $5, data
      from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $6::json[]) as given (id, message_id, size, pending, data)`

/** Stores new reports, held by a node; gives the ids of those that were not there yet. */
function acceptReports(items: readonly Accepted[], holder: string): [{ text: string }, unknown[]] {
  const text = `with report as (${insert} on conflict (id) do nothing returning id),
    octets as (
      insert into report_octets (id, raw)
      select id, raw from (values ${octetRows(items)}) as given (id, raw) where id in (select id from report)
      on conflict (id) do nothing)
    select id from report`
  return [{ text }, parametersOf(items, holder)]
}

/** Writes reports, whether they are there already or not. */
export function replaceReports(items: readonly Accepted[]): [{ text: string }, unknown[]] {
  const text = `with report as (${insert} on conflict (id) do update set pending = excluded.pending, data = excluded.data)
    insert into report_octets (id, raw) values ${octetRows(items)}
    on conflict (id) do update set raw = excluded.raw`
  return [{ text }, parametersOf(items, null)]
}

function octetRows(items: readonly Accepted[]): string {
  return items.map((_, index) => `(($1::text[])[${index + 1}], $${index + 7}::bytea)`).join(', ')
}

function parametersOf(items: readonly Accepted[], holder: string | null): unknown[] {
  const reports = items.map(({ report }) => report)
  return [
    reports.map(({ id }) => id),
    reports.map(({ messageId }) => messageId),
    reports.map(({ size }) => size),
    reports.map(({ judged }) => judged === null),
    holder,
    reports.map(report => JSON.stringify(report)),
    ...items.map(({ raw }) => raw),
  ]
}

const replace = {
  name: 'put reports',
  text: `insert into reports (id, message_id, size, pending, data)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::json[])
    on conflict (id) do update set pending = excluded.pending, data = excluded.data`,
}

/** Replaces stored reports; one that is judged is pending no more. */
export function putReports(run: Run, given: readonly StoredReport[]): Promise<unknown>[] {
  if (given.length === 0) return []
  const reports = [...new Map(given.map(report => [report.id, report])).values()]
  return [
    run(replace, [
      reports.map(({ id }) => id),
      reports.map(({ messageId }) => messageId),
      reports.map(({ size }) => size),
      reports.map(({ judged }) => judged === null),
      reports.map(report => JSON.stringify(report)),
    ]),
  ]
}
