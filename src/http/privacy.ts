/**
 * What a person may ask about their address: everything that is kept of it, and that it be forgotten.
 */
import { z } from 'zod'
import type { App, HttpDeps } from './app.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { addressParam } from './fields.ts'
import { eraseAddress, ndjson, sendExport } from './personal-data.ts'
import { problemResponses, sendProblem } from './problem.ts'

const params = z.strictObject({ address: addressParam })
const count = z.number().int()

const erasedSchema = z
  .object({
    key: z.string().describe('what stands in the place of the address from now on'),
    blocked: z.boolean().describe('true: its block holds; the address itself still finds it, and lifts it'),
    messages: count,
    bounces: count,
    reports: count.describe('reports of its mails, which lost their octets'),
    audit: count,
    changes: count,
    webhooks: count.describe('webhooks that were dropped, from the log too'),
  })
  .meta({ id: 'Erased', description: 'What an erasure changed' })

/** Adds the routes. */
export function privacyRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/addresses/:address/erase',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Take an address out of all records; a block in force holds under a keyed hash',
      params,
      body: deedBody,
      response: { 200: erasedSchema, ...problemResponses('invalid-request', 'returns-pending') },
    },
    handler: async (request, reply) => {
      const erased = await eraseAddress(deps, request.params.address, deedOf(request.body, request.caller))
      if (erased === 'busy') {
        reply.header('retry-after', 2)
        return sendProblem(reply, 'returns-pending', 'Returns of mail to this address are being judged; ask again in a moment.')
      }
      return erased
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/addresses/:address/export',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Everything that is kept of an address, one record a line',
      params,
      response: {
        200: {
          description:
            'first the address, then its mails with their reports (octets in base64) and what is owed of these, returns, audit entries, changes of the feed, webhooks; the last line counts them',
          content: { [ndjson]: { schema: z.object({ kind: z.string() }).loose().meta({ id: 'KeptRecord' }) } },
        },
        ...problemResponses('invalid-request'),
      },
    },
    handler: (request, reply) => {
      sendExport(deps, request.params.address, reply)
    },
  })
}
