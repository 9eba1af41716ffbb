/**
 * `/v1/blacklist`: the blocks in force.
 */
import { z } from 'zod'
import { blockItem, blockSchema } from './address-detail.ts'
import type { App, HttpDeps } from './app.ts'
import { blockCategoryQuery, domainQuery, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses } from './problem.ts'

const listQuery = z.strictObject({
  ...pageQuery,
  category: blockCategoryQuery.optional(),
  domain: domainQuery.optional(),
  since: timeQuery.optional().describe('blocked at this time or later'),
  until: timeQuery.optional().describe('blocked before this time'),
})

/** Adds the route. */
export function blacklistRoutes(app: App, { store }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/blacklist',
    config: { access: 'read' },
    schema: {
      tags: ['addresses'],
      summary: 'Blacklisted addresses, the latest block first',
      querystring: listQuery,
      response: { 200: pageSchema(blockSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      const page = await store.blacklist(given(filter), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: page.items.map(blockItem), next: page.next }
    },
  })
}
