/**
 * Returns in LevelDB: writing one with its indexes, the returns of a mail, and the view of returned mail.
 */

import { domainKey, domainOfKey } from '../../smtp/path.ts'
import type { BounceFilter } from '../filters.ts'
import { textPart } from '../key-parts.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Bounce } from '../return-records.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { bounceIndexes, primary } from './indexes.ts'
import { after, lastPart, timePart, under } from './keys.ts'
import type { Unit } from './unit.ts'
import { chunkFor, type IndexRange, indexPositions, maxRows, walk } from './walk.ts'

/** Keys of addresses and domains that a search may gather, before it walks by time instead; both together are `maxRows`. */
const maxGathered = maxRows / 2

/** Puts a return with its indexes; `old` is the record it replaces, as stored. */
export function putBounce(unit: Unit, bounce: Bounce, old: string | undefined): void {
  unit.put(primary.bounce(bounce.id), encode(bounce))
  unit.reindex(old === undefined ? [] : bounceIndexes(decode<Bounce>(old)), bounceIndexes(bounce))
  if (old === undefined) unit.add('bounces', 1)
}

/** Every return of one mail, in the order of their ids. */
export async function bouncesOfMessage(engine: Engine, messageId: string): Promise<Bounce[]> {
  const found: Bounce[] = []
  const range = { gte: primary.bounce(`${messageId}-`), lt: primary.bounce(`${messageId}.`) }
  for await (const names of engine.keys(range, 256))
    for (const text of await engine.readMany(names)) if (text !== undefined) found.push(decode<Bounce>(text))
  return found
}

/** Gives a page of returns, newest first. */
export async function listBounces(engine: Engine, given: BounceFilter, page: PageRequest): Promise<Page<Bounce>> {
  const filter = fold(given)
  const range = bounceRange(filter)
  const gathered = filter.q !== undefined && filter.key === undefined ? await gather(engine, filter.q, range) : null
  const everyRowCounts = Object.keys(filter).length < 2 && filter.q === undefined
  return walk<Bounce>(engine, {
    name: 'bounces',
    filter,
    page,
    rows: filter.q === undefined ? maxRows : maxRows - maxGathered,
    positions: before =>
      gathered ? chunksOf(gathered, before, chunkFor(page, false)) : indexPositions(engine, range, before, chunkFor(page, everyRowCounts)),
    async load(positions) {
      const texts = await engine.readMany(positions.map(position => primary.bounce(lastPart(position))))
      return texts.map((text, index) => {
        const bounce = decodeOr<Bounce>(text)
        return bounce && positions[index] === positionOf(bounce) && wanted(bounce, filter) ? bounce : null
      })
    },
  })
}

function positionOf({ receivedAt, id }: Bounce): string {
  return `${timePart(receivedAt)}\0${id}`
}

function fold(filter: BounceFilter): BounceFilter {
  return {
    ...filter,
    ...(filter.domain === undefined ? {} : { domain: domainKey(filter.domain) }),
    ...(filter.q === undefined ? {} : { q: filter.q.trim().normalize('NFC').toLowerCase() }),
  }
}

/** The index that leads to the fewest rows; the positions in all of them are time and id. */
function bounceRange(filter: BounceFilter): IndexRange {
  const bounds = {
    ...(filter.since === undefined ? {} : { from: timePart(filter.since) }),
    ...(filter.until === undefined ? {} : { below: timePart(filter.until) }),
  }
  if (filter.key !== undefined) return { parts: ['ra', filter.key], ...bounds }
  if (filter.list !== undefined) return { parts: ['rl', textPart(filter.list)], ...bounds }
  if (filter.domain !== undefined) return { parts: ['rd', filter.domain], ...bounds }
  if (filter.category !== undefined) return { parts: ['rc', filter.category], ...bounds }
  if (filter.type !== undefined) return { parts: ['ry', filter.type], ...bounds }
  return { parts: ['rt'], ...bounds }
}

/** Tests all conditions but the times, which are bounds of every index. */
function wanted(bounce: Bounce, { key, domain, type, category, list, q }: BounceFilter): boolean {
  return (
    (key === undefined || bounce.key === key) &&
    (domain === undefined || domainOfKey(bounce.key) === domain) &&
    (type === undefined || bounce.type === type) &&
    (category === undefined || bounce.category === category) &&
    (list === undefined || bounce.mail?.list === list) &&
    (q === undefined || bounce.key.startsWith(q) || domainOfKey(bounce.key).startsWith(q.replace(/^@/, '')))
  )
}

/**
 * The positions of all returns whose address or domain begins with `q`, newest first; null when there are too many, and so enough of them
 * in a walk by time.
 */
async function gather(engine: Engine, q: string, { from = '', below }: IndexRange): Promise<string[] | null> {
  const found = new Set<string>()
  let rows = 0
  for (const [kind, prefix] of [
    ['ra', q],
    ['rd', q.replace(/^@/, '')],
  ] as const) {
    const { gte } = under(kind)
    for await (const names of engine.keys({ gte: gte + prefix, lt: `${gte}${prefix}\u{10ffff}` }, 1000)) {
      rows += names.length
      if (rows > maxGathered) return null
      for (const name of names) {
        const position = after(name, 2)
        if (position >= from && (below === undefined || position < below)) found.add(position)
      }
    }
  }
  return [...found].sort().reverse()
}

async function* chunksOf(positions: readonly string[], before: string | null, size: number): AsyncGenerator<string[]> {
  const rest = before === null ? positions : positions.filter(position => position < before)
  for (let at = 0; at < rest.length; at += size) yield rest.slice(at, at + size)
}
