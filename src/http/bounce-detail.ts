/**
 * One return with everything known of it: the item of the view, how far it proves itself, and the report it came in.
 */
import { z } from 'zod'
import type { Bounce } from '../store/return-records.ts'
import type { HttpDeps } from './app.ts'
import { bounceItemSchema, timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'
import { bounceItems } from './returned-mail.ts'

export const bounceDetailSchema = z
  .object({
    ...bounceItemSchema.shape,
    action: z.enum(['failed', 'delayed', 'delivered', 'relayed', 'expanded']),
    grade: z.enum(['proven', 'single', 'claimed']).describe('how far the report proves itself'),
    status: z.string().nullable().describe('enhanced status, such as 5.1.1'),
    replyCode: z.number().int().nullable(),
    remoteMta: z.string().nullable(),
    reportingMta: z.string().nullable(),
    confirm: z.object({ mails: z.number(), distinctDays: z.number() }).nullable().describe('what the rule asks for before it blacklists'),
    headerMessageId: z.string().nullable(),
    report: z
      .object({
        id: z.string(),
        receivedAt: timeSchema,
        sender: z.string().describe('its envelope sender; empty for <>'),
        client: z.object({ address: z.string(), host: z.string().nullable() }).describe('the host that brought it'),
        fromReporter: z.boolean().describe('it came from one of bounce.reporters'),
        size: z.number().int().describe('octets'),
      })
      .nullable()
      .describe('the mail it came in; null when it came as a reply, or the mail has been forgotten'),
  })
  .meta({ id: 'ReturnDetail', description: 'A return with everything known of it' })

export type BounceDetail = z.output<typeof bounceDetailSchema>

/** Loads what is known of a return. @throws {StoreUnavailable} */
export async function bounceDetail(deps: Pick<HttpDeps, 'store' | 'policy' | 'now'>, bounce: Bounce): Promise<BounceDetail> {
  const { store } = deps

  const [[item], report] = await Promise.all([bounceItems(deps, [bounce]), bounce.reportId === null ? null : store.report(bounce.reportId)])
  if (item === undefined) throw new Error('one return must give one item')
  const { action, grade, status, replyCode, remoteMta, reportingMta, confirm } = bounce
  return {
    ...item,
    ...{ action, grade, status, replyCode, remoteMta, reportingMta, confirm },
    headerMessageId: bounce.mail?.headerMessageId ?? null,
    report: report && {
      id: report.id,
      receivedAt: formatTime(report.receivedAt),
      sender: report.sender,
      client: report.client,
      fromReporter: report.fromReporter,
      size: report.size,
    },
  }
}
