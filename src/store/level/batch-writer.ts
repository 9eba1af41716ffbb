/**
 * Writes units as one synced batch, together with the numbers that the store gives and keeps: sequence, change feed, counters.
 *
 * Promises: sequence numbers never go back, because every batch carries the highest one given. Changes of the feed are numbered as their batch is
 * written, one batch at a time: in the order of the commits, without gaps, so that a reader of the feed can skip none. A unit that was in doubt
 * is counted once.
 */
import type { Database } from './database.ts'
import { primary } from './indexes.ts'
import { type Meta, metaKeys } from './meta.ts'
import { putTallies } from './tallies.ts'
import { type CounterName, counters, type Unit } from './unit.ts'

const bytes = { valueEncoding: 'buffer' } as const
/** On disk when the write resolves. */
export const synced = { sync: true } as const

export type BatchWriter = {
  /** Takes what a database that was just opened knows; numbers given since stay given. */
  takeFrom(meta: Meta): void
  /** Resolves when the units are on disk; called again only after that. */
  write(database: Database, units: readonly Unit[]): Promise<void>
  nextSeq(): number
  /** Lets no number up to these be given again; the next batch carries them. */
  raise(seq: number, change: number): void
  count(name: CounterName): number
  /** The highest number of the change feed that is on disk. */
  newestChange(): number
}

export function createBatchWriter(): BatchWriter {
  const counts = new Map<CounterName, number>()
  let seq = 0
  let seqOnDisk = 0
  let feed = 0

  return {
    takeFrom(meta) {
      seqOnDisk = meta.seq
      feed = meta.feed
      seq = Math.max(seq, seqOnDisk)
      for (const name of counters) counts.set(name, meta.counts[name])
    },

    async write(database, units) {
      const batch = database.batch()
      const gone = new Set<string>()
      // What the batch itself takes away is not there any more for what it counts.
      const read = (name: string) => (gone.has(name) ? undefined : database.getSync(name))
      const changed = new Set<CounterName>()
      const uncounted = units.filter(unit => !(unit.inDoubt && isWritten(unit, read)))
      let fed = feed
      for (const { writes, adds, feed: changes } of units) {
        for (const change of changes) batch.put(primary.change(++fed), change)
        for (const { key, value } of writes) {
          if (value === null) {
            batch.del(key)
            gone.add(key)
          } else if (typeof value === 'string') batch.put(key, value)
          else batch.put(key, value, bytes)
        }
        for (const { counter, by } of adds) {
          counts.set(counter, (counts.get(counter) ?? 0) + by)
          changed.add(counter)
        }
      }
      for (const name of changed) batch.put(metaKeys.count(name), String(counts.get(name)))
      putTallies(uncounted, read, (name, value) => batch.put(name, value))
      if (fed !== feed) batch.put(metaKeys.feed, String(fed))
      const highest = seq
      if (highest !== seqOnDisk) batch.put(metaKeys.seq, String(highest))
      await batch.write(synced)
      seqOnDisk = highest
      feed = fed
    },

    nextSeq: () => ++seq,
    raise(toSeq, toChange) {
      seq = Math.max(seq, toSeq)
      feed = Math.max(feed, toChange)
    },
    count: name => counts.get(name) ?? 0,
    newestChange: () => feed,
  }
}

/** A batch is written whole or not at all: one of its entries shows which. */
function isWritten({ writes: [first] }: Unit, read: (name: string) => string | undefined): boolean {
  return first !== undefined && first.value === read(first.key)
}
