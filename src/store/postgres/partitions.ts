/**
 * Periods of the large tables: which there are, made ahead of time, and dropped when all in them is forgotten.
 *
 * A partition holds the ids of one period, weeks (from Monday) or months, by UTC; it is named after the first day of it: `messages_20261123`.
 */
import { timeOfId } from '../../return-path/time-id.ts'
import { idBound } from '../key-parts.ts'
import type { Database, Run } from './database.ts'

type Period = 'week' | 'month'

/** The journal is large and is forgotten early, returns are few and are kept for long: few partitions for each. */
export const partitioned = {
  messages: 'week',
  message_outcomes: 'week',
  message_recipients: 'week',
  report_octets: 'week',
  bounces: 'month',
  reports: 'month',
} as const satisfies Record<string, Period>

export type PartitionedTable = keyof typeof partitioned

const dayMs = 86_400_000
const weekMs = 7 * dayMs
/** 1970-01-05, a Monday. */
const monday = 4 * dayMs
/** How far ahead partitions are made: a node that runs makes them daily. */
export const aheadMs = 5 * weekMs

/** The first moment of the period that holds `at`. */
export function periodStart(period: Period, at: number): number {
  if (period === 'week') return at - ((((at - monday) % weekMs) + weekMs) % weekMs)
  const day = new Date(at)
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth())
}

function periodEnd(period: Period, start: number): number {
  if (period === 'week') return start + weekMs
  const day = new Date(start)
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1)
}

function nameOf(table: string, start: number): string {
  return `${table}_${new Date(start).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** The partitions that there are: where each begins, oldest first; the one for the rest is not among them. */
export async function listPartitions(run: Run, table: PartitionedTable): Promise<{ readonly name: string; readonly start: number }[]> {
  const rows = await run<{ name: string }>(
    {
      text: 'select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by 1',
    },
    [table],
  )
  return rows.flatMap(({ name }) => {
    const [, year, month, day] = /_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? []
    return day === undefined ? [] : [{ name, start: Date.UTC(Number(year), Number(month) - 1, Number(day)) }]
  })
}

/** Makes the partitions that are missing for ids from `from` to `until`. Two nodes may do so at once. */
export async function makePartitions(database: Database, from: number, until: number): Promise<void> {
  for (const [table, period] of Object.entries(partitioned) as [PartitionedTable, Period][]) {
    const there = new Set((await listPartitions(database.run, table)).map(({ start }) => start))
    for (let start = periodStart(period, from); start <= until; start = periodEnd(period, start))
      if (!there.has(start)) await makePartition(database, table, start, periodEnd(period, start))
  }
}

/** Under the lock of migrations: `if not exists` alone fails when another node makes the same table at that moment. */
async function makePartition(database: Database, table: PartitionedTable, start: number, end: number): Promise<void> {
  const name = nameOf(table, start)
  const [low, high] = [idBound(start), idBound(end)]
  const text = `create table if not exists ${name} partition of ${table} for values from ('${low}') to ('${high}')`
  await database.transaction(async run => ({
    result: null,
    writes: [run({ text: 'select from rebond_schema for update' }), run({ text })],
  }))
}

/** A period that is over: nothing in it has an id as young as its end. */
export type OldPartition = { readonly name: string; readonly start: number; readonly end: number }

/** The partitions all of whose ids are older than `before`, oldest first. */
export async function oldPartitions(run: Run, table: PartitionedTable, before: number): Promise<OldPartition[]> {
  const period = partitioned[table]
  return (await listPartitions(run, table))
    .map(({ name, start }) => ({ name, start, end: periodEnd(period, start) }))
    .filter(({ end }) => end <= before)
}

/** The lowest and the end of the ids in the partitions that hold ids of these times: all that a scan of the partitions would meet. */
export function partitionBounds(table: PartitionedTable, from: number, until: number): readonly [low: string, end: string] {
  const period = partitioned[table]
  return [idBound(periodStart(period, from)), idBound(periodEnd(period, periodStart(period, until)))]
}

/** The hour of an id, for counters; 0 where it holds no time. */
export function hourOfId(id: string): number {
  const at = timeOfId(id.slice(0, 16))
  return Number.isNaN(at) ? 0 : Math.floor(at / 3_600_000)
}
