/**
 * Keys of the LevelDB store; doc/adr/0002 lists them all. A key is its parts joined by NUL: a two-letter kind, then the parts it sorts by.
 *
 * Promises: keys sort as the bytes of their parts do, times by time; no part can hold a NUL, so a range never spills into another value's.
 * Pure.
 */
import { type AddressKey, domainOfKey, localOfKey } from '../../smtp/path.ts'
import { clamp } from '../key-parts.ts'

const separator = '\0'
/** Sorts behind every key that begins with the parts before it. */
const afterSeparator = '\x01'

/** Digits of a time in base 36: nine last until the year 5188. */
const timeDigits = 9
const lastTime = 36 ** timeDigits - 1
/** Digits of a sequence number in base 36: eleven hold every safe integer. */
const seqDigits = 11

/** Joins parts to a key. */
export function key(...parts: readonly string[]): string {
  return parts.join(separator)
}

/** The keys that begin with these parts and have more: `gte` to below `lt`. */
export type KeyRange = { readonly gte: string; readonly lt: string }

/** The range of all keys that begin with these parts and have more. */
export function under(...parts: readonly string[]): KeyRange {
  const prefix = parts.join(separator)
  return { gte: prefix + separator, lt: prefix + afterSeparator }
}

/** What follows the first `depth` parts of a key. */
export function after(text: string, depth: number): string {
  let at = -1
  for (let i = 0; i < depth; i++) at = text.indexOf(separator, at + 1)
  return text.slice(at + 1)
}

/** The last part of a key. */
export function lastPart(text: string): string {
  return text.slice(text.lastIndexOf(separator) + 1)
}

/** A time in milliseconds as a part that sorts; what lies outside of the calendar is moved to its ends. */
export function timePart(at: number): string {
  return clamp(at, lastTime).toString(36).padStart(timeDigits, '0')
}

/** A sequence number as a part that sorts. */
export function seqPart(seq: number): string {
  return seq.toString(36).padStart(seqDigits, '0')
}

/** An address key as two parts, domain first: one range holds a domain, one an address. */
export function domainFirst(address: AddressKey): string {
  return domainOfKey(address) + separator + localOfKey(address)
}
