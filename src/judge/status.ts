/**
 * The status of an address (contract.md): `blacklisted` when a block is in force; `ok` when upstream accepted mail for it long enough ago, or a
 * report of delivery came, and no hard return and no unblock since; `unknown` for all else.
 *
 * "Since" is the store's order, not the clock. Pure.
 */
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressRecord, Moment } from '../store/address-record.ts'

export type AddressStatus = 'blacklisted' | 'ok' | 'unknown'

const hourMs = 3_600_000

/** The latest time at which mail must have been accepted to make an address ok at `now`. */
export function acceptedBefore(now: number, { okAfterHours }: Pick<PolicyConfig, 'okAfterHours'>): number {
  return now - okAfterHours * hourMs
}

/** Gives the status at `now`. `lastAccepted`: the latest mail for it that upstream accepted at `acceptedBefore` or earlier. */
export function addressStatus(
  record: AddressRecord | null,
  lastAccepted: Moment | null,
  now: number,
  policy: Pick<PolicyConfig, 'okAfterHours'>,
): AddressStatus {
  const block = record?.block ?? null
  if (block !== null && (block.until === null || block.until > now)) return 'blacklisted'
  const bad = Math.max(record?.lastHard?.seq ?? 0, record?.lastUnblock?.seq ?? 0)
  const accepted = lastAccepted !== null && lastAccepted.at <= acceptedBefore(now, policy) ? lastAccepted.seq : 0
  const good = Math.max(accepted, record?.lastDelivered?.seq ?? 0)
  return good > bad ? 'ok' : 'unknown'
}
