/**
 * The change feed in LevelDB: read in the order of its numbers, which the group commit gives (engine.ts).
 */
import type { NumberedChange } from '../change-records.ts'
import type { Store } from '../store.ts'
import { decode } from './codec.ts'
import type { Engine } from './engine.ts'
import { primary } from './indexes.ts'
import { lastPart, under } from './keys.ts'
import { firstKeys } from './walk.ts'

export function createFeed(engine: Engine): Pick<Store, 'changes'> {
  return {
    async changes({ after, limit }) {
      engine.assertOpen()
      // Taken first: what is committed meanwhile is not announced before it can be read.
      const newest = engine.newestChange()
      const { lt } = under('cf')
      const [[first], names] = await Promise.all([
        firstKeys(engine, under('cf'), 1),
        firstKeys(engine, { gte: primary.change(after + 1), lt }, limit),
      ])
      const texts = await engine.readMany(names)
      const items = texts.flatMap((text, index) =>
        text === undefined ? [] : [{ ...decode<Omit<NumberedChange, 'n'>>(text), n: numberOf(names[index] ?? '') }],
      )
      return { items, oldest: first === undefined ? null : numberOf(first), newest: Math.max(newest, items.at(-1)?.n ?? 0) }
    },
  }
}

function numberOf(name: string): number {
  return Number.parseInt(lastPart(name), 36)
}
