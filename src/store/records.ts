/**
 * What rebond remembers, as values. doc/adr/0002 lists the keys and indexes; every engine of the Store keeps these records.
 *
 * Times are milliseconds since 1970 (UTC) and serve display, expiry and retention only. What came after what is decided by sequence
 * numbers, all taken from one sequence of the store: messages, unblocks, blocks by hand and hard returns.
 * Pure.
 */
import type { BounceType, Category, Confirm, Fault } from '../classify/verdict.ts'
import type { Action, ReportKind } from '../report/report.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Reply } from '../smtp/reply.ts'

/** A moment in the store's one order. */
export type Moment = { readonly seq: number; readonly at: number }

/** A name and an address as header fields carry them, decoded. */
export type Correspondent = { readonly name: string | null; readonly address: string }

/** `manual`: a person blocked it. */
export type BlockCategory = Category | 'manual'

/** A block in force; its presence makes an address blacklisted. */
export type Block = {
  readonly address: string
  readonly since: number
  /** null: until somebody lifts it. */
  readonly until: number | null
  readonly category: BlockCategory
  readonly type: BounceType
  readonly fault: Fault
  readonly rule: string | null
  /** The remote server's words, or the person's reason; cleaned of control characters, at most 500 characters. */
  readonly evidence: string
  readonly bounceId: string | null
  readonly messageId: string | null
  /** Who blocked by hand; null: a return did. */
  readonly by: string | null
}

/** Everything known of one address. The block stands in it too, so that one read under the key's lock gives all facts. */
export type AddressRecord = {
  readonly key: AddressKey
  /** As last written by a CRM or a person. */
  readonly address: string
  readonly block: Block | null
  readonly lastHard: Moment | null
  readonly lastUnblock: (Moment & { readonly by: string | null; readonly why: string }) | null
  /** Last report that mail for it was delivered. */
  readonly lastDelivered: Moment | null
  /** Hard returns that wait for their rule's `confirm`. */
  readonly awaiting: readonly { readonly rule: string; readonly messageId: string; readonly at: number }[]
  readonly counts: { readonly hard: number; readonly soft: number; readonly uncounted: number }
  /** Soft returns that may be the address's own fault, oldest first: for `policy` and for the list of suspects. Absent: none. */
  readonly soft?: readonly SoftReturn[]
  /** What made the block what it is, oldest first, at most 50; with `folded` it can be folded again. Absent: nothing since it is kept. */
  readonly events?: readonly AddressEvent[]
  /** What was in force before the oldest of `events`. Absent: nothing was. */
  readonly folded?: AddressState
  /** A hard return that the surge guard holds back. Absent or null: none. */
  readonly held?: Held | null
  /** When it was last counted for the surge guard, and whether as a hard return of an address that was ok. Absent: never. */
  readonly fed?: { readonly at: number; readonly hard: boolean } | null
}

/** What returns and people made of an address. */
export type AddressState = Pick<AddressRecord, 'block' | 'lastHard' | 'lastUnblock'>

/** One step of the way to an address's state. */
export type AddressEvent =
  | {
      readonly kind: 'return'
      readonly seq: number
      readonly at: number
      readonly bounceId: string
      readonly block: Block
      /** The revert that voided it; null: it stands. */
      readonly void: string | null
    }
  | { readonly kind: 'block'; readonly seq: number; readonly at: number; readonly block: Block }
  | { readonly kind: 'unblock'; readonly seq: number; readonly at: number; readonly by: string | null; readonly why: string }

export type SoftReturn = { readonly category: Category; readonly rule: string; readonly messageId: string; readonly at: number }

/** Soft returns, and different days (UTC) of them, that make an address a suspect. */
const suspectReturns = 5
const dayMs = 86_400_000

/** Says whether an address is worth a look: its mail has come back soft again and again, and it is not blacklisted. */
export function isSuspect({ block, soft = [] }: Pick<AddressRecord, 'block' | 'soft'>): boolean {
  const since = (soft.at(-1)?.at ?? 0) - 30 * dayMs
  const lately = soft.filter(({ at, category }) => at > since && category !== 'recipient_policy')
  return block === null && lately.length >= suspectReturns && new Set(lately.map(({ at }) => Math.floor(at / dayMs))).size >= suspectReturns
}

/** Where a held return is listed, and what it would have done. */
export type Held = { readonly incident: string; readonly bounceId: string; readonly messageId: string; readonly at: number }

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
 * its Message-ID, or the id that upstream gave it, which anybody may write.
 */
export type FoundBy = 'envelope-id' | 'message-id' | 'upstream-id'

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

/** A mail we owe: a report that is to be forwarded to the original sender. */
export type OutboxItem = {
  readonly id: string
  readonly reportId: string
  readonly to: string
  /** When it became owed, or was last asked for again: its age counts from here. */
  readonly since: number
  readonly dueAt: number
  readonly attempts: number
  /** The server's words, or ours; cleaned of control characters. */
  readonly lastError: string | null
  /** A try began whose end is not known: the mail may have arrived already. */
  readonly inDoubt: boolean
  /** When it was given up: a dead letter, kept to be seen, and sent when somebody asks for it; null: it is waiting. */
  readonly deadAt: number | null
}

export const outboxStates = ['waiting', 'dead'] as const

export type OutboxState = (typeof outboxStates)[number]

/** Says whether a mail that we owe is waiting to be sent or was given up. */
export function outboxState({ deadAt }: OutboxItem): OutboxState {
  return deadAt === null ? 'waiting' : 'dead'
}

/** What can be done. `confirm`, `release`: of a return, or of an incident with all it holds; `close`: an incident ended by itself; `disable`, `enable`, `replay`: of a webhook endpoint. */
export const auditOps = [
  'block',
  'unblock',
  'confirm',
  'dismiss',
  'release',
  'close',
  'revert',
  'retry',
  'disable',
  'enable',
  'replay',
  'import',
  'erase',
  'rejudge',
] as const

export type AuditOp = (typeof auditOps)[number]

/** `hand`: a person or a key; `return`: a returned mail or reply; `rebond`: rebond itself, as time went by. */
export const auditActors = ['hand', 'return', 'rebond'] as const

export type AuditActor = (typeof auditActors)[number]

/** Who did what, append-only. */
export type AuditEntry = {
  readonly at: number
  readonly op: AuditOp
  readonly actor: AuditActor
  readonly by: string | null
  /** The address it was done to; null: it was done to something else, which `subject` names. */
  readonly key: AddressKey | null
  /** Such as `incident 06g…`, `mail 06g…`, `webhook crm`. Absent: the address is all. */
  readonly subject?: string
  readonly why: string
}
