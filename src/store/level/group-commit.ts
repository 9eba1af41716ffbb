/**
 * Group commit: units of many callers go to disk as one synced batch, so that they share its fsync.
 *
 * One batch is under way at a time, so units are committed in the order they came. When a batch fails, its units are in doubt: their callers
 * are refused, and so is everything that waited behind them, until `resume`. Deferred units have no caller to tell; they are kept and
 * written after `resume`, marked as in doubt: their values are whole, but what they count must not be counted twice.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreUnavailable } from '../store-unavailable.ts'
import { Unit } from './unit.ts'

/** Octets of a batch after which the next one is begun: a batch is held in memory twice. */
const maxBatchOctets = 4 * 1024 * 1024
/** How long deferred units wait for a durable one to travel with. */
const deferForMs = 50
/** Deferred units kept while the store is down; beyond that the oldest are dropped. */
const maxDeferred = 10_000

type Waiting = { readonly unit: Unit; readonly resolve: (() => void) | null; readonly reject: ((error: StoreUnavailable) => void) | null }

export type GroupCommit = {
  /** Resolves when the unit is on disk. @throws {StoreUnavailable} it is not, or in doubt. */
  commit(unit: Unit): Promise<void>
  /** Commits with the next unit, or soon. */
  defer(unit: Unit): void
  /** Resolves when everything deferred so far is on disk; at once when there is nothing. */
  drain(): Promise<void>
  /** Refuses every unit from now on, with this error. */
  suspend(why: StoreUnavailable): void
  /** Takes units again; gives the number of deferred ones that were dropped meanwhile. */
  resume(): number
  /** Resolves when no batch is under way and none waits. */
  idle(): Promise<void>
}

/** Makes a group commit over `write`, which puts the units on disk as one synced batch; `failed` makes the error that its callers get. */
export function createGroupCommit(
  write: (units: readonly Unit[]) => Promise<void>,
  failed: (cause: unknown) => StoreUnavailable,
): GroupCommit {
  let queue: Waiting[] = []
  let deferred = 0
  let dropped = 0
  let suspended: StoreUnavailable | null = null
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null

  /** Deferred units travel with the next one; when none comes in time, an empty one takes them along. */
  function deferUntilLater(): void {
    if (deferred === 0 || suspended || running) return
    timer ??= setTimeout(() => {
      timer = null
      // A failure has its own way to be told; the deferred units are kept.
      drain().catch(() => {})
    }, deferForMs)
  }

  function stopTimer(): void {
    if (timer) clearTimeout(timer)
    timer = null
  }

  async function drain(): Promise<void> {
    if (deferred > 0) await enqueue(new Unit())
  }

  async function run(): Promise<void> {
    // A turn of the event loop lets everybody that the last batch, or this round of sockets, woke up join in.
    await nextTurn()
    while (queue.length > deferred && !suspended) {
      const group = takeGroup()
      try {
        await write(group.map(({ unit }) => unit))
      } catch (cause) {
        for (const { unit } of group) unit.inDoubt = true
        queue = [...group, ...queue]
        suspend(failed(cause))
        break
      }
      for (const { resolve } of group) {
        if (resolve) resolve()
        else deferred--
      }
      await nextTurn()
    }
    running = null
    deferUntilLater()
  }

  function takeGroup(): Waiting[] {
    let octets = 0
    let count = 0
    for (const { unit } of queue) {
      octets += unit.octets
      if (count > 0 && octets > maxBatchOctets) break
      count++
    }
    const group = queue.slice(0, count)
    queue = queue.slice(count)
    return group
  }

  function suspend(why: StoreUnavailable): void {
    suspended = why
    stopTimer()
    const kept = queue.filter(({ resolve }) => resolve === null)
    for (const { reject } of queue) reject?.(why)
    queue = kept
    deferred = kept.length
  }

  function enqueue(unit: Unit): Promise<void> {
    if (suspended) return Promise.reject(suspended)
    return new Promise((resolve, reject) => {
      queue.push({ unit, resolve, reject })
      stopTimer()
      running ??= run()
    })
  }

  return {
    commit: enqueue,
    defer(unit) {
      if (suspended && deferred >= maxDeferred) {
        queue.shift()
        deferred--
        dropped++
      }
      queue.push({ unit, resolve: null, reject: null })
      deferred++
      deferUntilLater()
    },
    drain,
    suspend,
    resume() {
      const lost = dropped
      dropped = 0
      suspended = null
      deferUntilLater()
      return lost
    },
    async idle() {
      if (!suspended) await drain().catch(() => {})
      while (running) await running
    },
  }
}
