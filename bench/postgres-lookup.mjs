/**
 * The RCPT lookup on PostgreSQL at two sizes of the blacklist, in turns: median and 99th percentile of one asker, and lookups a second of 200.
 *
 * Run: npm run build && node bench/postgres-lookup.mjs SMALL LARGE [10000 10000000]. SMALL and LARGE are URLs (postgres://USER:PASSWORD@HOST/DATABASE) of two
 * databases of one server, empty at first; they are filled by the server itself, the large one in minutes and with 15 GB, and what is there already is used again.
 * Prints the median of five rounds; passes no judgement.
 */
import pg from 'pg'
import { createLog } from '../dist/observe/log.js'
import { openPostgresStore } from '../dist/store/postgres-store.js'

const [small, large, ...given] = process.argv.slice(2)
const sizes = given.length > 0 ? given.map(Number) : [10_000, 10_000_000]
const rounds = 5
const asks = 10_000
const address = n => `user${n}@example${n % 5000}.org`
const missing = n => `no.${address(n)}`

async function open(url, size) {
  const store = await openPostgresStore({
    url,
    passwordFile: null,
    timeoutMs: 60_000,
    connections: 4,
    now: Date.now,
    log: createLog('warn'),
  })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select count(*)::int as filled from addresses')
  await client.query(`set synchronous_commit = off`)
  await client.query(
    `insert into addresses (key, domain, blocked_since, category, changed_seq, block, data)
     select 'user' || n || '@example' || n % 5000 || '.org', 'example' || n % 5000 || '.org', 1795500000000 + n, 'invalid_address', n, block, block
     from generate_series(${rows[0].filled + 1}, ${size}) n, lateral (select json_build_object('address', 'user' || n, 'since', 1795500000000 + n, 'until', null,
       'category', 'invalid_address', 'evidence', '550 5.1.1 User unknown in virtual mailbox table') as block) as made`,
  )
  await client.query('vacuum analyze addresses')
  await client.query('checkpoint').catch(() => {})
  await client.end()
  return { store, size, figures: new Map() }
}

async function oneAsker({ store, size }, of) {
  const times = []
  for (let i = 0; i < asks; i++) {
    const key = of(1 + Math.floor(Math.random() * size))
    const from = performance.now()
    await store.lookup([key], Date.now())
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  return { median: times[asks / 2], p99: times[asks * 0.99] }
}

async function manyAskers({ store, size }) {
  let next = 0
  const from = performance.now()
  const asker = async () => {
    while (next++ < 2 * asks) await store.lookup([address(1 + Math.floor(Math.random() * size))], Date.now())
  }
  await Promise.all(Array.from({ length: 200 }, asker))
  return { 'lookups a second': (2 * asks) / ((performance.now() - from) / 1000) }
}

const measured = [await open(small, sizes[0]), await open(large, sizes[1])]
// The first round warms the caches up.
for (let round = 0; round <= rounds; round++)
  for (const one of measured) {
    const found = { hit: await oneAsker(one, address), miss: await oneAsker(one, missing), '200 askers': await manyAskers(one) }
    if (round === 0) continue
    for (const [what, figures] of Object.entries(found))
      for (const [name, value] of Object.entries(figures)) {
        const label = `${what}, ${name}`
        one.figures.set(label, [...(one.figures.get(label) ?? []), value])
      }
  }
const middle = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const [few, many] = measured
console.log(`| | ${few.size} blocked | ${many.size} blocked | ratio |\n|---|---|---|---|`)
for (const [label, values] of few.figures) {
  const [one, other] = [middle(values), middle(many.figures.get(label))]
  const digits = one > 100 ? 0 : 3
  console.log(`| ${label} | ${one.toFixed(digits)} | ${other.toFixed(digits)} | ${(other / one).toFixed(2)} |`)
}
for (const { store } of measured) await store.close()
