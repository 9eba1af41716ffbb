/**
 * A unit: the writes that one caller commits together, all or none, and what they add to the store's counters.
 */

/** Figures that every commit keeps up to date. */
export const counters = ['blocks', 'messages', 'bounces', 'pending', 'outbox', 'dead'] as const

export type CounterName = (typeof counters)[number]

/** `value: null` deletes. */
export type Write = { readonly key: string; readonly value: string | Buffer | null }

export class Unit {
  readonly writes: Write[] = []
  readonly adds: { readonly counter: CounterName; readonly by: number }[] = []
  /** About what it takes in memory. */
  octets = 0

  put(key: string, value: string | Buffer): void {
    this.writes.push({ key, value })
    this.octets += key.length + value.length
  }

  del(key: string): void {
    this.writes.push({ key, value: null })
    this.octets += key.length
  }

  add(counter: CounterName, by: number): void {
    if (by !== 0) this.adds.push({ counter, by })
  }

  /** Replaces the index keys of a record's old state by those of its new one. */
  reindex(old: readonly string[], now: readonly string[]): void {
    for (const key of old) if (!now.includes(key)) this.del(key)
    for (const key of now) if (!old.includes(key)) this.put(key, '')
  }
}
