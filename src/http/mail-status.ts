/**
 * What became of a mail, in the three words of the view of returned mail (contract.md): `success`, `draft`, `failure`.
 *
 * `deferred` is a draft: a 4yz is no final reply, the mail is still the CRM's. What has been forgotten is null, never guessed.
 * Pure.
 */
import { z } from 'zod'
import type { JournalRecipient, Message } from '../store/message-records.ts'
import type { Bounce } from '../store/return-records.ts'

export const mailStatusSchema = z
  .enum(['success', 'draft', 'failure'])
  .describe(
    'success: accepted by upstream; draft: no final reply yet, or indeterminate; failure: refused by upstream or us, aborted, or returned hard',
  )

export type MailStatus = z.output<typeof mailStatusSchema>

/** The mail as a whole: a success when it was one for any of its recipients, a failure when it was one for all. */
export function messageStatus(recipients: readonly MailStatus[]): MailStatus {
  if (recipients.includes('success')) return 'success'
  return recipients.includes('draft') ? 'draft' : 'failure'
}

/** What upstream, or the lack of it, made of the mail after the dot. */
function outcomeStatus({ outcome }: Pick<Message, 'outcome'>): MailStatus {
  switch (outcome?.outcome) {
    case 'accepted':
      return 'success'
    case 'refused':
    case 'aborted':
      return 'failure'
    default:
      return 'draft'
  }
}

/** The mail as far as one of its recipients goes. `returnedHard`: a hard return came for that recipient. */
export function recipientStatus(recipient: Pick<JournalRecipient, 'verdict'>, message: Message, returnedHard: boolean): MailStatus {
  if (returnedHard || recipient.verdict === 'blacklisted' || recipient.verdict === 'refused') return 'failure'
  return recipient.verdict === 'deferred' ? 'draft' : outcomeStatus(message)
}

/** The mail that a return is about; null when the journal no longer has it and the return does not say. */
export function returnedMailStatus(bounce: Bounce, message: Message | null): MailStatus | null {
  if (bounce.action === 'failed' && (bounce.type === 'hard' || bounce.source !== 'dsn')) return 'failure'
  if (message === null) return null
  const recipient = message.recipients.find(one => one.key === bounce.key)
  return recipient ? recipientStatus(recipient, message, false) : outcomeStatus(message)
}
