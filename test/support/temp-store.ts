/**
 * A store for tests: a real LevelDB in a directory of its own, closed and removed with the test.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { type LevelStoreOptions, openLevelStore } from '../../src/store/level-store.ts'
import type { Store } from '../../src/store/store.ts'

/** Makes a directory that is removed with the test. */
export async function tempDirectory(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rebond-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Opens an empty store; `more` replaces options, for example `now`. */
export async function tempStore(t: Test, more: Partial<LevelStoreOptions> = {}): Promise<Store> {
  const path = more.path ?? (await tempDirectory(t))
  const store = await openLevelStore({ path, now: Date.now, log: createLog('silent'), ...more })
  t.teardown(() => store.close())
  return store
}
