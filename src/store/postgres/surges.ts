/**
 * The surge guard's incidents in PostgreSQL, the returns that belong to one.
 */

import type { IncidentFilter } from '../filters.ts'
import type { PageRequest } from '../page.ts'
import type { Bounce } from '../return-records.ts'
import type { Incident } from '../surge-records.ts'
import { conditions, type Listing, when } from './listing.ts'

/** The list of incidents, newest first. */
export function incidentListing(filter: IncidentFilter, page: PageRequest): Listing<Incident> {
  const { state } = filter
  return {
    name: 'incidents',
    filter,
    page,
    table: 'incidents',
    place: ['id'],
    columns: ['open', 'data'],
    indexed: conditions(state === 'open' ? when('open') : null),
    tested: conditions(state === 'closed' ? when('not open') : null),
    select: 'walked.data',
    read: row => row.data as Incident,
  }
}

/** The returns that a group lists, newest mail first; those that are forgotten are left out. */
export function memberListing(group: string, page: PageRequest): Listing<Bounce> {
  return {
    name: 'members',
    filter: { group },
    page,
    table: 'incident_members',
    place: ['bounce_id'],
    indexed: [when('member_of = ?', group)],
    joined: 'left join lateral (select data from bounces where bounces.id = walked.bounce_id limit 1) as b on true',
    tested: [when('b.data is not null')],
    select: 'b.data',
    read: row => row.data as Bounce,
  }
}
