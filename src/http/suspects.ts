/**
 * `/v1/suspects`: addresses whose mail comes back soft again and again, and blocking them in bulk.
 */
import { z } from 'zod'
import type { App, HttpDeps } from './app.ts'
import { bodyError, by, deedOf, why } from './deed-fields.ts'
import { addressParam } from './fields.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses } from './problem.ts'
import { blockSuspects, suspectSchema, suspectsOf } from './suspect.ts'

/** As many as a body of 64 KiB holds. */
const maxAddresses = 500

const addressesError = `must be a list of 1 to ${maxAddresses} addresses`
const body = z.strictObject(
  {
    addresses: z
      .array(addressParam, { error: addressesError })
      .min(1, { error: addressesError })
      .max(maxAddresses, { error: addressesError }),
    why,
    by,
  },
  bodyError,
)

/** Adds the routes. */
export function suspectRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/suspects',
    config: { access: 'read' },
    schema: {
      tags: ['addresses'],
      summary: 'Addresses whose mail comes back soft again and again, the latest return first',
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(suspectSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const page = await suspectsOf(deps, pageRequest(request.query))
      linkNext(request, reply, page.next)
      return { items: [...page.items], next: page.next }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/suspects/block',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Blacklist suspects by hand; those that are suspects no more are left alone',
      body,
      response: {
        200: z.object({ blocked: z.array(z.string()), left: z.array(z.string()).describe('no suspects any more: left alone') }),
        ...problemResponses('invalid-request'),
      },
    },
    handler: request => blockSuspects(deps, request.body.addresses, deedOf(request.body, request.caller)),
  })
}
