/**
 * What the store knows of an address: its record, the block in force, its status.
 */
import type { PolicyConfig } from '../config/schema.ts'
import { type AddressStatus, acceptedBefore, addressStatus } from '../judge/status.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, Block } from '../store/address-record.ts'
import type { Store } from '../store/store.ts'

export type AddressFacts = {
  /** null: never heard of. */
  readonly record: AddressRecord | null
  /** null: no block, or one that has ended. */
  readonly block: Block | null
  readonly status: AddressStatus
}

/** Loads the facts of an address at `now`. @throws {StoreUnavailable} */
export async function addressFacts(store: Store, policy: PolicyConfig, key: AddressKey, now: number): Promise<AddressFacts> {
  const [record, lastAccepted] = await Promise.all([store.address(key), store.lastAccepted(key, acceptedBefore(now, policy))])
  return { record, block: record?.block ?? null, status: addressStatus(record, lastAccepted, now, policy) }
}
