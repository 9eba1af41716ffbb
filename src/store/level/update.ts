/**
 * Updates in LevelDB: facts loaded, folded and committed as one unit, under a lock for each address and each mail that is named.
 *
 * LevelDB has no transactions, so get-then-put without the locks would lose updates. The locks are held until the commit is on disk: the
 * next update of the same address reads what this one wrote.
 */

import { timeOfId } from '../../return-path/time-id.ts'
import { type AddressKey, domainOfKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import { underAddress } from '../erased-records.ts'
import { asOf } from '../in-force.ts'
import { idBound } from '../key-parts.ts'
import { acceptanceOf, bouncedMail } from '../message-facts.ts'
import { assertNamed, messageOf } from '../named-changes.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import type { Changes, Facts, FactsRequest, Neighbour } from '../update.ts'
import { putAddress } from './blacklist.ts'
import { putBounce } from './bounces.ts'
import { decode, decodeOr, encode } from './codec.ts'
import { putDeliveries } from './deliveries.ts'
import type { Engine } from './engine.ts'
import { asStored, changeAsStored, readErased, storedKey } from './erased-addresses.ts'
import { auditIndexes, primary } from './indexes.ts'
import { messageLock } from './journal.ts'
import type { KeyLocks } from './key-locks.ts'
import { after, key, lastPart, seqPart, timePart, under } from './keys.ts'
import { latestAcceptance, readMessage } from './messages.ts'
import { putOutbox, readItem } from './outbox.ts'
import { putReport } from './reports.ts'
import type { Surges } from './surges.ts'
import { Unit } from './unit.ts'
import { firstKeys, indexPositions, maxRows } from './walk.ts'

/** Returns given as `deadDomains`: many more than any threshold asks for. */
const maxDeadDomains = 1000

export type UpdateDeps = { readonly engine: Engine; readonly locks: KeyLocks; readonly surges: Surges; readonly now: () => number }

export function createUpdate({ engine, locks, surges, now }: UpdateDeps): Store['update'] {
  /** Once there is a mail, the first one stays the first until retention takes it, which makes the journal no younger. */
  let oldest: number | null = null

  return async (request, fold) => {
    const { keys, bounceIds = [] } = request
    return locks.hold([...keys.map(address => `a${address}`), ...bounceIds.map(id => messageLock(messageOf(id)))], async () => {
      if (request.operators !== undefined) oldest ??= await journalSince(engine)
      const loaded = { ...(await loadFacts(engine, request, now())), journalSince: oldest }
      // From here to the commit nothing waits, so that each update sees the windows as the one before left them.
      const facts = { ...loaded, ...surges.read(request, loaded.addresses.values()) }
      const { changes, result } = fold(facts)
      assertNamed(request, changes)
      const unit = new Unit()
      putChanges(engine, unit, changes, facts.seq)
      const written = surges.put(unit, changes)
      try {
        if (unit.writes.length > 0 || unit.tallies.length > 0 || unit.feed.length > 0) await engine.commit(unit)
      } finally {
        surges.settle(written)
      }
      return result
    })
  }
}

async function loadFacts(
  engine: Engine,
  request: FactsRequest,
  now: number,
): Promise<Omit<Facts, 'windows' | 'incidents' | 'journalSince'>> {
  const { keys, bounceIds = [], acceptedBefore, neighbours, lived, deadDomainsSince } = request
  const accepted: [AddressKey, { seq: number; at: number }][] = []
  const found: [AddressKey, Neighbour][] = []
  const alive = new Set<AddressKey>()
  if (acceptedBefore !== undefined || neighbours || lived) await engine.drain()
  if (lived) for (const of of lived.of) if (await findNeighbour(engine, { ...lived, of, acceptedSince: 0, orItself: true })) alive.add(of)
  if (neighbours) for (const of of neighbours.of) found.push(...entry(of, await findNeighbour(engine, { ...neighbours, of })))
  if (acceptedBefore !== undefined)
    for (const address of keys) {
      const moment = await latestAcceptance(engine, address, acceptedBefore)
      if (moment) accepted.push([address, moment])
    }
  return {
    neighbours: new Map(found),
    lived: alive,
    deadDomains: deadDomainsSince === undefined ? [] : await findDeadDomains(engine, deadDomainsSince),
    accepted: new Map(accepted),
    addresses: new Map(keys.flatMap(address => entry(address, readAddress(engine, address, now)))),
    bounces: new Map(bounceIds.flatMap(id => entry(id, decodeOr<Bounce>(engine.read(primary.bounce(id)))))),
    seq: engine.nextSeq(),
  }
}

async function journalSince(engine: Engine): Promise<number | null> {
  const [first] = await firstKeys(engine, under('me'), 1)
  return first === undefined ? null : timeOfId(lastPart(first))
}

function entry<K, V>(name: K, value: V | null): [K, V][] {
  return value === null ? [] : [[name, value]]
}

/** Reads an address as of `now`: with an expired block taken away. */
export function readAddress(engine: Engine, address: AddressKey, now: number): AddressRecord | null {
  const stored = engine.read(primary.address(address))
  if (stored !== undefined) return asOf(decode<AddressRecord>(stored), now)
  const erased = decodeOr<AddressRecord>(readErased(engine, primary.address, address))
  return erased && asOf(underAddress(erased, address), now)
}

function putChanges(engine: Engine, unit: Unit, changes: Changes, seq: number): void {
  for (const changed of changes.addresses ?? []) {
    const record = asStored(engine, changed)
    putAddress(unit, record, decodeOr<AddressRecord>(engine.read(primary.address(record.key))))
  }
  for (const bounce of changes.bounces ?? []) putBounce(unit, withMail(engine, bounce), engine.read(primary.bounce(bounce.id)))
  const { report } = changes
  if (report) putReport(unit, report, decodeOr<StoredReport>(engine.read(primary.report(report.id))))
  unit.count(...(changes.tallies ?? []))
  for (const item of changes.outbox ?? []) putOutbox(unit, item, readItem(engine, item.id))
  putDeliveries(engine, unit, changes)
  for (const change of changes.feed ?? []) unit.append(encode(changeAsStored(engine, change)))
  for (const [index, entry] of (changes.audit ?? []).entries()) {
    const audited = entry.key === null ? entry : { ...entry, key: storedKey(engine, entry.key) }
    const position = key(seqPart(seq), index.toString(36).padStart(4, '0'))
    unit.put(primary.audit(position), encode(audited))
    for (const name of auditIndexes(audited, position)) unit.mark(name)
  }
}

function withMail(engine: Engine, bounce: Bounce): Bounce {
  if (bounce.mail || bounce.messageId === null) return bounce
  const message = readMessage(engine, bounce.messageId)
  return message ? { ...bounce, mail: bouncedMail(message, bounce.key) } : bounce
}

async function findDeadDomains(engine: Engine, since: number): Promise<Bounce[]> {
  const found: Bounce[] = []
  for (const category of ['invalid_domain', 'no_mail_domain']) {
    const range = { parts: ['rc', category], from: timePart(since) }
    for await (const positions of indexPositions(engine, range, null, maxDeadDomains)) {
      const texts = await engine.readMany(positions.map(position => primary.bounce(lastPart(position))))
      for (const text of texts) if (text !== undefined) found.push(decode<Bounce>(text))
      if (found.length >= maxDeadDomains) break
    }
  }
  return found.sort((a, b) => b.receivedAt - a.receivedAt).slice(0, maxDeadDomains)
}

/** Looks through the domain's mails in the journal, at most 10,000, for one that went well. */
type WantedNeighbour = {
  readonly of: AddressKey
  readonly acceptedSince: number
  readonly acceptedBefore: number
  readonly orItself?: boolean
}

async function findNeighbour(engine: Engine, wanted: WantedNeighbour): Promise<Neighbour | null> {
  const { of, acceptedSince, acceptedBefore, orItself = false } = wanted
  const from = idBound(acceptedSince)
  const below = idBound(acceptedBefore + 1)
  let rows = 0
  for await (const names of engine.keys(under('ma', domainOfKey(of)), 256)) {
    for (const name of names) {
      const id = lastPart(name)
      const other = `${after(name, 2).slice(0, -id.length - 1)}@${domainOfKey(of)}` as AddressKey
      if ((other === of && !orItself) || id < from || id >= below) continue
      const message = readMessage(engine, id)
      const accepted = message && acceptanceOf(message, other)
      if (!accepted || accepted.at < acceptedSince || accepted.at > acceptedBefore) continue
      const record = decodeOr<AddressRecord>(engine.read(primary.address(other)))
      const since = Math.max(record?.lastHard?.seq ?? 0, record?.lastUnblock?.seq ?? 0)
      if (since < accepted.seq) return { key: other, accepted }
    }
    rows += names.length
    if (rows >= maxRows) break
  }
  return null
}
