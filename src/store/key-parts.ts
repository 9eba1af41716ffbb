/**
 * Parts of keys that every engine makes alike: foreign text that cannot break out of its place, and bounds of ids by time.
 * Pure.
 */
import { createHash } from 'node:crypto'
import { firstIdAt } from '../return-path/time-id.ts'

/** Ids hold 48 bits of milliseconds. */
const lastIdTime = 2 ** 48 - 1
/** Characters of a value from a header that stand in a key as they are; longer ones are hashed. */
const maxPartLength = 200

/** Foreign text (a list id, a Message-ID) as a part: one that is long or holds a NUL becomes its hash. */
export function textPart(text: string): string {
  if (text.length <= maxPartLength && !text.includes('\0')) return text
  return `#${createHash('sha256').update(text).digest('base64url')}`
}

/** The smallest message or report id of a moment; moments outside of the calendar are moved to its ends. */
export function idBound(at: number): string {
  return firstIdAt(clamp(at, lastIdTime))
}

/** A whole number from 0 to `most`; what is none becomes 0. */
export function clamp(value: number, most: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.floor(value), 0), most)
}
