/**
 * What other records take from a mail of the journal.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { Moment } from './address-record.ts'
import type { Message } from './message-records.ts'
import type { BouncedMail } from './return-records.ts'

/** What a return keeps of the mail that came back. */
export function bouncedMail(message: Message, address: AddressKey): BouncedMail {
  const { from, subject, template, list, headerMessageId, at } = message
  const recipientName = message.recipients.find(({ key }) => key === address)?.name ?? null
  return { from, subject, template, list, headerMessageId, recipientName, sentAt: at }
}

/** When upstream accepted this mail for this recipient; null when it did not. */
export function acceptanceOf({ seq, outcome, recipients }: Message, address: AddressKey): Moment | null {
  if (outcome?.outcome !== 'accepted') return null
  return recipients.some(({ key, verdict }) => key === address && verdict === 'relayed') ? { seq, at: outcome.at } : null
}

/** A Message-ID without the brackets that header fields have and people leave out. */
export function bareMessageId(text: string): string {
  return text.trim().replace(/^<|>$/g, '')
}
