/**
 * What one update of the Store reads before it folds, and what it commits as one unit.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, Moment } from './address-record.ts'
import type { AuditEntry } from './audit-record.ts'
import type { Change } from './change-records.ts'
import type { Delivery, EndpointStop } from './delivery-records.ts'
import type { OutboxItem } from './outbox-record.ts'
import type { Bounce, StoredReport } from './return-records.ts'
import type { Incident, SurgeWindow } from './surge-records.ts'
import type { Tally } from './tally.ts'

/** What an update reads before it folds. It is alone on the keys and bounces that it names, and may change no others. */
export type FactsRequest = {
  readonly keys: readonly AddressKey[]
  readonly bounceIds?: readonly string[]
  /** The latest acceptance of mail for each key not younger than this is looked up too. */
  readonly acceptedBefore?: number
  /** Asks for `Facts.neighbours`: for each of these keys another address of its domain for which upstream accepted a mail between these times. */
  readonly neighbours?: { readonly of: readonly AddressKey[]; readonly acceptedSince: number; readonly acceptedBefore: number }
  /** Asks for `Facts.lived`: which of these keys have a domain that was ok by then. */
  readonly lived?: { readonly of: readonly AddressKey[]; readonly acceptedBefore: number }
  /** Asks for `Facts.deadDomains`: returns since then that say a domain is dead (`invalid_domain`, `no_mail_domain`). */
  readonly deadDomainsSince?: number
  /** Asks for `Facts.windows` of these operators, and for the incidents that stand in them. */
  readonly operators?: readonly string[]
  /** Asks for these incidents too. */
  readonly incidents?: readonly string[]
}

/** A mail accepted for another address of a domain, and no hard return and no unblock of that address since. */
export type Neighbour = { readonly key: AddressKey; readonly accepted: Moment }

export type Facts = {
  readonly addresses: ReadonlyMap<AddressKey, AddressRecord>
  readonly bounces: ReadonlyMap<string, Bounce>
  readonly accepted: ReadonlyMap<AddressKey, Moment>
  /** By the key it was asked for; absent: none was found. */
  readonly neighbours: ReadonlyMap<AddressKey, Neighbour>
  /** Of the keys asked about, those at whose domain upstream accepted a mail for an address, itself among them, that has not failed since. */
  readonly lived: ReadonlySet<AddressKey>
  /** Newest first, at most 1,000; empty when not asked for. */
  readonly deadDomains: readonly Bounce[]
  /** As the update before this one left them: no two updates see the same. Absent: nothing was judged lately. */
  readonly windows: ReadonlyMap<string, SurgeWindow>
  /** Those asked for, those of `windows`, and those that hold a return of one of the addresses. As fresh as `windows`. */
  readonly incidents: ReadonlyMap<string, Incident>
  /** When the oldest mail in the journal began; null: there is none. */
  readonly journalSince: number | null
  /** A fresh sequence number for what this update does. */
  readonly seq: number
}

/**
 * What an update commits as one unit; a record replaces the one with the same key or id. A bounce whose `mail` is null gets it from the
 * journal, at once or when its mail is journalled.
 */
export type Changes = {
  readonly addresses?: readonly AddressRecord[]
  readonly bounces?: readonly Bounce[]
  /** Replaces the stored report; one that is judged leaves the pending list. */
  readonly report?: StoredReport
  readonly outbox?: readonly OutboxItem[]
  readonly audit?: readonly AuditEntry[]
  /** It comes from a list (an import): the change feed has all of it, webhooks tell none of it. */
  readonly isBulk?: boolean
  /** Appended to the change feed, in this order, numbered as they are committed. */
  readonly feed?: readonly Change[]
  readonly deliveries?: readonly Delivery[]
  /** Endpoints that want no webhooks from now on; null: that do again. */
  readonly endpointStops?: ReadonlyMap<string, EndpointStop | null>
  /** Replaces the windows of these operators. */
  readonly windows?: ReadonlyMap<string, SurgeWindow>
  readonly incidents?: readonly Incident[]
  /** Returns that a group lists from now on: an incident, or a revert. */
  readonly members?: readonly { readonly group: string; readonly bounceId: string }[]
  /** What it counts, committed with it. */
  readonly tallies?: readonly Tally[]
}
