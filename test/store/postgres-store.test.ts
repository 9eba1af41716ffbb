/**
 * The Store on PostgreSQL: the contract, on a real server, and what only this engine has: several nodes, a server that can go away.
 */
import t, { type Test } from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { openPostgresStore, type PostgresStoreOptions } from '../../src/store/postgres-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { storeContract } from './contract.ts'
import { start } from './samples.ts'

const server = await startPostgres(t)
const skip = 'skipped' in server ? server.skipped : false

const open = (url: string, more: Partial<PostgresStoreOptions> = {}) =>
  openPostgresStore({ url, passwordFile: null, timeoutMs: 10_000, connections: 4, now: () => start, log: createLog('silent'), ...more })

/** The tables of a store, to be copied: quicker than making them each time. */
let template: Promise<string> | null = null

async function freshDatabase(): Promise<string> {
  const { makeDatabase } = server as PostgresServer
  template ??= (async () => {
    const url = await makeDatabase()
    await (await open(url)).close()
    return url
  })()
  return makeDatabase(await template)
}

async function nodeOf(t: Test, url: string, more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const store = await open(url, more)
  t.teardown(() => store.close())
  return store
}

t.test('the contract', { skip }, async t => {
  storeContract(t, async (t, options) => {
    const url = await freshDatabase()
    const store = await nodeOf(t, url, options)
    return {
      store,
      async reopen() {
        await store.close()
        return nodeOf(t, url, options)
      },
    }
  })
})
