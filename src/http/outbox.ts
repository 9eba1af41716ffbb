/**
 * `/v1/outbox`: returned mail that is to be forwarded, why it has not been, and the verbs to try again.
 */
import { z } from 'zod'
import { cleanWords } from '../judge/clean-words.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import { type OutboxItem, outboxState, outboxStates } from '../store/outbox-record.ts'
import { postmaster } from '../store/return-records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { formatTime, idParam } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'

/** Dead letters that one call asks for again; the answer says whether there are more. */
const maxRetried = 500

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
      body: deedBody,
      response: { 200: itemSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const item = await store.outboxItem(request.params.id)
      if (item === null) return sendProblem(reply, 'not-found', 'No mail with this id is owed: it was sent, or never was.')
      const [again] = await owe([item], `mail ${item.id}`, deedOf(request.body, request.caller))
      return itemOf(again ?? item)
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/outbox/retry',
    config: { access: 'admin' },
    schema: {
      tags: ['returned mail'],
      summary: `Forward all that was given up, at most ${maxRetried} in a call, the last one given up first`,
      body: deedBody,
      response: {
        200: z.object({ retried: z.number().int(), more: z.boolean().describe('true: ask again for the rest') }),
        ...problemResponses('invalid-request'),
      },
    },
    handler: async request => {
      const { items, next } = await store.outbox({ state: 'dead' }, { limit: maxRetried, cursor: null })
      const again = await owe(items, 'dead letters', deedOf(request.body, request.caller))
      return { retried: again.length, more: next !== null }
    },
  })

  /** Owes mails anew, from now on. The audit comes first: nothing is done that it does not know of. */
  async function owe(
    items: readonly OutboxItem[],
    subject: string,
    { by, why }: ReturnType<typeof deedOf>,
  ): Promise<readonly OutboxItem[]> {
    if (items.length === 0) return []
    const at = now()
    const audit: AuditEntry = { at, op: 'retry', actor: 'hand', by, key: null, subject, why: cleanWords(why) }
    await store.update({ keys: [] }, () => ({ changes: { audit: [audit] }, result: null }))
    const again = items.map(item => ({ ...item, since: at, dueAt: at, attempts: 0, deadAt: null }))
    await Promise.all(again.map(item => store.settleOutbox(item, false)))
    log.info({ reports: again.map(({ reportId }) => reportId), by }, 'returned mails are to be forwarded again')
    wakeForwarder()
    return again
  }

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
