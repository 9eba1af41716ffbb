/**
 * The record of an address nothing was known of.
 *
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord } from '../store/address-record.ts'

/** Makes an empty record. */
export function newAddress({ address, key }: { readonly address: string; readonly key: AddressKey }): AddressRecord {
  const counts = { hard: 0, soft: 0, uncounted: 0 }
  return { key, address, block: null, lastHard: null, lastUnblock: null, lastDelivered: null, awaiting: [], counts }
}
