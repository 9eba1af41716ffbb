/**
 * The lookup of every RCPT: lookups of one pipelined batch, and of all sessions that ask at the same moment, are one statement.
 *
 * Nothing is cached: a block or an unblock that was acknowledged anywhere is seen by the next lookup everywhere.
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { Block } from '../address-record.ts'
import { inForce } from '../in-force.ts'
import type { Store } from '../store.ts'
import { createBatches } from './batches.ts'
import type { Database } from './database.ts'
import { lookupStatement, type Pseudonym } from './erased-addresses.ts'

export function createLookups(database: Database, pseudonym: Pseudonym): { readonly lookup: Store['lookup']; idle(): Promise<void> } {
  const batches = createBatches<readonly AddressKey[], ReadonlyMap<AddressKey, Block>>({
    async work(asked) {
      const keys = [...new Set(asked.flat())]
      const pseudonyms = keys.map(pseudonym)
      const rows = await database.run<{ key: string; block: Block }>(lookupStatement, [keys, pseudonyms])
      const blocks = new Map(rows.map(({ key, block }) => [key, block]))
      const found = new Map<AddressKey, Block>()
      for (const [index, key] of keys.entries()) {
        const block = blocks.get(key) ?? blocks.get(pseudonyms[index] ?? '')
        if (block) found.set(key, block)
      }
      return asked.map(() => found)
    },
    atOnce: 2,
    maxItems: 500,
  })
  return {
    async lookup(keys, now) {
      database.assertOpen()
      if (keys.length === 0) return []
      const found = await batches.add(keys)
      return keys.map(key => {
        const block = found.get(key)
        return block && inForce(block, now) ? block : null
      })
    },
    idle: batches.idle,
  }
}
