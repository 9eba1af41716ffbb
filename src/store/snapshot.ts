/**
 * A store's rows as they travel in a backup: one JSON object a line, a last line that counts them, and a sum over all of them, so that what was
 * cut short or changed on the way is never taken for the whole.
 *
 * Pure.
 */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** One row of a store, as its engine keeps it. */
export type SnapshotEntry = { readonly key: string; readonly value: Buffer }

/** How many rows there are, and the SHA-256 over their keys and values, each behind its length, in their order. */
export type SnapshotTotal = { readonly rows: number; readonly sha256: string }

export type SnapshotLine = { readonly kind: 'row'; readonly entry: SnapshotEntry } | { readonly kind: 'end'; readonly total: SnapshotTotal }

/** Adds rows up, in their order. */
export class SnapshotSum {
  #rows = 0
  #hash = createHash('sha256')

  add({ key, value }: SnapshotEntry): void {
    this.#rows++
    for (const part of [Buffer.from(key), value]) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      this.#hash.update(length).update(part)
    }
  }

  /** The total; nothing can be added afterwards. */
  total(): SnapshotTotal {
    return { rows: this.#rows, sha256: this.#hash.digest('hex') }
  }
}

export function sameTotal(one: SnapshotTotal, other: SnapshotTotal): boolean {
  return one.rows === other.rows && one.sha256 === other.sha256
}

/** A row's line, with its line end; its octets in base64. */
export function formatRow({ key, value }: SnapshotEntry): string {
  return `${JSON.stringify({ key, value: value.toString('base64') })}\n`
}

/** The last line. */
export function formatEnd({ rows, sha256 }: SnapshotTotal): string {
  return `${JSON.stringify({ end: { rows, sha256 } })}\n`
}

/** Reads a line, without its line end. */
export function parseSnapshotLine(
  text: string,
): { readonly ok: true; readonly line: SnapshotLine } | { readonly ok: false; readonly why: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, why: 'it is not JSON' }
  }
  const { key, value: octets, end } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (typeof key === 'string' && typeof octets === 'string')
    return { ok: true, line: { kind: 'row', entry: { key, value: Buffer.from(octets, 'base64') } } }
  const { rows, sha256 } = (typeof end === 'object' && end !== null ? end : {}) as Record<string, unknown>
  if (typeof rows === 'number' && typeof sha256 === 'string') return { ok: true, line: { kind: 'end', total: { rows, sha256 } } }
  return { ok: false, why: 'it is neither a row nor the end of a backup' }
}
