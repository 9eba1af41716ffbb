/**
 * Brevo's transactional webhooks.
 *
 * https://developers.brevo.com/docs/transactional-webhooks
 * Pure.
 */
import { guardedByPassword } from './hook-password.ts'
import {
  complained,
  eventOf,
  type Fields,
  failedForNow,
  type Outcome,
  type ProviderEvent,
  type ReadHook,
  textOf,
} from './provider-event.ts'

/** Brevo tries a `deferred` mail again, and a `soft_bounce` no more. */
const outcomes: Readonly<Record<string, Outcome>> = {
  hard_bounce: { action: 'failed' },
  invalid_email: { action: 'failed' },
  blocked: { action: 'failed' },
  error: { action: 'failed' },
  soft_bounce: failedForNow,
  deferred: { action: 'delayed' },
  delivered: { action: 'delivered' },
  spam: complained,
  complaint: complained,
}

/** Makes the reader; `password`: USER:PASSWORD. */
export function brevoReader(password: string, maxAgeMs: number): ReadHook {
  return guardedByPassword(password, maxAgeMs, read)
}

function read(one: Fields): ProviderEvent[] {
  const { event } = one
  const mailId = textOf(one['message-id'])
  const second = one.ts_event ?? one.ts
  return eventOf(outcomes[String(event)], {
    // `id` is the hook's, the same for all of its events.
    id: mailId && `${event} ${mailId} ${one.email} ${second}`,
    at: Number(second) * 1000,
    recipient: textOf(one.email),
    // Blocked: it did not try. Its reason may quote the words of an old return.
    diagnostic: event === 'blocked' ? 'Brevo did not send it: the address is on its suppression list' : textOf(one.reason),
    headerMessageId: mailId,
    providerMailId: mailId?.replace(/^<|>$/g, '') ?? null,
  })
}
