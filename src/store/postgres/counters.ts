/**
 * Counters of what the store keeps: deltas, added in the transaction that changes what they count, summed when read.
 *
 * A row belongs to a kind, to an hour (that of the ids counted, so that what is dropped by time takes its counts along) and to a slot. Each
 * writer has a slot of its own, so that no row is hot; two writers that drew the same one only wait for each other.
 */

import type { Run } from './database.ts'
import { hourOfId } from './partitions.ts'

export type CountName = 'blocks' | 'messages' | 'bounces'

const slots = 64

/** Draws a slot; `random` gives 0 to below 1. */
export function drawSlot(random: () => number): number {
  return Math.floor(random() * slots)
}

/** What one transaction adds. */
export class CountChanges {
  readonly #hours = new Map<string, { name: CountName; hour: number; by: number }>()

  /** Counts one more, or less, of what has this id; `id: null` for what has no time. */
  add(name: CountName, id: string | null, by: number): void {
    if (by === 0) return
    const hour = id === null ? 0 : hourOfId(id)
    const entry = this.#hours.get(`${name} ${hour}`) ?? { name, hour, by: 0 }
    entry.by += by
    this.#hours.set(`${name} ${hour}`, entry)
  }

  /** Writes the deltas. */
  put(run: Run, slot: number): Promise<unknown>[] {
    const rows = [...this.#hours.values()].filter(({ by }) => by !== 0)
    if (rows.length === 0) return []
    return [run(addCounts, [rows.map(({ name }) => name), slot, rows.map(({ hour }) => hour), rows.map(({ by }) => by)])]
  }
}

const addCounts = {
  name: 'count',
  text: `insert into counts (name, slot, hour, value)
    select name, $2, hour, value from unnest($1::text[], $3::bigint[], $4::bigint[]) as given (name, hour, value)
    on conflict (name, hour, slot) do update set value = counts.value + excluded.value`,
}

/** Sums the counters. */
export async function readCounts(run: Run): Promise<Record<CountName, number>> {
  const rows = await run<{ name: CountName; value: string }>({
    name: 'counts',
    text: 'select name, sum(value) as value from counts group by name',
  })
  const sums = { blocks: 0, messages: 0, bounces: 0 }
  for (const { name, value } of rows) sums[name] = Number(value)
  return sums
}
