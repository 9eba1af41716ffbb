/**
 * Standard reports of delivery: RFC 3464 and RFC 6533, also where a server put the parts into another multipart than it should, and the
 * refusals of Sieve (RFC 5429 §2.1.2).
 *
 * The fields say who and what; where they leave out why, the words of the same report are asked.
 * Pure.
 */
import { type DeliveryStatus, parseDeliveryStatus } from './delivery-status.ts'
import { saysLittle } from './diagnostic.ts'
import { readMail } from './mail.ts'
import { namedRecipients, tells, wordsOf } from './named-recipients.ts'
import { type Notice, noticeOf } from './notice.ts'
import { isAnswer, isFailureNotice, isSystemSender, saysDelayed } from './notice-signs.ts'
import { quotedWords } from './quoted-words.ts'
import { fieldsInText, withoutFields } from './readers/fields-in-text.ts'
import { completeLocal } from './readers/local-names.ts'
import type { NamedRecipient } from './readers/reader.ts'
import type { ReportedRecipient } from './report.ts'
import { bareRecipient, foundOf, type ReportFound } from './report-found.ts'

/** OpenSMTPD 6.8 calls a mail "delayed" that it takes out of its queue because its time is over. */
const gaveUp = /^\S{1,320}: Envelope expired$/m
const statusPart = /^message\/(?:global-)?delivery-status$/

/** Reads the delivery status of a notice; null when it has none, or a person sent it on. */
export function standardReport(notice: Notice): ReportFound | null {
  const { mail } = notice
  if (mail.reportType !== 'delivery-status' && isAnswer(notice)) return null
  const statuses = mail.parts.filter(part => statusPart.test(part.type)).map(part => parseDeliveryStatus(part.text))
  const [first] = statuses
  const read = statuses.flatMap(status => status.recipients)
  if (read.every(one => one.address === null)) {
    const system = isSystemSender(notice) || mail.reportType === 'delivery-status' || isFailureNotice(notice)
    const stray = system ? fieldsInText(notice, !mail.sound || statuses.length > 0) : null
    if (stray) return complete(stray.recipients, stray, withoutFields(notice))
  }
  return first && read.length > 0 ? complete(read, first, notice) : null
}

/** Reads a report that a gateway put into a notice of its own; null when none is enclosed. */
export function wrappedReport(notice: Notice): ReportFound | null {
  const enclosed = notice.mail.parts.find(part => part.type === 'message/rfc822')
  const found = enclosed ? standardReport(noticeOf(readMail(Buffer.from(enclosed.text, 'utf8')))) : null
  if (found) return found
  const stray = fieldsInText(notice, true)
  return stray ? complete(stray.recipients, stray, withoutFields(notice)) : null
}

/** Reads the refusal of a recipient's own filter, which comes as a disposition notification; null when the mail is none. */
export function sieveRefusal(notice: Notice): ReportFound | null {
  const part = notice.mail.parts.find(one => one.type === 'message/disposition-notification')
  if (!part || !/^\s{0,8}disposition:\s{0,8}automatic-action\/[^\n;]{0,80};\s{0,8}(?:deleted|failed|denied)/im.test(part.text)) return null
  if (!/\b(?:rejected|refused)\b/i.test(notice.words.slice(0, 1_000))) return null
  const [one] = parseDeliveryStatus(part.text).recipients
  const recipient = { ...bareRecipient(one?.address ?? null, 'failed'), originalAddress: one?.originalAddress ?? null }
  return foundOf([withWords(recipient, wordsOf(notice))])
}

function complete(read: DeliveryStatus['recipients'], status: DeliveryStatus, notice: Notice): ReportFound {
  const missing = read.some(one => one.action === null) && saysDelayed(notice) ? 'delayed' : 'failed'
  const refused = read.length === 1 ? refusalReason(notice) : null
  const named = read.some(one => one.address === null || saysLittle(one.diagnostic)) ? namedRecipients(notice) : []
  const recipients = read.map((one): ReportedRecipient => {
    const action = one.action === 'delayed' && gaveUp.test(notice.words.slice(0, 3_000)) ? 'failed' : (one.action ?? missing)
    const known = { ...one, action, ...withDomain(one, notice, status.reportingMta) }
    if (refused !== null && known.address !== null && known.action === 'failed')
      return withWords({ ...known, diagnostic: null }, joined(refused, known.diagnostic))
    // Of a delivery that succeeded there is nothing to explain.
    const settled = known.action !== 'failed' && known.action !== 'delayed'
    return known.address !== null && (settled || !saysLittle(known.diagnostic)) ? known : fromWords(known, named, read.length, notice)
  })
  return foundOf(recipients, { reportingMta: status.reportingMta, originalEnvelopeId: status.originalEnvelopeId })
}

/**
 * The reason that Dovecot and Sieve give in words of their own. It is the mailbox that speaks: where the fields tell another story, both are
 * kept, so that none is believed alone.
 */
function refusalReason({ words }: Notice): string | null {
  return (
    /^your message to <?[^<>\n]{1,320}>? was automatically rejected:[ \t]{0,20}\n\s{0,80}(\S[^\n]{0,900})/im.exec(
      words.slice(0, 2_000),
    )?.[1] ?? null
  )
}

function joined(reason: string, diagnostic: string | null): string {
  return diagnostic === null || reason.includes(diagnostic)
    ? reason
    : diagnostic.includes(reason)
      ? diagnostic
      : `${diagnostic} (${reason})`
}

/** Fills what the fields leave open from the words about the same recipient. */
function fromWords(one: ReportedRecipient, named: readonly NamedRecipient[], count: number, notice: Notice): ReportedRecipient {
  const keys = [one.address, one.originalAddress].flatMap(address => (address === null ? [] : [address.toLowerCase()]))
  const isSame = (other: string | null) => other !== null && keys.includes(other.toLowerCase())
  const same = named.find(other => isSame(other.address) || isSame(other.originalAddress))
  const own = same ?? (count === 1 && named.length === 1 ? named[0] : undefined)
  const address = one.address ?? own?.address ?? null
  if (!saysLittle(one.diagnostic)) return { ...one, address }
  const said = own && (count > 1 || tells(own.said)) ? own.said : count === 1 ? wordsOf(notice) : ''
  return withWords({ ...one, address }, [one.diagnostic ?? '', said].filter(part => part !== '').join(' '))
}

function withWords(one: ReportedRecipient, said: string): ReportedRecipient {
  const { diagnostic, status, replyCode, remoteMta } = quotedWords(said)
  if (diagnostic === null) return one
  return {
    ...one,
    diagnostic,
    status: one.status ?? status,
    replyCode: one.replyCode ?? replyCode,
    remoteMta: one.remoteMta ?? remoteMta,
  }
}

/** A local name alone gets the domain of the original's recipient or of the reporting server. */
function withDomain(
  one: DeliveryStatus['recipients'][number],
  notice: Notice,
  reportingMta: string | null,
): Pick<ReportedRecipient, 'address' | 'localName'> {
  const { address, originalAddress } = one
  if (address === null || address.includes('@') || !/^[\w.+-]{1,64}$/.test(address)) return { address }
  if (originalAddress?.includes('@')) return { address: originalAddress }
  const whole = completeLocal(address, notice, reportingMta)
  // The enclosed original names its recipient: that is no guess.
  return notice.originalTo.includes(whole) ? { address: whole } : { address: whole, localName: address }
}
