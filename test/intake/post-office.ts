/**
 * A forwarder for tests: a real store, a scripted server, and a clock that stands still until it is told.
 */
import type { Test } from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import { createForwarder } from '../../src/intake/forward.ts'
import { forwardRoute } from '../../src/intake/forward-route.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import type { OutboxItem, OutboxState } from '../../src/store/outbox-record.ts'
import type { StoredReport } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { type Script, scriptedUpstream } from '../support/scripted-upstream.ts'
import { tempStore } from '../support/temp-store.ts'

/** The moment at which the clock stands. */
export const start = Date.UTC(2026, 10, 24, 9)
export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
/** The return path that the CRM gave. */
export const crm = 'news@shop.example'
export const returnPath = createReturnPath({
  address: 'b-{token}@{domain}',
  domain: 'bounces.shop.example',
  keys: [Buffer.alloc(32, 7)],
  maxAgeDays: 30,
})

let made = 0
/** The id of a report or mail at a moment; no two are the same. */
export const idAt = (at: number) => {
  const random = Buffer.alloc(4)
  random.writeUInt32BE(++made)
  return makeId(at, random)
}

/** A report, judged a bounce unless told. */
export function reportOf(more: Partial<StoredReport> = {}): StoredReport {
  const receivedAt = more.receivedAt ?? start
  const client = { address: '192.0.2.7', host: 'mx.example.net' }
  const judged = { at: receivedAt, kind: 'bounce', bounceIds: [], problem: null } as const
  return {
    ...{ id: idAt(receivedAt), messageId: idAt(start - hour), receivedAt, sender: '', client, fromReporter: true, size: 9 },
    judged,
    ...more,
  }
}

/** What is owed for a report. */
export const itemOf = ({ id }: StoredReport, more: Partial<OutboxItem> = {}): OutboxItem => ({
  ...{ id, reportId: id, to: crm, since: start, dueAt: start, attempts: 0, lastError: null, inDoubt: false, deadAt: null },
  ...more,
})

/** Stores a report and owes it; gives its id. */
export async function owe(
  store: Store,
  raw: string | Buffer,
  report: Partial<StoredReport> = {},
  item: Partial<OutboxItem> = {},
): Promise<string> {
  const stored = reportOf(report)
  await store.acceptReport({ ...stored, judged: null }, Buffer.from(raw))
  const owed = itemOf(stored, item)
  await store.update({ keys: [] }, () => ({ changes: { report: stored, outbox: [owed] }, result: null }))
  return stored.id
}

type PostOptions = {
  readonly script?: Script
  readonly bounce?: object
  readonly upstream?: object
  readonly store?: Store
  readonly begin?: boolean
}

/** A forwarder with its store, its server, and a clock that stands still until it is told. */
export async function post(t: Test, { script, bounce = {}, upstream = {}, begin = true, ...more }: PostOptions = {}) {
  const server = await scriptedUpstream(t, script)
  const clock = { now: start }
  const store = more.store ?? (await tempStore(t, { now: () => clock.now }))
  const parsed = parseConfig({
    bounce,
    upstream: { host: '127.0.0.1', port: server.port, ...upstream },
    returnPath: { domain: 'x.example' },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const lines: string[] = []
  const metrics = createMetrics('test')
  const { host, port } = parsed.config.upstream
  const forwarder = createForwarder({
    config: parsed.config.bounce,
    route: forwardRoute(parsed.config, () => ({ host: host ?? '', port })),
    ...{ hostname: 'rebond.test', store, returnPath, metrics },
    log: createLog('info', { write: line => void lines.push(line) }),
    now: () => clock.now,
    random: () => 0,
  })
  if (begin) await forwarder.start()
  t.teardown(() => forwarder.stop(0))
  const list = async (state: OutboxState) => (await store.outbox({ state }, { limit: 500, cursor: null })).items
  return {
    ...{ server, store, clock, forwarder, metrics },
    log: () => lines.join(''),
    waiting: () => list('waiting'),
    dead: () => list('dead'),
    /** Moves the clock, and lets the forwarder do what it can. */
    async after(ms: number) {
      clock.now += ms
      await forwarder.idle()
    },
    /** Messages that the server was given and took, in order. */
    taken: () => server.sessions.flatMap(({ messages }) => messages),
    commands: () => server.sessions.flatMap(session => session.lines),
    async outcomes() {
      const { values } = await metrics.forwards.get()
      return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]))
    },
  }
}
