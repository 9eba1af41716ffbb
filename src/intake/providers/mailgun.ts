/**
 * Mailgun's webhooks: HMAC over a time stamp and a token, which do not cover the event. Hence the token is good for one event (`nonce`).
 *
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
 * Pure.
 */
import { createHmac } from 'node:crypto'
import {
  complained,
  eventOf,
  type Fields,
  fieldsOf,
  isFresh,
  isSame,
  type Outcome,
  parseJson,
  type ReadHook,
  textOf,
} from './provider-event.ts'

/** Makes the reader. */
export function mailgunReader(signingKey: string, maxAgeMs: number): ReadHook {
  return ({ body }, now) => {
    const hook = fieldsOf(parseJson(body))
    const { timestamp, token, signature } = fieldsOf(hook.signature)
    if (typeof timestamp !== 'string' || typeof token !== 'string' || typeof signature !== 'string') return { ok: false, why: 'malformed' }
    const wanted = createHmac('sha256', signingKey).update(timestamp).update(token).digest('hex')
    if (!isSame(signature, wanted)) return { ok: false, why: 'signature' }
    const at = Number(timestamp) * 1000
    if (!isFresh(at, now, maxAgeMs)) return { ok: false, why: 'old' }
    const data = fieldsOf(hook['event-data'])
    const said = fieldsOf(data['delivery-status'])
    const events = eventOf(outcomeOf(data), {
      id: textOf(data.id),
      nonce: token,
      at,
      recipient: textOf(data.recipient),
      status: textOf(said['enhanced-code']),
      diagnostic: wordsOf(data, said),
      remoteMta: textOf(said['mx-host']),
      sender: textOf(fieldsOf(data.envelope).sender),
      headerMessageId: textOf(fieldsOf(fieldsOf(data.message).headers)['message-id']),
    })
    return { ok: true, events }
  }
}

function outcomeOf({ event, severity }: Fields): Outcome | undefined {
  if (event === 'failed') return { action: severity === 'temporary' ? 'delayed' : 'failed' }
  return event === 'delivered' ? { action: 'delivered' } : event === 'complained' ? complained : undefined
}

/** The reply as it was: Mailgun tells its code apart. */
function wordsOf({ reason }: Fields, { code, message, description }: Fields): string | null {
  if (/^suppress-/.test(String(reason))) return `Mailgun did not send it: the address is on its suppression list (${reason})`
  const words = textOf(message) ?? textOf(description) ?? textOf(reason)
  const isReply = typeof code === 'number' && code >= 400 && code < 560 && words !== null && !words.startsWith(String(code))
  return isReply ? `${code} ${words}` : words
}
