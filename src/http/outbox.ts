/**
 * `/v1/outbox`: returned mail that is to be forwarded, why it has not been, and the verbs to try again.
 */
import { z } from 'zod'
import type { App, HttpDeps } from './app.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { idParam } from './fields.ts'
import { given } from './given.ts'
import { outboxStateQuery, oweAgain, owedMail, owedMailSchema } from './owed-mail.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'

/** Dead letters that one call asks for again; the answer says whether there are more. */
const maxRetried = 500

const listQuery = z.strictObject({ ...pageQuery, state: outboxStateQuery.optional() })

/** Adds the routes. */
export function outboxRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/v1/outbox',
    config: { access: 'read' },
    schema: {
      tags: ['returned mail'],
      summary: 'Mail that is to be forwarded, newest first; dead letters, the last one given up first',
      querystring: listQuery,
      response: { 200: pageSchema(owedMailSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      const page = await store.outbox(given(filter), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: await Promise.all(page.items.map(item => owedMail(deps, item))), next: page.next }
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
      response: { 200: owedMailSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const item = await store.outboxItem(request.params.id)
      if (item === null) return sendProblem(reply, 'not-found', 'No mail with this id is owed: it was sent, or never was.')
      const [again] = await oweAgain(deps, [item], `mail ${item.id}`, deedOf(request.body, request.caller))
      return owedMail(deps, again ?? item)
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
      const again = await oweAgain(deps, items, 'dead letters', deedOf(request.body, request.caller))
      return { retried: again.length, more: next !== null }
    },
  })
}
