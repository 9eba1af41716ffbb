/**
 * The audit in PostgreSQL: who did what, newest first.
 */

import type { AuditEntry } from '../audit-record.ts'
import type { AuditFilter } from '../filters.ts'
import { textPart } from '../key-parts.ts'
import type { PageRequest } from '../page.ts'
import type { Run } from './database.ts'
import { conditions, given, type Listing } from './listing.ts'

/** The list of audit entries, newest first. */
export function auditListing(filter: AuditFilter, page: PageRequest): Listing<AuditEntry> {
  const { key, op, actor, by, since, until } = filter
  return {
    name: 'audit',
    filter,
    page,
    table: 'audit',
    place: ['seq', 'n'],
    columns: ['at', 'op', 'actor', 'by_whom', 'data'],
    indexed: conditions(given('key = ?', key)),
    tested: conditions(
      given('op = ?', op),
      given('actor = ?', actor),
      given('by_whom = ?', by === undefined ? undefined : textPart(by)),
      given('at >= ?', since),
      given('at < ?', until),
    ),
    select: 'walked.data',
    read: row => row.data as AuditEntry,
  }
}

/** An entry with its place: the number of the update that made it, and which of that update's entries it is. */
export type PlacedEntry = { readonly seq: number; readonly n: number; readonly entry: AuditEntry }

const put = {
  name: 'put audit',
  text: `insert into audit (seq, n, at, key, op, actor, by_whom, data)
    select * from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[])
    on conflict (seq, n) do nothing`,
}

/** Appends entries. */
export function putAudit(run: Run, entries: readonly PlacedEntry[]): Promise<unknown>[] {
  if (entries.length === 0) return []
  const values = [
    entries.map(({ seq }) => seq),
    entries.map(({ n }) => n),
    entries.map(({ entry }) => entry.at),
    entries.map(({ entry }) => entry.key),
    entries.map(({ entry }) => entry.op),
    entries.map(({ entry }) => entry.actor),
    entries.map(({ entry: { by } }) => (by === null ? null : textPart(by))),
    entries.map(({ entry }) => JSON.stringify(entry)),
  ]
  return [run(put, values)]
}
