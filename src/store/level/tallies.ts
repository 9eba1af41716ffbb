/**
 * Counters in LevelDB: what the units of one batch add is merged, and each row that it touches is written once with the batch.
 *
 * A row holds all counters of one list's hour, so that a batch of a thousand mails to a list writes three rows: the list's hour, the hour of all
 * mail, and the list's record with its totals. Batches are written one at a time: reading a row and writing its sum loses nothing.
 */
import { textPart } from '../key-parts.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Store } from '../store.ts'
import { addCounts, type Counts, type FailingDomain, type ListRecord, stepOf, type TalliedStep, type Tally } from '../tally.ts'
import { decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { key, lastPart, timePart } from './keys.ts'
import { indexed, type Unit } from './unit.ts'
import { chunkFor, indexPositions, walk } from './walk.ts'

/** Rows that are read at once. */
const chunk = 1000
/** Rows of domains that one question looks through: about a hundred days of a thousand failing domains. */
const maxDomainRows = 100_000

/** A mail of a list, as its record remembers it. */
export type ListSeen = Pick<ListRecord, 'template' | 'subject'> & { readonly list: string; readonly at: number }

/** Whose counters a row holds. No name that a header can hold begins like the reserved ones. */
const scopes = { all: '*', noList: '-', domains: '@', list: (list: string) => `=${textPart(list)}` } as const

const rowKey = (scope: string, at: number, ...rest: string[]) => key('lc', scope, timePart(at), ...rest)
const listKey = (list: string | null) => key('ls', scopeOf(list))

function scopeOf(list: string | null): string {
  return list === null ? scopes.noList : scopes.list(list)
}

/** What a batch adds to each row and each list. */
class Sums {
  readonly rows = new Map<string, Counts>()
  readonly lists = new Map<string | null, { seen: ListSeen | null; at: number; counts: Counts }>()

  take({ list, at, adds, domain }: Tally): void {
    const hour = stepOf(at, 'hour')
    this.#add(rowKey(scopeOf(list), hour), adds)
    this.#add(rowKey(scopes.all, hour), adds)
    if (domain !== undefined) this.#add(rowKey(scopes.domains, stepOf(at, 'day'), textPart(domain)), adds)
    const before = this.lists.get(list)
    this.lists.set(list, { seen: before?.seen ?? null, at: before?.at ?? at, counts: before ? addCounts(before.counts, adds) : adds })
  }

  see(seen: ListSeen): void {
    const before = this.lists.get(seen.list)
    this.lists.set(seen.list, { at: seen.at, counts: {}, ...before, seen })
  }

  #add(name: string, adds: Counts): void {
    const before = this.rows.get(name)
    this.rows.set(name, before ? addCounts(before, adds) : adds)
  }
}

/** Puts what the units of a batch count. */
export function putTallies(
  units: readonly Unit[],
  read: (key: string) => string | undefined,
  put: (key: string, value: string) => void,
): void {
  const sums = new Sums()
  for (const { tallies, seen } of units) {
    for (const tally of tallies) sums.take(tally)
    if (seen) sums.see(seen)
  }
  for (const [name, adds] of sums.rows) put(name, encode(addCounts(decodeOr<Counts>(read(name)) ?? {}, adds)))
  for (const [list, { seen, at, counts }] of sums.lists) {
    const name = listKey(list)
    const known = decodeOr<ListRecord>(read(name))
    const before = known ?? { list, template: null, subject: null, firstAt: at, lastAt: at, counts: {} }
    const latest = seen ? { template: seen.template, subject: seen.subject, lastAt: Math.max(before.lastAt, seen.at) } : {}
    put(name, encode({ ...before, ...latest, counts: addCounts(before.counts, counts) } satisfies ListRecord))
    if (!known && list !== null) put(key('lf', timePart(at), textPart(list)), indexed)
  }
}

type TallyReads = Pick<Store, 'lists' | 'list' | 'tallies' | 'failingDomains'>

/** Makes the questions about counters. */
export function createTallyReads(engine: Engine): TallyReads {
  return {
    async lists(page) {
      await engine.drain()
      return listLists(engine, page)
    },

    async list(list) {
      await engine.drain()
      return decodeOr<ListRecord>(engine.read(listKey(list)))
    },

    async tallies({ of, since, until, step }) {
      await engine.drain()
      const scope = of === 'all' ? scopes.all : scopeOf(of.list)
      const steps = new Map<number, Counts>()
      for await (const [name, counts] of rowsOf(engine, scope, since, until)) {
        const at = stepOf(Number.parseInt(lastPart(name), 36), step)
        steps.set(at, addCounts(steps.get(at) ?? {}, counts))
      }
      return [...steps].map(([at, counts]): TalliedStep => ({ at, counts }))
    },

    async failingDomains(since, until, limit) {
      const found = new Map<string, FailingDomain>()
      let rows = 0
      for await (const [name, counts] of rowsOf(engine, scopes.domains, stepOf(since, 'day'), until)) {
        if (++rows > maxDomainRows) break
        const domain = lastPart(name)
        const before = found.get(domain) ?? { domain, hard: 0, soft: 0 }
        found.set(domain, { domain, hard: before.hard + sumOf(counts, 'hard.'), soft: before.soft + sumOf(counts, 'soft.') })
      }
      const failing = [...found.values()].filter(({ hard, soft }) => hard + soft > 0)
      return failing.sort((a, b) => b.hard + b.soft - (a.hard + a.soft) || (a.domain < b.domain ? -1 : 1)).slice(0, limit)
    },
  }
}

function sumOf(counts: Counts, prefix: string): number {
  return Object.entries(counts).reduce((sum, [name, count]) => (name.startsWith(prefix) ? sum + count : sum), 0)
}

/** Rows of a time with their names, latest first. */
async function* rowsOf(engine: Engine, scope: string, since: number, until: number): AsyncGenerator<readonly [string, Counts]> {
  const range = { gte: rowKey(scope, since), lt: rowKey(scope, until) }
  for await (const names of engine.keys(range, chunk, true)) {
    const texts = await engine.readMany(names)
    for (const [index, name] of names.entries()) {
      const counts = decodeOr<Counts>(texts[index])
      if (counts) yield [name, counts]
    }
  }
}

function listLists(engine: Engine, page: PageRequest): Promise<Page<ListRecord>> {
  return walk<ListRecord>(engine, {
    name: 'lists',
    filter: {},
    page,
    positions: before => indexPositions(engine, { parts: ['lf'] }, before, chunkFor(page, true)),
    async load(positions) {
      const texts = await engine.readMany(positions.map(position => key('ls', `=${lastPart(position)}`)))
      return texts.map(text => decodeOr<ListRecord>(text))
    },
  })
}
