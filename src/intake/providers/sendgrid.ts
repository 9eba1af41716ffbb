/**
 * SendGrid's signed event webhook (ECDSA over the time stamp and the body): many events in a request.
 *
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
 */
import { createPublicKey, createVerify, type KeyObject } from 'node:crypto'
import {
  complained,
  eventOf,
  fieldsOf,
  headerOf,
  isFresh,
  type Outcome,
  type ProviderEvent,
  parseJson,
  type ReadHook,
  textOf,
} from './provider-event.ts'

/** SendGrid posts at most 768 KiB, which is some 1,500 events. */
const maxEvents = 5_000

const outcomes: Readonly<Record<string, Outcome>> = {
  bounce: { action: 'failed' },
  dropped: { action: 'failed' },
  deferred: { action: 'delayed' },
  delivered: { action: 'delivered' },
  spamreport: complained,
}

/** Makes the reader; `publicKey` is base64 of its DER. @throws {Error} it is no key */
export function sendgridReader(publicKey: string, maxAgeMs: number): ReadHook {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return (hook, now) => {
    const timestamp = headerOf(hook, 'x-twilio-email-event-webhook-timestamp')
    const signature = headerOf(hook, 'x-twilio-email-event-webhook-signature')
    if (!isSigned(key, timestamp, hook.body, signature)) return { ok: false, why: 'signature' }
    if (!isFresh(Number(timestamp) * 1000, now, maxAgeMs)) return { ok: false, why: 'old' }
    const list = parseJson(hook.body)
    if (!Array.isArray(list)) return { ok: false, why: 'malformed' }
    return { ok: true, events: list.slice(0, maxEvents).flatMap(one => read(fieldsOf(one), Number(timestamp) * 1000)) }
  }
}

function read(one: Readonly<Record<string, unknown>>, signedAt: number): ProviderEvent[] {
  const reason = textOf(one.reason) ?? textOf(one.response)
  const at = Number(one.timestamp) * 1000
  return eventOf(outcomes[String(one.event)], {
    id: textOf(one.sg_event_id),
    at: Number.isSafeInteger(at) && at > 0 && at <= signedAt ? at : signedAt,
    recipient: textOf(one.email),
    status: textOf(one.status),
    diagnostic: one.event === 'dropped' ? droppedFor(reason) : reason,
    headerMessageId: textOf(one['smtp-id']),
    providerMailId: textOf(one.sg_message_id)?.split('.')[0] ?? null,
  })
}

/** It did not try: an earlier return or complaint, or an unsubscription, is what it goes by; or the request itself was wrong. */
function droppedFor(reason: string | null): string {
  const isOld = reason !== null && /^(?:bounced|unsubscribed|spam reporting) address$/i.test(reason)
  return `SendGrid did not send it: ${isOld ? 'the address is on its suppression list, ' : ''}${reason ?? 'no reason given'}`
}

function isSigned(key: KeyObject, timestamp: string, body: Buffer, signature: string): boolean {
  try {
    return createVerify('sha256').update(timestamp).update(body).verify(key, signature, 'base64')
  } catch {
    return false
  }
}
