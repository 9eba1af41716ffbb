/**
 * Erasing an address in LevelDB: its pseudonym takes its place in every record that an index, or a walk of what is small, leads to.
 *
 * One mail, one return, one entry at a time, each as one unit under its own lock; the address itself goes last, so that an erasure that was
 * cut off can be repeated and finds the rest.
 */
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import type { AuditEntry } from '../audit-record.ts'
import type { Change } from '../change-records.ts'
import type { Delivery } from '../delivery-records.ts'
import { pseudonymOf } from '../erased.ts'
import {
  bareAddress,
  erasedBounce,
  erasedChange,
  erasedEntry,
  erasedMessage,
  erasedReport,
  tellsOf,
  underPseudonym,
} from '../erased-records.ts'
import { inForce } from '../in-force.ts'
import type { Message } from '../message-records.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Erased, Store } from '../store.ts'
import { deleteAddress, putAddress } from './blacklist.ts'
import { putBounce } from './bounces.ts'
import { decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { auditIndexes, deliveryIndexes, messageIndexes, outboxIndexes, primary } from './indexes.ts'
import { messageLock } from './journal.ts'
import type { KeyLocks } from './key-locks.ts'
import { after, domainFirst, lastPart, under } from './keys.ts'
import { reportOfToken } from './reports.ts'
import { Unit } from './unit.ts'

type Counted = Omit<Erased, 'key' | 'blocked'>

export function createErase(engine: Engine, locks: KeyLocks, now: () => number): Pick<Store, 'erase'> {
  return {
    async erase(key) {
      engine.assertOpen()
      await engine.drain()
      const pseudonym = pseudonymOf(engine.erasedKey, key)
      const mails = await all(under('ma', ...domainFirst(key).split('\0')), lastPart)
      const reports: string[] = []
      for (const id of mails) reports.push(...(await all(under('pt', id), reportOfToken)))
      if (reports.some(id => decodeOr<StoredReport>(engine.read(primary.report(id)))?.judged === null)) return 'busy'
      const bounces = await all(under('ra', key), lastPart)
      const entries = await all(under('ak', key), name => after(name, 2))
      const whole = (name: string) => name
      const counted: Counted = {
        messages: await each(mails, messageLock, id => message(id, key, pseudonym)),
        reports: await each(
          reports,
          id => `o${id}`,
          id => report(id, key),
        ),
        bounces: await each(
          bounces,
          id => messageLock(messageOf(id)),
          id => bounce(id, key, pseudonym),
        ),
        audit: await each(entries, whole, position => audit(position, key, pseudonym)),
        changes: await each(await all(under('cf'), whole), whole, name => change(name, key, pseudonym)),
        webhooks: await each(await all(under('wd'), whole), whole, name => webhook(name, key)),
      }
      const blocked = await locks.hold([`a${key}`, `a${pseudonym}`], () => address(key, pseudonym))
      return { key: pseudonym, ...counted, blocked }
    },
  }

  /** What the keys of a range lead to. */
  async function all(range: { gte: string; lt: string }, read: (name: string) => string): Promise<string[]> {
    const found: string[] = []
    for await (const names of engine.keys(range, 1000)) found.push(...names.map(read))
    return found
  }

  /** Commits what `put` gives for each, alone on the lock of its name; counts those that changed. */
  async function each(ids: readonly string[], lockOf: (id: string) => string, put: (id: string) => Unit | null): Promise<number> {
    let count = 0
    for (const id of ids)
      await locks.hold([lockOf(id)], async () => {
        const unit = put(id)
        if (!unit) return
        await engine.commit(unit)
        count++
      })
    return count
  }

  function message(id: string, key: AddressKey, pseudonym: AddressKey): Unit | null {
    const old = decodeOr<Message>(engine.read(primary.message(id)))
    if (!old) return null
    const erased = erasedMessage(old, key, pseudonym)
    const unit = new Unit()
    unit.put(primary.message(id), encode(erased))
    unit.reindex(messageIndexes(old), messageIndexes(erased))
    return unit
  }

  function report(id: string, key: AddressKey): Unit | null {
    const old = decodeOr<StoredReport>(engine.read(primary.report(id)))
    if (!old) return null
    const unit = new Unit()
    unit.put(primary.report(id), encode(erasedReport(old, key)))
    unit.del(primary.raw(id))
    const item = decodeOr<OutboxItem>(engine.read(primary.outbox(id)))
    if (item) {
      unit.del(primary.outbox(id))
      for (const name of outboxIndexes(item)) unit.del(name)
      unit.add(item.deadAt === null ? 'outbox' : 'dead', -1)
    }
    return unit
  }

  function bounce(id: string, key: AddressKey, pseudonym: AddressKey): Unit | null {
    const text = engine.read(primary.bounce(id))
    const old = decodeOr<Bounce>(text)
    if (!old || old.key !== key) return null
    const unit = new Unit()
    putBounce(unit, erasedBounce(old, key, pseudonym), text)
    return unit
  }

  function audit(position: string, key: AddressKey, pseudonym: AddressKey): Unit | null {
    const old = decodeOr<AuditEntry>(engine.read(primary.audit(position)))
    if (!old) return null
    const entry = erasedEntry(old, key, pseudonym)
    const unit = new Unit()
    unit.put(primary.audit(position), encode(entry))
    unit.reindex(auditIndexes(old, position), auditIndexes(entry, position))
    return unit
  }

  function change(name: string, key: AddressKey, pseudonym: AddressKey): Unit | null {
    const old = decodeOr<Change>(engine.read(name))
    if (old?.key !== key) return null
    const unit = new Unit()
    unit.put(name, encode(erasedChange(old, key, pseudonym)))
    return unit
  }

  function webhook(name: string, key: AddressKey): Unit | null {
    const old = decodeOr<Delivery>(engine.read(name))
    if (!old || !tellsOf(old, key)) return null
    const unit = new Unit()
    unit.del(name)
    for (const index of deliveryIndexes(old)) unit.del(index)
    if (old.ended === null) unit.add('webhooks', -1)
    return unit
  }

  /** Gives whether a block holds on; then its record stands under the pseudonym. */
  async function address(key: AddressKey, pseudonym: AddressKey): Promise<boolean> {
    const old = decodeOr<AddressRecord>(engine.read(primary.address(key)))
    const left = decodeOr<AddressRecord>(engine.read(primary.address(pseudonym)))
    const holds = (record: AddressRecord | null) => record?.block != null && inForce(record.block, now())
    if (old) {
      const unit = new Unit()
      deleteAddress(unit, old)
      if (holds(old)) putAddress(unit, underPseudonym(bareAddress(old), pseudonym), left)
      await engine.commit(unit)
    }
    return holds(old) || holds(left)
  }
}

function messageOf(bounceId: string): string {
  return bounceId.slice(0, bounceId.lastIndexOf('-'))
}
