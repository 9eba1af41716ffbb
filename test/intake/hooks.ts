/**
 * Web hooks of mail providers: payloads of the form that each documents, re-made with keys of our own.
 */
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'

export const now = Date.UTC(2026, 10, 24, 9)
export const second = 1_000
export const topic = 'arn:aws:sns:eu-west-3:123456789012:returns'
export const certificateUrl = 'https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123abcd.pem'
export const sns = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const sendgrid = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const password = 'rebond:correct-horse-battery'
export const signingKey = 'key-0123456789abcdef0123456789abcdef'
let made = 0

export type Snapshot = { readonly body: Buffer; readonly headers: Record<string, string> }
export const hookOf = (value: unknown, headers: Record<string, string> = {}): Snapshot => ({
  body: Buffer.from(JSON.stringify(value)),
  headers,
})
export const basic = (secret = password) => ({ authorization: `Basic ${Buffer.from(secret).toString('base64')}` })

/** An SNS message with its signature; `after` changes it when it is signed. */
export function snsHook(fields: Record<string, string>, { version = '2', after = {} as object } = {}): Snapshot {
  const message: Record<string, string> = {
    ...{ Type: 'Notification', MessageId: `sns-${++made}`, TopicArn: topic, Timestamp: new Date(now).toISOString(), Message: 'x' },
    ...{ SignatureVersion: version, SigningCertURL: certificateUrl },
    ...fields,
  }
  const names = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
  const text = names.map(name => (message[name] === undefined ? '' : `${name}\n${message[name]}\n`)).join('')
  const Signature = createSign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256')
    .update(text)
    .sign(sns.privateKey, 'base64')
  return hookOf({ ...message, Signature, ...after }, { 'content-type': 'text/plain; charset=UTF-8' })
}

export const sesBounce = (source: string, recipients: readonly object[], type = ['Permanent', 'General'], more: object = {}) =>
  JSON.stringify({
    notificationType: 'Bounce',
    bounce: {
      bounceType: type[0],
      bounceSubType: type[1],
      bouncedRecipients: recipients,
      reportingMTA: 'dns; a8-70.smtp-out.amazonses.com',
    },
    mail: { timestamp: '2026-11-24T08:00:00.000Z', source, messageId: '0102-ses', destination: [], ...more },
  })
export const unknownUser = { action: 'failed', status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown' }
export const sesHook = (text: string, fields: object = {}, more: object = {}) => snsHook({ Message: text, ...fields }, more)

export function sendgridHook(events: readonly object[], { at = now, key = sendgrid.privateKey } = {}): Snapshot {
  const { body } = hookOf(events)
  const timestamp = String(at / second)
  return {
    body,
    headers: {
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': createSign('sha256').update(timestamp).update(body).sign(key, 'base64'),
    },
  }
}
export const sendgridEvent = (email: string, more: object = {}) => ({
  ...{ email, timestamp: now / second, event: 'bounce', type: 'bounce', sg_event_id: `sg-${++made}`, sg_message_id: 'SgId1.recvd-1.1' },
  ...{ 'smtp-id': '<one@shop.example>', status: '5.1.1', reason: '550 5.1.1 The email account that you tried to reach does not exist' },
  ...more,
})

export function mailgunHook(data: object, { at = now, token = `token-${++made}`, key = signingKey } = {}): Snapshot {
  const timestamp = String(at / second)
  const signature = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex')
  return hookOf({ signature: { timestamp, token, signature }, 'event-data': data })
}
export const mailgunEvent = (recipient: string, more: object = {}) => ({
  ...{ id: `mg-${++made}`, event: 'failed', severity: 'permanent', reason: 'bounce', timestamp: now / second, recipient },
  'delivery-status': { code: 550, message: '5.1.1 <x>: user unknown', 'enhanced-code': '5.1.1', 'mx-host': 'mx.example.com' },
  message: { headers: { 'message-id': 'one@shop.example', from: 'news@shop.example' } },
  ...more,
})

export const postmarkHook = (more: object, headers: Record<string, string> = basic()) =>
  hookOf(
    {
      ...{ RecordType: 'Bounce', ID: ++made, Type: 'HardBounce', TypeCode: 1, MessageID: 'pm-1', Email: 'jean@example.com' },
      ...{ Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).' },
      ...{ Details: 'smtp;550 5.1.1 user unknown', BouncedAt: new Date(now - second).toISOString() },
      ...more,
    },
    headers,
  )
export const brevoHook = (more: object, headers: Record<string, string> = basic()) =>
  hookOf(
    {
      ...{ id: 26224, event: 'hard_bounce', email: 'jean@example.com', 'message-id': '<one@shop.example>', ts_event: now / second - 1 },
      ...{ reason: '550 5.1.1 user unknown', subject: 'Hello' },
      ...more,
    },
    headers,
  )
