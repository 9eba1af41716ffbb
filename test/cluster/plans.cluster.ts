/**
 * What the API asks of a database with a million rows in each large table, and how PostgreSQL would answer: never by reading one from end to end.
 */
import t from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { checkPlans } from '../store/plans.ts'
import { start } from '../store/samples.ts'
import { startPostgres } from '../support/postgres-server.ts'

const server = await startPostgres(t)

t.test(
  'no question of the API reads a table of a million rows from end to end',
  { skip: 'skipped' in server && server.skipped },
  async t => {
    if ('skipped' in server) return
    const url = await server.makeDatabase()
    const log = createLog('silent')
    const store = await openPostgresStore({ url, passwordFile: null, timeoutMs: 120_000, connections: 4, now: () => start, log })
    t.teardown(() => store.close())
    await checkPlans(t, { store, url, rows: 1_000_000 })
  },
)
