/**
 * Returns in PostgreSQL: the view of returned mail.
 */
import { domainKey } from '../../smtp/path.ts'
import type { BounceFilter } from '../filters.ts'
import { textPart } from '../key-parts.ts'
import type { PageRequest } from '../page.ts'
import type { Bounce } from '../return-records.ts'
import type { Run } from './database.ts'
import { type Condition, conditions, given, type Listing, maxRows, when } from './listing.ts'

/** Rows that a search may gather by address and by domain, before it walks by time instead. */
const maxGathered = maxRows / 2

/** Sorts behind every text that begins with a prefix. */
const last = '\u{10ffff}'

const byId = { name: 'bounces by id', text: 'select data from bounces where id = any($1)' }

/** Reads returns, in any order. */
export async function readBounces(run: Run, ids: readonly string[]): Promise<Bounce[]> {
  return (await run<{ data: Bounce }>(byId, [ids])).map(({ data }) => data)
}

/** The list of returns by a filter, newest first. A search asks first how many returns fit it. */
export async function bounceListing(run: Run, filter: BounceFilter, page: PageRequest): Promise<Listing<Bounce>> {
  const q = filter.q?.trim().normalize('NFC').toLowerCase()
  if (q === undefined || filter.key !== undefined) return listingOf(filter, q, page, 'bounces')
  const matches = matching(q)
  const sides = matches.map(
    condition => `(select 1 from bounces where ${numbered(condition, matches.indexOf(condition) * 2)} limit ${maxGathered + 1})`,
  )
  const values = matches.flatMap(condition => condition.values)
  const [row] = await run<{ count: number }>({ text: `select count(*) as count from (${sides.join(' union all ')}) as found` }, values)
  return listingOf(filter, q, page, (row?.count ?? 0) > maxGathered ? 'bounces' : 'gathered')
}

/** Where an address, or a domain, begins with the text. */
function matching(q: string): readonly [Condition, Condition] {
  const domain = q.replace(/^@/, '')
  return [when('key >= ? and key < ?', q, q + last), when('domain >= ? and domain < ?', domain, domain + last)]
}

function numbered({ sql }: Condition, before: number): string {
  let n = before
  return sql.replace(/\?/g, () => `$${++n}`)
}

/** Exported for the test that asks the planner; `gathered`: few rows fit the search, and are sorted. */
export function listingOf(filter: BounceFilter, q: string | undefined, page: PageRequest, how: 'bounces' | 'gathered'): Listing<Bounce> {
  const { key, list, category, type, since, until } = filter
  const domain = filter.domain === undefined ? undefined : domainKey(filter.domain)
  const byKey = given('key = ?', key)
  const byList = given('list = ?', list === undefined ? undefined : textPart(list))
  const byDomain = given('domain = ?', domain)
  const byCategory = given('category = ?', category)
  const byType = given('type = ?', type)
  const search = q === undefined ? null : orOf(...matching(q))
  // The index that leads to the fewest rows; all of them are sorted by time.
  const leading = how === 'gathered' ? search : (byKey ?? byList ?? byDomain ?? byCategory ?? byType)
  return {
    name: 'bounces',
    filter: { ...filter, ...(domain === undefined ? {} : { domain }), ...(q === undefined ? {} : { q }) },
    page,
    table: 'bounces',
    place: ['received_at', 'id'],
    columns: ['key', 'list', 'domain', 'category', 'type', 'data'],
    indexed: conditions(leading, given('received_at >= ?', since), given('received_at < ?', until)),
    tested: conditions(byKey, byList, byDomain, byCategory, byType, search).filter(condition => condition !== leading),
    select: 'walked.data',
    read: row => row.data as Bounce,
  }
}

function orOf(one: Condition, other: Condition): Condition {
  return { sql: `(${one.sql} or ${other.sql})`, values: [...one.values, ...other.values] }
}

const deadDomains = {
  name: 'dead domains',
  text: `select data from bounces where category = $1 and received_at >= $2 order by received_at desc, id desc limit $3`,
}

/** Returns since then that say a domain is dead, newest first. */
export async function readDeadDomains(run: Run, since: number, most: number): Promise<Bounce[]> {
  const found = await Promise.all(
    ['invalid_domain', 'no_mail_domain'].map(category => run<{ data: Bounce }>(deadDomains, [category, since, most])),
  )
  return found
    .flat()
    .map(({ data }) => data)
    .sort((a, b) => b.receivedAt - a.receivedAt)
    .slice(0, most)
}
