/**
 * Updates in PostgreSQL: facts loaded, folded and committed as one serializable transaction; those that wait meanwhile share the next.
 *
 * A node has one such transaction under way at a time, and its folds run one after the other on what the ones before left, so that updates
 * of one address or one operator never wait for the disk between them. When another node changed what was read, the database refuses the
 * commit and the whole batch runs again: folds are pure.
 */

import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import type { Change } from '../change-records.ts'
import type { Delivery, EndpointStop } from '../delivery-records.ts'
import { erasedChange, underPseudonym } from '../erased-records.ts'
import { asOf } from '../in-force.ts'
import { bouncedMail } from '../message-facts.ts'
import { assertNamed } from '../named-changes.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import type { Incident, SurgeWindow } from '../surge-records.ts'
import type { Changes, Facts, FactsRequest } from '../update.ts'
import { type PlacedEntry, putAudit } from './audit.ts'
import { createBatches } from './batches.ts'
import { CountChanges } from './counters.ts'
import type { Database, Run } from './database.ts'
import { putDeliveries } from './deliveries.ts'
import type { Pseudonym } from './erased-addresses.ts'
import { loadFacts, type Own, type State } from './facts.ts'
import { appendFeed } from './feed.ts'
import { readMessages } from './messages.ts'
import { putReports } from './reports.ts'
import { TallySums } from './tallies.ts'
import { addressTable, bounceTable, incidentTable, memberTable, outboxTable, putRows, windowTable } from './writes.ts'

type Fold = (facts: Facts) => { readonly changes: Changes; readonly result: unknown }
type Job = { readonly request: FactsRequest; readonly fold: Fold }
/** What a fold gave, or threw. */
type Folded = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown }

const maxBatch = 100

export type UpdateDeps = {
  readonly database: Database
  readonly slot: number
  readonly now: () => number
  readonly pseudonym: Pseudonym
  /** Resolves when outcomes that were settled are in the database. */
  readonly drain: () => Promise<void>
}

export function createUpdate({ database, slot, now, drain, pseudonym }: UpdateDeps): {
  readonly update: Store['update']
  idle(): Promise<void>
} {
  /** Once there is a mail, the first one stays the first until retention takes it, which makes the journal no younger. */
  let journalSince: number | null = null
  const batches = createBatches<Job, Folded>({
    async work(jobs) {
      if (jobs.some(({ request }) => request.acceptedBefore !== undefined || request.neighbours || request.lived)) await drain()
      return database.serializable(run => updateAll(run, jobs))
    },
    atOnce: 1,
    maxItems: maxBatch,
  })

  async function updateAll(run: Run, jobs: readonly Job[]): Promise<{ result: Folded[]; writes: Promise<unknown>[] }> {
    const loaded = await loadFacts(
      run,
      jobs.map(({ request }) => request),
      { journalSince, pseudonym },
    )
    journalSince = loaded.journalSince
    const unit = new UpdateUnit(loaded.state)
    const result = jobs.map((job, index) => foldOne(job, loaded.own[index], unit))
    return { result, writes: await unit.put(run, slot) }
  }

  function foldOne({ request, fold }: Job, own: Own | undefined, unit: UpdateUnit): Folded {
    try {
      if (!own) throw new RangeError('a request of the batch has no facts')
      const { changes, result } = fold(factsOf(request, own, unit.state, journalSince, now()))
      assertNamed(request, changes)
      unit.take(changes, own.seq)
      return { ok: true, result }
    } catch (error) {
      return { ok: false, error }
    }
  }

  return {
    async update<R>(request: FactsRequest, fold: (facts: Facts) => { readonly changes: Changes; readonly result: R }) {
      database.assertOpen()
      const folded = await batches.add({ request, fold })
      if (!folded.ok) throw folded.error
      return folded.result as R
    },
    idle: batches.idle,
  }
}

/** The facts that one request asked for. */
function factsOf(request: FactsRequest, own: Own, state: State, journalSince: number | null, now: number): Facts {
  const pick = <K, V>(from: ReadonlyMap<K, V>, names: Iterable<K>): Map<K, V> => {
    const found = new Map<K, V>()
    for (const name of names) {
      const value = from.get(name)
      if (value !== undefined) found.set(name, value)
    }
    return found
  }
  const addresses = new Map([...pick(state.addresses, request.keys)].map(([key, record]) => [key, asOf(record, now) ?? record]))
  const windows = pick(state.windows, request.operators ?? [])
  const incidents = new Set(request.incidents)
  for (const window of windows.values()) for (const { id } of Object.values(window.incidents)) incidents.add(id)
  for (const { held } of addresses.values()) if (held) incidents.add(held.incident)
  return {
    ...own,
    addresses,
    bounces: pick(state.bounces, request.bounceIds ?? []),
    windows,
    incidents: pick(state.incidents, incidents),
    journalSince,
  }
}

/** What the folds of a batch change, and what each of them leaves for the next. */
class UpdateUnit {
  readonly state: State
  readonly #counts = new CountChanges()
  readonly #tallies = new TallySums()
  readonly #addresses: AddressRecord[] = []
  readonly #bounces: Bounce[] = []
  readonly #reports: StoredReport[] = []
  readonly #outbox: OutboxItem[] = []
  readonly #audit: PlacedEntry[] = []
  readonly #feed: Change[] = []
  readonly #deliveries: Delivery[] = []
  readonly #stops = new Map<string, EndpointStop | null>()
  readonly #windows: [string, SurgeWindow][] = []
  readonly #incidents: Incident[] = []
  readonly #members: { readonly group: string; readonly bounceId: string }[] = []

  constructor(state: State) {
    this.state = state
  }

  take(changes: Changes, seq: number): void {
    const {
      addresses = [],
      bounces = [],
      report,
      outbox = [],
      audit = [],
      windows = [],
      incidents = [],
      members = [],
      tallies = [],
    } = changes
    const { state } = this
    for (const record of addresses) {
      this.#counts.add('blocks', null, Number(record.block !== null) - Number((state.addresses.get(record.key)?.block ?? null) !== null))
      state.addresses.set(record.key, record)
      const stored = state.stored.get(record.key)
      this.#addresses.push(stored === undefined ? record : underPseudonym(record, stored))
    }
    for (const bounce of bounces) {
      if (!state.bounces.has(bounce.id)) this.#counts.add('bounces', bounce.id, 1)
      state.bounces.set(bounce.id, bounce)
      this.#bounces.push(bounce)
    }
    for (const [operator, window] of windows) {
      state.windows.set(operator, window)
      this.#windows.push([operator, window])
    }
    for (const incident of incidents) {
      state.incidents.set(incident.id, incident)
      this.#incidents.push(incident)
    }
    if (report) this.#reports.push(report)
    this.#outbox.push(...outbox)
    const keyOf = (key: AddressKey | null) => key && (state.stored.get(key) ?? key)
    this.#audit.push(...audit.map((entry, n) => ({ seq, n, entry: { ...entry, key: keyOf(entry.key) } })))
    this.#members.push(...members)
    for (const tally of tallies) this.#tallies.take(tally)
    for (const change of changes.feed ?? []) {
      const stored = state.stored.get(change.key)
      this.#feed.push(stored === undefined ? change : erasedChange(change, change.key, stored))
    }
    this.#deliveries.push(...(changes.deliveries ?? []))
    for (const [endpoint, stop] of changes.endpointStops ?? []) this.#stops.set(endpoint, stop)
  }

  async put(run: Run, slot: number): Promise<Promise<unknown>[]> {
    const bounces = await withMail(run, this.#bounces)
    return [
      ...putRows(run, addressTable, this.#addresses),
      ...putRows(run, bounceTable, bounces),
      ...putReports(run, this.#reports),
      ...putRows(run, outboxTable, this.#outbox),
      ...putAudit(run, this.#audit),
      ...appendFeed(run, this.#feed),
      ...putDeliveries(run, this.#deliveries, this.#stops),
      ...putRows(run, windowTable, this.#windows),
      ...putRows(run, incidentTable, this.#incidents),
      ...putRows(run, memberTable, this.#members),
      ...this.#counts.put(run, slot),
      ...this.#tallies.put(run, slot),
    ]
  }
}

/** Returns that do not know their mail learn it from the journal. */
async function withMail(run: Run, bounces: readonly Bounce[]): Promise<Bounce[]> {
  const wanted = new Set(bounces.flatMap(({ mail, messageId }) => (mail === null && messageId !== null ? [messageId] : [])))
  if (wanted.size === 0) return [...bounces]
  const messages = new Map((await readMessages(run, [...wanted])).map(message => [message.id, message]))
  return bounces.map(bounce => {
    const message = bounce.mail === null && bounce.messageId !== null ? messages.get(bounce.messageId) : undefined
    return message ? { ...bounce, mail: bouncedMail(message, bounce.key) } : bounce
  })
}
