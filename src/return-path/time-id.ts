/**
 * Ids that sort by time and carry their age: 48 bits of milliseconds since 1970 and 32 random bits, 16 characters of base32hex.
 * Messages and reports have them.
 * Pure.
 */
import { decodeBase32hex, encodeBase32hex } from './base32hex.ts'

/** Characters of an id. */
export const idLength = 16

/** Makes the id of something that happens `now` (milliseconds); `random` is 4 octets from the caller. */
export function makeId(now: number, random: Uint8Array): string {
  const octets = Buffer.alloc(10)
  octets.writeUIntBE(now, 0, 6)
  octets.set(random.subarray(0, 4), 6)
  return encodeBase32hex(octets)
}

/** Milliseconds at which an id was made; NaN when the text is no id. */
export function timeOfId(id: string): number {
  const octets = id.length === idLength ? decodeBase32hex(id) : null
  return octets ? Buffer.from(octets).readUIntBE(0, 6) : Number.NaN
}

/** The smallest id of a moment: a bound for ranges of ids. */
export function firstIdAt(at: number): string {
  return makeId(at, new Uint8Array(4))
}
