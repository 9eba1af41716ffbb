/**
 * The store that a configuration names, opened as plain records. Nobody else may be using it: a LevelDB store that is served is locked, and
 * a PostgreSQL store that nodes are serving changes while it is read.
 */
import type { Config } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Archive } from './archive.ts'
import { openLevel } from './level/database.ts'
import { openEngine } from './level/engine.ts'
import { levelArchive } from './level/level-archive.ts'
import { readConnection } from './postgres/connection.ts'
import { createDatabase, type Database } from './postgres/database.ts'
import { numberChanges } from './postgres/feed.ts'
import { openSchema } from './postgres/migrate.ts'
import { postgresArchive } from './postgres/postgres-archive.ts'
import { StoreUnavailable } from './store-unavailable.ts'

/** Nobody waits for an answer: a statement may take longer than one of a node that serves. */
const patienceMs = 60_000

type Deps = { readonly log: Log; readonly now: () => number }

/** Opens a store as an archive, made if it is not there. @throws {StoreUnavailable} */
export async function openArchive(config: Config['store'], { log, now }: Deps): Promise<Archive> {
  if (config.kind === 'level') {
    const quiet = { random: Math.random, reopenAfterMs: [100, 5000] as const, onFailure: () => {} }
    return levelArchive(await openEngine({ path: config.path, log, openDatabase: openLevel, ...quiet }))
  }
  const database = await openDatabase(config, log)
  try {
    await openSchema(database)
    const [row] = await database.run<{ nodes: number }>({
      text: `select count(*) as nodes from nodes where seen_at > now() - interval '1 minute'`,
    })
    if (row && row.nodes > 0)
      throw new StoreUnavailable(
        `the store in ${database.place} is in use by ${row.nodes} node(s) of rebond: stop them first, and wait a minute if one was killed`,
        {
          code: 'ERR_STORE_LOCKED',
        },
      )
    await numberChanges(database)
  } catch (error) {
    await database.close()
    throw error
  }
  return postgresArchive(database, now)
}

/** Opens the database of a configuration, whatever its schema. @throws {StoreUnavailable} */
export function openDatabase(config: Config['store'], log: Log): Promise<Database> {
  const { url, passwordFile, timeoutSeconds } = config
  if (config.kind !== 'postgres' || url === null) throw new StoreUnavailable('store.kind must be postgres, and store.url its URL')
  return createDatabase({
    connection: readConnection({ url, passwordFile, timeoutMs: Math.max(timeoutSeconds * 1000, patienceMs) }),
    connections: 2,
    log,
    random: Math.random,
    retryAfterMs: [100, 5000],
    onFailure: () => {},
    onReturn: () => {},
  })
}
