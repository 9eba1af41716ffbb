/**
 * What the lists of the Store can be asked for. The conditions of a filter combine; `since` is inclusive, `until` exclusive, both in milliseconds
 * since 1970 (UTC).
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { BlockCategory } from './address-record.ts'
import type { AuditActor, AuditOp } from './audit-record.ts'
import type { DeliveryState } from './delivery-records.ts'
import type { OutboxState } from './outbox-record.ts'
import type { Bounce } from './return-records.ts'

/** Times are those of the block. */
export type BlacklistFilter = {
  readonly category?: BlockCategory
  readonly domain?: string
  readonly since?: number
  readonly until?: number
}

/** Times are those of the return (`receivedAt`). */
export type BounceFilter = {
  readonly key?: AddressKey
  readonly domain?: string
  readonly type?: Bounce['type']
  readonly category?: Bounce['category']
  readonly list?: string
  readonly since?: number
  readonly until?: number
  /** Prefix of address or domain; `@` first: of domain only. */
  readonly q?: string
}

/** Times are those in the ids, at which the mails began. */
export type MessageFilter = {
  readonly key?: AddressKey
  /** With or without angle brackets. */
  readonly headerMessageId?: string
  readonly upstreamId?: string
  /** Address of the header From or of the reverse-path. */
  readonly from?: string
  readonly since?: number
  readonly until?: number
}

/** The changes that people and returns made. Times are those of the entries. */
export type AuditFilter = {
  readonly key?: AddressKey
  readonly actor?: AuditActor
  readonly by?: string
  readonly op?: AuditOp
  readonly since?: number
  readonly until?: number
}

/** Webhooks of one endpoint. Times are those of the events. */
export type DeliveryFilter = {
  readonly endpoint: string
  readonly state?: DeliveryState
  readonly since?: number
  readonly until?: number
}

/** Mails that we owe: those that wait, those that were given up, or both. */
export type OutboxFilter = { readonly state?: OutboxState }

export type IncidentFilter = { readonly state?: 'open' | 'closed' }
