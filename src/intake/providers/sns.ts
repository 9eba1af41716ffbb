/**
 * Messages of Amazon SNS by HTTPS: is it from a topic of ours, and signed by SNS?
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. The certificate, and the address that confirms a subscription, are
 * fetched from sns.REGION.amazonaws.com of the topic's own region and from nowhere else, and only for topics of ours.
 */
import { createPublicKey, createVerify } from 'node:crypto'
import { type Fields, fieldsOf, type Hook, type HookRefusal, isFresh, parseJson, textOf } from './provider-event.ts'

/** Fetches a small text by https; rejects when that fails. */
export type FetchText = (url: string) => Promise<string>

export type SnsOptions = { readonly topicArns: readonly string[]; readonly maxAgeMs: number; readonly fetchText: FetchText }

export type SnsMessage =
  | { readonly ok: true; readonly type: 'Notification'; readonly id: string; readonly at: number; readonly text: string }
  | { readonly ok: true; readonly type: 'SubscriptionConfirmation'; readonly url: string }
  /** Somebody has ended the subscription. */
  | { readonly ok: true; readonly type: 'UnsubscribeConfirmation' }
  | { readonly ok: false; readonly why: HookRefusal }

const confirmation = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const
const signedFields = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: confirmation,
  UnsubscribeConfirmation: confirmation,
} as const
const certificatePath = /^\/SimpleNotificationService-[0-9a-f]{1,64}\.pem$/
/** SNS has a few at a time. */
const maxCertificates = 20
/** Of certificates that are not known yet: anybody may name one that does not exist. */
const maxFetchesPerMinute = 10

/** Makes the reader of SNS messages; certificates are remembered. It rejects when a certificate cannot be fetched. */
export function createSnsReader({ topicArns, maxAgeMs, fetchText }: SnsOptions): (hook: Hook, now: number) => Promise<SnsMessage> {
  const certificateAt = createCertificates(fetchText)

  return async (hook, now) => {
    const message = fieldsOf(parseJson(hook.body))
    const type = isType(message.Type) ? message.Type : null
    const topic = textOf(message.TopicArn)
    if (type === null || topic === null) return { ok: false, why: 'malformed' }
    if (!topicArns.includes(topic)) return { ok: false, why: 'foreign' }
    const at = Date.parse(String(message.Timestamp))
    if (!isFresh(at, now, maxAgeMs)) return { ok: false, why: 'old' }
    const certificate = urlAt(message.SigningCertURL, topic)
    if (certificate === null || !certificatePath.test(certificate.pathname)) return { ok: false, why: 'foreign' }
    const signed = signedFields[type].map(name => (message[name] === undefined ? '' : `${name}\n${message[name]}\n`)).join('')
    if (!isSigned(signed, message, await certificateAt(certificate.href, now))) return { ok: false, why: 'signature' }
    if (type === 'UnsubscribeConfirmation') return { ok: true, type }
    if (type === 'Notification') return { ok: true, type, id: String(message.MessageId), at, text: String(message.Message) }
    const confirm = urlAt(message.SubscribeURL, topic)
    return confirm ? { ok: true, type, url: confirm.href } : { ok: false, why: 'foreign' }
  }
}

function isType(type: unknown): type is keyof typeof signedFields {
  return typeof type === 'string' && Object.hasOwn(signedFields, type)
}

function createCertificates(fetchText: FetchText): (url: string, now: number) => Promise<string> {
  const known = new Map<string, string>()
  let minute = 0
  let fetches = 0

  return async (url, now) => {
    const before = known.get(url)
    if (before !== undefined) return before
    if (Math.trunc(now / 60_000) !== minute) fetches = 0
    minute = Math.trunc(now / 60_000)
    if (++fetches > maxFetchesPerMinute) throw new Error('too many unknown certificates were named within a minute')
    const certificate = await fetchText(url)
    if (known.size >= maxCertificates) known.clear()
    known.set(url, certificate)
    return certificate
  }
}

/** A URL of SNS in the region of a topic: https, no port, no user; null: it is another. */
function urlAt(text: unknown, topicArn: string): URL | null {
  if (typeof text !== 'string' || !URL.canParse(text)) return null
  const [, partition, , region] = topicArn.split(':')
  const url = new URL(text)
  const host = `sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
  const isTheirs = url.protocol === 'https:' && url.host === host && url.username === '' && url.password === ''
  return isTheirs ? url : null
}

function isSigned(text: string, { Signature, SignatureVersion }: Fields, certificate: string): boolean {
  const algorithm = SignatureVersion === '2' ? 'RSA-SHA256' : SignatureVersion === '1' ? 'RSA-SHA1' : null
  if (algorithm === null || typeof Signature !== 'string') return false
  try {
    return createVerify(algorithm).update(text).verify(createPublicKey(certificate), Signature, 'base64')
  } catch {
    return false
  }
}
