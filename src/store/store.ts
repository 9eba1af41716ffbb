/**
 * The Store: everything rebond remembers, behind one type. test/store/contract.ts is its definition; engines are interchangeable or wrong.
 *
 * Promises: what a method says is durable survives `kill -9` and power loss once its promise resolves; `update` loads its facts, folds and
 * commits as one unit, alone on the keys it names; reads see every commit that was acknowledged before they began.
 * When the engine fails, every method throws or rejects with `StoreUnavailable` and nothing was half done.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { Page, PageRequest } from './page.ts'
import type {
  AddressRecord,
  AuditEntry,
  Block,
  BlockCategory,
  Bounce,
  Message,
  MessageOutcome,
  Moment,
  OutboxItem,
  StoredReport,
} from './records.ts'

/** The engine cannot answer now; what was asked did not happen, or is in doubt and was not acknowledged. */
export class StoreUnavailable extends Error {
  readonly code = 'ERR_STORE_UNAVAILABLE'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}

/** What an update reads, and is alone on, before it folds. */
export type FactsRequest = {
  readonly keys: readonly AddressKey[]
  readonly bounceIds?: readonly string[]
  /** The latest acceptance of mail for each key not younger than this is looked up too. */
  readonly acceptedBefore?: number
}

export type Facts = {
  readonly addresses: ReadonlyMap<AddressKey, AddressRecord>
  readonly bounces: ReadonlyMap<string, Bounce>
  readonly accepted: ReadonlyMap<AddressKey, Moment>
  /** A fresh sequence number for what this update does. */
  readonly seq: number
}

/** What an update commits as one unit; a record replaces the one with the same key or id. */
export type Changes = {
  readonly addresses?: readonly AddressRecord[]
  readonly bounces?: readonly Bounce[]
  /** Replaces the stored report; one that is judged leaves the pending list. */
  readonly report?: StoredReport
  readonly outbox?: readonly OutboxItem[]
  readonly audit?: readonly AuditEntry[]
}

export type BlacklistFilter = {
  readonly category?: BlockCategory
  readonly domain?: string
  readonly since?: number
  readonly until?: number
}
export type BounceFilter = {
  readonly key?: AddressKey
  readonly domain?: string
  readonly type?: Bounce['type']
  readonly category?: Bounce['category']
  readonly list?: string
  readonly since?: number
  readonly until?: number
  /** Prefix of address or domain, folded. */
  readonly q?: string
}
export type MessageFilter = {
  readonly key?: AddressKey
  readonly headerMessageId?: string
  readonly upstreamId?: string
  readonly from?: string
  readonly since?: number
  readonly until?: number
}

export type Store = {
  /** `level` or `postgres`. */
  readonly kind: string

  /** The blocks in force of these keys, in their order; the same tick where the engine can. Expired blocks are not given. */
  lookup(keys: readonly AddressKey[], now: number): readonly (Block | null)[] | Promise<readonly (Block | null)[]>

  /** Journals a mail, `seq` given by the store, durable; with it one `relay` Bounce for each recipient that we refused. */
  appendMessage(message: Omit<Message, 'seq' | 'outcome'>, refusals: readonly Bounce[]): Promise<Message>
  /** Adds the final outcome; ordered before every later write, durable with the next durable one. */
  settleMessage(id: string, outcome: MessageOutcome): void
  message(id: string): Promise<Message | null>
  messages(filter: MessageFilter, page: PageRequest): Promise<Page<Message>>

  /** Stores a report and its bytes as pending, durable. */
  acceptReport(report: StoredReport, raw: Buffer): Promise<void>
  report(id: string): Promise<StoredReport | null>
  rawReport(id: string): Promise<Buffer | null>
  /** Reports not judged yet, oldest first. */
  pendingReports(limit: number): Promise<readonly StoredReport[]>
  /** Reports and octets that a token has brought so far. */
  tokenUse(messageId: string): Promise<{ readonly reports: number; readonly octets: number }>

  /** Loads facts under the locks of the keys, folds, commits the changes as one unit, durable. The fold must be pure: it may run again. */
  update<R>(request: FactsRequest, fold: (facts: Facts) => { readonly changes: Changes; readonly result: R }): Promise<R>

  address(key: AddressKey): Promise<AddressRecord | null>
  /** The latest message for this key that upstream accepted at `before` or earlier. */
  lastAccepted(key: AddressKey, before: number): Promise<Moment | null>
  blacklist(filter: BlacklistFilter, page: PageRequest): Promise<Page<Block>>
  /** Number of blocks in force, kept up to date by every commit. */
  blacklistedCount(): Promise<number>
  bounce(id: string): Promise<Bounce | null>
  bounces(filter: BounceFilter, page: PageRequest): Promise<Page<Bounce>>

  /** Mails owed that are due, oldest first. */
  dueOutbox(now: number, limit: number): Promise<readonly OutboxItem[]>
  /** Sent, or rescheduled with a later `dueAt`; durable. */
  settleOutbox(item: OutboxItem, sent: boolean): Promise<void>

  /** Resolves when the engine answers a read and a durable write. */
  check(): Promise<void>
  /** Waits for writes under way and closes; later calls fail. */
  close(): Promise<void>
}
