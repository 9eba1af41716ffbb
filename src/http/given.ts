/**
 * Filters as the store takes them: only the conditions that a query gave.
 *
 * Pure.
 */

/** Gives a filter without the conditions that were not given: an absent key and an undefined one are not the same to the store. */
export function given<T extends object>(filter: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
