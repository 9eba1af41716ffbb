/** A blacklisted address for the benchmarks. */
import type { AddressKey } from '../src/smtp/path.ts'
import type { AddressRecord } from '../src/store/address-record.ts'

/** The record of an address that a hard return has blacklisted. */
export function blockedAddress(key: AddressKey): AddressRecord {
  return {
    key,
    address: key,
    block: {
      address: key,
      since: Date.now(),
      until: null,
      category: 'invalid_address',
      type: 'hard',
      fault: 'recipient',
      rule: 'bench',
      evidence: '550 5.1.1 User unknown',
      bounceId: null,
      messageId: null,
      by: null,
    },
    lastHard: null,
    lastUnblock: null,
    lastDelivered: null,
    awaiting: [],
    counts: { hard: 1, soft: 0, uncounted: 0 },
  }
}
