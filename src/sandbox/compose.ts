/**
 * The mails the sandbox sends, composed by nodemailer: delivery status notifications (RFC 3464, one for all recipients that share a fate, as
 * Postfix does), an automatic reply (RFC 3834) and an abuse report (RFC 5965).
 */
import MimeNode from 'nodemailer/lib/mime-node'
import { fieldOf, type Original, type OriginalRecipient } from './original.ts'
import type { Fate } from './parts.ts'

export type Sender = {
  /** Our name as a mail server. */
  readonly hostname: string
  /** Milliseconds since 1970. */
  readonly now: number
}

const subjects: Readonly<Record<Fate['action'], string>> = {
  failed: 'Undelivered Mail Returned to Sender',
  delayed: 'Delayed Mail (still being retried)',
  delivered: 'Successful Mail Delivery Report',
}

const apologies: Readonly<Record<Fate['action'], string>> = {
  failed:
    "I'm sorry to have to inform you that your message could not\r\nbe delivered to one or more recipients. Its header is attached below.",
  delayed: 'Your message could not be delivered yet. It will be retried until it\r\nis five days old; you do not need to resend it.',
  delivered: 'Your message was successfully delivered to the destination(s)\r\nlisted below.',
}

const fiveDaysMs = 5 * 86_400_000

/** Composes the notification of what became of these recipients; all their fates have one action. */
export function composeNotification(
  { hostname, now }: Sender,
  original: Original,
  fates: readonly { readonly recipient: OriginalRecipient; readonly fate: Fate }[],
): Promise<Buffer> {
  const action = fates[0]?.fate.action ?? 'failed'
  const perMessage = fields([
    ['Reporting-MTA', `dns; ${hostname}`],
    ['Original-Envelope-Id', original.envelopeId],
    ['Arrival-Date', mailDate(original.arrivedAt)],
  ])
  const perRecipient = fates.map(({ recipient, fate }) =>
    fields([
      ['Original-Recipient', recipient.orcpt === null ? null : ascii(recipient.orcpt)],
      ['Final-Recipient', typed(recipient.address)],
      ['Action', fate.action],
      ['Status', fate.status],
      ['Remote-MTA', fate.remoteMta === null ? null : `dns; ${fate.remoteMta}`],
      ['Diagnostic-Code', ascii(fate.diagnostic)],
      ['Will-Retry-Until', action === 'delayed' ? mailDate(original.arrivedAt + fiveDaysMs) : null],
    ]),
  )
  const explained = fates.map(({ recipient, fate }) => `<${recipient.address}>: ${fate.explanation}`).join('\r\n\r\n')
  const text = `This is the mail system at host ${hostname}.\r\n\r\n${apologies[action]}\r\n\r\n${explained}\r\n`
  const root = reportFrom({ hostname, now }, original, subjects[action], 'delivery-status', text)
  root.createChild('message/delivery-status').setContent([perMessage, ...perRecipient].join('\r\n'))
  attachHeader(root, original)
  return root.build()
}

/** Composes the reply of somebody who is away. */
export function composeVacation({ hostname, now }: Sender, original: Original, { address }: OriginalRecipient): Promise<Buffer> {
  const answered = fieldOf(original.header, 'Message-ID')
  const root = new MimeNode('text/plain; charset=utf-8', { hostname })
  root.setHeader([
    { key: 'From', value: { name: '', address } },
    { key: 'To', value: { name: '', address: original.reversePath } },
    { key: 'Subject', value: `Out of office: ${fieldOf(original.header, 'Subject') ?? 'your message'}` },
    { key: 'Date', value: mailDate(now) },
    { key: 'Auto-Submitted', value: 'auto-replied' },
    { key: 'X-Auto-Response-Suppress', value: 'All' },
  ])
  if (answered)
    root.setHeader([
      { key: 'In-Reply-To', value: answered },
      { key: 'References', value: answered },
    ])
  root.setContent('I am out of the office until Monday and will read your message then.\r\n')
  return root.build()
}

/** Composes the report of a recipient who pressed "this is spam". */
export function composeComplaint(sender: Sender, original: Original, { address }: OriginalRecipient): Promise<Buffer> {
  const text = `This is an email abuse report for a message received on\r\n${mailDate(original.arrivedAt)}.\r\n`
  const root = reportFrom(sender, original, 'Abuse report', 'feedback-report', text)
  root.createChild('message/feedback-report').setContent(
    fields([
      ['Feedback-Type', 'abuse'],
      ['User-Agent', 'rebond-sandbox/1.0'],
      ['Version', '1'],
      ['Original-Mail-From', `<${ascii(original.reversePath)}>`],
      ['Original-Rcpt-To', `<${ascii(address)}>`],
      ['Arrival-Date', mailDate(original.arrivedAt)],
      ['Reporting-MTA', `dns; ${sender.hostname}`],
    ]),
  )
  attachHeader(root, original)
  return root.build()
}

/** A multipart/report (RFC 6522) with its first part, for people. */
function reportFrom({ hostname, now }: Sender, original: Original, subject: string, type: string, text: string): MimeNode {
  const root = new MimeNode(`multipart/report; report-type=${type}`, { hostname })
  root.setHeader([
    { key: 'From', value: { name: 'Mail Delivery System', address: `MAILER-DAEMON@${hostname}` } },
    { key: 'To', value: { name: '', address: original.reversePath } },
    { key: 'Subject', value: subject },
    { key: 'Date', value: mailDate(now) },
    { key: 'Auto-Submitted', value: 'auto-replied' },
  ])
  root.createChild('text/plain; charset=utf-8').setContent(text)
  return root
}

/** Attaches the original's header, octet by octet: nodemailer would encode it as text. */
function attachHeader(root: MimeNode, { header }: Original): void {
  const fields = `Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: ${/[^\0-\x7f]/.test(header) ? '8bit' : '7bit'}\r\n\r\n`
  root.createChild('text/rfc822-headers').setRaw(Buffer.from(fields + header, 'latin1'))
}

function fields(list: readonly (readonly [string, string | null])[]): string {
  return list.map(([name, value]) => (value === null ? '' : `${name}: ${value}\r\n`)).join('')
}

/** An address with its type: what is not ASCII as RFC 6533 §3 writes it for mail that is ASCII only. */
function typed(address: string): string {
  return `${/[^\0-\x7f]/.test(address) ? 'utf-8' : 'rfc822'}; ${ascii(address)}`
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, letter => `\\x{${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)
}

/** RFC 5322 §3.3. */
function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}
