/**
 * A backup's rows → a LevelDB database that a store can be opened on. They are written as they come, then read again and added up from what is on
 * disk: what was acknowledged here has been seen.
 */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../make-directory.ts'
import { type SnapshotEntry, SnapshotSum, type SnapshotTotal } from '../snapshot.ts'
import { type Database, openError, openLevel } from './database.ts'

export type SnapshotWriter = {
  /** Writes a row; rows come in the order of their keys. @throws {StoreUnavailable} */
  put(entry: SnapshotEntry): Promise<void>
  /** Closes the database, reads it again, and makes it durable: what is in it. @throws {StoreUnavailable} */
  finish(): Promise<SnapshotTotal>
  /** Closes the database, whatever it holds. */
  abandon(): Promise<void>
}

/** Octets of rows written at once. */
const batchOctets = 1024 * 1024
const rowsAtOnce = 1000

/** Makes an empty database in `directory`, below a data directory of its own. @throws {StoreUnavailable} */
export async function writeSnapshot(directory: string): Promise<SnapshotWriter> {
  const location = join(directory, 'level')
  const database = await guarded(async () => {
    await makeDirectory(location)
    return openLevel(location)
  })
  let batch = database.batch()
  let octets = 0

  /** What goes wrong with a file, as an operator reads it. */
  async function guarded<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (cause) {
      throw openError(location, cause)
    }
  }

  async function flush(sync: boolean): Promise<void> {
    const full = batch
    batch = database.batch()
    octets = 0
    await guarded(() => full.write({ sync }))
  }

  return {
    async put({ key, value }) {
      batch.put(key, value, { valueEncoding: 'buffer' })
      octets += key.length + value.length
      if (octets >= batchOctets) await flush(false)
    },
    async finish() {
      await flush(true)
      await database.close()
      return guarded(async () => {
        const again = await openLevel(location)
        const total = await addUp(again).finally(() => again.close())
        for (const name of await readdir(location)) await syncFile(join(location, name))
        await syncFile(location)
        return total
      })
    },
    abandon: () => database.close(),
  }
}

/** Adds up all rows of a database. */
async function addUp(database: Database): Promise<SnapshotTotal> {
  const sum = new SnapshotSum()
  const iterator = database.entries()
  try {
    for (;;) {
      const entries = await iterator.nextv(rowsAtOnce)
      if (entries.length === 0) return sum.total()
      for (const [key, value] of entries) sum.add({ key, value })
    }
  } finally {
    await iterator.close()
  }
}

/** LevelDB makes its tables durable, but not every log it has closed. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
