/**
 * Forgetting what is counted, in LevelDB: the hours of lists and the days of failing domains, the lists themselves, and the surge guard's windows.
 *
 * None of them has an index by age: they are walked, a part a call, from where the last call ended.
 */
import { type Forgettable, lastUseOf } from '../forgetting.ts'
import { textPart } from '../key-parts.ts'
import type { SurgeWindow } from '../surge-records.ts'
import type { ListRecord } from '../tally.ts'
import { decode } from './codec.ts'
import type { Engine } from './engine.ts'
import { after, key, timePart, under } from './keys.ts'
import { Unit } from './unit.ts'
import { firstKeys } from './walk.ts'

/** Records looked at for one that may go. */
const looksPerRow = 10

type Counted = Extract<Forgettable, 'tallies' | 'lists' | 'windows'>

export function createForgetCounters(engine: Engine): Readonly<Record<Counted, (before: number, limit: number) => Promise<number>>> {
  /** Where the next walk goes on. */
  const places = new Map<Counted, string>()

  /** Scope by scope from where the last call ended: in each, hours (and days) stand in their order. */
  async function tallies(before: number, limit: number): Promise<number> {
    let dealtWith = 0
    while (dealtWith < limit) {
      const { gte, lt } = under('lc')
      const [first] = await firstKeys(engine, { gte: places.get('tallies') ?? gte, lt }, 1)
      if (first === undefined) {
        if (dealtWith === 0) places.delete('tallies')
        return dealtWith
      }
      const scope = under('lc', after(first, 1).split('\0')[0] ?? '')
      const old = await firstKeys(engine, { gte: scope.gte, lt: scope.gte + timePart(before) }, limit)
      const unit = new Unit()
      for (const name of old) unit.del(name)
      if (old.length > 0) await engine.commit(unit)
      dealtWith += 1 + old.length
      if (old.length < limit) places.set('tallies', scope.lt)
    }
    return dealtWith
  }

  /** What is counted under no list stays: it is one record. */
  function lists(before: number, limit: number): Promise<number> {
    return walkThrough('lists', 'ls', limit, (unit, name, text) => {
      const record = decode<ListRecord>(text)
      if (record.list === null || record.lastAt >= before) return
      unit.del(name)
      unit.del(key('lf', timePart(record.firstAt), textPart(record.list)))
    })
  }

  function windows(before: number, limit: number): Promise<number> {
    return walkThrough('windows', 'sw', limit, (unit, name, text) => {
      if (lastUseOf(decode<SurgeWindow>(text)) < before) unit.del(name)
    })
  }

  /** A part of all records of a kind a call, from where the last one ended; gives how many were looked at. */
  async function walkThrough(
    kind: Counted,
    prefix: string,
    limit: number,
    look: (unit: Unit, name: string, text: string) => void,
  ): Promise<number> {
    const range = under(prefix)
    const names = await firstKeys(engine, { gte: places.get(kind) ?? range.gte, lt: range.lt }, limit * looksPerRow)
    const last = names.at(-1)
    if (last === undefined) places.delete(kind)
    else places.set(kind, `${last}\0`)
    const unit = new Unit()
    for (const [index, text] of (await engine.readMany(names)).entries()) if (text !== undefined) look(unit, names[index] ?? '', text)
    if (unit.writes.length > 0) await engine.commit(unit)
    return names.length
  }

  return { tallies, lists, windows }
}
