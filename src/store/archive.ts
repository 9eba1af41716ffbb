/**
 * A store as plain records, kind by kind: how one engine's store is copied into another's (`rebond store copy`), with nobody using either.
 */

import type { AddressRecord } from './address-record.ts'
import type { AuditEntry } from './audit-record.ts'
import type { NumberedChange } from './change-records.ts'
import type { Delivery, EndpointStop } from './delivery-records.ts'
import type { Message } from './message-records.ts'
import type { OutboxItem } from './outbox-record.ts'
import type { Bounce, MailboxPosition, StoredReport } from './return-records.ts'
import type { Incident, SurgeWindow } from './surge-records.ts'
import type { Counts, ListRecord } from './tally.ts'

/** What a store holds, by kind. */
export type Archived = {
  readonly addresses: AddressRecord
  readonly messages: Message
  readonly bounces: Bounce
  /** `raw`: its octets in base64; null: they are forgotten. */
  readonly reports: { readonly report: StoredReport; readonly raw: string | null }
  readonly outbox: OutboxItem
  readonly audit: { readonly seq: number; readonly n: number; readonly entry: AuditEntry }
  readonly windows: { readonly operator: string; readonly window: SurgeWindow }
  readonly incidents: Incident
  readonly members: { readonly group: string; readonly bounceId: string }
  /** What was counted in an hour, or for a domain in a day; scopes are those of doc/adr/0002. */
  readonly tallies: { readonly scope: string; readonly at: number; readonly counts: Counts }
  readonly lists: ListRecord
  readonly changes: NumberedChange
  readonly deliveries: Delivery
  readonly stops: { readonly endpoint: string; readonly stop: EndpointStop }
  /** How far mailboxes have been read. */
  readonly mailboxes: { readonly mailbox: string; readonly position: MailboxPosition }
}

export type ArchivedKind = keyof Archived

/** In the order in which they are copied. */
export const archivedKinds = [
  'addresses',
  'messages',
  'bounces',
  'reports',
  'outbox',
  'audit',
  'windows',
  'incidents',
  'members',
  'tallies',
  'lists',
  'changes',
  'deliveries',
  'stops',
  'mailboxes',
] as const satisfies readonly ArchivedKind[]

/** Where a row stands in the engine's order of its kind; only that engine reads it. */
export type Placed<K extends ArchivedKind> = { readonly place: string; readonly record: Archived[K] }

/** Numbers that must not be given again, and the secret that erased addresses are hashed with; null: none was made yet. */
export type ArchiveNumbers = { readonly seq: number; readonly change: number; readonly erasedKey: string | null }

export type Archive = {
  /** The next rows of a kind behind a place, at most `limit`; null: from the first on. @throws {StoreUnavailable} */
  read<K extends ArchivedKind>(kind: K, after: string | null, limit: number): Promise<readonly Placed<K>[]>
  /** Writes records, durable; written again they change nothing. */
  write<K extends ArchivedKind>(kind: K, records: readonly Archived[K][]): Promise<void>
  numbers(): Promise<ArchiveNumbers>
  /** Ends a copy: numbers go on from these, counters say what is there. */
  finish(numbers: ArchiveNumbers): Promise<void>
  /** How far a copy into this store has come; null: none was begun. */
  mark(): Promise<string | null>
  setMark(mark: string | null): Promise<void>
  close(): Promise<void>
}
