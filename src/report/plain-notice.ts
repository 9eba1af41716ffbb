/**
 * Notices in words alone: of the many servers that follow no standard.
 *
 * Pure.
 */
import { isAutoReply } from './auto-reply.ts'
import { namedRecipients, unnamedRecipient, wordsOf } from './named-recipients.ts'
import type { Notice } from './notice.ts'
import { isFailureNotice, saysDelayed, saysDelivered } from './notice-signs.ts'
import { quotedWords } from './quoted-words.ts'
import type { NamedRecipient } from './readers/reader.ts'
import type { Action, ReportedRecipient } from './report.ts'
import { bareRecipient, foundOf, type ReportFound } from './report-found.ts'
import { wrappedReport } from './standard-report.ts'

/** Reads a notice of failure, delay or success; null when the mail is none. */
export function plainNotice(notice: Notice): ReportFound | null {
  if (saysDelivered(notice)) return foundOf(namedRecipients(notice).map(one => bareRecipient(one.address, 'delivered')))
  if (!isFailureNotice(notice)) return null
  // A vacation may go out in the postmaster's name. Exim and others mark their returns auto-replied: that alone says nothing.
  const marked = /^\s*auto-replied/i.test(notice.mail.header.first('auto-submitted') ?? '')
  if (!marked && isAutoReply(notice)) return null
  const named = namedRecipients(notice)
  const wrapped = named.length === 0 ? wrappedReport(notice) : null
  if (wrapped) return wrapped
  const action = saysDelayed(notice) ? 'delayed' : 'failed'
  return foundOf((named.length > 0 ? named : [unnamedRecipient(notice)]).map(one => reported(one, action, notice)))
}

function reported(one: NamedRecipient, action: Action, notice: Notice): ReportedRecipient {
  const words = quotedWords(one.said === '' ? wordsOf(notice) : one.said)
  const { address, originalAddress } = one
  return { address, originalAddress, action: one.action ?? action, ...words, status: one.status ?? words.status }
}
