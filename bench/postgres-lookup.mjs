/**
 * The RCPT lookup on PostgreSQL at two sizes of the blacklist: median and 99th percentile of one asker, and lookups a second of 200.
 *
 * Run: npm run build && node bench/postgres-lookup.mjs postgres://USER:PASSWORD@HOST/EMPTY-DATABASE [10000 10000000]. The database is filled, by the
 * server itself; at ten million that takes minutes and 15 GB. Prints figures; passes no judgement.
 */
import pg from 'pg'
import { createLog } from '../dist/observe/log.js'
import { openPostgresStore } from '../dist/store/postgres-store.js'

const [url, ...given] = process.argv.slice(2)
const sizes = given.length > 0 ? given.map(Number) : [10_000, 10_000_000]
const asks = 20_000
const options = { url, passwordFile: null, timeoutMs: 60_000, connections: 4, now: Date.now, log: createLog('warn') }
const address = n => `user${n}@example${n % 5000}.org`

const store = await openPostgresStore(options)
const client = new pg.Client({ connectionString: url })
await client.connect()
let filled = 0
for (const size of sizes) {
  await client.query(`set synchronous_commit = off`)
  await client.query(
    `insert into addresses (key, domain, blocked_since, category, changed_seq, block, data)
     select 'user' || n || '@example' || n % 5000 || '.org', 'example' || n % 5000 || '.org', 1795500000000 + n, 'invalid_address', n, block, block
     from generate_series(${filled + 1}, ${size}) n, lateral (select json_build_object('address', 'user' || n, 'since', 1795500000000 + n, 'until', null,
       'category', 'invalid_address', 'evidence', '550 5.1.1 User unknown in virtual mailbox table') as block) as made`,
  )
  filled = size
  await client.query('vacuum analyze addresses')
  await client.query('checkpoint').catch(() => {})
  for (const [name, of] of [
    ['hit', address],
    ['miss', n => `no.${address(n)}`],
  ]) {
    const times = []
    for (let i = -2000; i < asks; i++) {
      const key = of(1 + (((i + 2000) * 1_037_389) % size))
      const from = performance.now()
      await store.lookup([key], Date.now())
      if (i >= 0) times.push(performance.now() - from)
    }
    times.sort((a, b) => a - b)
    console.log(`${size} blocked, ${name}: median ${times[asks / 2].toFixed(3)} ms, 99th percentile ${times[asks * 0.99].toFixed(3)} ms`)
  }
  let next = 0
  const from = performance.now()
  const asker = async () => {
    while (next < asks) await store.lookup([address(1 + ((next++ * 1_037_389) % size))], Date.now())
  }
  await Promise.all(Array.from({ length: 200 }, asker))
  console.log(`${size} blocked, 200 askers: ${Math.round(asks / ((performance.now() - from) / 1000))} lookups a second`)
}
await client.end()
await store.close()
