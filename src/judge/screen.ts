/**
 * Screening: which of these recipients are blacklisted now. Answers in the same tick where the store can (house.md).
 */
import type { AddressKey } from '../smtp/path.ts'
import type { Block } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** The blocks in force of these keys, in their order; null where there is none. @throws {StoreUnavailable}, or rejects with it. */
export type Screen = (keys: readonly AddressKey[]) => readonly (Block | null)[] | Promise<readonly (Block | null)[]>

/** Makes the screen of a store. Observe mode (a screen that refuses nothing) is another one. */
export function createScreen({ store, now }: { readonly store: Pick<Store, 'lookup'>; readonly now: () => number }): Screen {
  return keys => store.lookup(keys, now())
}
