/**
 * The Store on LevelDB (package `level`): one process, one directory, nothing to install. doc/adr/0002 lists its keys.
 *
 * Each part of the Store has its file in level/; this one opens the engine, puts the parts together, and measures them.
 */
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { listAudit } from './level/audit.ts'
import { countBlocks, listBlocks, lookupBlocks } from './level/blacklist.ts'
import { bouncesOfMessage, listBounces } from './level/bounces.ts'
import { decodeOr, encode } from './level/codec.ts'
import { type OpenDatabase, openLevel } from './level/database.ts'
import { createDeliveries } from './level/deliveries.ts'
import { openEngine } from './level/engine.ts'
import { createErase } from './level/erase.ts'
import { createFeed } from './level/feed.ts'
import { createForget } from './level/forget.ts'
import { primary } from './level/indexes.ts'
import { createJournal } from './level/journal.ts'
import { createKeyLocks } from './level/key-locks.ts'
import { latestAcceptance, listMessages, readMessage } from './level/messages.ts'
import { metaKeys } from './level/meta.ts'
import { createOutbox } from './level/outbox.ts'
import { createReports } from './level/reports.ts'
import { createSurges, listIncidents, listMembers, listSuspects } from './level/surges.ts'
import { createTallyReads } from './level/tallies.ts'
import { Unit } from './level/unit.ts'
import { createUpdate, readAddress } from './level/update.ts'
import type { Bounce, MailboxPosition } from './return-records.ts'
import type { Store } from './store.ts'
import type { Incident } from './surge-records.ts'

/** Rows of a snapshot read at once: a returned mail can have megabytes. */
const snapshotChunk = 100

export type LevelStoreOptions = {
  /** The data directory (mode 0700 from now on); the database stands in `level` below it. */
  readonly path: string
  /** Milliseconds since 1970; decides which blocks have expired. */
  readonly now: () => number
  readonly log: Log
  readonly metrics?: Pick<Metrics, 'storeDuration' | 'storeErrors'>
  /** 0 to below 1; `Math.random` unless told. */
  readonly random?: () => number
  /** First and longest wait before a failed database is opened again. */
  readonly reopenAfterMs?: readonly [first: number, longest: number]
  /** For tests: opens the database underneath. */
  readonly openDatabase?: OpenDatabase
}

/**
 * Opens the store, made if it is not there.
 * @throws {StoreUnavailable} it cannot be opened; `ERR_STORE_LOCKED` when it is open elsewhere, `ERR_STORE_SCHEMA` when it is too new.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { path, now, log, metrics, random = Math.random, reopenAfterMs = [100, 5000], openDatabase = openLevel } = options
  const onFailure = () => metrics?.storeErrors.inc()
  const engine = await openEngine({ path, log, openDatabase, random, reopenAfterMs, onFailure })
  const locks = createKeyLocks()
  const journal = createJournal(engine, locks)
  const reports = createReports(engine, locks)
  const outbox = createOutbox(engine, locks)
  const tallies = createTallyReads(engine)
  const feed = createFeed(engine)
  const webhooks = createDeliveries(engine)
  const update = createUpdate({ engine, locks, surges: createSurges(engine), now })

  /** Measures an operation that gives a promise. */
  function timed<A extends unknown[], R>(op: string, work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    const duration = metrics?.storeDuration.labels(op)
    if (!duration) return work
    return async (...args) => {
      const from = performance.now()
      try {
        return await work(...args)
      } finally {
        duration.observe((performance.now() - from) / 1000)
      }
    }
  }
  const lookupDuration = metrics?.storeDuration.labels('lookup')

  async function blacklistedCount(): Promise<number> {
    engine.assertOpen()
    return countBlocks(engine, now())
  }

  return {
    kind: 'level',
    lookup(keys, at) {
      const from = performance.now()
      const blocks = lookupBlocks(engine, keys, at)
      lookupDuration?.observe((performance.now() - from) / 1000)
      return blocks
    },

    appendMessage: timed('append', journal.appendMessage),
    settleMessage: journal.settleMessage,
    message: timed('read', async id => {
      await engine.drain()
      return readMessage(engine, id)
    }),
    messages: timed('list', async (filter, page) => {
      await engine.drain()
      return listMessages(engine, filter, page)
    }),

    acceptReport: timed('accept', reports.acceptReport),
    report: timed('read', reports.report),
    rawReport: timed('read', reports.rawReport),
    pendingReports: timed('list', reports.pendingReports),
    reportsOf: timed('list', reports.reportsOf),
    tokenUse: timed('read', reports.tokenUse),

    async update(request, fold) {
      const from = performance.now()
      try {
        return await update(request, fold)
      } finally {
        metrics?.storeDuration.labels('update').observe((performance.now() - from) / 1000)
      }
    },

    address: timed('read', async key => readAddress(engine, key, now())),
    lastAccepted: timed('read', async (key, before) => {
      engine.assertOpen()
      await engine.drain()
      return latestAcceptance(engine, key, before)
    }),
    blacklist: timed('list', async (filter, page) => listBlocks(engine, filter, page, now())),
    blacklistedCount: timed('read', blacklistedCount),
    counts: timed('read', async () => ({
      blacklisted: await blacklistedCount(),
      messages: engine.count('messages'),
      bounces: engine.count('bounces'),
      pendingReports: engine.count('pending'),
      outbox: engine.count('outbox'),
      deadLetters: engine.count('dead'),
      webhooks: engine.count('webhooks'),
    })),
    bounce: timed('read', async id => decodeOr<Bounce>(engine.read(primary.bounce(id)))),
    bouncesOf: timed('list', messageId => bouncesOfMessage(engine, messageId)),
    bounces: timed('list', (filter, page) => listBounces(engine, filter, page)),

    incident: timed('read', async id => decodeOr<Incident>(engine.read(primary.incident(id)))),
    incidents: timed('list', (filter, page) => listIncidents(engine, filter, page)),
    members: timed('list', (group, page) => listMembers(engine, group, page)),
    suspects: timed('list', page => listSuspects(engine, page, key => readAddress(engine, key, now()))),

    dueOutbox: timed('list', outbox.dueOutbox),
    settleOutbox: timed('settle', outbox.settleOutbox),
    outboxItem: timed('read', outbox.outboxItem),
    outbox: timed('list', outbox.outbox),
    changes: timed('list', feed.changes),
    dueDeliveries: timed('list', webhooks.dueDeliveries),
    delivery: timed('read', webhooks.delivery),
    deliveries: timed('list', webhooks.deliveries),
    endpointStop: timed('read', webhooks.endpointStop),
    audit: timed('list', (filter, page) => listAudit(engine, filter, page)),

    lists: timed('list', tallies.lists),
    list: timed('read', tallies.list),
    tallies: timed('list', tallies.tallies),
    failingDomains: timed('list', tallies.failingDomains),

    claim: timed('read', async () => {
      engine.assertOpen()
      return true
    }),
    ...createForget(engine, locks),
    ...createErase(engine, locks, now),
    wholeReports: timed('list', reports.wholeReports),
    trimReport: reports.trimReport,
    snapshot: timed('list', async () => {
      await engine.drain()
      return engine.snapshot(snapshotChunk)
    }),

    mailboxPosition: timed('read', async mailbox => decodeOr<MailboxPosition>(engine.read(primary.mailbox(mailbox)))),
    keepMailboxPosition: timed('settle', async (mailbox, position) => {
      const unit = new Unit()
      unit.put(primary.mailbox(mailbox), encode(position))
      await engine.commit(unit)
    }),

    check: timed('check', async () => {
      const unit = new Unit()
      unit.put(metaKeys.probe, String(now()))
      await engine.commit(unit)
      engine.read(metaKeys.probe)
    }),
    async close() {
      await engine.close()
    },
  }
}
