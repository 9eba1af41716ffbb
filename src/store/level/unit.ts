/**
 * A unit: the writes that one caller commits together, all or none, and what they add to the store's counters.
 */

import type { Tally } from '../tally.ts'
import type { ListSeen } from './tallies.ts'

/** Figures that every commit keeps up to date. */
export const counters = ['blocks', 'messages', 'bounces', 'pending', 'outbox', 'dead', 'webhooks', 'hashed'] as const

export type CounterName = (typeof counters)[number]

/** `value: null` deletes. */
export type Write = { readonly key: string; readonly value: string | Buffer | null }

/**
 * The value of an index entry, which says all it says by its key. Not empty: classic-level 3 never frees an empty value that it was given, and a
 * message writes three (9 MB a minute under load). Entries of older versions are empty; nobody reads it.
 */
export const indexed = '1'

export class Unit {
  readonly writes: Write[] = []
  readonly adds: { readonly counter: CounterName; readonly by: number }[] = []
  readonly tallies: Tally[] = []
  /** The mail of a list that the unit journals. */
  seen: ListSeen | null = null
  /** A batch with it failed: it may be on disk already. */
  inDoubt = false
  /** Changes for the feed, encoded; they are numbered as the batch is written. */
  readonly feed: string[] = []
  /** About what it takes in memory. */
  octets = 0

  put(key: string, value: string | Buffer): void {
    this.writes.push({ key, value })
    this.octets += key.length + value.length
  }

  /** Adds an entry of an index. */
  mark(key: string): void {
    this.put(key, indexed)
  }

  del(key: string): void {
    this.writes.push({ key, value: null })
    this.octets += key.length
  }

  /** Adds a change to the feed. */
  append(change: string): void {
    this.feed.push(change)
    this.octets += change.length
  }

  add(counter: CounterName, by: number): void {
    if (by !== 0) this.adds.push({ counter, by })
  }

  count(...tallies: readonly Tally[]): void {
    for (const tally of tallies) if (Object.keys(tally.adds).length > 0) this.tallies.push(tally)
  }

  /** Replaces the index keys of a record's old state by those of its new one. */
  reindex(old: readonly string[], now: readonly string[]): void {
    for (const key of old) if (!now.includes(key)) this.del(key)
    for (const key of now) if (!old.includes(key)) this.mark(key)
  }
}
