/**
 * The outbox in LevelDB: mail we owe, in the order in which it is due.
 */
import type { OutboxItem } from '../records.ts'
import type { Store } from '../store.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { outboxIndexes, primary } from './indexes.ts'
import type { KeyLocks } from './key-locks.ts'
import { lastPart, timePart, under } from './keys.ts'
import { Unit } from './unit.ts'
import { firstKeys } from './walk.ts'

export function createOutbox(engine: Engine, locks: KeyLocks): Pick<Store, 'dueOutbox' | 'settleOutbox'> {
  async function settle(item: OutboxItem, sent: boolean): Promise<void> {
    const old = readItem(engine, item.id)
    if (!old) return
    const unit = new Unit()
    if (sent) {
      unit.del(primary.outbox(item.id))
      unit.reindex(outboxIndexes(old), [])
      unit.add('outbox', -1)
    } else putOutbox(unit, item, old)
    await engine.commit(unit)
  }

  return {
    async dueOutbox(now, limit) {
      engine.assertOpen()
      const { gte } = under('od')
      const names = await firstKeys(engine, { gte, lt: gte + timePart(now + 1) }, limit)
      const texts = await engine.readMany(names.map(name => primary.outbox(lastPart(name))))
      return texts.flatMap(text => (text === undefined ? [] : [decode<OutboxItem>(text)]))
    },
    settleOutbox: (item, sent) => locks.hold([`o${item.id}`], () => settle(item, sent)),
  }
}

/** Reads a mail we owe. */
export function readItem(engine: Engine, id: string): OutboxItem | null {
  return decodeOr<OutboxItem>(engine.read(primary.outbox(id)))
}

/** Puts a mail we owe under the time it is due; `old` is the record it replaces. */
export function putOutbox(unit: Unit, item: OutboxItem, old: OutboxItem | null): void {
  unit.put(primary.outbox(item.id), encode(item))
  unit.reindex(old ? outboxIndexes(old) : [], outboxIndexes(item))
  if (!old) unit.add('outbox', 1)
}
