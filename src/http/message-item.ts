/**
 * One mail that passed, as the API shows it: envelope, subject, template, list, and what became of it for each recipient.
 *
 * Pure.
 */
import { z } from 'zod'
import { formatReplyLine } from '../smtp/reply.ts'
import type { Message } from '../store/message-records.ts'
import type { Bounce } from '../store/return-records.ts'
import { bounceItemSchema, correspondentSchema, timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'
import { mailStatusSchema, messageStatus, recipientStatus } from './mail-status.ts'

const message = {
  id: z.string(),
  sentAt: timeSchema,
  status: mailStatusSchema,
  reversePath: z.string().describe("the CRM's own envelope sender; empty for <>"),
  returnPath: z
    .string()
    .nullable()
    .describe('the envelope sender it left with; null: it left with <>, or the token lacks scope admin (who knows it can report a return)'),
  from: correspondentSchema.nullable(),
  subject: z.string().nullable(),
  template: z.string().nullable(),
  list: z.string().nullable(),
  headerMessageId: z.string().nullable().describe('its Message-ID'),
  upstreamId: z.string().nullable().describe("upstream's queue id"),
  size: z.number().int().nullable().describe('octets'),
  outcome: z
    .object({
      outcome: z.enum(['accepted', 'refused', 'deferred', 'aborted', 'indeterminate']),
      at: timeSchema,
      reply: z.string().nullable().describe("upstream's final reply"),
    })
    .nullable()
    .describe('null: no final reply yet'),
  recipients: z.array(
    z.object({
      name: z.string().nullable(),
      address: z.string(),
      verdict: z.enum(['relayed', 'blacklisted', 'refused', 'deferred']).describe('what became of its RCPT'),
      reply: z.string().describe('the reply that the CRM read'),
      status: mailStatusSchema,
    }),
  ),
}

export const messageItemSchema = z.object(message).meta({ id: 'Message', description: 'A mail that passed, or tried to' })

export const messageDetailSchema = z
  .object({ ...message, returns: z.array(bounceItemSchema).describe('newest first') })
  .meta({ id: 'MessageDetail', description: 'A mail with its returns' })

export type MessageItem = z.output<typeof messageItemSchema>

/** Makes the item; `returns` are the returns of this mail: a hard one makes a failure of a success. `returnPath`: null where it is not to be told. */
export function messageItem(record: Message, returns: readonly Bounce[], returnPath: string | null): MessageItem {
  const hard = new Set(returns.filter(one => one.type === 'hard' && one.action === 'failed').map(one => one.key))
  const { outcome } = record
  const recipients = record.recipients.map(recipient => ({
    name: recipient.name,
    address: recipient.address,
    verdict: recipient.verdict,
    reply: formatReplyLine(recipient.reply),
    status: recipientStatus(recipient, record, hard.has(recipient.key)),
  }))
  return {
    id: record.id,
    sentAt: formatTime(record.at),
    status: messageStatus(recipients.map(recipient => recipient.status)),
    reversePath: record.reversePath,
    returnPath: record.reversePath === '' ? null : returnPath,
    from: record.from,
    subject: record.subject,
    template: record.template,
    list: record.list,
    headerMessageId: record.headerMessageId,
    upstreamId: outcome?.upstreamId ?? null,
    size: record.size,
    outcome: outcome && { outcome: outcome.outcome, at: formatTime(outcome.at), reply: outcome.reply && formatReplyLine(outcome.reply) },
    recipients,
  }
}
