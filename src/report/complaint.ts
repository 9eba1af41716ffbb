/**
 * Complaints: feedback reports (RFC 5965), Hotmail's older form, and Apple's unsubscribe mail.
 *
 * Reports of failed authentication (RFC 6591) come in the same dress and are no complaint.
 * Pure.
 */
import { decodeHeaderText } from './encoded-words.ts'
import { parseHeaderText } from './header.ts'
import type { Notice } from './notice.ts'
import { addressesIn, parseReportedAddress } from './text-address.ts'

/** Gives the addresses of those who complain, none when the report hides them; null when the mail is no complaint. */
export function complainers(notice: Notice): readonly string[] | null {
  const { mail, from } = notice
  const feedback = mail.parts.find(part => part.type === 'message/feedback-report')
  if (feedback || mail.reportType === 'feedback-report') {
    const fields = parseHeaderText((feedback?.text ?? '').trimStart())
    if (/^(?:auth-failure|dmarc|dkim)/i.test(fields.first('feedback-type') ?? '')) return null
    const named = ['original-rcpt-to', 'removal-recipient', 'original-recipient'].flatMap(name => fields.all(name))
    const addresses = named.map(value => parseReportedAddress(decodeHeaderText(value))).filter(address => address?.includes('@'))
    return unique(addresses.length > 0 ? addresses : notice.originalTo)
  }
  if (/^(?:staff@hotmail\.com|feedback\S{0,30}@\S{1,100})$/.test(from)) {
    const hotmail = notice.original?.first('x-hmxmroriginalrecipient') ?? null
    if (hotmail === null && !/complaint|abuse/i.test(notice.subject)) return null
    return unique(hotmail === null ? notice.originalTo : [hotmail.trim()])
  }
  if (/^apple mail sent this email to unsubscribe/i.test(notice.text.trimStart())) return unique(addressesIn(from).map(one => one.address))
  return null
}

function unique(addresses: readonly (string | null | undefined)[]): readonly string[] {
  return [...new Map(addresses.filter(one => typeof one === 'string').map(one => [one.toLowerCase(), one])).values()].slice(0, 100)
}
