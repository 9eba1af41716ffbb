/**
 * A provider's event as the mail that a mail server would have sent: a delivery status notification (RFC 3464), or a feedback report (RFC 5965). So it is
 * stored, read, judged and shown like any other return.
 * Pure.
 */
import { cleanWords } from '../../judge/clean-words.ts'
import { statusIn } from '../../report/diagnostic.ts'
import type { Provider, ProviderEvent } from './provider-event.ts'

const boundary = 'rebond-provider-event'
const maxWords = 900
/** Where an action alone is known. */
const plainStatus: Readonly<Record<string, string>> = { failed: '5.0.0', delayed: '4.0.0', delivered: '2.0.0' }
/** As whom the reports of each are known. */
const reportingHosts: Readonly<Record<Provider, string>> = {
  ses: 'amazonses.com',
  postmark: 'postmarkapp.com',
  sendgrid: 'sendgrid.net',
  mailgun: 'mailgun.org',
  brevo: 'brevo.com',
}

/** Composes it; `hostname` is our name. */
export function composeReport(provider: Provider, event: ProviderEvent, hostname: string): Buffer {
  const { action, isComplaint, headerMessageId, at } = event
  const words = field(event.diagnostic)
  const address = field(event.recipient)
  const date = new Date(at).toUTCString().replace('GMT', '+0000')
  const type = isComplaint ? 'feedback-report' : 'delivery-status'
  const head = [
    `From: MAILER-DAEMON@${hostname}`,
    `Subject: ${isComplaint ? 'Complaint' : 'Delivery status'} told by ${provider}`,
    `Date: ${date}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=${type}; boundary="${boundary}"`,
  ]
  const people = [
    `${provider} tells of <${address}>: ${isComplaint ? 'complaint' : action}`,
    ...(words === '' ? [] : [`It said: ${words}`]),
  ]
  const original = headerMessageId === null ? [] : [`Message-ID: <${field(headerMessageId).replace(/^<|>$/g, '')}>`]
  const lines = [
    ...[...head, ''],
    ...[`--${boundary}`, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', ...people, ''],
    ...[`--${boundary}`, `Content-Type: message/${type}`, '', ...(isComplaint ? feedback : statusOf)(provider, event, date), ''],
    ...[`--${boundary}`, 'Content-Type: text/rfc822-headers', '', ...original, ''],
    `--${boundary}--`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n`)
}

function statusOf(provider: Provider, { recipient, action, status, diagnostic, remoteMta }: ProviderEvent, date: string): string[] {
  const words = field(diagnostic)
  return [
    ...[`Reporting-MTA: dns; ${reportingHosts[provider]}`, `Arrival-Date: ${date}`, ''],
    ...[
      `Final-Recipient: rfc822; ${field(recipient)}`,
      `Action: ${action}`,
      `Status: ${field(status ?? statusIn(words) ?? plainStatus[action] ?? '5.0.0')}`,
    ],
    ...(remoteMta === null ? [] : [`Remote-MTA: dns; ${field(remoteMta)}`]),
    ...(words === '' ? [] : [`Diagnostic-Code: smtp; ${words}`]),
  ]
}

function feedback(provider: Provider, { recipient }: ProviderEvent, date: string): string[] {
  return [
    ...['Feedback-Type: abuse', `User-Agent: ${reportingHosts[provider]}`, 'Version: 1'],
    ...[`Original-Rcpt-To: <${field(recipient)}>`, `Arrival-Date: ${date}`],
  ]
}

/** On one line, without what could end it. */
function field(text: string): string {
  return cleanWords(text, maxWords)
}
