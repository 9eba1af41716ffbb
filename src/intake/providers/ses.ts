/**
 * Amazon SES by Amazon SNS (sns.ts): bounces, complaints, deliveries and delays, several recipients in each.
 *
 * https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
 */
import { readSesNotification } from '../../report/readers/ses-json.ts'
import { eventOf, fieldsOf, type ProviderEvent, parseJson, type ReadHook, textOf } from './provider-event.ts'
import { createSnsReader, type SnsOptions } from './sns.ts'

/** Makes the reader. */
export function createSesReader(options: SnsOptions): ReadHook {
  const readSns = createSnsReader(options)
  return async (hook, now) => {
    const message = await readSns(hook, now)
    if (!message.ok) return message
    if (message.type === 'SubscriptionConfirmation') return { ok: true, events: [], confirm: message.url }
    return { ok: true, events: message.type === 'Notification' ? read(message) : [] }
  }
}

/** None where the text is none of SES's, such as the one that it tries a topic with. */
function read({ id, at, text }: { readonly id: string; readonly at: number; readonly text: string }): ProviderEvent[] {
  const notification = readSesNotification(text)
  if (notification === null) return []
  const { kind, recipients, originalMessageId } = notification
  const { mail, bounce } = fieldsOf(parseJson(text))
  const { source, messageId } = fieldsOf(mail)
  // Transient: SES tries no more, and the cause may pass.
  const status = fieldsOf(bounce).bounceType === 'Transient' ? '4.0.0' : undefined
  return recipients.flatMap((one, index) =>
    eventOf(
      { action: one.action, isComplaint: kind === 'complaint', ...(status ? { status } : {}) },
      {
        ...{ id: `${id} ${index}`, at, recipient: one.address, status: one.status, diagnostic: one.diagnostic, remoteMta: one.remoteMta },
        ...{ sender: textOf(source), headerMessageId: originalMessageId, providerMailId: textOf(messageId) },
      },
    ),
  )
}
