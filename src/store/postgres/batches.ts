/**
 * Batches: what many callers ask for at about the same time goes to the database as one statement or transaction, so that they share its
 * round trip and its commit.
 *
 * A batch is made of what came while the last ones were under way. One that the database refuses for a record in it is made again caller by
 * caller, so that only the one whose record it was hears of it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { StoreUnavailable } from '../store-unavailable.ts'

export type BatchOptions<T, R> = {
  /** Does the work of a batch: a result for each item, in their order. */
  readonly work: (items: readonly T[]) => Promise<readonly R[]>
  /** Batches under way at the same time. */
  readonly atOnce: number
  /** Items, and octets by `octetsOf`, of one batch at most; an item alone may have more. */
  readonly maxItems: number
  readonly maxOctets?: number
  readonly octetsOf?: (item: T) => number
}

export type Batches<T, R> = {
  /** Adds an item to the next batch; rejects with what its batch rejects with. */
  add(item: T): Promise<R>
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>
}

type Waiting<T, R> = { readonly item: T; readonly resolve: (result: R) => void; readonly reject: (error: unknown) => void }

export function createBatches<T, R>({
  work,
  atOnce,
  maxItems,
  maxOctets = Number.POSITIVE_INFINITY,
  octetsOf = () => 0,
}: BatchOptions<T, R>): Batches<T, R> {
  let queue: Waiting<T, R>[] = []
  const lanes = new Set<Promise<void>>()

  async function lane(): Promise<void> {
    // A turn of the event loop lets everybody whom this round of sockets woke up join in.
    await nextTurn()
    while (queue.length > 0) await finish(takeBatch())
  }

  function takeBatch(): Waiting<T, R>[] {
    let octets = 0
    let count = 0
    for (const { item } of queue) {
      octets += octetsOf(item)
      if (count === maxItems || (count > 0 && octets > maxOctets)) break
      count++
    }
    const batch = queue.slice(0, count)
    queue = queue.slice(count)
    return batch
  }

  async function finish(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R)
    } catch (error) {
      if (batch.length === 1 || error instanceof StoreUnavailable) for (const { reject } of batch) reject(error)
      else for (const one of batch) await finish([one])
    }
  }

  function open(): void {
    if (lanes.size >= atOnce) return
    const opened: Promise<void> = lane().finally(() => {
      lanes.delete(opened)
      // What came between the lane's last look and now.
      if (queue.length > 0) open()
    })
    lanes.add(opened)
  }

  return {
    add: item =>
      new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject })
        open()
      }),
    async idle() {
      while (lanes.size > 0) await Promise.all(lanes)
    },
  }
}
