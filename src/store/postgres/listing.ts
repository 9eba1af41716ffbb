/**
 * Pages of a list, newest first, in one statement: an index is walked from the cursor on, at most 10,000 rows a call, and what the index
 * does not test is tested on the way.
 *
 * Positions never move (doc/adr/0002), so pages neither repeat nor skip under writes.
 */
import type { QueryResultRow } from 'pg'
import { makeCursor, readCursor } from '../cursors.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Run } from './database.ts'

/** Rows that one call looks at; then it gives what it found, and a cursor. */
export const maxRows = 10_000

/** A condition in SQL; each `?` stands for the next of its values. */
export type Condition = { readonly sql: string; readonly values: readonly unknown[] }

export const when = (sql: string, ...values: readonly unknown[]): Condition => ({ sql, values })

export type Listing<T> = {
  /** Signed into the cursor. */
  readonly name: string
  readonly filter: object
  readonly page: PageRequest
  /** The table that is walked, or a query in brackets. */
  readonly table: string
  /** Columns of the table that make a row's place, as they are sorted, descending. */
  readonly place: readonly string[]
  /** More columns of the table that `tested` and `joined` need. */
  readonly columns?: readonly string[]
  /** What the index tests. */
  readonly indexed: readonly Condition[]
  /** What is tested while walking. */
  readonly tested?: readonly Condition[]
  /** Joins that give the record of a row `walked`, each row at most one. */
  readonly joined?: string
  /** What of it all makes an item. */
  readonly select: string
  readonly read: (row: QueryResultRow) => T
}

/** Gives one page of a list. @throws {BadCursor} */
export async function listPage<T>(run: Run, cursorKey: string, listing: Listing<T>): Promise<Page<T>> {
  const { name, filter, page } = listing
  const after = page.cursor === null ? null : (JSON.parse(readCursor(cursorKey, name, filter, page.cursor)) as unknown[])
  const rows = await run<QueryResultRow & { rank: number; wanted: boolean; place: unknown[] }>(...statementOf(listing, after))
  const items: T[] = []
  let last: unknown[] = []
  for (const row of rows) {
    if (items.length === page.limit) return { items, next: makeCursor(cursorKey, name, filter, JSON.stringify(last)) }
    if (row.wanted) items.push(listing.read(row))
    last = row.place
  }
  const ended = rows.at(-1)?.rank !== maxRows
  return { items, next: ended ? null : makeCursor(cursorKey, name, filter, JSON.stringify(last)) }
}

/** The statement of a page, and its values. Exported for the test that asks the planner about it. */
export function statementOf<T>(listing: Listing<T>, after: readonly unknown[] | null): [{ text: string }, unknown[]] {
  const { table, place, columns = [], indexed, tested = [], joined = '', select, page } = listing
  const values: unknown[] = []
  const fill = ({ sql, values: given }: Condition): string => {
    let next = 0
    return sql.replace(/\?/g, () => `$${values.push(given[next++])}`)
  }
  const all = (conditions: readonly Condition[]): string => conditions.map(fill).join(' and ') || 'true'
  const from = after ? [when(`(${place.join(', ')}) < (${place.map(() => '?').join(', ')})`, ...after)] : []
  const order = place.map(column => `${column} desc`).join(', ')
  const text = `
    select walked.rank, wanted, json_build_array(${place.map(column => `walked.${column}`).join(', ')}) as place, ${select}
    from (
      select ${[...place, ...columns].join(', ')}, row_number() over (order by ${order}) as rank
      from ${table} where ${all([...from, ...indexed])} order by ${order} limit ${maxRows}
    ) as walked ${joined}
    cross join lateral (select ${all(tested)} as wanted) as test
    where wanted or walked.rank = ${maxRows}
    order by ${place.map(column => `walked.${column} desc`).join(', ')}
    limit ${page.limit + 1}`
  return [{ text }, values]
}

/** Conditions for the values that a filter has. */
export function conditions(...found: readonly (Condition | null)[]): Condition[] {
  return found.filter(condition => condition !== null)
}

/** A condition when the value is there. */
export function given(sql: string, value: unknown): Condition | null {
  return value === undefined ? null : when(sql, value)
}
