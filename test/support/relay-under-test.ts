/**
 * The relay with real sockets on both sides, a real store, and what it would log.
 */
import type { Test } from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import type { Config } from '../../src/config/schema.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'
import { createRelay, type Relay, type RelayDeps } from '../../src/relay/relay.ts'
import { createReturnPath, type ReturnPath } from '../../src/return-path/return-path.ts'
import type { AddressKey } from '../../src/smtp/path.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { Block } from '../../src/store/address-record.ts'
import type { Message } from '../../src/store/message-records.ts'
import type { Store } from '../../src/store/store.ts'
import { type Script, type ScriptedUpstream, scriptedUpstream } from './scripted-upstream.ts'
import { type SmtpClient, smtpClient } from './smtp-client.ts'
import { tempStore } from './temp-store.ts'

export type RelayUnderTest = {
  readonly relay: Relay
  readonly port: number
  readonly upstream: ScriptedUpstream
  readonly store: Store
  readonly metrics: Metrics
  readonly returnPath: ReturnPath
  /** All that was logged. */
  log(): string
  /** Blocks an address for the screen of this relay. */
  block(key: string): void
  /** Messages handed over for judging. */
  readonly judged: Message[]
  /** Connects and reads the greeting. */
  connect(): Promise<SmtpClient>
  /** Connects and says EHLO. */
  hello(): Promise<SmtpClient>
  /** The value of a counter or gauge, summed over the series whose labels match. */
  metric(name: string, labels?: Record<string, string>): Promise<number>
}

export type UnderTestOptions = {
  readonly script?: Script
  readonly relay?: object
  readonly upstream?: object
  readonly returnPath?: object
  readonly deps?: Partial<RelayDeps>
}

export const blockOf = (address: string): Block => ({
  address,
  since: Date.parse('2026-11-20T08:00:00Z'),
  until: null,
  category: 'invalid_address',
  type: 'hard',
  fault: 'recipient',
  rule: 'test-rule',
  evidence: '550 5.1.1 User unknown',
  bounceId: 'b1',
  messageId: 'm1',
  by: null,
})

export async function relayUnderTest(t: Test, options: UnderTestOptions = {}): Promise<RelayUnderTest> {
  const upstream = await scriptedUpstream(t, options.script)
  const store = options.deps?.store ? null : await tempStore(t)
  const config = configOf(options, upstream.port)
  const lines: string[] = []
  const log = createLog('debug', { write: line => void lines.push(line) })
  const metrics = createMetrics('test')
  const blocked = new Map<AddressKey, Block>()
  const judged: Message[] = []
  const returnPath = createReturnPath({ ...config.returnPath, keys: [Buffer.alloc(32, 7)] })
  const relay = createRelay({
    config: config.relay,
    upstream: config.upstream,
    upstreamAddress: () => ({ host: upstream.host, port: upstream.port }),
    lists: config.lists,
    hostname: 'relay.test',
    log,
    metrics,
    now: Date.now,
    returnPath,
    screen: keys => keys.map(key => blocked.get(key) ?? null),
    whenUnavailable: 'defer',
    refuse: (_, address) => reply(550, '5.1.1', `<${address}> is blacklisted`),
    store: store as Store,
    judgeReplies: async message => void judged.push(message),
    ...options.deps,
  })
  const [at] = await relay.listen()
  if (!at) throw new Error('the relay has no listener')
  t.teardown(() => relay.stop(0))
  const connect = () => smtpClient(t, at)
  const greeted = async () => {
    const client = await connect()
    await client.read()
    return client
  }
  return {
    relay,
    port: at.port,
    upstream,
    store: store as Store,
    metrics,
    returnPath,
    log: () => lines.join(''),
    block: key => void blocked.set(key as AddressKey, blockOf(key)),
    judged,
    connect: greeted,
    async hello() {
      const client = await greeted()
      await client.ask('EHLO crm.test')
      return client
    },
    async metric(name, labels = {}) {
      const found = await metrics.registry.getSingleMetric(`rebond_${name}`)?.get()
      return (found?.values ?? [])
        .filter(value =>
          Object.entries(labels).every(([label, wanted]) => String((value.labels as Record<string, unknown>)[label]) === wanted),
        )
        .reduce((sum, { value }) => sum + value, 0)
    },
  }
}

function configOf({ relay = {}, upstream = {}, returnPath = {} }: UnderTestOptions, port: number): Config {
  const parsed = parseConfig({
    relay: { listen: [{ host: '127.0.0.1', port: 0 }], ...relay },
    upstream: { host: '127.0.0.1', port, warmConnections: 0, ...upstream },
    returnPath: { domain: 'bounces.relay.test', ...returnPath },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.config
}
