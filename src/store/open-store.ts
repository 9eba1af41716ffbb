/**
 * The store that the configuration names.
 */
import type { Config } from '../config/schema.ts'
import { type LevelStoreOptions, openLevelStore } from './level-store.ts'
import type { Store } from './store.ts'
import { StoreUnavailable } from './store-unavailable.ts'

/** Opens the store. @throws {StoreUnavailable} with what is in the way, and what to do. */
export async function openStore(config: Config['store'], deps: Pick<LevelStoreOptions, 'now' | 'log' | 'metrics'>): Promise<Store> {
  if (config.kind === 'level') return openLevelStore({ path: config.path, ...deps })
  const { url, passwordFile, connections, timeoutSeconds } = config
  // The configuration is refused before it comes to this.
  if (url === null) throw new StoreUnavailable('store.url must be a postgres:// URL when store.kind is postgres, not null')
  // Loaded where it is wanted: its driver costs every other program a slower start and memory.
  const { openPostgresStore } = await import('./postgres-store.ts')
  return openPostgresStore({ url, passwordFile, connections, timeoutMs: timeoutSeconds * 1000, ...deps })
}
