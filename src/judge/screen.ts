/**
 * Screening: which of these recipients are blacklisted now. Answers in the same tick where the store can (house.md).
 */
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Block } from '../store/address-record.ts'
import type { Store } from '../store/store.ts'

/** The blocks in force of these keys, in their order; null where there is none. @throws {StoreUnavailable}, or rejects with it. */
export type Screen = (keys: readonly AddressKey[]) => readonly (Block | null)[] | Promise<readonly (Block | null)[]>

/** Makes the screen of a store; `mode: observe`: one that refuses nothing, blocks of people neither. */
export function createScreen({
  store,
  now,
  mode = 'enforce',
}: {
  readonly store: Pick<Store, 'lookup'>
  readonly now: () => number
  readonly mode?: PolicyConfig['mode']
}): Screen {
  return mode === 'observe' ? keys => keys.map(() => null) : keys => store.lookup(keys, now())
}
