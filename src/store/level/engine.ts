/**
 * The engine: one LevelDB database with group commit, and a life of its own when the disk fails. What a batch holds is batch-writer.ts's.
 *
 * Promises: a commit that resolved is on disk. After a write was rejected nothing is written before the database was closed and opened again,
 * which the engine tries by itself, with back-off, until it works; meanwhile all calls fail with `StoreUnavailable`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../observe/log.ts'
import type { SnapshotEntry } from '../snapshot.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { type BatchWriter, createBatchWriter, synced } from './batch-writer.ts'
import { adviceOnDamage, claimDirectory, type Database, type OpenDatabase, openError, readDropped, rootOf } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import type { KeyRange } from './keys.ts'
import { metaKeys, readMeta, schemaVersion } from './meta.ts'
import type { Unit } from './unit.ts'

export type EngineOptions = {
  /** The data directory; the database stands in `level` below it. */
  readonly path: string
  readonly log: Log
  readonly openDatabase: OpenDatabase
  /** 0 to below 1: spreads the reopening. */
  readonly random: () => number
  /** First and longest wait between two tries to reopen. */
  readonly reopenAfterMs: readonly [first: number, longest: number]
  /** Called for each write that was rejected. */
  readonly onFailure: () => void
}

export type Engine = Pick<BatchWriter, 'nextSeq' | 'raise' | 'count' | 'newestChange'> & {
  /** Reads in the same tick. @throws {StoreUnavailable} */
  read(key: string): string | undefined
  readMany(keys: string[]): Promise<(string | undefined)[]>
  readBytes(key: string): Promise<Buffer | undefined>
  /** Keys of a range as they are now, in chunks of `chunk`, ascending or `reverse`. */
  keys(range: KeyRange, chunk: number, reverse?: boolean): AsyncGenerator<string[]>
  /** Everything as it is when this is called, in chunks of at most `chunk`. */
  snapshot(chunk: number): AsyncGenerator<SnapshotEntry[]>
  /** Resolves when the unit is on disk. */
  commit(unit: Unit): Promise<void>
  /** Commits with the next unit, or soon. */
  defer(unit: Unit): void
  /** Resolves when all that was deferred is on disk. */
  drain(): Promise<void>
  /** Makes cursors that only this store knows. */
  readonly cursorKey: string
  /** Erased addresses are hashed with it. */
  readonly erasedKey: string
  /** @throws {StoreUnavailable} when the store is closed or has failed. */
  assertOpen(): void
  close(): Promise<void>
}

/** Opens the engine. @throws {StoreUnavailable} the directory cannot be used, is open elsewhere, or a newer rebond wrote it. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { log, openDatabase, random, reopenAfterMs } = options
  const { location, release } = await claimDirectory(options.path)
  const batches = createBatchWriter()
  let database: Database | null = null
  let down: StoreUnavailable | null = null
  let cursorKey = ''
  let erasedKey = ''
  let closed: Promise<void> | null = null
  let reopening: Promise<void> | null = null
  const stop = new AbortController()

  /** Opens the database, takes what it knows, and proves by a synced write that it can write. */
  async function openOnce(): Promise<Database> {
    const opened = await openDatabase(location).catch((cause: unknown) => {
      throw openError(location, cause)
    })
    try {
      const meta = readMeta(name => opened.getSync(name), location)
      const batch = opened.batch()
      batch.put(metaKeys.schema, String(schemaVersion))
      batch.put(metaKeys.cursor, meta.cursorKey)
      batch.put(metaKeys.erased, meta.erasedKey)
      await batch.write(synced)
      batches.takeFrom(meta)
      cursorKey = meta.cursorKey
      erasedKey = meta.erasedKey
      const dropped = await readDropped(location)
      if (dropped.length > 0)
        log.warn(
          { dropped },
          'the log of the store ended in damage, which was left out: after a loss of power these are writes that nobody was told of; else look at the disk, and compare with a backup',
        )
      return opened
    } catch (cause) {
      await opened.close().catch(() => {})
      throw openError(location, cause)
    }
  }

  function failed(cause: unknown): StoreUnavailable {
    down = new StoreUnavailable(
      `the store in ${location} did not take a write (${rootOf(cause)[1]}); ${adviceOnDamage(cause) ?? 'it is being opened again'}`,
      { cause },
    )
    log.error({ err: down }, 'store unavailable')
    options.onFailure()
    reopening = reopen()
    return down
  }

  async function reopen(): Promise<void> {
    const broken = database
    database = null
    await broken?.close().catch((err: unknown) => log.warn({ err }, 'closing the failed store'))
    let waitMs = reopenAfterMs[0]
    while (!stop.signal.aborted) {
      await sleep(waitMs * (0.5 + random() / 2), undefined, { signal: stop.signal }).catch(() => {})
      if (stop.signal.aborted) return
      try {
        database = await openOnce()
      } catch (err) {
        log.warn({ err }, 'store still unavailable')
        waitMs = Math.min(waitMs * 2, reopenAfterMs[1])
        continue
      }
      down = null
      const lost = commits.resume()
      log.info({ outcomesLost: lost }, 'store available again')
      return
    }
  }

  function isClosed(): StoreUnavailable {
    return new StoreUnavailable(`the store in ${location} is closed`)
  }

  function open(): Database {
    if (closed) throw isClosed()
    if (down) throw down
    if (!database) throw new StoreUnavailable(`the store in ${location} is not open`)
    return database
  }

  /** Whatever the database throws at a read becomes `StoreUnavailable`. */
  function readError(cause: unknown): StoreUnavailable {
    if (cause instanceof StoreUnavailable) return cause
    return new StoreUnavailable(
      [`the store in ${location} cannot be read (${rootOf(cause)[1]})`, adviceOnDamage(cause)].filter(Boolean).join('; '),
      { cause },
    )
  }

  async function write(units: readonly Unit[]): Promise<void> {
    if (!database) throw new Error('the database is not open')
    await batches.write(database, units)
  }

  const commits = createGroupCommit(write, failed)
  try {
    database = await openOnce()
  } catch (error) {
    release()
    throw error
  }

  return {
    read(name) {
      try {
        return open().getSync(name)
      } catch (cause) {
        throw readError(cause)
      }
    },
    async readMany(names) {
      if (names.length === 0) return []
      try {
        return await open().getMany(names)
      } catch (cause) {
        throw readError(cause)
      }
    },
    async readBytes(name) {
      try {
        return open().getBytes(name)
      } catch (cause) {
        throw readError(cause)
      }
    },
    async *keys(range, chunk, reverse = false) {
      const iterator = open().keys({ ...range, reverse })
      try {
        while (true) {
          const names = await iterator.nextv(chunk)
          if (names.length === 0) return
          yield names
        }
      } catch (cause) {
        throw readError(cause)
      } finally {
        await iterator.close()
      }
    },
    snapshot(chunk) {
      // Taken now, not when the first chunk is asked for.
      const iterator = open().entries()
      return (async function* () {
        try {
          while (true) {
            const entries = await iterator.nextv(chunk)
            if (entries.length === 0) return
            yield entries.map(([key, value]) => ({ key, value }))
          }
        } catch (cause) {
          throw readError(cause)
        } finally {
          await iterator.close()
        }
      })()
    },
    commit: unit => (closed ? Promise.reject(isClosed()) : commits.commit(unit)),
    defer(unit) {
      if (closed) throw isClosed()
      commits.defer(unit)
    },
    drain: () => commits.drain(),
    nextSeq: batches.nextSeq,
    raise: batches.raise,
    count: batches.count,
    newestChange: batches.newestChange,
    get cursorKey() {
      return cursorKey
    },
    get erasedKey() {
      return erasedKey
    },
    assertOpen: () => void open(),
    close() {
      closed ??= (async () => {
        await commits.idle()
        stop.abort()
        await reopening
        down = isClosed()
        commits.suspend(down)
        await database?.close()
        database = null
        release()
      })()
      return closed
    },
  }
}
