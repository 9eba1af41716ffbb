/**
 * The journal: mails that passed rebond, or tried to, and what became of each and of its recipients. Times are milliseconds since 1970 (UTC).
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { Reply } from '../smtp/reply.ts'

/** A name and an address as header fields carry them, decoded. */
export type Correspondent = { readonly name: string | null; readonly address: string }

/** What became of one RCPT. `blacklisted`: refused by us; `refused` 5yz and `deferred` 4yz: by upstream (or 4yz by our own trouble). */
export type RcptVerdict = 'relayed' | 'blacklisted' | 'refused' | 'deferred'

export type JournalRecipient = {
  /** As written in RCPT TO, without brackets. */
  readonly address: string
  readonly key: AddressKey
  /** Display name from To or Cc; null for a Bcc or when it has none. */
  readonly name: string | null
  readonly verdict: RcptVerdict
  readonly reply: Reply
}

/** What became of the mail after the dot. `aborted`: the CRM or upstream left, or no DATA followed. */
export type Outcome = 'accepted' | 'refused' | 'deferred' | 'aborted' | 'indeterminate'

export type MessageOutcome = {
  readonly outcome: Outcome
  readonly at: number
  /** Upstream's final reply. */
  readonly reply: Reply | null
  /** Upstream's queue id, read from that reply. */
  readonly upstreamId: string | null
}

/** A mail that passed, or tried to (relay.md, "journal record"). `id` is the token's 16 characters and sorts by time. */
export type Message = {
  readonly id: string
  readonly seq: number
  readonly at: number
  /** The CRM's own reverse-path, without brackets; empty for `<>`. */
  readonly reversePath: string
  readonly recipients: readonly JournalRecipient[]
  /** Header fields; all null when the mail never reached DATA. */
  readonly from: Correspondent | null
  readonly subject: string | null
  readonly template: string | null
  readonly list: string | null
  readonly headerMessageId: string | null
  /** Octets of the message as far as the headers were read, or declared by SIZE; null when not known before the end. */
  readonly size: number | null
  /** null: no final reply yet. */
  readonly outcome: MessageOutcome | null
}
