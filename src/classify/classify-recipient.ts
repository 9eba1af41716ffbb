/**
 * The verdict on one recipient of a report: its diagnostic, then its status (bounces.md, "Fault before type").
 *
 * Pure.
 */
import type { Report, ReportedRecipient } from '../report/report.ts'
import { parseEnhancedStatus } from '../smtp/reply.ts'
import { decide, type ReplyContext, softened } from './classify-reply.ts'
import type { RuleSet } from './compile-rules.ts'
import { readEvidence } from './evidence.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export type RecipientContext = { readonly ours?: readonly string[]; readonly rules?: RuleSet }

/** Postfix and Exim say which command the quoted reply answered. */
const afterTheDot = /in reply to end of data command|after end of data|after pipelined end of data/i

/** Gives the verdict on a failed or delayed recipient. A delayed one is never hard. Never throws. */
export function classifyRecipient(recipient: ReportedRecipient, report: Report, context: RecipientContext = {}): Verdict {
  const diagnostic = recipient.diagnostic ?? ''
  const evidence = readEvidence(diagnostic, {
    phase: 'report',
    host: recipient.remoteMta ?? report.reportingMta,
    reportStatus: recipient.status === null ? null : parseEnhancedStatus(recipient.status),
  })
  const full: ReplyContext = { ...context, recipient: recipient.originalAddress ?? recipient.address }
  const verdict = decide(
    recipient.replyCode === null || evidence.code !== null ? evidence : { ...evidence, code: recipient.replyCode },
    full,
  )
  if (recipient.action === 'delayed') return delayed(verdict)
  // A name server that failed for days is not a domain that is gone: only words with a 5yz or a 5.x.x say so.
  const transient = evidence.code === null && (evidence.status ?? evidence.reportStatus)?.class === 4
  if (transient && (verdict.category === 'invalid_domain' || verdict.category === 'no_mail_domain')) return softened(verdict, 'temporary')
  if (verdict.type !== 'hard' || !afterTheDot.test(diagnostic) || failedCount(report) <= 1) return verdict
  // One reply to the dot was copied to every recipient: it speaks of this one only if it names it.
  const named = evidence.addresses.some(address => address === recipient.address?.toLowerCase())
  return named ? verdict : softened(verdict, 'unclassified')
}

/** The counterpart of a verdict while the sending server still tries. */
function delayed(verdict: Verdict): Verdict {
  if (verdict.type === 'hard') return softened(verdict, verdict.category === 'invalid_domain' ? 'no_answer' : 'temporary')
  return verdict.category === 'unclassified' ? verdictOf('temporary', verdict.rule) : verdict
}

function failedCount(report: Report): number {
  return report.recipients.filter(one => one.action === 'failed').length
}
