/**
 * Taking away blocks whose time is up. They were in force no more since then; now they leave the lists, and the change feed says so.
 */
import type { Change } from '../store/change-records.ts'
import type { Store } from '../store/store.ts'

/** Takes away at most `limit` of them; gives how many. @throws {StoreUnavailable} */
export async function liftExpired(store: Pick<Store, 'expiredBlocks' | 'update'>, now: number, limit: number): Promise<number> {
  const keys = await store.expiredBlocks(now, limit)
  if (keys.length === 0) return 0
  await store.update({ keys }, ({ addresses }) => {
    // The facts are as of now: who was blocked again meanwhile has a block in them.
    const ended = keys.flatMap(key => addresses.get(key) ?? []).filter(record => record.block === null)
    const feed = ended.map(
      ({ key, address }): Change => ({ at: now, kind: 'expired', key, address, block: null, by: null, why: 'its time was up' }),
    )
    return { changes: { addresses: ended, feed }, result: null }
  })
  return keys.length
}
