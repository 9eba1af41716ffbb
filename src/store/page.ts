/**
 * Pages of a list: an opaque cursor goes out with each page and comes back for the next one.
 * Pure.
 */

export type PageRequest = {
  /** 1 to 500. */
  readonly limit: number
  /** As given by the page before; null: the first. */
  readonly cursor: string | null
}

/** May hold fewer items than asked for; only `next: null` ends the list. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }

/** Thrown for a cursor that no page gave out. */
export class BadCursor extends Error {
  readonly code = 'ERR_BAD_CURSOR'
  constructor() {
    super('cursor must be one that an earlier page gave as next')
    this.name = 'BadCursor'
  }
}
