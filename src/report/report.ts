/**
 * A report is any mail that came to one of our return paths, as values.
 *
 * Pure.
 */

/** What a mail to a return path is. Only failed recipients of a `bounce` can count against an address. */
export type ReportKind = 'bounce' | 'delay' | 'success' | 'auto_reply' | 'complaint' | 'mdn' | 'challenge' | 'other'

/** RFC 3464 §2.3.3. */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** One recipient the report speaks of. Every text is decoded, without control characters, and cut to 2,000 characters. */
export type ReportedRecipient = {
  /** The address as the report names it (Final-Recipient, or what the text says), `<>` and address type removed; null when it names none. */
  readonly address: string | null
  /** The name as the report gave it, when it gave no domain and `address` was completed by a guess (the reporting host's domain). */
  readonly localName?: string
  /** Original-Recipient, when the report has it. */
  readonly originalAddress: string | null
  readonly action: Action
  /** Status of the report's own fields, for example `5.1.1`, else the one found in the diagnostic. */
  readonly status: string | null
  /** The SMTP code in the diagnostic, for example 550. */
  readonly replyCode: number | null
  /** The remote server's words on one line, lines of a multi-line reply joined by one LF. */
  readonly diagnostic: string | null
  /** Remote-MTA, or the host that the diagnostic names. */
  readonly remoteMta: string | null
}

/** Why a mail could not be read: the parser took too long, too much memory, or died. The mail itself stays stored. */
export type ReportProblem = 'time-limit' | 'memory-limit' | 'parser-failed'

export type Report = {
  readonly kind: ReportKind
  /** Every recipient the mail reports on; empty for `auto_reply`, `mdn`, `challenge` and `other`. */
  readonly recipients: readonly ReportedRecipient[]
  /** Reporting-MTA, or the host the report came from by its own words. */
  readonly reportingMta: string | null
  /** RFC 3464 §2.2.1: the ENVID of the mail that failed. */
  readonly originalEnvelopeId: string | null
  /** Message-ID of the mail that is returned, from its enclosed headers. */
  readonly originalMessageId: string | null
  /** Header From, Subject and Message-ID of the report itself, decoded. */
  readonly from: string | null
  readonly subject: string | null
  readonly messageId: string | null
  /** Present on a report of kind `other` that was not read; absent: it was. */
  readonly problem?: ReportProblem
}

/** What stands for a mail that could not be read: it says nothing about anybody. */
export const unreadableReport: Report = {
  kind: 'other',
  recipients: [],
  reportingMta: null,
  originalEnvelopeId: null,
  originalMessageId: null,
  from: null,
  subject: null,
  messageId: null,
}
