/**
 * The Store on PostgreSQL (package `pg`): one database, shared by however many nodes there are. doc/adr/0002 lists its tables, doc/adr/0009 says why they are
 * as they are.
 *
 * Each part of the Store has its file in postgres/; this one opens the database, puts the parts together, and measures them. Nothing is
 * cached: what one node acknowledged, the next call of any other sees.
 */
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { asOf } from './in-force.ts'
import { auditListing } from './postgres/audit.ts'
import { blacklistListing, countEnded, suspectListing } from './postgres/blacklist.ts'
import { bounceListing, readBounces } from './postgres/bounces.ts'
import { readBouncesOf } from './postgres/careful-append.ts'
import { type ConnectionSettings, readConnection } from './postgres/connection.ts'
import { drawSlot, readCounts } from './postgres/counters.ts'
import { createDatabase } from './postgres/database.ts'
import { countWaiting, createDeliveries, deliveryListing } from './postgres/deliveries.ts'
import { createErase } from './postgres/erase.ts'
import { openPseudonyms, type Pseudonym, readAddresses } from './postgres/erased-addresses.ts'
import { readIncidents } from './postgres/facts.ts'
import { createFeed } from './postgres/feed.ts'
import { createForget } from './postgres/forget.ts'
import { createJournal, type Journal } from './postgres/journal.ts'
import { keepPartitions } from './postgres/keep-partitions.ts'
import { type Listing, listPage } from './postgres/listing.ts'
import { createLookups } from './postgres/lookups.ts'
import { createMailboxes } from './postgres/mailboxes.ts'
import { messageListing, readAcceptances, readMessages } from './postgres/messages.ts'
import { openSchema } from './postgres/migrate.ts'
import { createNode } from './postgres/node.ts'
import { countOutbox, createOutbox, outboxListing } from './postgres/outbox.ts'
import { createReports } from './postgres/reports.ts'
import { incidentListing, memberListing } from './postgres/surges.ts'
import { createTallyReads, listListing } from './postgres/tallies.ts'
import { createUpdate } from './postgres/update.ts'
import type { Store } from './store.ts'

export type PostgresStoreOptions = ConnectionSettings & {
  /** Connections at most. */
  readonly connections: number
  /** Milliseconds since 1970; decides which blocks have expired. */
  readonly now: () => number
  readonly log: Log
  readonly metrics?: Pick<Metrics, 'storeDuration' | 'storeErrors'>
  /** 0 to below 1; `Math.random` unless told. */
  readonly random?: () => number
  /** First and longest wait before a database that failed is tried again. */
  readonly retryAfterMs?: readonly [first: number, longest: number]
  /** A node that was not seen for so long is dead: others do its work. */
  readonly nodeTimeoutMs?: number
}

/**
 * Opens the store; an empty database gets its tables.
 * @throws {StoreUnavailable} it cannot be opened, with what to do; `ERR_STORE_SCHEMA`: its tables are another version's.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { now, log, metrics, random = Math.random, nodeTimeoutMs = 20_000, retryAfterMs = [100, 5000] } = options
  let journal: Journal | null = null
  const database = await createDatabase({
    connection: readConnection(options),
    connections: options.connections,
    log,
    random,
    retryAfterMs,
    onFailure: () => metrics?.storeErrors.inc(),
    onReturn: () => {
      const lost = journal?.resume() ?? 0
      if (lost > 0) log.warn({ outcomesLost: lost }, 'outcomes of mails were lost while the store was away')
    },
  })
  const { run } = database
  const slot = () => drawSlot(random)
  const node = createNode(database, nodeTimeoutMs, log)
  let cursorKey = ''
  let pseudonym: Pseudonym
  try {
    await openSchema(database)
    const [row] = await run<{ value: string }>({ text: `select value from meta where name = 'cursor'` })
    cursorKey = row?.value ?? ''
    pseudonym = await openPseudonyms(run)
    await node.appear()
  } catch (error) {
    await database.close()
    throw error
  }
  const partitions = keepPartitions(database, now, log)
  await partitions.made
  const written = createJournal({ database, slot, log })
  journal = written
  const lookups = createLookups(database, pseudonym)
  const reports = createReports(database, node)
  const outbox = createOutbox(database, node, now)
  const updates = createUpdate({ database, slot: slot(), now, pseudonym, drain: written.drain })
  const feed = createFeed(database)
  const webhooks = createDeliveries(database, node, now)
  const mailboxes = createMailboxes(database)
  const counted = createTallyReads(database)
  let closing: Promise<void> | null = null

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

  const list = <T>(listing: Listing<T>) => listPage(run, cursorKey, listing)

  async function blacklistedCount(): Promise<number> {
    const [{ blocks }, ended] = await Promise.all([readCounts(run), countEnded(run, now())])
    return blocks - ended
  }

  async function close(): Promise<void> {
    partitions.stop()
    await Promise.all([lookups.idle(), written.idle(), reports.idle(), updates.idle()])
    await node.leave().catch(() => {})
    await database.close()
  }

  return {
    kind: 'postgres',
    lookup: timed('lookup', async (keys, at) => lookups.lookup(keys, at)),

    appendMessage: timed('append', written.appendMessage),
    settleMessage: written.settleMessage,
    message: timed('read', async id => {
      await written.drain()
      return (await readMessages(run, [id]))[0] ?? null
    }),
    messages: timed('list', async (filter, page) => {
      await written.drain()
      return list(messageListing(filter, page))
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
        return await updates.update(request, fold)
      } finally {
        metrics?.storeDuration.labels('update').observe((performance.now() - from) / 1000)
      }
    },

    address: timed('read', async key => asOf((await readAddresses(run, [key], pseudonym)).records[0] ?? null, now())),
    lastAccepted: timed('read', async (key, before) => {
      await written.drain()
      return (await readAcceptances(run, [{ key, before }]))[0] ?? null
    }),
    blacklist: timed('list', async (filter, page) => list(blacklistListing(filter, page, now()))),
    blacklistedCount: timed('read', blacklistedCount),
    counts: timed('read', async () => {
      const [kept, ended, owed, webhooks, pending] = await Promise.all([
        readCounts(run),
        countEnded(run, now()),
        countOutbox(database),
        countWaiting(run),
        run<{ count: number }>({ name: 'pending count', text: 'select count(*) as count from reports where pending' }),
      ])
      return {
        blacklisted: kept.blocks - ended,
        messages: kept.messages,
        bounces: kept.bounces,
        pendingReports: pending[0]?.count ?? 0,
        outbox: owed.waiting,
        deadLetters: owed.dead,
        webhooks,
      }
    }),
    bounce: timed('read', async id => (await readBounces(run, [id]))[0] ?? null),
    bouncesOf: timed('list', messageId => readBouncesOf(run, [messageId])),
    bounces: timed('list', async (filter, page) => list(await bounceListing(run, filter, page))),

    incident: timed('read', async id => (await readIncidents(run, [id])).get(id) ?? null),
    incidents: timed('list', async (filter, page) => list(incidentListing(filter, page))),
    members: timed('list', async (group, page) => list(memberListing(group, page))),
    suspects: timed('list', async page => list(suspectListing(page))),

    dueOutbox: timed('list', outbox.dueOutbox),
    settleOutbox: timed('settle', outbox.settleOutbox),
    outboxItem: timed('read', outbox.outboxItem),
    outbox: timed('list', async (filter, page) => list(outboxListing(filter, page))),
    changes: timed('list', feed.changes),
    dueDeliveries: timed('list', webhooks.dueDeliveries),
    delivery: timed('read', webhooks.delivery),
    deliveries: timed('list', async (filter, page) => list(deliveryListing(filter, page))),
    endpointStop: timed('read', webhooks.endpointStop),
    audit: timed('list', async ({ key, ...filter }, page) => {
      if (key === undefined) return list(auditListing(filter, page))
      const stored = (await readAddresses(run, [key], pseudonym)).stored.get(key)
      return list(auditListing({ ...filter, key: stored ?? key }, page))
    }),

    lists: timed('list', async page => {
      await written.drain()
      const { items, next } = await list(listListing(page))
      return { items: items.filter(item => item !== null), next }
    }),
    list: timed('read', async name => {
      await written.drain()
      return counted.list(name)
    }),
    tallies: timed('list', async request => {
      await written.drain()
      return counted.tallies(request)
    }),
    failingDomains: timed('list', async (since, until, limit) => {
      await written.drain()
      return counted.failingDomains(since, until, limit)
    }),

    mailboxPosition: timed('read', mailboxes.mailboxPosition),
    keepMailboxPosition: timed('settle', mailboxes.keepMailboxPosition),

    claim: timed('settle', node.claim),
    ...createForget(database, slot()),
    ...createErase({ database, pseudonym, slot: slot(), now, drain: written.drain }),
    snapshot: null,

    check: timed('check', node.appear),
    close() {
      closing ??= close()
      return closing
    },
  }
}
