/**
 * Finding what is left of an erased address, by the address: looked for only while the store holds any (counter `hashed`).
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import type { Change } from '../change-records.ts'
import { pseudonymOf } from '../erased.ts'
import { erasedChange, underPseudonym } from '../erased-records.ts'
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

/** A record as it is stored: of an erased address, without the address. */
export function asStored(engine: Reader, record: AddressRecord): AddressRecord {
  const stored = storedKey(engine, record.key)
  return stored === record.key ? record : underPseudonym(record, stored)
}

/** A change as it is stored: of an erased address, without the address. */
export function changeAsStored(engine: Reader, change: Change): Change {
  const stored = storedKey(engine, change.key)
  return stored === change.key ? change : erasedChange(change, change.key, stored)
}
