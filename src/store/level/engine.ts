/**
 * The engine: one LevelDB database with group commit, one sequence, counters, and a life of its own when the disk fails.
 *
 * Promises: a commit that resolved is on disk. After a write was rejected nothing is written before the database was closed and opened again,
 * which the engine tries by itself, with back-off, until it works; meanwhile all calls fail with `StoreUnavailable`. Sequence numbers never
 * go back, because every batch carries the highest one given. Changes of the feed are numbered as their batch is written, one batch at a time:
 * in the order of the commits, without gaps, so that a reader of the feed can skip none.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../observe/log.ts'
import type { SnapshotEntry } from '../snapshot.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { adviceOnDamage, claimDirectory, type Database, type OpenDatabase, openError, readDropped, rootOf } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import { primary } from './indexes.ts'
import type { KeyRange } from './keys.ts'
import { metaKeys, readMeta, schemaVersion } from './meta.ts'
import { putTallies } from './tallies.ts'
import { type CounterName, counters, type Unit } from './unit.ts'

const bytes = { valueEncoding: 'buffer' } as const
const synced = { sync: true } as const

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

/** A batch is written whole or not at all: one of its entries shows which. */
function isWritten({ writes: [first] }: Unit, read: (name: string) => string | undefined): boolean {
  return first !== undefined && first.value === read(first.key)
}

export type Engine = {
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
  nextSeq(): number
  /** Lets no number up to these be given again; the next commit carries them. */
  raise(seq: number, change: number): void
  count(name: CounterName): number
  /** The highest number of the change feed that is on disk. */
  newestChange(): number
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
  const counts = new Map<CounterName, number>()
  let seq = 0
  let seqOnDisk = 0
  let feed = 0
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
      seqOnDisk = meta.seq
      feed = meta.feed
      seq = Math.max(seq, seqOnDisk)
      cursorKey = meta.cursorKey
      erasedKey = meta.erasedKey
      for (const name of counters) counts.set(name, meta.counts[name])
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

  async function writeBatch(units: readonly Unit[]): Promise<void> {
    if (!database) throw new Error('the database is not open')
    const batch = database.batch()
    const gone = new Set<string>()
    // What the batch itself takes away is not there any more for what it counts.
    const read = (name: string) => (gone.has(name) ? undefined : database?.getSync(name))
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

  const commits = createGroupCommit(writeBatch, failed)
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
    nextSeq: () => ++seq,
    raise(toSeq, toChange) {
      seq = Math.max(seq, toSeq)
      feed = Math.max(feed, toChange)
    },
    count: name => counts.get(name) ?? 0,
    newestChange: () => feed,
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
