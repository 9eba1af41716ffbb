/**
 * A damaged LevelDB store, mended as far as it goes: a copy of it is kept first, LevelDB salvages its tables, and what rebond derives from its
 * records is made again (rebuild.ts).
 *
 * Promises: the copy is on disk before anything is touched; cut off at any moment it can be run again; a store in use is refused.
 */
import { cp, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { StoreUnavailable } from '../store-unavailable.ts'
import { openError, openLevel, rootOf } from './database.ts'
import { metaKeys } from './meta.ts'
import { type Rebuilt, rebuild } from './rebuild.ts'

export type Repaired = Rebuilt & {
  readonly location: string
  /** Where the directory lies as it was. */
  readonly copy: string
  /** The secret that erased addresses are found by is gone, and some are there: their blocks hold nobody back any more. */
  readonly erasedSecretLost: boolean
}

/** On Node, `level` is `classic-level`, whose `repair` its own types leave out: they promise what a browser has too. Contract: test/store/keep.test.ts. */
const { repair: salvage } = Level as unknown as { repair(location: string): Promise<void> }

export type RepairOptions = {
  /** The data directory. */
  readonly path: string
  readonly now: () => number
  readonly onStep: (doing: 'copying' | 'repairing' | 'rebuilding', rows: number) => void
}

/** Repairs the store in a data directory. @throws {StoreUnavailable} with what to do; what was copied stays. */
export async function repairLevel({ path, now, onStep }: RepairOptions): Promise<Repaired> {
  const location = join(path, 'level')
  try {
    await stat(location)
    await refuseInUse(location)
    const stamp = new Date(now()).toISOString().replace(/[-:]|\.\d+/g, '')
    const copy = `${location}.damaged-${stamp}`
    onStep('copying', 0)
    await copyDirectory(location, copy)
    onStep('repairing', 0)
    await salvage(location)
    // What LevelDB put aside stands in the copy.
    await rm(join(location, 'lost'), { recursive: true, force: true })
    const database = await openLevel(location)
    try {
      const isSecretKnown = database.getSync(metaKeys.erased) !== undefined
      const rebuilt = await rebuild(database, rows => onStep('rebuilding', rows))
      return { ...rebuilt, location, copy, erasedSecretLost: !isSecretKnown && rebuilt.counts.hashed.now > 0 }
    } finally {
      await database.close()
    }
  } catch (cause) {
    throw openError(location, cause)
  }
}

/** LevelDB locks a directory before it looks at anything in it: an opening that cannot succeed asks for the lock and changes nothing. */
async function refuseInUse(location: string): Promise<void> {
  const probe = new Level(location, { createIfMissing: false, errorIfExists: true })
  try {
    await probe.open()
    await probe.close()
  } catch (cause) {
    if (rootOf(cause)[0] === 'LEVEL_LOCKED') throw openError(location, cause)
  }
}

/** Copies a directory of files, durable. @throws {StoreUnavailable} the copy is there already */
async function copyDirectory(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true, errorOnExist: true, force: false, preserveTimestamps: true })
  } catch (cause) {
    throw new StoreUnavailable(`no copy of ${from} could be made (${(cause as Error).message}); nothing was changed`, { cause })
  }
  for (const name of [...(await readdir(to)), '.', '..']) {
    const handle = await open(join(to, name), 'r')
    await handle.sync().finally(() => handle.close())
  }
}
