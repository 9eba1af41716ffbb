/**
 * Blocking and unblocking by a person, the same from the API and from the page: durable, in force, and counted when the promise resolves.
 */
import { block, unblock } from '../judge/by-hand.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Block } from '../store/address-record.ts'
import { formatKey } from './address-key.ts'
import type { HttpDeps } from './app.ts'

type Deps = Pick<HttpDeps, 'store' | 'now' | 'metrics'>
type Deed = { readonly why: string; readonly by: string | null }

/** Lifts the block of an address, and gives it; null: there is none. @throws {StoreUnavailable} */
export async function unblockAddress({ store, now, metrics }: Deps, key: AddressKey, { why, by }: Deed): Promise<Block | null> {
  const lifted = await unblock(store, { key, why, by, now: now() })
  if (lifted !== null) metrics.blacklistChanges.inc({ op: 'unblock', actor: 'hand' })
  return lifted
}

/** Blocks an address until a moment to come, or until somebody lifts it. @throws {StoreUnavailable} */
export async function blockAddress(
  { store, now, metrics }: Deps,
  key: AddressKey,
  { why, by, until, address = formatKey(key) }: Deed & { readonly until: number | null; readonly address?: string },
): Promise<void> {
  await block(store, { key, address, why, by, until, now: now() })
  metrics.blacklistChanges.inc({ op: 'block', actor: 'hand' })
}
