/**
 * Notices in words alone: of the many servers that follow no standard.
 *
 * Pure.
 */
import { isAutoReply } from './auto-reply.ts'
import { namedRecipients, tells, unnamedRecipient, wordsOf } from './named-recipients.ts'
import type { Notice } from './notice.ts'
import { greets, isFailureNotice, saysDelayed, saysDelivered } from './notice-signs.ts'
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
  if (named.length === 0 && (isScannerWarning(notice) || isOwnQuota(notice))) return null
  const wrapped = named.length === 0 ? wrappedReport(notice) : null
  if (wrapped) return wrapped
  if (isBait(named, notice)) return null
  const action = saysDelayed(notice) ? 'delayed' : 'failed'
  return foundOf((named.length > 0 ? named : [unnamedRecipient(notice)]).map(one => reported(one, action, notice)))
}

/**
 * "Dear news@example.com, your mailbox is full: click here": a greeting or a link, no mail returned, no reply quoted, and nobody named but
 * whom it was sent to. People are hooked so, and no mail system speaks so.
 */
function isBait(named: readonly NamedRecipient[], notice: Notice): boolean {
  const { mail, original, parties, words } = notice
  if (original !== null || mail.header.first('x-failed-recipients') !== null) return false
  const head = words.slice(0, 4_000)
  if (tells(head) || !(/https?:\/\//i.test(head) || greets(notice))) return false
  return named.every(one => one.address !== null && parties.has(one.address.toLowerCase()))
}

/** A scanner tells that it found a virus: it names nobody, encloses nothing and quotes no reply; the mail may have gone on without the virus. */
function isScannerWarning({ subject, original, words }: Notice): boolean {
  return /\bvirus(?:es)?\b|\binfected\b/i.test(subject) && original === null && !tells(words.slice(0, 4_000))
}

/** "Mailbox almost full", to its owner: it names nobody else. */
function isOwnQuota({ mail, subject, original, words }: Notice): boolean {
  if (original !== null || mail.header.first('x-failed-recipients') !== null || tells(words.slice(0, 4_000))) return false
  return /\b(?:mailbox|inbox|quota|storage)\b|\b(?:boîte|postfach|buzón|casella|caixa)(?![\p{L}])/iu.test(subject)
}

function reported(one: NamedRecipient, action: Action, notice: Notice): ReportedRecipient {
  const words = quotedWords(one.said === '' ? wordsOf(notice) : one.said)
  const { address, originalAddress } = one
  return { address, originalAddress, action: one.action ?? action, ...words, status: one.status ?? words.status }
}
