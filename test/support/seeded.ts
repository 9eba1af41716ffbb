/**
 * Chance that can be had again: the same seed gives the same numbers (mulberry32).
 */

export type Chance = {
  /** A whole number from 0 to below `count`. */
  below(count: number): number
  /** True so often. */
  happens(probability: number): boolean
  /** One of these. */
  pick<T extends readonly [unknown, ...unknown[]]>(items: T): T[number]
}

export function seeded(seed: number): Chance {
  let state = seed | 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (count: number) => Math.floor(fraction() * count)
  return {
    below,
    happens: probability => fraction() < probability,
    pick: items => items[below(items.length)] ?? items[0],
  }
}
