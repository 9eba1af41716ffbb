/**
 * `/v1/reports`: returned mail handed in by a program, one mail a request, and what became of it.
 *
 * 202 means durable: it is judged afterwards, from the store. The body is the mail as it is (message/rfc822), at most `bounce.maxMessageBytes`.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { postmaster, type StoredReport } from '../store/return-records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime, idParam } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'

const retryAfterSeconds = 3600

const addressText = (what: string) =>
  z
    .string({ error: `must be ${what}` })
    .max(512, { error: `must be ${what}` })
    .regex(/^[^\s\p{Cc}]*$/u, { error: `must be ${what}` })

const query = z.strictObject({
  recipient: addressText('a mail address')
    .min(3, { error: 'must be a mail address' })
    .optional()
    .describe('the return path it came to; absent: it is looked for in the mail'),
  sender: addressText('a mail address, or empty').optional().describe('its envelope sender; empty: <>'),
  client: z
    .string({ error: 'must be an IP address, or local' })
    .refine(text => text === 'local' || isIP(text) !== 0, { error: 'must be an IP address, or local' })
    .optional()
    .describe(
      'the host that brought it: a mail from one of bounce.reporters proves itself; local: it was born at the server that hands it in',
    ),
})

const reportSchema = z
  .object({
    id: z.string(),
    receivedAt: timeSchema,
    via: z.string().describe('smtp, api, or the provider that told it'),
    size: z.number().int(),
    messageId: z.string().nullable().describe('the mail that its return path names; null: it has none, or came to postmaster@'),
    fromReporter: z.boolean().describe('it came from one of bounce.reporters'),
    judged: z
      .object({ at: timeSchema, kind: z.string(), bounceIds: z.array(z.string()), problem: z.string().nullable() })
      .nullable()
      .describe('null: it waits'),
  })
  .meta({ id: 'Report', description: 'A returned mail as it came' })

/** Adds the routes. */
export function reportRoutes(app: App, { store, handIn, maxMessageBytes }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/reports',
    config: { access: 'ingest', takes: ['message/rfc822'] },
    bodyLimit: maxMessageBytes,
    schema: {
      tags: ['returned mail'],
      summary: 'Hand in a returned mail; durable when it is answered',
      consumes: ['message/rfc822'],
      querystring: query,
      response: {
        202: z.object({
          id: z.string(),
          messageId: z.string().nullable().describe('the mail that its return path names; null: it has none'),
        }),
        ...problemResponses('invalid-request', 'unsupported-media-type', 'body-too-large', 'not-a-return-path', 'return-path-spent'),
      },
    },
    handler: async (request, reply) => {
      const { recipient = null, sender = null, client = null } = request.query
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (raw.length === 0) {
        const detail = 'must be a mail, not empty'
        return sendProblem(reply, 'invalid-request', `The body ${detail}.`, { errors: [{ in: 'body', field: '', detail }] })
      }
      const taken = await handIn({ raw, recipient, sender, client })
      if (taken.ok) return reply.code(202).send({ id: taken.report.id, messageId: taken.messageId })
      if (taken.why === 'spent') {
        reply.header('retry-after', retryAfterSeconds)
        return sendProblem(reply, 'return-path-spent', 'No more mail of this kind is taken for now.')
      }
      return sendProblem(reply, 'not-a-return-path', sentences[taken.why])
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/reports/:id',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'One returned mail, and what was found in it',
      params: z.strictObject({ id: idParam }),
      response: { 200: reportSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const report = await store.report(request.params.id)
      return report ? reportItem(report) : sendProblem(reply, 'not-found', 'No returned mail has this id, or it has been forgotten.')
    },
  })
}

const sentences = {
  foreign: 'The recipient is not of the form of our return paths (returnPath.address).',
  forged: 'The recipient has the form of our return paths, and no signature of ours.',
  expired: 'The return path is older than returnPath.maxAgeDays.',
} as const

function reportItem({ id, messageId, receivedAt, via = 'smtp', size, fromReporter, judged }: StoredReport): z.output<typeof reportSchema> {
  return {
    ...{ id, receivedAt: formatTime(receivedAt), via, size, fromReporter },
    messageId: messageId === id || messageId === postmaster ? null : messageId,
    judged: judged && { at: formatTime(judged.at), kind: judged.kind, bounceIds: [...judged.bounceIds], problem: judged.problem },
  }
}
