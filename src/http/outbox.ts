/**
 * `/v1/outbox`: returned mail that is to be forwarded, why it has not been, and the verb to try again.
 */
import { z } from 'zod'
import { type OutboxItem, outboxState, outboxStates, postmaster } from '../store/records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime, idParam } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  state: z
    .enum(outboxStates, { error: `must be ${outboxStates.join(' or ')}` })
    .optional()
    .describe('waiting: it will be tried; dead: it was given up'),
})

const itemSchema = z
  .object({
    id: z.string().describe('id of the returned mail'),
    state: z.enum(outboxStates),
    to: z.string().describe('who is to get it'),
    messageId: z.string().nullable().describe('id of the mail that it is about; null: it came to postmaster@, or is not known'),
    since: timeSchema.describe('when it became owed, or was last asked for again'),
    attempts: z.number().int().describe('tries since then'),
    nextAt: timeSchema.nullable().describe('the next try; null: none'),
    deadAt: timeSchema.nullable().describe('when it was given up'),
    lastError: z.string().nullable().describe("the server's words at the last try, or ours, and what to do about it"),
    inDoubt: z.boolean().describe('a try ended without an answer: it may have arrived already'),
  })
  .meta({ id: 'OwedMail', description: 'A returned mail that is to be forwarded' })

/** Adds the routes. */
export function outboxRoutes(app: App, { store, now, log, wakeForwarder }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/outbox',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'Mail that is to be forwarded, newest first; dead letters, the last one given up first',
      querystring: listQuery,
      response: { 200: pageSchema(itemSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      const page = await store.outbox(given(filter), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: await Promise.all(page.items.map(itemOf)), next: page.next }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/outbox/:id/retry',
    config: { access: 'admin' },
    schema: {
      tags: ['returned mail'],
      summary: 'Forward a mail now, also one that was given up',
      params: z.strictObject({ id: idParam }),
      response: { 200: itemSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const item = await store.outboxItem(request.params.id)
      if (item === null) return sendProblem(reply, 'not-found', 'No mail with this id is owed: it was sent, or never was.')
      const again = { ...item, since: now(), dueAt: now(), attempts: 0, deadAt: null }
      await store.settleOutbox(again, false)
      log.info({ report: item.reportId, by: request.caller }, 'a returned mail is to be forwarded again')
      wakeForwarder()
      return itemOf(again)
    },
  })

  async function itemOf(item: OutboxItem): Promise<z.output<typeof itemSchema>> {
    const messageId = (await store.report(item.reportId))?.messageId ?? null
    const state = outboxState(item)
    return {
      id: item.id,
      state,
      to: item.to,
      messageId: messageId === postmaster ? null : messageId,
      since: formatTime(item.since),
      attempts: item.attempts,
      nextAt: state === 'dead' ? null : formatTime(item.dueAt),
      deadAt: formatTime(item.deadAt),
      lastError: item.lastError,
      inDoubt: item.inDoubt,
    }
  }
}
