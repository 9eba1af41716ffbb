/**
 * A mail → a report: what it is, and of whom it speaks (doc/data-path.md, "A return").
 *
 * The kinds are asked in an order in which none can pass for another: a challenge dressed as a return is asked before returns, a vacation after.
 * Pure.
 */
import { isAutoReply, isChallenge } from './auto-reply.ts'
import { complainers } from './complaint.ts'
import { decodeHeaderText } from './encoded-words.ts'
import type { Mail } from './mail.ts'
import { type Notice, noticeOf } from './notice.ts'
import { isSystemSender } from './notice-signs.ts'
import { plainNotice } from './plain-notice.ts'
import { readSesNotification } from './readers/ses-json.ts'
import type { Report } from './report.ts'
import { bareRecipient, nobody, type ReportFound } from './report-found.ts'
import { sieveRefusal, standardReport } from './standard-report.ts'

const maxFieldLength = 2_000
const reporter =
  /\b(?:program at(?: host)?|mail system at host|generating server:|bronserver:|generierender server:|serveur de génération ?:|servidor (?:de origen|generador|de generación):|server di generazione:|queue on|message from|notification from) ([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})/i

/** Reads the report in a mail. Never throws, whatever the mail holds. */
export function readReport(mail: Mail): Report {
  const notice = noticeOf(mail)
  const found = find(notice)
  return {
    kind: found.kind,
    recipients: found.recipients,
    reportingMta: found.reportingMta ?? reporterOf(notice),
    originalEnvelopeId: found.originalEnvelopeId ?? null,
    originalMessageId: found.originalMessageId ?? messageId(notice.original?.first('message-id') ?? null),
    from: text(mail.header.first('from')),
    subject: text(mail.header.first('subject')),
    messageId: messageId(mail.header.first('message-id')),
  }
}

function find(notice: Notice): ReportFound {
  const complaining = complainers(notice)
  if (complaining) return { kind: 'complaint', recipients: complaining.map(address => bareRecipient(address, 'delivered')) }
  const refusal = sieveRefusal(notice)
  if (refusal) return refusal
  if (isDisposition(notice)) return nobody('mdn')
  if (isStatistics(notice)) return nobody('other')
  const ses = readSesNotification(notice.text)
  if (ses) return ses
  if (isChallenge(notice)) return nobody('challenge')
  return standardReport(notice) ?? plainNotice(notice) ?? nobody(isAutoReply(notice) ? 'auto_reply' : 'other')
}

/** RFC 8098. */
function isDisposition({ mail }: Notice): boolean {
  return mail.reportType === 'disposition-notification' || mail.parts.some(part => part.type === 'message/disposition-notification')
}

/** Reports about many mails: DMARC (RFC 7489 §7.2.1.1) and SMTP TLS (RFC 8460 §5). */
function isStatistics({ mail, subject }: Notice): boolean {
  if (mail.reportType === 'tlsrpt' || /^\s*(?:\[\w{1,40}\] )?report[ -]domain:/i.test(subject)) return true
  return mail.parts.some(part => part.type.startsWith('application/tlsrpt'))
}

/** The host that a notice says it comes from, else the domain of its sender when that is a mail system. */
function reporterOf(notice: Notice): string | null {
  const said = reporter.exec(notice.words.slice(0, 6_000))?.[1]
  if (said) return said
  const domain = notice.from.slice(notice.from.lastIndexOf('@') + 1)
  return isSystemSender(notice) && domain.includes('.') ? domain : null
}

function text(value: string | null): string | null {
  return value === null ? null : decodeHeaderText(value.slice(0, 4 * maxFieldLength)).slice(0, maxFieldLength) || null
}

function messageId(value: string | null): string | null {
  if (value === null) return null
  return /<[^<>]{1,900}>/.exec(value.slice(0, 1_000))?.[0] ?? (value.trim().slice(0, 900) || null)
}
