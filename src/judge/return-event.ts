/**
 * What is judged: one recipient of one report, or one 5yz of upstream's to RCPT.
 *
 * Pure.
 */
import type { Verdict } from '../classify/verdict.ts'
import type { Action, ReportKind } from '../report/report.ts'
import type { Message } from '../store/message-records.ts'
import type { FoundBy, Grade } from '../store/return-records.ts'
import { passedRecipients, type RecipientMatch } from './recipient-match.ts'

export type ReturnEvent = {
  readonly source: 'dsn' | 'reply'
  readonly kind: ReportKind
  readonly action: Action
  readonly receivedAt: number
  /** null for a reply. */
  readonly reportId: string | null
  /** The id in the token. */
  readonly messageId: string
  /** null: not in the journal. */
  readonly message: Message | null
  readonly match: RecipientMatch
  readonly grade: Grade
  readonly verdict: Verdict
  /** The remote server's words, as they came. */
  readonly evidence: string
  readonly status: string | null
  readonly replyCode: number | null
  readonly remoteMta: string | null
  readonly reportingMta: string | null
}

/**
 * How far a report proves itself. Every recipient of a mail finds its token in Return-Path, so that only a report from a trusted reporter, or
 * about a mail that one recipient alone has seen, says more than that somebody wrote it. A Message-ID (`by`) says less than a token: whoever was
 * sent the mail on has it too, and a CRM's may be guessed. Of a provider that has proven itself it says all: the mail went through its hands.
 */
export function gradeOf(fromReporter: boolean, message: Pick<Message, 'recipients'> | null, by: FoundBy | null = null): Grade {
  if (by === 'message-id' || by === 'upstream-id') return 'claimed'
  if (fromReporter) return 'proven'
  return message !== null && passedRecipients(message).length === 1 ? 'single' : 'claimed'
}
