/**
 * Counters and lists of an archive as rows of PostgreSQL: already summed, so all of them stand in one slot, where no node counts (tallies.ts).
 */
import type { Archived } from '../archive.ts'
import { textPart } from '../key-parts.ts'
import type { Counter } from '../tally.ts'
import type { Run } from './database.ts'

/** A list as the scope of its counters; null: mail of no list. */
export const scopeOf = (list: string | null): string => (list === null ? '-' : `=${textPart(list)}`)

export type Sum = { readonly scope: string; readonly hour: number; readonly counter: string; readonly value: number }

/** The counters of a scope and hour, one row each. */
export function sumsOf(scope: string, hour: number, counts: { readonly [counter in Counter]?: number }): Sum[] {
  return Object.entries(counts).map(([counter, value]) => ({ scope, hour, counter, value }))
}

/** Writes sums to slot 0, whatever it held: a copy that goes on writes the same again. */
export function putSums(run: Run, sums: readonly Sum[]): Promise<unknown>[] {
  const text = `insert into tallies (scope, hour, counter, slot, value)
    select scope, hour, counter, 0, value from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) as given (scope, hour, counter, value)
    on conflict (scope, hour, counter, slot) do update set value = excluded.value`
  return [
    run({ text }, [
      sums.map(({ scope }) => scope),
      sums.map(({ hour }) => hour),
      sums.map(({ counter }) => counter),
      sums.map(({ value }) => value),
    ]),
  ]
}

/** Writes what is known of lists beside their counters, to slot 0 likewise. */
export function putLists(run: Run, lists: readonly Archived['lists'][]): Promise<unknown>[] {
  const text = `insert into lists (scope, slot, first_at, last_at, seen, data)
    select scope, 0, first_at, last_at, true, data
    from unnest($1::text[], $2::bigint[], $3::bigint[], $4::json[]) as given (scope, first_at, last_at, data)
    on conflict (scope, slot) do update set first_at = excluded.first_at, last_at = excluded.last_at, data = excluded.data`
  const values = [
    lists.map(({ list }) => scopeOf(list)),
    lists.map(({ firstAt }) => firstAt),
    lists.map(({ lastAt }) => lastAt),
    lists.map(({ list, template, subject }) => JSON.stringify({ list, template, subject })),
  ]
  return [run({ text }, values)]
}
