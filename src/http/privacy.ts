/**
 * What a person may ask about their address: everything that is kept of it, and that it be forgotten.
 */
import { z } from 'zod'
import { addressRecords } from '../privacy/address-records.ts'
import { recordErasure } from '../privacy/record-erasure.ts'
import { formatKey } from './address-key.ts'
import type { App, HttpDeps } from './app.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { addressParam, formatTime } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { sendPieces } from './stream-reply.ts'

const params = z.strictObject({ address: addressParam })
const ndjson = 'application/x-ndjson'
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
export function privacyRoutes(app: App, { store, now }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/addresses/:address/erase',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Take an address out of all records; a block in force holds under a keyed hash',
      params,
      body: deedBody,
      response: { 200: erasedSchema, ...problemResponses('invalid-request', 'returns-pending', 'not-on-this-store') },
    },
    handler: async (request, reply) => {
      const { address: key } = request.params
      if (store.erase === null)
        return sendProblem(reply, 'not-on-this-store', `Addresses cannot be erased from a store of kind ${store.kind} yet.`)
      const erased = await store.erase(key)
      if (erased === 'busy') {
        reply.header('retry-after', 2)
        return sendProblem(reply, 'returns-pending', 'Returns of mail to this address are being judged; ask again in a moment.')
      }
      await recordErasure(store, erased.key, { ...deedOf(request.body, request.caller), now: now() })
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
          description: 'first the address, then its mails, returns, reports with their octets, audit entries; the last line counts them',
          content: { [ndjson]: { schema: z.object({ kind: z.string() }).loose().meta({ id: 'KeptRecord' }) } },
        },
        ...problemResponses('invalid-request'),
      },
    },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const day = formatTime(now()).slice(0, 10)
      reply.header('content-disposition', `attachment; filename="address-${day}.ndjson"`)
      return sendPieces(
        reply,
        ndjson,
        lines({ kind: 'export', address: formatKey(key), at: formatTime(now()) }, addressRecords(store, key)),
      )
    },
  })
}

async function* lines(head: object, records: AsyncIterable<object>): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`
  let count = 0
  for await (const record of records) {
    count++
    yield `${JSON.stringify(record)}\n`
  }
  yield `${JSON.stringify({ kind: 'end', records: count })}\n`
}
