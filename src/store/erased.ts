/**
 * What stands in the place of an address that was erased: a keyed hash of it, written as an address of a domain that cannot be (RFC 2606 §2).
 *
 * Whoever asks with the address finds what is left (a block that holds); whoever reads the store, a list or a log finds no address. The hash's
 * secret belongs to the store: it guards lists, exports and the audit, not against somebody who holds the whole store and guesses addresses.
 * Pure.
 */
import { createHmac } from 'node:crypto'
import { encodeBase32hex } from '../return-path/base32hex.ts'
import { type AddressKey, domainOfKey, localOfKey } from '../smtp/path.ts'

export const erasedDomain = 'erased.invalid'
/** 130 bits. */
const hashLength = 26
/** What stands in texts where the address stood. */
const gone = '<erased>'
/** A local part shorter than this is a word like any other. */
const shortestLocal = 3

/** Gives the key that stands for an erased address. */
export function pseudonymOf(secret: string, key: AddressKey): AddressKey {
  const hash = createHmac('sha256', secret).update(`rebond erased address v1\0${key}`).digest()
  return `${encodeBase32hex(hash).slice(0, hashLength)}@${erasedDomain}` as AddressKey
}

/** Says whether a key stands for an erased address. */
export function isPseudonym(key: string): boolean {
  return key.endsWith(`@${erasedDomain}`)
}

/** Takes an address out of a text, and its local part and domain where they stand as words of their own. */
export function withoutAddress(text: string, key: AddressKey): string {
  const [local, domain] = [localOfKey(key), domainOfKey(key)]
  const whole = text.replace(new RegExp(quoted(key), 'gi'), gone)
  const words = [domain, ...(local.length < shortestLocal ? [] : [local])]
  return words.reduce((rest, word) => rest.replace(new RegExp(`(?<![\\p{L}\\p{N}])${quoted(word)}(?![\\p{L}\\p{N}])`, 'giu'), gone), whole)
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
