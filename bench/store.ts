/**
 * How fast the LevelDB store is on this machine: journal appends by number of writers, lookups, reports, updates.
 *
 * Run: node --import ./test/support/typescript.mjs bench/store.ts. Prints figures; passes no judgement. The plain rows, a synced put of the same
 * octets without anything of ours, say what of it is the disk; the last column is the ratio to the plain row of as many writers.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { createLog } from '../src/observe/log.ts'
import { makeId } from '../src/return-path/time-id.ts'
import { type AddressKey, addressKeyOf } from '../src/smtp/path.ts'
import type { AddressRecord, Block } from '../src/store/address-record.ts'
import { openLevelStore } from '../src/store/level-store.ts'
import type { Message } from '../src/store/message-records.ts'
import type { Store } from '../src/store/store.ts'

const appends = 20_000
const addresses = 100_000
const lookups = 200_000

type Journalled = Omit<Message, 'seq' | 'outcome'>

function mail(n: number): Journalled {
  const address = `jean.dupont.${n % 5000}@example${n % 50}.org`
  return {
    id: makeId(Date.now(), randomBytes(4)),
    at: Date.now(),
    reversePath: 'crm@example.com',
    recipients: [
      {
        address,
        key: address as AddressKey,
        name: 'Jean Dupont',
        verdict: 'relayed',
        reply: { code: 250, enhanced: { class: 2, subject: 1, detail: 5 }, text: ['Ok'] },
      },
    ],
    from: { name: 'Sales', address: 'crm@example.com' },
    subject: 'Your November newsletter is here',
    template: 'newsletter',
    list: '42',
    headerMessageId: `<${n}.1764000000@crm.example.com>`,
    size: 1024,
  }
}

/** Prints one row and gives its rate; `plain` is the rate to compare with. */
async function measured(name: string, count: number, work: () => Promise<void>, plain?: number): Promise<number> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const rate = count / seconds
  const ratio = plain === undefined ? '' : `${(rate / plain).toFixed(2).padStart(8)} of plain`
  const shown = Math.round(rate).toLocaleString('en').padStart(12)
  console.log(`${name.padEnd(44)} ${shown} /s ${((user + system) / count).toFixed(1).padStart(8)} µs CPU each${ratio}`)
  return rate
}

/** Runs `work` `count` times by `writers` that each wait for their last one. */
async function byWriters(writers: number, count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let n = 0
  const writer = async () => {
    while (n < count) await work(n++)
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

function appendAndSettle(store: Store): (n: number) => Promise<void> {
  return async n => {
    const { id } = await store.appendMessage(mail(n), [])
    store.settleMessage(id, {
      outcome: 'accepted',
      at: Date.now(),
      reply: { code: 250, text: [`Ok: queued as ${n}`] },
      upstreamId: String(n),
    })
  }
}

function blocked(n: number): AddressRecord {
  const address = `blocked.${n}@example${n % 1000}.org`
  const key = addressKeyOf(address)
  if (key === null) throw new RangeError(address)
  const block: Block = {
    address,
    since: Date.now(),
    until: null,
    category: 'invalid_address',
    type: 'hard',
    fault: 'recipient',
    rule: 'rfc3463-x.1.1',
    evidence: '550 5.1.1 User unknown',
    bounceId: `${makeId(Date.now(), randomBytes(4))}-abcdefgh`,
    messageId: makeId(Date.now(), randomBytes(4)),
    by: null,
  }
  const lastHard = { seq: n, at: Date.now() }
  const counts = { hard: 1, soft: 0, uncounted: 0 }
  return { key, address, block, lastHard, lastUnblock: null, lastDelivered: null, awaiting: [], counts }
}

async function plainPuts(path: string, writers: number, count: number): Promise<number> {
  const level = new Level<string, string>(join(path, `plain-${writers}`))
  await level.open()
  const body = JSON.stringify(mail(0))
  const put = (n: number) => level.batch([{ type: 'put', key: String(n), value: body }], { sync: true } as object)
  const rate = await measured(`plain synced put of ${body.length} octets, ${writers} writer(s)`, count, () =>
    byWriters(writers, count, put),
  )
  await level.close()
  return rate
}

async function lookUp(store: Store, name: string, keys: readonly AddressKey[]): Promise<void> {
  const now = Date.now()
  let blocks = 0
  await measured(name, lookups, async () => {
    for (let i = 0; i < lookups; i++) {
      const key = keys[(i * 7919) % keys.length]
      const found = key === undefined ? [] : await store.lookup([key], now)
      if (found[0]) blocks++
    }
  })
  if (blocks !== 0 && blocks !== lookups) throw new Error(`${blocks} of ${lookups} were blocked`)
}

const path = await mkdtemp(join(tmpdir(), 'rebond-bench-'))
const store = await openLevelStore({ path, now: Date.now, log: createLog('warn') })
try {
  await byWriters(100, 2000, appendAndSettle(store))
  for (const [writers, count] of [
    [1, 2000],
    [20, appends],
    [100, appends],
  ] as const) {
    const plain = await plainPuts(path, writers, count)
    await measured(`append + settle, ${writers} writer(s)`, count, () => byWriters(writers, count, appendAndSettle(store)), plain)
  }

  const raw = Buffer.alloc(8192, 'x')
  await measured('accept a report of 8 KB, 20 writers', 5000, () =>
    byWriters(20, 5000, n => {
      const id = makeId(Date.now(), randomBytes(4))
      const client = { address: '127.0.0.1', host: null }
      const report = {
        id,
        messageId: `m${n}`,
        receivedAt: Date.now(),
        sender: '',
        client,
        fromReporter: true,
        size: raw.length,
        judged: null,
      }
      return store.acceptReport(report, raw)
    }),
  )

  const records = Array.from({ length: addresses }, (_, n) => blocked(n))
  await measured('block an address, 100 writers', addresses, () =>
    byWriters(100, addresses, n => {
      const record = records[n]
      if (!record) throw new RangeError(String(n))
      return store.update({ keys: [record.key] }, () => ({ changes: { addresses: [record] }, result: null }))
    }),
  )
  const hits = records.map(({ key }) => key)
  const misses = hits.map(key => `no.${key}` as AddressKey)
  for (const round of ['', ', again']) {
    await lookUp(store, `lookup hit, ${addresses} blocked${round}`, hits)
    await lookUp(store, `lookup miss, ${addresses} blocked${round}`, misses)
  }
  console.log(`resident memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)
} finally {
  await store.close()
  await rm(path, { recursive: true, force: true })
}
