/**
 * Blocks and unblocks by people and keys: durable and in force when the promise resolves, each with its entry in the audit.
 *
 * An unblock is a mark in the store's order: what comes back of mail sent before it does not block again, and from then on only a proven
 * return does.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, Block } from '../store/address-record.ts'
import type { Store } from '../store/store.ts'
import { addEvent } from './address-events.ts'
import { cleanWords } from './clean-words.ts'
import { newAddress } from './new-address.ts'

/** What is done, by whom and why. */
export type Deed = {
  readonly key: AddressKey
  readonly why: string
  readonly by: string | null
  readonly now: number
}

/** Lifts the block of an address and gives it; null when none was in force, and then nothing changed. @throws {StoreUnavailable} */
export async function unblock(store: Store, { key, why, by, now }: Deed): Promise<Block | null> {
  return store.update({ keys: [key] }, ({ addresses, seq }) => {
    const record = addresses.get(key)
    const block = record?.block
    if (!record || !block || (block.until !== null && block.until <= now)) return { changes: {}, result: null }
    const reason = cleanWords(why)
    const after = addEvent({ ...record, awaiting: [], soft: [], held: null }, { kind: 'unblock', seq, at: now, by, why: reason })
    return { changes: { addresses: [after], audit: [{ at: now, op: 'unblock', actor: 'hand', by, key, why: reason }] }, result: block }
  })
}

/**
 * Blocks an address until somebody lifts it, or until `until`, which must be later than `now`; replaces a block in force. `address` is the spelling
 * that is shown. @throws {StoreUnavailable}
 */
export async function block(
  store: Store,
  deed: Deed & { readonly address: string; readonly until: number | null },
): Promise<AddressRecord> {
  const { key, address, by, until, now } = deed
  const why = cleanWords(deed.why)
  return store.update({ keys: [key] }, ({ addresses, seq }) => {
    const record = { ...(addresses.get(key) ?? newAddress({ address, key })), address }
    const after = addEvent(record, { kind: 'block', seq, at: now, block: blockByHand({ address, since: now, until, evidence: why, by }) })
    return { changes: { addresses: [after], audit: [{ at: now, op: 'block', actor: 'hand', by, key, why }] }, result: after }
  })
}

/** It is nobody's fault and no rule's: a person decided. */
function blockByHand(given: Pick<Block, 'address' | 'since' | 'until' | 'evidence' | 'by'>): Block {
  return { ...given, category: 'manual', type: 'hard', fault: 'unknown', rule: null, bounceId: null, messageId: null }
}
