/**
 * An address key as it is shown: quoted where RFC 5321 wants it.
 *
 * Pure.
 */
import { type AddressKey, domainOfKey, formatMailbox, localOfKey } from '../smtp/path.ts'

/** Writes a key as an address. */
export function formatKey(key: AddressKey): string {
  return formatMailbox({ local: localOfKey(key), domain: domainOfKey(key) })
}
