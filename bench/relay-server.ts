/**
 * A relay to measure: real store, journal on and durable, blacklisted addresses `b0@bad.example` and up, upstream on a given port.
 *
 * node bench/relay-server.ts UPSTREAM-PORT [BLACKLISTED]; prints `ready PORT`, and on each line of its input its resident memory and its
 * processor time so far.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseConfig } from '../src/config/config.ts'
import { createLog } from '../src/observe/log.ts'
import { createMetrics } from '../src/observe/metrics.ts'
import { createRelay } from '../src/relay/relay.ts'
import { createReturnPath } from '../src/return-path/return-path.ts'
import type { AddressKey } from '../src/smtp/path.ts'
import { reply } from '../src/smtp/reply.ts'
import { openLevelStore } from '../src/store/level-store.ts'
import type { AddressRecord } from '../src/store/records.ts'

const [port, blacklisted = '100000'] = process.argv.slice(2)
const parsed = parseConfig({
  relay: { listen: [{ host: '127.0.0.1', port: 0 }], maxSessionsPerClient: 2000 },
  upstream: { host: '127.0.0.1', port: Number(port), ...(process.env.WARM ? { warmConnections: Number(process.env.WARM) } : {}) },
  returnPath: { domain: 'bounces.bench.test' },
})
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
const { config } = parsed
const log = createLog('error')
const metrics = createMetrics('bench')
const store = await openLevelStore({ path: await mkdtemp(join(tmpdir(), 'rebond-bench-')), now: Date.now, log, metrics })

for (let from = 0; from < Number(blacklisted); from += 1000) {
  const keys = Array.from({ length: Math.min(1000, Number(blacklisted) - from) }, (_, i) => `b${from + i}@bad.example` as AddressKey)
  await store.update({ keys }, () => ({ changes: { addresses: keys.map(blockedAddress) }, result: null }))
}

const relay = createRelay({
  config: config.relay,
  upstream: config.upstream,
  upstreamAddress: () => ({ host: '127.0.0.1', port: Number(port) }),
  lists: config.lists,
  hostname: 'relay.bench.test',
  log,
  metrics,
  now: Date.now,
  returnPath: createReturnPath({ ...config.returnPath, keys: [Buffer.alloc(32, 7)] }),
  screen: keys => store.lookup(keys, Date.now()),
  whenUnavailable: 'defer',
  refuse: (block, address) => reply(550, '5.1.1', `<${address}> is blacklisted: ${block.evidence}`),
  store,
  judgeReplies: async () => {},
})
const [at] = await relay.listen()
process.stdout.write(`ready ${at?.port}\n`)
for await (const _ of createInterface({ input: process.stdin })) {
  const { user, system } = process.cpuUsage()
  process.stdout.write(`${JSON.stringify({ residentMb: process.memoryUsage().rss / 1e6, processorMs: (user + system) / 1000 })}\n`)
}
await relay.stop(0)
await store.close()
process.exit(0)

function blockedAddress(key: AddressKey): AddressRecord {
  return {
    key,
    address: key,
    block: {
      address: key,
      since: Date.now(),
      until: null,
      category: 'invalid_address',
      type: 'hard',
      fault: 'recipient',
      rule: 'bench',
      evidence: '550 5.1.1 User unknown',
      bounceId: null,
      messageId: null,
      by: null,
    },
    lastHard: null,
    lastUnblock: null,
    lastDelivered: null,
    awaiting: [],
    counts: { hard: 1, soft: 0, uncounted: 0 },
  }
}
