/**
 * Amazon SES notifications (event types Bounce, Complaint, Delivery, DeliveryDelay) as SNS mails them: JSON, often with the notification as a
 * string inside of it, and with lines that the mail wrapped.
 *
 * https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
 * Pure.
 */
import { cleanDiagnostic, replyCodeIn, statusIn } from '../diagnostic.ts'
import type { Action, ReportedRecipient, ReportKind } from '../report.ts'

export type SesNotification = {
  readonly kind: ReportKind
  readonly recipients: readonly ReportedRecipient[]
  readonly originalMessageId: string | null
  readonly reportingMta: string | null
}

type Fields = Readonly<Record<string, unknown>>

/** Reads the notification in a text; null when it holds none. */
export function readSesNotification(text: string): SesNotification | null {
  if (!text.includes('notificationType') && !text.includes('eventType')) return null
  const start = text.indexOf('{')
  const end = text.lastIndexOf('}')
  if (start === -1 || end < start) return null
  const outer = parseObject(text.slice(start, end + 1))
  const inner = typeof outer?.Message === 'string' ? parseObject(outer.Message) : outer
  if (!inner) return null
  const mail = objectOf(inner.mail)
  const ids = { originalMessageId: textOf(objectOf(mail?.commonHeaders)?.messageId) }
  const [part, kind, list, action] = events[String(inner.notificationType ?? inner.eventType)] ?? []
  const event = part === undefined ? undefined : objectOf(inner[part])
  if (!event || !kind || !list || !action) return null
  const listed = event[list]
  const recipients = (Array.isArray(listed) ? listed.slice(0, 1_000) : []).map((one: unknown) => recipientOf(one, event, action))
  return { kind, recipients, ...ids, reportingMta: textOf(event.reportingMTA)?.replace(/^dns;\s*/i, '') ?? null }
}

const events: Readonly<Record<string, readonly [part: string, kind: ReportKind, list: string, action: Action]>> = {
  Bounce: ['bounce', 'bounce', 'bouncedRecipients', 'failed'],
  Complaint: ['complaint', 'complaint', 'complainedRecipients', 'delivered'],
  Delivery: ['delivery', 'success', 'recipients', 'delivered'],
  DeliveryDelay: ['deliveryDelay', 'delay', 'delayedRecipients', 'delayed'],
}

function recipientOf(value: unknown, event: Fields, action: Action): ReportedRecipient {
  const one = objectOf(value)
  const said = textOf(one?.diagnosticCode) ?? suppressed(event)
  const diagnostic = said === null ? null : cleanDiagnostic(said.replace(/^[\w-]+;\s*/, ''))
  return {
    address: textOf(one?.emailAddress) ?? textOf(value),
    originalAddress: null,
    action,
    status: textOf(one?.status) ?? (diagnostic === null ? null : statusIn(diagnostic)),
    replyCode: diagnostic === null ? null : replyCodeIn(diagnostic),
    diagnostic,
    remoteMta: textOf(event.remoteMtaIp),
  }
}

/** SES never tried: it says so in the sub-type alone. */
function suppressed(event: Fields): string | null {
  const type = [textOf(event.bounceType), textOf(event.bounceSubType)].filter(one => one !== null).join(' ')
  // MailboxFull, OnAccountSuppressionList: as words, which the rules know.
  return type === '' ? null : `Amazon SES bounce: ${type.replace(/([a-z])([A-Z])/g, '$1 $2')}`
}

function parseObject(text: string): Fields | null {
  for (const source of [text, text.replace(/\n[ \t]?/g, ''), text.replace(/\n/g, '')]) {
    try {
      return objectOf(JSON.parse(source)) ?? null
    } catch {
      // Wrapped lines: the next form may read.
    }
  }
  return null
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2_000) : null
}
