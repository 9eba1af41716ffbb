/**
 * `/v1/bounces`: the view of returned mail, one return, and the mail as it came.
 */
import { z } from 'zod'
import type { Bounce } from '../store/records.ts'
import type { App, HttpDeps } from './app.ts'
import { bounceItemSchema, timeSchema } from './bounce-item.ts'
import { addressQuery, categoryQuery, domainQuery, formatTime, idParam, prefixQuery, textQuery, timeQuery, typeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { bounceItems } from './returned-mail.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  address: addressQuery.optional(),
  domain: domainQuery.optional(),
  type: typeQuery.optional(),
  category: categoryQuery.optional(),
  list: textQuery.optional().describe('id of the mailing list or campaign'),
  since: timeQuery.optional().describe('returned at this time or later'),
  until: timeQuery.optional().describe('returned before this time'),
  q: prefixQuery.optional(),
})

const detailSchema = z
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

/** Adds the routes. */
export function bounceRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/v1/bounces',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'The view of returned mail, newest first',
      querystring: listQuery,
      response: { 200: pageSchema(bounceItemSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, address, ...filter } = request.query
      const page = await store.bounces(given({ key: address, ...filter }), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: await bounceItems(deps, page.items), next: page.next }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/bounces/:id',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'One return',
      params: z.strictObject({ id: idParam }),
      response: { 200: detailSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const bounce = await store.bounce(request.params.id)
      if (bounce === null) return sendProblem(reply, 'not-found', 'No return has this id, or it has been forgotten.')
      return detailOf(bounce)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/bounces/:id/raw',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'The mail as it came, byte for byte',
      params: z.strictObject({ id: idParam }),
      response: {
        200: { description: 'the mail', content: { 'message/rfc822': { schema: z.any() } } },
        ...problemResponses('invalid-request', 'not-found', 'no-mail-kept'),
      },
    },
    handler: async (request, reply) => {
      const bounce = await store.bounce(request.params.id)
      if (bounce === null) return sendProblem(reply, 'not-found', 'No return has this id, or it has been forgotten.')
      if (bounce.reportId === null) {
        return sendProblem(reply, 'no-mail-kept', 'This return did not come as a mail: it is a reply in our own session.')
      }
      const raw = await store.rawReport(bounce.reportId)
      if (raw === null) return sendProblem(reply, 'no-mail-kept', 'The mail of this return has been forgotten.')
      // A returned mail may hold anything: no browser may render it as a page of ours.
      reply.header('content-disposition', `attachment; filename="${bounce.reportId}.eml"`)
      return reply.type('message/rfc822').send(raw)
    },
  })

  async function detailOf(bounce: Bounce): Promise<z.output<typeof detailSchema>> {
    const [[item], report] = await Promise.all([
      bounceItems(deps, [bounce]),
      bounce.reportId === null ? null : store.report(bounce.reportId),
    ])
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
}
