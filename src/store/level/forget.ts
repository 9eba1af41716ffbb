/**
 * Forgetting by age in LevelDB: one bounded batch a call, the oldest first, so that whoever calls sets the pace.
 *
 * Ids begin with their time, and every other kind has an index that does, or is walked with a place that is remembered. Repeated after a crash, a batch
 * finds what is left of it.
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import type { AuditEntry } from '../audit-record.ts'
import { type Forgettable, lastChangeOf } from '../forgetting.ts'
import { idBound } from '../key-parts.ts'
import type { Message } from '../message-records.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import { deleteAddress } from './blacklist.ts'
import { decodeOr } from './codec.ts'
import type { Engine } from './engine.ts'
import { createForgetCounters } from './forget-counters.ts'
import { auditIndexes, bounceIndexes, messageIndexes, outboxIndexes, primary } from './indexes.ts'
import { messageLock } from './journal.ts'
import type { KeyLocks } from './key-locks.ts'
import { after, key, lastPart, timePart, under } from './keys.ts'
import { upstreamIndex } from './messages.ts'
import { usedKey } from './reports.ts'
import { Unit } from './unit.ts'
import { firstKeys } from './walk.ts'

/** Index rows and records looked at for one that may go. */
const looksPerRow = 10

export function createForget(engine: Engine, locks: KeyLocks): Pick<Store, 'forget' | 'expiredBlocks'> {
  /** Where the next walk through all addresses goes on: they have no index by age. */
  let place: string | null = null

  async function messages(before: number, limit: number): Promise<number> {
    const ids = await oldest('me', before, limit)
    return locks.hold(ids.map(messageLock), () =>
      removeAll(ids, (unit, id) => {
        const message = decodeOr<Message>(engine.read(primary.message(id)))
        if (!message) return false
        const outcome = decodeOr<NonNullable<Message['outcome']>>(engine.read(primary.outcome(id)))
        for (const name of messageIndexes(message)) unit.del(name)
        if (outcome?.upstreamId) unit.del(upstreamIndex(outcome.upstreamId, id))
        unit.del(primary.message(id))
        if (outcome) unit.del(primary.outcome(id))
        unit.add('messages', -1)
        return true
      }),
    )
  }

  async function bounces(before: number, limit: number): Promise<number> {
    const { gte } = under('rt')
    const ids = (await firstKeys(engine, { gte, lt: gte + timePart(before) }, limit)).map(lastPart)
    return locks.hold(
      ids.map(id => messageLock(id.slice(0, id.lastIndexOf('-')))),
      () =>
        removeAll(ids, (unit, id) => {
          const bounce = decodeOr<Bounce>(engine.read(primary.bounce(id)))
          if (!bounce) return false
          for (const name of bounceIndexes(bounce)) unit.del(name)
          unit.del(primary.bounce(id))
          unit.add('bounces', -1)
          return true
        }),
    )
  }

  /** Not what waits to be judged, and not what is owed to somebody still: these keep their octets. */
  async function reports(before: number, limit: number, kind: 'raw' | 'reports'): Promise<number> {
    const ids = (await oldest(kind === 'raw' ? 'pw' : 'pr', before, limit * looksPerRow)).filter(id => {
      const report = decodeOr<StoredReport>(engine.read(primary.report(id)))
      return report?.judged !== null && engine.read(primary.outbox(id)) === undefined
    })
    return removeAll(ids.slice(0, limit), (unit, id) => {
      unit.del(primary.raw(id))
      if (kind === 'reports') unit.del(primary.report(id))
      return true
    })
  }

  async function tokens(before: number, limit: number): Promise<number> {
    const { gte } = under('pt')
    return removeAll(await firstKeys(engine, { gte, lt: gte + idBound(before) }, limit), (unit, name) => {
      unit.del(name)
      unit.del(usedKey(after(name, 1).split('\0')[0] ?? ''))
      return true
    })
  }

  async function deadLetters(before: number, limit: number): Promise<number> {
    const { gte } = under('ox')
    const ids = (await firstKeys(engine, { gte, lt: gte + timePart(before) }, limit)).map(lastPart)
    return locks.hold(
      ids.map(id => `o${id}`),
      () =>
        removeAll(ids, (unit, id) => {
          const item = decodeOr<OutboxItem>(engine.read(primary.outbox(id)))
          if (!item || item.deadAt === null) return false
          for (const name of outboxIndexes(item)) unit.del(name)
          unit.del(primary.outbox(id))
          unit.add('dead', -1)
          return true
        }),
    )
  }

  /** Entries stand in the order in which they were made. */
  async function audit(before: number, limit: number): Promise<number> {
    const positions = (await firstKeys(engine, under('au'), limit)).map(name => after(name, 1))
    return removeWhile(positions, (unit, position) => {
      const entry = decodeOr<AuditEntry>(engine.read(primary.audit(position)))
      if (!entry || entry.at >= before) return false
      for (const name of auditIndexes(entry, position)) unit.del(name)
      unit.del(primary.audit(position))
      return true
    })
  }

  async function changes(before: number, limit: number): Promise<number> {
    return removeWhile(await firstKeys(engine, under('cf'), limit), (unit, name) => {
      const change = decodeOr<{ at: number }>(engine.read(name))
      if (!change || change.at >= before) return false
      unit.del(name)
      return true
    })
  }

  /** Those that ended, in the log of their endpoint by the time they did. */
  async function webhooks(before: number, limit: number): Promise<number> {
    const bound = timePart(before)
    const old: string[] = []
    for await (const names of engine.keys(under('wl'), 1000)) {
      old.push(...names.filter(name => (after(name, 2).split('\0')[0] ?? '') < bound))
      if (old.length >= limit) break
    }
    return removeAll(old.slice(0, limit), (unit, name) => {
      const [endpoint = '', , id = ''] = after(name, 1).split('\0')
      unit.del(name)
      unit.del(primary.delivery(endpoint, id))
      return true
    })
  }

  async function incidents(before: number, limit: number): Promise<number> {
    const [ids, members] = await Promise.all([oldest('in', before, limit), oldestUnder('ih', before, limit)])
    const closed = await removeAll(ids, (unit, id) => {
      if (engine.read(key('io', id)) !== undefined) return false
      unit.del(primary.incident(id))
      return true
    })
    return closed + (await removeKeys(members))
  }

  /** The first ids of a kind made before a moment. */
  async function oldest(kind: string, before: number, limit: number): Promise<string[]> {
    return (await oldestUnder(kind, before, limit)).map(lastPart)
  }

  async function oldestUnder(kind: string, before: number, limit: number): Promise<string[]> {
    const { gte } = under(kind)
    return firstKeys(engine, { gte, lt: gte + idBound(before) }, limit)
  }

  /** A part of all addresses a call, from where the last one ended. */
  async function addresses(before: number, limit: number): Promise<number> {
    const range = under('ad')
    const gte = place ?? range.gte
    const names = await firstKeys(engine, { gte, lt: range.lt }, limit * looksPerRow)
    const last = names.at(-1)
    if (last === undefined) {
      place = null
      return 0
    }
    place = `${last}\0`
    const texts = await engine.readMany(names)
    const old = texts.flatMap(text => {
      const record = decodeOr<AddressRecord>(text)
      return record && isOver(record, before) ? [record.key] : []
    })
    await locks.hold(
      old.map(address => `a${address}`),
      () =>
        removeAll(old, (unit, address) => {
          const record = decodeOr<AddressRecord>(engine.read(primary.address(address)))
          if (!record || !isOver(record, before)) return false
          deleteAddress(unit, record)
          return true
        }),
    )
    // What was looked at counts: none of it going is no end of the walk.
    return names.length
  }

  /** Removes what `put` says may go, in one unit. */
  async function removeAll(ids: readonly string[], put: (unit: Unit, id: string) => boolean): Promise<number> {
    const unit = new Unit()
    const removed = ids.filter(id => put(unit, id)).length
    if (removed > 0) await engine.commit(unit)
    return removed
  }

  function removeKeys(names: readonly string[]): Promise<number> {
    return removeAll(names, (unit, name) => {
      unit.del(name)
      return true
    })
  }

  /** The same, up to the first that may not go. */
  function removeWhile(ids: readonly string[], put: (unit: Unit, id: string) => boolean): Promise<number> {
    let ended = false
    return removeAll(ids, (unit, id) => {
      ended ||= !put(unit, id)
      return !ended
    })
  }

  const kinds: Readonly<Record<Forgettable, (before: number, limit: number) => Promise<number>>> = {
    raw: (before, limit) => reports(before, limit, 'raw'),
    reports: (before, limit) => reports(before, limit, 'reports'),
    messages,
    bounces,
    tokens,
    deadLetters,
    audit,
    changes,
    webhooks,
    incidents,
    ...createForgetCounters(engine),
    addresses,
  }

  return {
    async forget(kind, before, limit) {
      engine.assertOpen()
      await engine.drain()
      return kinds[kind](before, limit)
    },

    async expiredBlocks(now, limit) {
      engine.assertOpen()
      const { gte } = under('be')
      return (await firstKeys(engine, { gte, lt: gte + timePart(now + 1) }, limit)).map(name => after(name, 2) as AddressKey)
    },
  }
}

/** Nothing is in force, and nothing happened since. A block that has ended must be lifted first. */
function isOver(record: AddressRecord, before: number): boolean {
  return record.block === null && lastChangeOf(record) < before
}
