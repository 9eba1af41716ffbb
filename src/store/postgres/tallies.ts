/**
 * Counters in PostgreSQL: deltas, one row for each list, counter, hour and writer, so that no row is hot; reads sum them.
 *
 * Scopes as in LevelDB: `=` and a list's id, `-` mail without a list, `*` all mail, `@` and a failing domain (its hours are days). The sums of
 * all hours stand beside them, at hour -1. A list has a row for each writer too: the latest of them says what its latest mail said.
 */
import { textPart } from '../key-parts.ts'
import type { Message } from '../message-records.ts'
import type { PageRequest } from '../page.ts'
import type { Store } from '../store.ts'
import { addCounts, type Counter, type Counts, type ListRecord, stepOf, type Tally } from '../tally.ts'
import type { Database, Run } from './database.ts'
import { type Listing, when } from './listing.ts'

const scopes = {
  all: '*',
  noList: '-',
  list: (list: string) => `=${textPart(list)}`,
  domain: (domain: string) => `@${textPart(domain)}`,
} as const
const total = -1

const scopeOf = (list: string | null): string => (list === null ? scopes.noList : scopes.list(list))

/** A mail, as the record of its list remembers it. */
export type Seen = Pick<Message, 'list' | 'template' | 'subject' | 'at'>

type ListRow = { readonly list: string | null; readonly at: number; readonly seen: Seen | null }

/** What the events of a transaction count, and which mails of lists they are. */
export class TallySums {
  readonly #sums = new Map<string, { readonly scope: string; readonly hour: number; readonly counter: string; value: number }>()
  readonly #lists = new Map<string, ListRow>()

  /** Takes what an event counts. */
  take({ list, at, adds, domain }: Tally): void {
    if (Object.keys(adds).length === 0) return
    const hour = stepOf(at, 'hour')
    for (const scope of [scopeOf(list), scopes.all]) this.#add(scope, hour, adds)
    this.#add(scopeOf(list), total, adds)
    if (domain !== undefined) this.#add(scopes.domain(domain), stepOf(at, 'day'), adds)
    const known = this.#lists.get(scopeOf(list))
    if (!known) this.#lists.set(scopeOf(list), { list, at, seen: null })
  }

  /** Takes a mail that passed, if it is one of a list. */
  see(mail: Seen): void {
    if (mail.list === null) return
    const known = this.#lists.get(scopeOf(mail.list))
    this.#lists.set(scopeOf(mail.list), { list: mail.list, at: Math.min(known?.at ?? mail.at, mail.at), seen: mail })
  }

  #add(scope: string, hour: number, adds: Counts): void {
    for (const [counter, by] of Object.entries(adds)) {
      const name = `${hour} ${counter} ${scope}`
      const sum = this.#sums.get(name)
      if (sum) sum.value += by
      else this.#sums.set(name, { scope, hour, counter, value: by })
    }
  }

  /** Values of the nine parameters of `tallySql`. The order of the rows is that of their keys: two writers cannot hold each other up in a ring. */
  values(): unknown[] {
    const sums = [...this.#sums.entries()].filter(([, { value }]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1))
    return [
      sums.map(([, { scope }]) => scope),
      sums.map(([, { hour }]) => hour),
      sums.map(([, { counter }]) => counter),
      sums.map(([, { value }]) => value),
      ...this.listRows(),
    ]
  }

  /** Values of the five parameters of `listedSql`. */
  listRows(): unknown[] {
    const lists = [...this.#lists.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
    return [
      lists.map(([scope]) => scope),
      lists.map(([, { at }]) => at),
      lists.map(([, { at, seen }]) => seen?.at ?? at),
      lists.map(([, { seen }]) => seen !== null),
      lists.map(([, { list, seen }]) => JSON.stringify({ list, template: seen?.template ?? null, subject: seen?.subject ?? null })),
    ]
  }

  /** Writes them by a statement of their own. */
  put(run: Run, slot: number): Promise<unknown>[] {
    return this.#lists.size === 0 ? [] : [run(putTallies, [slot, ...this.values()])]
  }
}

/** Parts of a `with` that write what `TallySums.values` gives, from parameter `first` on; `slot` is the parameter of the writer's slot. */
export function tallySql(slot: number, first: number): string {
  const p = (n: number) => `$${first + n}`
  return `
    tallied as (
      insert into tallies (scope, hour, counter, slot, value)
      select scope, hour, counter, $${slot}, value
      from unnest(${p(0)}::text[], ${p(1)}::bigint[], ${p(2)}::text[], ${p(3)}::bigint[]) as given (scope, hour, counter, value)
      on conflict (scope, hour, counter, slot) do update set value = tallies.value + excluded.value),
    ${listedSql(slot, first + 4)}`
}

/** The part of a `with` that writes what `TallySums.listRows` gives. */
export function listedSql(slot: number, first: number): string {
  const p = (n: number) => `$${first + n}`
  return `listed as (
      insert into lists (scope, slot, first_at, last_at, seen, data)
      select scope, $${slot}, first_at, last_at, seen, data
      from unnest(${p(0)}::text[], ${p(1)}::bigint[], ${p(2)}::bigint[], ${p(3)}::boolean[], ${p(4)}::json[])
        as given (scope, first_at, last_at, seen, data)
      on conflict (scope, slot) do update set
        first_at = least(lists.first_at, excluded.first_at),
        last_at = case when lists.seen then greatest(lists.last_at, excluded.last_at) else excluded.last_at end,
        data = case when not lists.seen or excluded.last_at >= lists.last_at then excluded.data else lists.data end,
        seen = true
      where excluded.seen)`
}

const putTallies = { name: 'put tallies', text: `with ${tallySql(1, 2)} select` }

const merged = `
  (select json_build_object('first', min(first_at), 'last', coalesce(max(last_at) filter (where seen), min(first_at)),
    'data', (array_agg(data order by seen desc, last_at desc))[1]) from lists where scope = walked.scope) as list,
  (select json_object_agg(counter, value) from (
    select counter, sum(value) as value from tallies where scope = walked.scope and hour = ${total} group by counter having sum(value) <> 0
  ) as sums) as counts`

type ListFields = {
  readonly list: { readonly first: number | null; readonly last: number; readonly data: Pick<ListRecord, 'list' | 'template' | 'subject'> }
  readonly counts: Counts | null
}

function toList({ list: { first, last, data }, counts }: ListFields): ListRecord | null {
  return first === null ? null : { ...data, firstAt: first, lastAt: last, counts: counts ?? {} }
}

/** Lists and campaigns, the one whose first mail was latest first. */
export function listListing(page: PageRequest): Listing<ListRecord | null> {
  return {
    name: 'lists',
    filter: {},
    page,
    table: `(select scope, min(first_at) as first_at from lists group by scope) as grouped`,
    place: ['first_at', 'scope'],
    indexed: [when('scope <> ?', scopes.noList)],
    select: merged,
    read: row => toList(row as unknown as ListFields),
  }
}

/** Makes the questions about counters. */
export function createTallyReads(database: Database): Pick<Store, 'list' | 'tallies' | 'failingDomains'> {
  const { run } = database
  return {
    async list(list) {
      const [row] = await run<ListFields>({ name: 'list', text: `select ${merged} from (select $1::text as scope) as walked` }, [
        scopeOf(list),
      ])
      return row ? toList(row) : null
    },
    async tallies({ of, since, until, step }) {
      const text = `select hour, counter, sum(value)::bigint as value from tallies
        where scope = $1 and hour >= $2 and hour < $3 group by hour, counter having sum(value) <> 0`
      const scope = of === 'all' ? scopes.all : scopeOf(of.list)
      const rows = await run<{ hour: number; counter: Counter; value: number }>({ name: 'tallies', text }, [
        scope,
        Math.max(since, 0),
        until,
      ])
      const steps = new Map<number, Counts>()
      for (const { hour, counter, value } of rows) {
        const at = stepOf(hour, step)
        steps.set(at, addCounts(steps.get(at) ?? {}, { [counter]: value }))
      }
      return [...steps].map(([at, counts]) => ({ at, counts }))
    },
    async failingDomains(since, until, limit) {
      const text = `select substr(scope, 2) as domain, hard::bigint, soft::bigint from (
          select scope, coalesce(sum(value) filter (where counter like 'hard.%'), 0) as hard,
            coalesce(sum(value) filter (where counter like 'soft.%'), 0) as soft
          from tallies where scope like '@%' and hour >= $1 and hour < $2 group by scope) as sums
        where hard + soft > 0 order by hard + soft desc, scope limit $3`
      return run<{ domain: string; hard: number; soft: number }>({ name: 'failing domains', text }, [stepOf(since, 'day'), until, limit])
    },
  }
}
