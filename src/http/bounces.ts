/**
 * `/v1/bounces`: the view of returned mail, one return, and the mail as it came.
 */
import { z } from 'zod'
import type { App, HttpDeps } from './app.ts'
import { bounceDetail, bounceDetailSchema } from './bounce-detail.ts'
import { bounceItemSchema } from './bounce-item.ts'
import { addressQuery, categoryQuery, domainQuery, idParam, prefixQuery, textQuery, timeQuery, typeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { sendRawReturn } from './raw-return.ts'
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
      response: { 200: bounceDetailSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const bounce = await store.bounce(request.params.id)
      if (bounce === null) return sendProblem(reply, 'not-found', 'No return has this id, or it has been forgotten.')
      return bounceDetail(deps, bounce)
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
    handler: (request, reply) => sendRawReturn(store, request.params.id, reply),
  })
}
