/**
 * Walks of an index, newest first: pages of whatever the rows lead to, with a bound on the rows looked at.
 *
 * A position is what follows the index's own parts in a key. Pages stay stable under writes, because positions never move: what is written
 * meanwhile has its own place, newer than the first page.
 */

import { makeCursor, readCursor } from '../cursors.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Engine } from './engine.ts'
import type { KeyRange } from './keys.ts'

/** Rows that one call looks at; then it gives what it found, and a cursor. */
export const maxRows = 10_000

export type List<T> = {
  /** Signed into the cursor. */
  readonly name: string
  readonly filter: object
  readonly page: PageRequest
  /** Positions newest first, older than `before` when it is not null, in chunks. */
  positions(before: string | null): AsyncIterable<readonly string[]>
  /** What the positions lead to; null where it is gone or the filter does not want it. */
  load(positions: readonly string[]): Promise<readonly (T | null)[]>
  /** Rows to look at, when fewer than `maxRows`. */
  readonly rows?: number
}

/** Gives one page of a list. @throws {BadCursor} */
export async function walk<T>(engine: Engine, list: List<T>): Promise<Page<T>> {
  const { name, filter, page, rows = maxRows } = list
  engine.assertOpen()
  const before = page.cursor === null ? null : readCursor(engine.cursorKey, name, filter, page.cursor)
  const items: T[] = []
  let walked = 0
  let last = ''
  for await (const positions of list.positions(before)) {
    let loaded: readonly (T | null)[] | null = null
    for (const [index, position] of positions.entries()) {
      if (items.length >= page.limit || walked >= rows) return { items, next: makeCursor(engine.cursorKey, name, filter, last) }
      loaded ??= await list.load(positions)
      const item = loaded[index]
      if (item) items.push(item)
      last = position
      walked++
    }
  }
  return { items, next: null }
}

/** Bounds of an index: its own parts, and the positions `from` (inclusive) to `below`. */
export type IndexRange = { readonly parts: readonly string[]; readonly from?: string; readonly below?: string }

/** The positions of an index range, newest first. */
export async function* indexPositions(
  engine: Engine,
  { parts, from = '', below }: IndexRange,
  before: string | null,
  chunk: number,
): AsyncGenerator<string[]> {
  const prefix = `${parts.join('\0')}\0`
  const end = before !== null && (below === undefined || before < below) ? before : below
  const lt = end === undefined ? `${prefix.slice(0, -1)}\x01` : prefix + end
  for await (const names of engine.keys({ gte: prefix + from, lt }, chunk, true)) yield names.map(name => name.slice(prefix.length))
}

/** Rows to read at once: little more than the page when every row counts, more when many will be passed over. */
export function chunkFor({ limit }: PageRequest, everyRowCounts: boolean): number {
  return everyRowCounts ? limit + 1 : Math.max(256, limit + 1)
}

/** The first keys of a range, at most `limit`. */
export async function firstKeys(engine: Engine, range: KeyRange, limit: number): Promise<string[]> {
  const found: string[] = []
  if (limit < 1) return found
  for await (const names of engine.keys(range, limit)) {
    found.push(...names)
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}
