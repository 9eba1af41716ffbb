/**
 * The reason of an audit entry in its reader's language: what rebond said is translated, what a person typed stands as it was typed.
 *
 * Pure.
 */
import { type AuditCause, type AuditReason, readAuditWords } from '../../judge/audit-words.ts'
import type { AuditEntry } from '../../store/audit-record.ts'
import { html, type Value } from '../html.ts'
import { returnPath } from './parts.ts'
import type { View } from './view.ts'

/** Makes the words of an entry. */
export function auditWhy(view: View, entry: AuditEntry): Value {
  const { cause, reason } = readAuditWords(entry)
  if (cause === null) return reason && reasonWords(view, reason)
  return html`${causeWords(view, cause)}${reason && html`${view.words.audit.because}${reasonWords(view, reason)}`}`
}

/** Makes the words of a reason that stands alone. */
export function reasonWords({ words }: View, reason: AuditReason): string {
  if (reason.kind === 'typed') return reason.text
  return reason.kind === 'none' ? words.audit.noReason : words.audit.ours[reason.name]
}

function causeWords({ words }: View, cause: AuditCause): Value {
  const { audit } = words
  if (cause.kind === 'revert') return html`${audit.revert} <code>${cause.group}</code>`
  const rule = cause.rule !== null && html`, ${audit.rule} <code>${cause.rule}</code>`
  const now = cause.ruleNow !== null && html`, ${audit.ruleNow} <code>${cause.ruleNow}</code>`
  return html`<a href="${returnPath(cause.bounceId)}">${audit.theReturn}</a>${rule}${now}`
}
