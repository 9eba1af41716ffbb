/**
 * Finding what is left of an erased address, by the address: looked for only while the store holds any (counter `hashed`).
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressEvent, AddressRecord, Block } from '../address-record.ts'
import { pseudonymOf, withoutAddress } from '../erased.ts'
import type { Engine } from './engine.ts'
import { primary } from './indexes.ts'

type Reader = Pick<Engine, 'read' | 'count' | 'erasedKey'>

/** Reads a record that stands under the pseudonym of an address; undefined: there is none. */
export function readErased(engine: Reader, name: (key: string) => string, address: AddressKey): string | undefined {
  return engine.count('hashed') === 0 ? undefined : engine.read(name(pseudonymOf(engine.erasedKey, address)))
}

/** The key that what is known of an address stands under: its pseudonym, when it was erased and something is left. */
export function storedKey(engine: Reader, address: AddressKey): AddressKey {
  if (engine.count('hashed') === 0 || engine.read(primary.address(address)) !== undefined) return address
  const pseudonym = pseudonymOf(engine.erasedKey, address)
  return engine.read(primary.address(pseudonym)) === undefined ? address : pseudonym
}

/** What is left of an erased address, as whoever asks with the address sees it. */
export function underAddress(record: AddressRecord, address: AddressKey): AddressRecord {
  return { ...record, key: address, address, block: record.block && { ...record.block, address } }
}

/** A record as it is stored: of an erased address, without the address. */
export function asStored(engine: Reader, record: AddressRecord): AddressRecord {
  const stored = storedKey(engine, record.key)
  return stored === record.key ? record : underPseudonym(record, stored)
}

/** The record of an address with its pseudonym in the place of the address. */
export function underPseudonym(record: AddressRecord, pseudonym: AddressKey): AddressRecord {
  const { key, block, lastUnblock, events, folded } = record
  const blockOf = (one: Block): Block => ({ ...one, address: pseudonym, evidence: withoutAddress(one.evidence, key) })
  const unblockOf = (one: AddressRecord['lastUnblock']) => one && { ...one, why: withoutAddress(one.why, key) }
  const eventOf = (event: AddressEvent): AddressEvent =>
    event.kind === 'unblock' ? { ...event, why: withoutAddress(event.why, key) } : { ...event, block: blockOf(event.block) }
  return {
    ...record,
    key: pseudonym,
    address: pseudonym,
    block: block && blockOf(block),
    lastUnblock: unblockOf(lastUnblock),
    ...(events ? { events: events.map(eventOf) } : {}),
    ...(folded ? { folded: { ...folded, block: folded.block && blockOf(folded.block), lastUnblock: unblockOf(folded.lastUnblock) } } : {}),
  }
}
