/**
 * The facts of updates in PostgreSQL: those of a whole batch are read by a handful of statements that travel together.
 */
import { timeOfId } from '../../return-path/time-id.ts'
import { type AddressKey, domainOfKey, localOfKey } from '../../smtp/path.ts'
import type { AddressRecord, Moment } from '../address-record.ts'
import { idBound, textPart } from '../key-parts.ts'
import type { Bounce } from '../return-records.ts'
import type { Incident, SurgeWindow } from '../surge-records.ts'
import type { FactsRequest, Neighbour } from '../update.ts'
import { readBounces, readDeadDomains } from './bounces.ts'
import { drawSeqs } from './careful-append.ts'
import type { Run } from './database.ts'
import { type Pseudonym, readAddresses } from './erased-addresses.ts'
import { maxRows } from './listing.ts'
import { readAcceptances } from './messages.ts'
import { partitionBounds } from './partitions.ts'

/** Returns given as `deadDomains`: many more than any threshold asks for. */
const maxDeadDomains = 1000

/** What the folds of a batch share: the second of two that name one address sees what the first made of it. */
export type State = {
  readonly addresses: Map<AddressKey, AddressRecord>
  readonly bounces: Map<string, Bounce>
  readonly windows: Map<string, SurgeWindow>
  readonly incidents: Map<string, Incident>
  /** Addresses that were erased: what is left of them stands under their pseudonym. */
  readonly stored: ReadonlyMap<AddressKey, AddressKey>
}

/** What belongs to one request of a batch alone. */
export type Own = {
  readonly accepted: ReadonlyMap<AddressKey, Moment>
  readonly neighbours: ReadonlyMap<AddressKey, Neighbour>
  readonly lived: ReadonlySet<AddressKey>
  readonly deadDomains: readonly Bounce[]
  readonly seq: number
}

export type Loaded = { readonly state: State; readonly own: readonly Own[]; readonly journalSince: number | null }

/** Reads what these requests ask for. */
export async function loadFacts(
  run: Run,
  requests: readonly FactsRequest[],
  { journalSince, pseudonym }: { readonly journalSince: number | null; readonly pseudonym: Pseudonym },
): Promise<Loaded> {
  const operators = [...new Set(requests.flatMap(request => request.operators ?? []))]
  const asksJournal = journalSince === null && requests.some(request => request.operators !== undefined)
  const [addresses, bounces, windows, seqs, since, own] = await Promise.all([
    readAddresses(run, [...new Set(requests.flatMap(({ keys }) => keys))], pseudonym),
    readBounces(run, [...new Set(requests.flatMap(({ bounceIds = [] }) => bounceIds))]),
    readWindows(run, operators),
    drawSeqs(run, requests.length),
    asksJournal ? readJournalSince(run) : journalSince,
    loadOwn(run, requests),
  ])
  const incidents = new Set(requests.flatMap(request => request.incidents ?? []))
  for (const window of windows.values()) for (const { id } of Object.values(window.incidents)) incidents.add(id)
  for (const { held } of addresses.records) if (held) incidents.add(held.incident)
  return {
    state: {
      addresses: new Map(addresses.records.map(record => [record.key, record])),
      stored: addresses.stored,
      bounces: new Map(bounces.map(bounce => [bounce.id, bounce])),
      windows,
      incidents: await readIncidents(run, [...incidents]),
    },
    own: own.map((facts, index) => ({ ...facts, seq: seqs[index] ?? 0 })),
    journalSince: since,
  }
}

async function loadOwn(run: Run, requests: readonly FactsRequest[]): Promise<Omit<Own, 'seq'>[]> {
  const asked = requests.flatMap(({ keys, acceptedBefore: before }, of) =>
    before === undefined ? [] : keys.map(key => ({ of, key, before })),
  )
  const [moments, neighbours, lived, deadDomains] = await Promise.all([
    readAcceptances(run, asked),
    Promise.all(requests.map(request => readNeighbours(run, request))),
    Promise.all(requests.map(request => readLived(run, request))),
    Promise.all(requests.map(({ deadDomainsSince: since }) => (since === undefined ? [] : readDeadDomains(run, since, maxDeadDomains)))),
  ])
  return requests.map((_, index) => ({
    accepted: new Map(
      asked.flatMap(({ of, key }, n) => {
        const moment = moments[n]
        return of === index && moment ? [[key, moment]] : []
      }),
    ),
    neighbours: neighbours[index] ?? new Map(),
    lived: lived[index] ?? new Set(),
    deadDomains: deadDomains[index] ?? [],
  }))
}

async function readWindows(run: Run, operators: readonly string[]): Promise<Map<string, SurgeWindow>> {
  if (operators.length === 0) return new Map()
  const text = 'select operator, data from surge_windows where operator = any($1)'
  const rows = await run<{ operator: string; data: SurgeWindow }>({ name: 'windows', text }, [operators.map(textPart)])
  const found = new Map(rows.map(({ operator, data }) => [operator, data]))
  return new Map(
    operators.flatMap(operator => {
      const window = found.get(textPart(operator))
      return window ? [[operator, window]] : []
    }),
  )
}

/** Reads incidents by their ids. */
export async function readIncidents(run: Run, ids: readonly string[]): Promise<Map<string, Incident>> {
  if (ids.length === 0) return new Map()
  const rows = await run<{ data: Incident }>({ name: 'incidents by id', text: 'select data from incidents where id = any($1)' }, [ids])
  return new Map(rows.map(({ data }) => [data.id, data]))
}

async function readJournalSince(run: Run): Promise<number | null> {
  const [row] = await run<{ id: string }>({ name: 'oldest mail', text: 'select id from messages order by id limit 1' })
  return row ? timeOfId(row.id) : null
}

// At most so many mails of the domain are looked at, in partitions that hold nothing older or younger than asked for.
const neighbour = {
  name: 'neighbour',
  text: `select mail.local, mail.seq, o.at
    from (
      select local, id, seq, relayed from message_recipients
      where domain = $1 and id >= $3 and id < $4 order by local, id limit ${maxRows}
    ) as mail
    cross join lateral (
      select at from message_outcomes where message_outcomes.id = mail.id and outcome = 'accepted' and at between $7 and $8 limit 1
    ) as o
    left join addresses a on a.key = mail.local || '@' || $1
    where mail.relayed and mail.local <> $2 and mail.id >= $5 and mail.id < $6
      and coalesce(a.changed_seq, 0) < mail.seq
    limit 1`,
}

async function readNeighbours(run: Run, { neighbours }: FactsRequest): Promise<Map<AddressKey, Neighbour>> {
  return neighbours ? findNeighbours(run, neighbours, localOfKey) : new Map()
}

/** The address itself is among those looked for: no local part is empty. */
async function readLived(run: Run, { lived }: FactsRequest): Promise<Set<AddressKey>> {
  return lived ? new Set((await findNeighbours(run, { ...lived, acceptedSince: 0 }, () => '')).keys()) : new Set()
}

async function findNeighbours(
  run: Run,
  { of: keys, acceptedSince, acceptedBefore }: NonNullable<FactsRequest['neighbours']>,
  butNot: (key: AddressKey) => string,
): Promise<Map<AddressKey, Neighbour>> {
  const [low, end] = partitionBounds('message_recipients', acceptedSince, acceptedBefore)
  const [from, below] = [idBound(acceptedSince), idBound(acceptedBefore + 1)]
  const found = await Promise.all(
    keys.map(async (key): Promise<[AddressKey, Neighbour][]> => {
      const values = [domainOfKey(key), butNot(key), low, end, from, below, acceptedSince, acceptedBefore]
      const [row] = await run<{ local: string; seq: number; at: number }>(neighbour, values)
      return row ? [[key, { key: `${row.local}@${domainOfKey(key)}` as AddressKey, accepted: { seq: row.seq, at: row.at } }]] : []
    }),
  )
  return new Map(found.flat())
}
