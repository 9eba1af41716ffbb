/**
 * rebond as its users run it (`dist/main.js serve`), with a store of blacklisted addresses, in front of a given upstream.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../src/observe/log.ts'
import type { AddressKey } from '../src/smtp/path.ts'
import { openStore } from '../src/store/open-store.ts'
import { blockedAddress } from './blocked-address.ts'
import { freePort, type Running, start } from './processes.ts'

const main = join(import.meta.dirname, '../dist/main.js')

/** What differs from the defaults, key by key. */
export type Differences = {
  readonly relay?: object
  readonly listen?: object
  readonly upstream?: object
  /** The store is this PostgreSQL database, which is empty. */
  readonly postgresUrl?: string
}

/** Starts rebond with `blacklisted` addresses, `b0@bad.example` and up; journal and all else as configured by default. */
export async function startRebond(upstreamPort: number, blacklisted: number, differs: Differences = {}): Promise<Running> {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-bench-'))
  const path = join(directory, 'data')
  const keyFile = join(directory, 'key')
  await writeFile(keyFile, randomBytes(32).toString('base64'))
  const { postgresUrl } = differs
  const kind = postgresUrl === undefined ? 'level' : 'postgres'
  const storeConfig = {
    kind,
    path,
    url: postgresUrl ?? null,
    passwordFile: null,
    connections: 8,
    timeoutSeconds: 5,
    whenUnavailable: 'defer',
  } as const
  const store = await openStore(storeConfig, { now: Date.now, log: createLog('warn') })
  for (let from = 0; from < blacklisted; from += 1000) {
    const count = Math.min(1000, blacklisted - from)
    const addresses = Array.from({ length: count }, (_, i) => blockedAddress(`b${from + i}@bad.example` as AddressKey))
    await store.update({ keys: addresses.map(({ key }) => key) }, () => ({ changes: { addresses }, result: null }))
  }
  await store.close()
  const port = await freePort()
  const config = {
    hostname: 'relay.bench.test',
    log: { level: 'error' },
    relay: { listen: [{ host: '127.0.0.1', port, ...differs.listen }], maxSessionsPerClient: 2000, ...differs.relay },
    bounce: { listen: [{ host: '127.0.0.1', port: 0 }] },
    http: { listen: { host: '127.0.0.1', port: 0 } },
    upstream: { host: '127.0.0.1', port: upstreamPort, ...differs.upstream },
    returnPath: { domain: 'bounces.bench.test', keyFile },
    store: storeConfig,
  }
  const file = join(directory, 'rebond.yaml')
  await writeFile(file, JSON.stringify(config))
  const running = await start(process.execPath, [main, 'serve', '--config', file], port)
  return {
    ...running,
    async stop() {
      await running.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
