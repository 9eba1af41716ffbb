/**
 * Postmark's bounce, delivery and spam complaint webhooks.
 *
 * https://postmarkapp.com/developer/webhooks/bounce-webhook · https://postmarkapp.com/developer/api/bounce-api#bounce-types
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

/**
 * What its kinds of bounces say of the delivery. A SoftBounce is final: it has tried for hours. Kinds that tell of no failure (auto-replies,
 * subscriptions, changes of address) are not here.
 */
const outcomes: Readonly<Record<string, Outcome>> = {
  HardBounce: { action: 'failed' },
  BadEmailAddress: { action: 'failed' },
  SpamNotification: { action: 'failed' },
  VirusNotification: { action: 'failed' },
  Blocked: { action: 'failed' },
  DMARCPolicy: { action: 'failed' },
  ManuallyDeactivated: { action: 'failed' },
  Unknown: { action: 'failed' },
  SoftBounce: failedForNow,
  Transient: { action: 'delayed' },
  DnsError: { action: 'delayed' },
}

/** Makes the reader; `password`: USER:PASSWORD. */
export function postmarkReader(password: string, maxAgeMs: number): ReadHook {
  return guardedByPassword(password, maxAgeMs, read)
}

function read(one: Fields): ProviderEvent[] {
  const { RecordType: type, Type: cause, ID: id } = one
  const mailId = textOf(one.MessageID)
  return eventOf(outcomeOf(type, cause), {
    id: typeof id === 'number' ? `${type} ${id}` : mailId && `${type} ${mailId} ${one.Recipient}`,
    at: Date.parse(String(one.BouncedAt ?? one.DeliveredAt)),
    recipient: textOf(one.Email) ?? textOf(one.Recipient),
    diagnostic: wordsOf(one),
    providerMailId: mailId,
  })
}

function outcomeOf(type: unknown, cause: unknown): Outcome | undefined {
  if (type === 'Bounce') return outcomes[String(cause)]
  return type === 'Delivery' ? { action: 'delivered' } : type === 'SpamComplaint' ? complained : undefined
}

/** Only what the remote server said: `Description` is the same for all of a kind, and speaks of unknown users where the mailbox may be full. */
function wordsOf({ Type: cause, Details: details, RecordType: type }: Fields): string | null {
  if (cause === 'ManuallyDeactivated') return 'Postmark did not send it: the address is on its suppression list'
  return (
    textOf(details)?.replace(/^(?:smtp|x-\w+); */i, '') ??
    (type === 'Bounce' ? `Postmark bounce: ${String(cause).replace(/([a-z])([A-Z])/g, '$1 $2')}` : null)
  )
}
