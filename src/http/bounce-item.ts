/**
 * One return as the view of returned mail shows it (contract.md, "Item of /v1/bounces").
 *
 * What is not known is null, never guessed: a return without a journal record has no subject, a report of success no category.
 * Pure.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import type { AddressStatus } from '../judge/status.ts'
import type { Message } from '../store/message-records.ts'
import { type Bounce, whys } from '../store/return-records.ts'
import { formatTime } from './fields.ts'
import { mailStatusSchema, returnedMailStatus } from './mail-status.ts'

export const timeSchema = z.iso.datetime()

export const correspondentSchema = z.object({ name: z.string().nullable(), address: z.string() })

export const addressStatusSchema = z
  .enum(['blacklisted', 'ok', 'unknown'])
  .describe(
    'blacklisted: a block is in force; ok: mail was accepted long enough ago or delivered, and nothing hard since; unknown: all else',
  )

export const bounceItemSchema = z
  .object({
    id: z.string(),
    receivedAt: timeSchema,
    source: z
      .enum(['dsn', 'reply', 'relay'])
      .describe("dsn: a report by mail; reply: upstream's reply in our session; relay: our own refusal"),
    kind: z.enum(['bounce', 'delay', 'success', 'auto_reply', 'complaint', 'mdn', 'challenge', 'other']),
    subject: z.string().nullable(),
    template: z.string().nullable(),
    from: correspondentSchema.nullable(),
    recipient: correspondentSchema,
    addressStatus: addressStatusSchema,
    sentAt: timeSchema.nullable(),
    mailStatus: mailStatusSchema.nullable(),
    returnStatus: z.enum(['permanent', 'temporary']).nullable(),
    type: z.enum(['hard', 'soft']).nullable(),
    category: z.enum(categories).nullable(),
    fault: z.enum(['recipient', 'network', 'sender', 'content', 'policy', 'unknown']).nullable(),
    rule: z.string().nullable().describe('id of the rule that decided'),
    evidence: z.string().describe("the remote server's words, cleaned"),
    list: z.string().nullable(),
    messageId: z.string().nullable().describe('the mail that came back, in /v1/messages'),
    counted: z.boolean(),
    why: z.enum(whys).describe('why it counted, or did not'),
  })
  .meta({ id: 'Return', description: 'One recipient of one returned mail, one refusal by upstream, or one refusal by us' })

export type BounceItem = z.output<typeof bounceItemSchema>

/** Makes the item; `message` is the journal's record of the mail, null when there is none. */
export function bounceItem(bounce: Bounce, message: Message | null, addressStatus: AddressStatus): BounceItem {
  const { mail } = bounce
  const failed = bounce.action === 'failed' || bounce.action === 'delayed'
  return {
    id: bounce.id,
    receivedAt: formatTime(bounce.receivedAt),
    source: bounce.source,
    kind: bounce.kind,
    subject: mail?.subject ?? message?.subject ?? null,
    template: mail?.template ?? message?.template ?? null,
    from: mail?.from ?? message?.from ?? null,
    recipient: { name: mail?.recipientName ?? nameIn(message, bounce.key), address: bounce.address },
    addressStatus,
    sentAt: formatTime(mail?.sentAt ?? message?.at ?? null),
    mailStatus: returnedMailStatus(bounce, message),
    returnStatus: failed ? (bounce.type === 'hard' ? 'permanent' : 'temporary') : null,
    type: failed ? bounce.type : null,
    category: failed ? bounce.category : null,
    fault: failed ? bounce.fault : null,
    rule: failed ? bounce.rule : null,
    evidence: bounce.evidence,
    list: mail?.list ?? message?.list ?? null,
    messageId: bounce.messageId,
    counted: bounce.counted,
    why: bounce.why,
  }
}

function nameIn(message: Message | null, key: string): string | null {
  return message?.recipients.find(recipient => recipient.key === key)?.name ?? null
}
