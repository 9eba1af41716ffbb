/**
 * Blocks in PostgreSQL: the blacklist as a list, suspects, and how many blocks are in force.
 */
import { domainKey } from '../../smtp/path.ts'
import type { AddressRecord, Block } from '../address-record.ts'
import type { BlacklistFilter } from '../filters.ts'
import type { PageRequest } from '../page.ts'
import type { Run } from './database.ts'
import { conditions, given, type Listing, when } from './listing.ts'

/** The list of blocks in force at `now`, newest block first. */
export function blacklistListing(filter: BlacklistFilter, page: PageRequest, now: number): Listing<Block> {
  const domain = filter.domain === undefined ? undefined : domainKey(filter.domain)
  const byDomain = given('domain = ?', domain)
  const byCategory = given('category = ?', filter.category)
  const leading = byDomain ?? byCategory
  return {
    name: 'blacklist',
    filter: { ...filter, ...(domain === undefined ? {} : { domain }) },
    page,
    table: 'addresses',
    place: ['blocked_since', 'key'],
    columns: ['category', 'blocked_until', 'block'],
    indexed: [
      when('blocked_since is not null'),
      ...conditions(leading, given('blocked_since >= ?', filter.since), given('blocked_since < ?', filter.until)),
    ],
    tested: [when('(blocked_until is null or blocked_until > ?)', now), ...conditions(leading === byDomain ? byCategory : null)],
    select: 'walked.block',
    read: row => row.block as Block,
  }
}

/** Addresses whose mail comes back soft again and again, the latest return first; the table holds only those by then. */
export function suspectListing(page: PageRequest): Listing<AddressRecord> {
  return {
    name: 'suspects',
    filter: {},
    page,
    table: 'addresses',
    place: ['suspect_at', 'key'],
    columns: ['data'],
    indexed: [when('suspect_at is not null')],
    select: 'walked.data',
    read: row => row.data as AddressRecord,
  }
}

/** The number of blocks that stand although their time is up. */
export async function countEnded(run: Run, now: number): Promise<number> {
  const [row] = await run<{ count: number }>(
    { name: 'ended blocks', text: 'select count(*) as count from addresses where blocked_until is not null and blocked_until <= $1' },
    [now],
  )
  return row?.count ?? 0
}
