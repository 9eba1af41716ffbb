/**
 * The outbox in LevelDB: mail we owe, in the order in which it is due, and dead letters, in the order in which they were given up.
 */

import type { OutboxFilter } from '../filters.ts'
import { type OutboxItem, outboxState } from '../outbox-record.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Store } from '../store.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { outboxIndexes, primary } from './indexes.ts'
import type { KeyLocks } from './key-locks.ts'
import { lastPart, timePart, under } from './keys.ts'
import { type CounterName, Unit } from './unit.ts'
import { chunkFor, firstKeys, indexPositions, walk } from './walk.ts'

type Outbox = Pick<Store, 'dueOutbox' | 'settleOutbox' | 'outboxItem' | 'outbox'>

export function createOutbox(engine: Engine, locks: KeyLocks): Outbox {
  async function settle(item: OutboxItem, sent: boolean): Promise<void> {
    const old = readItem(engine, item.id)
    if (!old) return
    const unit = new Unit()
    if (sent) {
      unit.del(primary.outbox(item.id))
      unit.reindex(outboxIndexes(old), [])
      unit.add(counterOf(old), -1)
    } else putOutbox(unit, item, old)
    await engine.commit(unit)
  }

  return {
    async dueOutbox(now, limit) {
      engine.assertOpen()
      // Asked behind every judged report: where nothing is owed, no walk is needed to know.
      if (engine.count('outbox') === 0) return []
      const { gte } = under('od')
      const names = await firstKeys(engine, { gte, lt: gte + timePart(now + 1) }, limit)
      const texts = await engine.readMany(names.map(name => primary.outbox(lastPart(name))))
      return texts.flatMap(text => (text === undefined ? [] : [decode<OutboxItem>(text)]))
    },
    settleOutbox: (item, sent) => locks.hold([`o${item.id}`], () => settle(item, sent)),
    outboxItem: async id => readItem(engine, id),
    outbox: (filter, page) => listOutbox(engine, filter, page),
  }
}

/** Gives a page of what is owed: dead letters by their own index, all else by its id. */
function listOutbox(engine: Engine, filter: OutboxFilter, page: PageRequest): Promise<Page<OutboxItem>> {
  const { state } = filter
  const parts = [state === 'dead' ? 'ox' : 'ob']
  return walk<OutboxItem>(engine, {
    name: 'outbox',
    filter,
    page,
    positions: before => indexPositions(engine, { parts }, before, chunkFor(page, state !== 'waiting')),
    async load(positions) {
      const texts = await engine.readMany(positions.map(position => primary.outbox(lastPart(position))))
      return texts.map(text => {
        const item = decodeOr<OutboxItem>(text)
        return item && (state === undefined || outboxState(item) === state) ? item : null
      })
    },
  })
}

/** Reads a mail we owe. */
export function readItem(engine: Engine, id: string): OutboxItem | null {
  return decodeOr<OutboxItem>(engine.read(primary.outbox(id)))
}

/** Puts a mail we owe under the time it is due, or was given up; `old` is the record it replaces. */
export function putOutbox(unit: Unit, item: OutboxItem, old: OutboxItem | null): void {
  unit.put(primary.outbox(item.id), encode(item))
  unit.reindex(old ? outboxIndexes(old) : [], outboxIndexes(item))
  if (old) unit.add(counterOf(old), -1)
  unit.add(counterOf(item), 1)
}

function counterOf(item: OutboxItem): CounterName {
  return outboxState(item) === 'dead' ? 'dead' : 'outbox'
}
