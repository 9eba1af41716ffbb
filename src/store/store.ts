/**
 * The Store: everything rebond remembers, behind one type. test/store/contract.ts is its definition; engines are interchangeable or wrong.
 *
 * Promises: what a method says is durable survives `kill -9` and power loss once its promise resolves; `update` loads its facts, folds and
 * commits as one unit, alone on the keys it names; reads see every commit that was acknowledged before they began.
 * When the engine fails, every method throws or rejects with `StoreUnavailable` and nothing was half done.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, Block, Moment } from './address-record.ts'
import type { AuditEntry } from './audit-record.ts'
import type { ChangePage } from './change-records.ts'
import type { Delivery, EndpointStop } from './delivery-records.ts'
import type { AuditFilter, BlacklistFilter, BounceFilter, DeliveryFilter, IncidentFilter, MessageFilter, OutboxFilter } from './filters.ts'
import type { Forgettable } from './forgetting.ts'
import type { Message, MessageOutcome } from './message-records.ts'
import type { OutboxItem } from './outbox-record.ts'
import type { Page, PageRequest } from './page.ts'
import type { Bounce, MailboxPosition, StoredReport } from './return-records.ts'
import type { SnapshotEntry } from './snapshot.ts'
import type { Incident } from './surge-records.ts'
import type { FailingDomain, ListRecord, TalliedStep, Tally, TallyRequest } from './tally.ts'
import type { Changes, Facts, FactsRequest } from './update.ts'

/** How much the store keeps; `blacklisted` counts blocks in force, `outbox` mails that wait to be sent, `deadLetters` those given up. */
export type StoreCounts = {
  readonly blacklisted: number
  readonly messages: number
  readonly bounces: number
  readonly pendingReports: number
  readonly outbox: number
  readonly deadLetters: number
  /** Webhooks that wait to be delivered. */
  readonly webhooks: number
}

/** What an erasure did: how many of each, and the key that the address has in lists from now on. */
export type Erased = {
  readonly key: AddressKey
  readonly messages: number
  readonly bounces: number
  readonly reports: number
  readonly audit: number
  readonly changes: number
  readonly webhooks: number
  /** A block holds on. */
  readonly blocked: boolean
}

export type Store = {
  /** `level` or `postgres`. */
  readonly kind: string

  /** The blocks in force of these keys, in their order; the same tick where the engine can. Expired blocks are not given. */
  lookup(keys: readonly AddressKey[], now: number): readonly (Block | null)[] | Promise<readonly (Block | null)[]>

  /**
   * Journals a mail, `seq` given by the store, durable; with it one `relay` Bounce for each recipient that we refused. A mail whose id is
   * known already (a return path of ours came back) gets these recipients added and stays as it was otherwise. `tally` is counted with it.
   */
  appendMessage(message: Omit<Message, 'seq' | 'outcome'>, refusals: readonly Bounce[], tally?: Tally): Promise<Message>
  /**
   * Adds the final outcome; ordered before every later write, durable with the next durable one or soon after, seen by every read at once.
   * Kept for later while the engine is unavailable. `tally` is counted with it, once. @throws {StoreUnavailable} the store is closed.
   */
  settleMessage(id: string, outcome: MessageOutcome, tally?: Tally): void
  message(id: string): Promise<Message | null>
  /** Newest first. */
  messages(filter: MessageFilter, page: PageRequest): Promise<Page<Message>>

  /** Stores a report and its bytes as pending, durable. false: one with its id was stored before, and nothing was changed. */
  acceptReport(report: StoredReport, raw: Buffer): Promise<boolean>
  report(id: string): Promise<StoredReport | null>
  rawReport(id: string): Promise<Buffer | null>
  /** Reports not judged yet, oldest first. */
  pendingReports(limit: number): Promise<readonly StoredReport[]>
  /** All reports that a token has brought, oldest first: as many as its budget allows. */
  reportsOf(messageId: string): Promise<readonly StoredReport[]>
  /** Reports and octets that a token has brought so far. */
  tokenUse(messageId: string): Promise<{ readonly reports: number; readonly octets: number }>

  /**
   * Loads facts under the locks of the keys, folds, commits the changes as one unit, durable. The fold must be pure: it may run again.
   * Expired blocks stand in the facts as null.
   */
  update<R>(request: FactsRequest, fold: (facts: Facts) => { readonly changes: Changes; readonly result: R }): Promise<R>

  /** An expired block is given as null. */
  address(key: AddressKey): Promise<AddressRecord | null>
  /** When upstream accepted the latest mail for this key, at `before` or earlier: the number of that mail, the time of the acceptance. */
  lastAccepted(key: AddressKey, before: number): Promise<Moment | null>
  /** The blocks in force, newest first. */
  blacklist(filter: BlacklistFilter, page: PageRequest): Promise<Page<Block>>
  /** Number of blocks in force. */
  blacklistedCount(): Promise<number>
  /** What is kept, kept up to date by every commit. */
  counts(): Promise<StoreCounts>
  bounce(id: string): Promise<Bounce | null>
  /** All returns of one mail, in the order of their ids. */
  bouncesOf(messageId: string): Promise<readonly Bounce[]>
  /** Newest first. */
  bounces(filter: BounceFilter, page: PageRequest): Promise<Page<Bounce>>

  incident(id: string): Promise<Incident | null>
  /** Newest first. */
  incidents(filter: IncidentFilter, page: PageRequest): Promise<Page<Incident>>
  /** The returns that an incident or a revert lists, by id, newest mail first. Those that are forgotten are left out. */
  members(group: string, page: PageRequest): Promise<Page<Bounce>>
  /** Addresses without a block that have had 5 soft returns on 5 days (`isSuspect`), the latest return first. */
  suspects(page: PageRequest): Promise<Page<AddressRecord>>

  /** Mails that wait and are due, oldest first. */
  dueOutbox(now: number, limit: number): Promise<readonly OutboxItem[]>
  /** Sent (or owed no more), else replaced: rescheduled, given up, asked for again; durable. Nothing happens to a mail that is not owed. */
  settleOutbox(item: OutboxItem, sent: boolean): Promise<void>
  outboxItem(id: string): Promise<OutboxItem | null>
  /** Newest first: by the time it became a dead letter when only those are asked for, else by its report's. */
  outbox(filter: OutboxFilter, page: PageRequest): Promise<Page<OutboxItem>>

  /**
   * Changes of the feed with numbers above `after`, ascending. Numbers follow the order of the commits without gaps: whoever has read up to a number
   * has missed nothing below it.
   */
  changes(request: { readonly after: number; readonly limit: number }): Promise<ChangePage>

  /** Webhooks of an endpoint that wait and are due, oldest first. What is owed, or changes, is written by `update`. */
  dueDeliveries(endpoint: string, now: number, limit: number): Promise<readonly Delivery[]>
  delivery(endpoint: string, id: string): Promise<Delivery | null>
  /** Newest event first. */
  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<Delivery>>
  /** Why an endpoint wants nothing more; null: it does. */
  endpointStop(endpoint: string): Promise<EndpointStop | null>

  /** Newest first. */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>

  /** Lists and campaigns, the one whose first mail was latest first. */
  lists(page: PageRequest): Promise<Page<ListRecord>>
  /** `null`: what is counted under no list; a list that nothing is known of is given as null. */
  list(list: string | null): Promise<ListRecord | null>
  /** Steps in which something was counted, in no order. */
  tallies(request: TallyRequest): Promise<readonly TalliedStep[]>
  /** The domains with the most returns in these days (UTC, from the day of `since` on), most first. */
  failingDomains(since: number, until: number, limit: number): Promise<readonly FailingDomain[]>

  /**
   * Says whether this node is the one that does some work that nodes take in turns, such as a round of the surge guard. It stays the one until it
   * closes, or dies.
   */
  claim(work: string): Promise<boolean>
  /**
   * Forgets records of a kind that are older than `before`, the oldest first, durable; gives how many rows were dealt with, at most about ten times `limit`.
   * 0: nothing is left to do now. What waits (to be judged, sent, delivered) and what is in force is never forgotten.
   */
  forget(kind: Forgettable, before: number, limit: number): Promise<number>
  /** Addresses whose block has ended and still stands in the lists, the oldest end first; an update of theirs takes it away. */
  expiredBlocks(now: number, limit: number): Promise<readonly AddressKey[]>
  /** Judged reports with ids above `after`, ascending, that are owed to nobody and whose octets are whole. */
  wholeReports(after: string, limit: number): Promise<readonly StoredReport[]>
  /** Replaces the octets of a report by what is kept of them, durable. */
  trimReport(id: string, kept: Buffer): Promise<void>
  /**
   * Takes an address out of all records, durable: its mails, returns, audit and changes stand under a keyed hash, reports of its mails lose
   * their octets, what was owed about it is dropped. A block in force holds, and is found by the address, but does not show it. Can be repeated.
   * `busy`: returns of its mails wait to be judged; nothing was done.
   */
  erase(key: AddressKey): Promise<Erased | 'busy'>

  /**
   * Everything that was acknowledged before it resolves and nothing later, in the order of the keys, for a backup; null: the engine has its own tools
   * for that. @throws {StoreUnavailable} while it is read, too: what was given is not the whole.
   */
  readonly snapshot: (() => Promise<AsyncIterable<readonly SnapshotEntry[]>>) | null

  /** How far a mailbox has been read; null: not yet. `mailbox` is any text that names it. */
  mailboxPosition(mailbox: string): Promise<MailboxPosition | null>
  /** Durable when it resolves. */
  keepMailboxPosition(mailbox: string, position: MailboxPosition): Promise<void>

  /** Resolves when the engine answers a read and a durable write. */
  check(): Promise<void>
  /** Waits for writes under way and closes; later calls fail. */
  close(): Promise<void>
}
