/**
 * Returned mail: the reports as they were taken in, the returns that were read from them, and how far a mailbox of them has been read. Times are
 * milliseconds since 1970 (UTC).
 * Pure.
 */
import type { BounceType, Category, Confirm, Fault } from '../classify/verdict.ts'
import type { Action, ReportKind } from '../report/report.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Message } from './message-records.ts'

/** How far a report proves itself (bounces.md, "Judgement"). */
export type Grade = 'proven' | 'single' | 'claimed'

/** Why a return counted, or did not. `blacklisted` and `confirmed` count. What a person decided (`confirmed`, `dismissed`, `released`, `reverted`) stays. */
export const whys = [
  'blacklisted', // counted: the address was blacklisted by it, or was already and it confirms the block
  'unknown-message',
  'not-a-recipient',
  'via-forward',
  'origin-unproven',
  'unblocked-by-hand',
  'soft',
  'awaiting-confirmation',
  'sent-before-unblock',
  'duplicate',
  'never-list',
  'too-late',
  'resolver-suspect',
  'held',
  'observed',
  'confirmed', // counted: a person said so
  'dismissed', // a person said that it must not count
  'released', // was held, and mail was accepted since, or the incident was released
  'reverted', // counted once, and was undone
  'not-a-failure', // delivered, delayed: recorded, nothing to judge
  'refused-by-us', // not a return: our own refusal of a blacklisted recipient, shown beside them
] as const

export type Why = (typeof whys)[number]

/** One recipient of one report, or one 5yz of upstream's to RCPT. */
export type Bounce = {
  /** Message id + `-` + hash of (address key, action): the same return by two paths is one record. */
  readonly id: string
  readonly receivedAt: number
  /** `dsn`: a report by mail; `reply`: upstream's reply in our own session; `relay`: our refusal. */
  readonly source: 'dsn' | 'reply' | 'relay'
  readonly kind: ReportKind
  readonly action: Action
  /** The report it came in; null for a reply. */
  readonly reportId: string | null
  /** null: the token's message is not in the journal. */
  readonly messageId: string | null
  readonly address: string
  readonly key: AddressKey
  readonly category: Category
  readonly fault: Fault
  readonly type: BounceType
  readonly rule: string
  readonly confirm: Confirm | null
  /** The remote server's words, cleaned, at most 500 characters. */
  readonly evidence: string
  readonly status: string | null
  readonly replyCode: number | null
  readonly remoteMta: string | null
  readonly reportingMta: string | null
  readonly grade: Grade
  readonly counted: boolean
  readonly why: Why
  /** It says that a domain is dead, and the domain was ok before. Absent: no, or not known. */
  readonly domainLived?: boolean
  /** Copied from the journal, which is forgotten earlier; null when not known yet (a reply to RCPT comes before the header). */
  readonly mail: BouncedMail | null
}

/** What the view of returned mail shows of the mail that came back. */
export type BouncedMail = Pick<Message, 'from' | 'subject' | 'template' | 'list' | 'headerMessageId'> & {
  readonly recipientName: string | null
  readonly sentAt: number
}

/** Where the message id of a report stands for mail to postmaster@; no token has this id. */
export const postmaster = 'postmaster'

/**
 * How the message of a report was found where no token in the address it came to says it: by its envelope id, which carries our signature; by
 * its Message-ID, or the id that upstream gave it, which anybody may write; by what a mail provider, who has proven itself, says of it.
 */
export type FoundBy = 'envelope-id' | 'message-id' | 'upstream-id' | 'provider'

/** A mail that reached a valid token, stored before it was answered 250; its bytes are kept beside it. */
export type StoredReport = {
  readonly id: string
  /** The message id in the token, or `postmaster`; the report's own id: it came to no token. */
  readonly messageId: string
  readonly receivedAt: number
  /** Its envelope sender, empty for `<>`. */
  readonly sender: string
  readonly client: { readonly address: string; readonly host: string | null }
  /** It came from one of `bounce.reporters`. */
  readonly fromReporter: boolean
  readonly size: number
  /** Its MAIL said SMTPUTF8 (RFC 6531): it must be passed on so too. Absent: it did not. */
  readonly smtpUtf8?: boolean
  /** How its message was found when it was stored. Absent: by the token it came to, if at all. */
  readonly foundBy?: FoundBy
  /** How it came, when not by SMTP: `api`, or the provider that told it. Absent: by SMTP. */
  readonly via?: string
  /** The provider's id of the event that it tells. Absent: it came as mail. */
  readonly eventId?: string
  /** Of its octets only what retention keeps is left. Absent: they are whole, or gone. */
  readonly trimmed?: boolean
  /** Filled in when it has been judged. */
  readonly judged: {
    readonly at: number
    readonly kind: ReportKind
    readonly bounceIds: readonly string[]
    readonly problem: string | null
  } | null
}

/** How far a mailbox has been read (RFC 9051 §2.3.1.1): the uids of another `uidValidity` say nothing. */
export type MailboxPosition = { readonly uidValidity: string; readonly lastUid: number }
