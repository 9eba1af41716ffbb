/**
 * Makes the indexes and counters of a LevelDB store again from its records, after LevelDB has repaired what it could of its files: tables that were
 * lost take records, indexes and deletions with them, so that none of these can be believed alone.
 *
 * Promises: a store that was whole is the same afterwards, row by row; what cannot be read is taken out, and counted; it can be repeated.
 */
import type { AddressRecord, Block } from '../address-record.ts'
import { decode, encode } from './codec.ts'
import type { Batch, Database } from './database.ts'
import { primary } from './indexes.ts'
import { lastPart, under } from './keys.ts'
import { metaKeys } from './meta.ts'
import { addressOfBlock, meaningOf, owedKinds } from './owed-rows.ts'
import { type CounterName, counters } from './unit.ts'

export type Rebuilt = {
  /** Rows that could not be read, or stood where they do not belong. */
  readonly unreadable: number
  /** Blocks whose address had no record any more. */
  readonly blocksKept: number
  /** What the store had counted, and what is there. */
  readonly counts: Readonly<Record<CounterName, { readonly before: number; readonly now: number }>>
}

const chunk = 1000

/** Rebuilds an open database; `onRows` is told of rows as they are dealt with. @throws what the database throws */
export async function rebuild(database: Database, onRows: (rows: number) => void): Promise<Rebuilt> {
  const writer = createWriter(database)
  const kept = await dropOwed(database, writer, onRows)
  const found = new Map<CounterName, number>(counters.map(name => [name, 0]))
  const number = (name: string) => Number(database.getSync(name) ?? 0)
  let [seq, feed, unreadable] = [number(metaKeys.seq), number(metaKeys.feed), 0]
  for await (const entries of everything(database)) {
    for (const [name, value] of entries) {
      const meaning = isOrphan(database, name) ? null : meaningOf(name, value)
      if (meaning === null) {
        unreadable++
        writer.batch.del(name)
        continue
      }
      for (const [owed, text] of meaning.owes) writer.batch.put(owed, text)
      for (const counter of meaning.counts) found.set(counter, (found.get(counter) ?? 0) + 1)
      seq = Math.max(seq, ...meaning.seqs)
      if (name.startsWith('cf\0')) feed = Math.max(feed, Number.parseInt(lastPart(name), 36) || 0)
    }
    onRows(entries.length)
    await writer.flush()
  }
  const counts = Object.fromEntries(
    counters.map(name => [name, { before: number(metaKeys.count(name)), now: found.get(name) ?? 0 }]),
  ) as Rebuilt['counts']
  for (const name of counters) {
    const { before, now } = counts[name]
    if (before !== now) writer.batch.put(metaKeys.count(name), String(now))
  }
  if (seq !== number(metaKeys.seq)) writer.batch.put(metaKeys.seq, String(seq))
  if (feed !== number(metaKeys.feed)) writer.batch.put(metaKeys.feed, String(feed))
  await writer.flush(true)
  return { unreadable, blocksKept: kept, counts }
}

/** Takes away all rows that others owe; a block whose address is lost becomes a record before it goes. */
async function dropOwed(database: Database, writer: Writer, onRows: (rows: number) => void): Promise<number> {
  let kept = 0
  for (const kind of owedKinds) {
    const iterator = database.keys({ ...under(kind), reverse: false })
    try {
      for (;;) {
        const names = await iterator.nextv(chunk)
        if (names.length === 0) break
        for (const name of names) {
          const saved = kind === 'bl' ? lostAddress(database, name) : null
          if (saved) {
            kept++
            writer.batch.put(primary.address(saved.key), encode(saved))
          }
          writer.batch.del(name)
        }
        onRows(names.length)
        await writer.flush()
      }
    } finally {
      await iterator.close()
    }
  }
  return kept
}

/** The record to be made of a block whose address has none that can be read. */
function lostAddress(database: Database, name: string): AddressRecord | null {
  const address = lastPart(name) as AddressRecord['key']
  const record = database.getBytes(primary.address(address))
  if (record && meaningOf(primary.address(address), record)) return null
  try {
    const block = decode<Block>(database.getSync(name) ?? '')
    return typeof block.since === 'number' ? addressOfBlock(address, block) : null
  } catch {
    return null
  }
}

/** An outcome without its mail would never be forgotten. */
function isOrphan(database: Database, name: string): boolean {
  return name.startsWith('mo\0') && database.getSync(primary.message(lastPart(name))) === undefined
}

async function* everything(database: Database): AsyncGenerator<[key: string, value: Buffer][]> {
  const iterator = database.entries()
  try {
    for (;;) {
      const entries = await iterator.nextv(chunk)
      if (entries.length === 0) return
      yield entries
    }
  } finally {
    await iterator.close()
  }
}

type Writer = { readonly batch: Batch; flush(sync?: boolean): Promise<void> }

/** Collects writes; all are on disk when one was flushed with `sync`. */
function createWriter(database: Database): Writer {
  let batch = database.batch()
  return {
    get batch() {
      return batch
    },
    async flush(sync = false) {
      const full = batch
      batch = database.batch()
      await full.write({ sync })
    },
  }
}
