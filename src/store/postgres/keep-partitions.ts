/**
 * Keeps partitions ahead of the clock: at the start, then daily. Every node does, the first that comes makes them.
 */
import type { Log } from '../../observe/log.ts'
import type { Database } from './database.ts'
import { aheadMs, makePartitions } from './partitions.ts'

const everyMs = 86_400_000

export type PartitionKeeper = {
  /** Resolves when those for the coming weeks were made. @throws {StoreUnavailable} */
  readonly made: Promise<void>
  stop(): void
}

export function keepPartitions(database: Database, now: () => number, log: Log): PartitionKeeper {
  const make = () => makePartitions(database, now(), now() + aheadMs)
  const timer = setInterval(() => {
    make().catch(err => log.warn({ err }, 'partitions for the coming weeks could not be made; they are tried again tomorrow'))
  }, everyMs).unref()
  return { made: make(), stop: () => clearInterval(timer) }
}
