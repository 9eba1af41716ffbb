/**
 * What a way of reading finds in a notice, before the mail's own fields are added.
 *
 * Pure.
 */
import type { Action, Report, ReportedRecipient, ReportKind } from './report.ts'

export type ReportFound = Pick<Report, 'kind' | 'recipients'> &
  Partial<Pick<Report, 'reportingMta' | 'originalEnvelopeId' | 'originalMessageId'>>

/** Makes what is found of recipients: its kind follows from their actions, and no recipient stands there twice. */
export function foundOf(recipients: readonly ReportedRecipient[], more: Omit<ReportFound, 'kind' | 'recipients'> = {}): ReportFound {
  return { kind: kindOf(recipients), recipients: withoutTwins(recipients), ...more }
}

/** A mail that reports on nobody. */
export function nobody(kind: ReportKind): ReportFound {
  return { kind, recipients: [] }
}

/** A recipient of whom nothing but the address and what became of the mail is known. */
export function bareRecipient(address: string | null, action: Action): ReportedRecipient {
  return { address, originalAddress: null, action, status: null, replyCode: null, diagnostic: null, remoteMta: null }
}

function kindOf(recipients: readonly ReportedRecipient[]): ReportKind {
  if (recipients.some(one => one.action === 'failed')) return 'bounce'
  return recipients.some(one => one.action === 'delayed') ? 'delay' : 'success'
}

/** One entry for each recipient and action: reports repeat themselves. */
function withoutTwins(recipients: readonly ReportedRecipient[]): readonly ReportedRecipient[] {
  const seen = new Set<string>()
  return recipients.filter(one => {
    const key = `${one.address?.toLowerCase()} ${one.originalAddress?.toLowerCase() ?? ''} ${one.action}`
    return !seen.has(key) && seen.add(key)
  })
}
