/**
 * Forgetting whole periods of the large tables: their partitions are dropped, which costs the same whatever they hold, instead of their rows deleted.
 *
 * Promises: what belongs together goes in one transaction, with its counts; a period that holds anything younger, or anything that waits, stays and is
 * left to the rows' own statements. When another transaction does not give way within two seconds nothing happens; the next round tries again.
 */
import { idBound } from '../key-parts.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Database, Run } from './database.ts'
import { type OldPartition, oldPartitions, type PartitionedTable } from './partitions.ts'
import { codeOf } from './trouble.ts'

/** Dropping waits for all who use the table, and all who come then wait behind it. */
const lockTimeout = 'set local lock_timeout = 2000'
const lockNotAvailable = '55P03'

type Kind = 'messages' | 'bounces' | 'reports' | 'raw'

type Period = {
  readonly table: PartitionedTable
  /** Tables whose rows have the ids of those in `table`, cut alike. */
  readonly alike: readonly PartitionedTable[]
  /** Says in SQL, of the partition `$name`, that something in it must stay; `$1`: nothing younger may go. Absent: never. */
  readonly keeps?: string
  readonly counted?: string
}

const owedOrPending = (octets: boolean): string => `exists (select from outbox x join $name p on p.id = x.id)
  or exists (select from ${octets ? 'reports r join $name p on p.id = r.id' : '$name r'} where r.pending)`

const periods: Readonly<Record<Kind, Period>> = {
  messages: { table: 'messages', alike: ['message_outcomes', 'message_recipients'], counted: 'messages' },
  // A return is as old as it is received, and its id as its mail.
  bounces: { table: 'bounces', alike: [], keeps: 'exists (select from $name where received_at >= $1)', counted: 'bounces' },
  reports: { table: 'reports', alike: [], keeps: owedOrPending(false) },
  raw: { table: 'report_octets', alike: [], keeps: owedOrPending(true) },
}

export const byPeriod: ReadonlySet<string> = new Set(Object.keys(periods))

/** Drops the partitions of a kind that are over before `before`; gives how many periods went. @throws {StoreUnavailable} */
export async function forgetPeriods(database: Database, kind: Kind, before: number): Promise<number> {
  const { table, alike, keeps, counted } = periods[kind]
  let dropped = 0
  for (const period of await oldPartitions(database.run, table, before)) {
    const gone = await database
      .transaction(async run => {
        await run({ text: lockTimeout })
        if (keeps !== undefined && (await holds(run, keeps, period, before))) return { result: 0, writes: [] }
        const same: OldPartition[] = [period]
        for (const other of alike) same.push(...(await oldPartitions(run, other, before)).filter(({ start }) => start === period.start))
        const writes = same.map(({ name }) => run({ text: `drop table if exists ${name}` }))
        if (counted !== undefined)
          writes.push(
            run({ text: 'delete from counts where name = $1 and hour >= $2 and hour < $3' }, [
              counted,
              hourOf(period.start),
              hourOf(period.end),
            ]),
          )
        // A week of octets may reach into the next month: those whose reports go here go with them.
        if (kind === 'reports')
          writes.push(run({ text: 'delete from report_octets where id >= $1 and id < $2' }, [idBound(period.start), idBound(period.end)]))
        return { result: 1, writes }
      })
      .catch((err: unknown) => {
        if (err instanceof StoreUnavailable && codeOf(err) === lockNotAvailable) return 0
        throw err
      })
    dropped += gone
  }
  return dropped
}

async function holds(run: Run, keeps: string, { name }: OldPartition, before: number): Promise<boolean> {
  const text = `select (${keeps.replaceAll('$name', name)}) as holds`
  const [row] = await run<{ holds: boolean }>({ text }, text.includes('$1') ? [before] : [])
  return row?.holds ?? true
}

function hourOf(at: number): number {
  return Math.floor(at / 3_600_000)
}
