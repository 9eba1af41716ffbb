/**
 * The RCPT lookup at ten million blacklisted addresses against ten thousand: p50, p99 and p99.9 of single lookups, in the order of a mailing
 * (random addresses), hits and misses.
 *
 * Run: npm run bench:lookup -- [--sizes 10000,10000000] [--lookups 300000]. Filling takes minutes and some 700 octets an address on the disk.
 * Prints figures and the ratio of each size to the first; passes no judgement.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLog } from '../src/observe/log.ts'
import type { AddressKey } from '../src/smtp/path.ts'
import { openLevelStore } from '../src/store/level-store.ts'
import type { Store } from '../src/store/store.ts'
import { blockedAddress } from './blocked-address.ts'

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '10000,10000000' }, lookups: { type: 'string', default: '300000' } },
})
const sizes = values.sizes.split(',').map(Number)
const lookups = Number(values.lookups)
const perUnit = 1000
const unitsAtOnce = 4

type Figures = { readonly p50: number; readonly p99: number; readonly p999: number }

/** Domains are shared by a hundred addresses each, as in a real list. */
const keyOf = (n: number): AddressKey => `user.${n}@example-${n % Math.ceil(n / 100 + 1)}.org` as AddressKey

async function fill(store: Store, size: number): Promise<void> {
  let next = 0
  const filler = async () => {
    while (next < size) {
      const from = next
      next = Math.min(size, from + perUnit)
      const addresses = Array.from({ length: next - from }, (_, i) => blockedAddress(keyOf(from + i)))
      await store.update({ keys: addresses.map(({ key }) => key) }, () => ({ changes: { addresses }, result: null }))
      if (from % 1_000_000 === 0 && from > 0) process.stderr.write(`${from.toLocaleString('en')} of ${size.toLocaleString('en')}\n`)
    }
  }
  await Promise.all(Array.from({ length: unitsAtOnce }, filler))
}

async function measure(store: Store, key: (n: number) => AddressKey, expected: boolean): Promise<Figures> {
  const times = new Float64Array(lookups)
  const now = Date.now()
  for (let i = 0; i < lookups; i++) {
    const asked = [key(Math.random())]
    const from = performance.now()
    const found = store.lookup(asked, now)
    const [block] = found instanceof Promise ? await found : found
    times[i] = (performance.now() - from) * 1000
    if ((block !== null) !== expected) throw new Error(`${asked} was ${expected ? 'not ' : ''}found`)
  }
  times.sort()
  const at = (share: number) => times[Math.floor(lookups * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}

console.log('| addresses | lookups | p50 µs | p99 µs | p99.9 µs | p99 to the first |\n|---|---|---|---|---|---|')
const first = new Map<string, number>()
for (const size of sizes) {
  const path = await mkdtemp(join(tmpdir(), 'rebond-lookup-'))
  let store = await openLevelStore({ path, now: Date.now, log: createLog('warn') })
  try {
    await fill(store, size)
    // Opened again, so that nothing is answered from the memory of having written it.
    await store.close()
    store = await openLevelStore({ path, now: Date.now, log: createLog('warn') })
    const kinds = [
      ['blacklisted', (r: number) => keyOf(Math.floor(r * size)), true],
      ['unknown', (r: number) => `nobody.${keyOf(Math.floor(r * size))}` as AddressKey, false],
    ] as const
    for (const [kind, key, expected] of kinds) {
      await measure(store, key, expected)
      const { p50, p99, p999 } = await measure(store, key, expected)
      const base = first.get(kind) ?? p99
      first.set(kind, base)
      const cells = [size.toLocaleString('en'), kind, p50.toFixed(1), p99.toFixed(1), p999.toFixed(1), (p99 / base).toFixed(2)]
      console.log(`| ${cells.join(' | ')} |`)
    }
  } finally {
    await store.close()
    await rm(path, { recursive: true, force: true })
  }
}
