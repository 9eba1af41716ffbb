/**
 * The audit's entry for an erasure: that it was done, by whom and why, and to which hash; never to whom.
 */
import { cleanWords } from '../judge/clean-words.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Store } from '../store/store.ts'

/** Writes the entry, durable. @throws {StoreUnavailable} */
export async function recordErasure(
  store: Pick<Store, 'update'>,
  key: AddressKey,
  { by, why, now: at }: { readonly by: string | null; readonly why: string; readonly now: number },
): Promise<void> {
  await store.update({ keys: [] }, () => ({
    changes: {
      audit: [{ at, op: 'erase', actor: 'hand', by, key, why: cleanWords(why) }],
      feed: [{ at, kind: 'erased', key, address: null, block: null, by, why: '' }],
    },
    result: null,
  }))
}
