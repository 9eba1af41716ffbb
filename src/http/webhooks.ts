/**
 * `/v1/webhooks`: the endpoints that are told what happens, what each was told and what became of it, and the verbs to tell again.
 */
import { z } from 'zod'
import type { App, HttpDeps } from './app.ts'
import { bodyError, by, deedBody, deedOf, why } from './deed-fields.ts'
import { idParam, timeField, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { deliveryItem, deliverySchema, deliveryStateQuery, endpointItem, endpointItems, endpointSchema } from './webhook-items.ts'

/** Deliveries that one call replays; the answer says whether there are more. */
const maxReplayed = 500

const endpointParam = z.strictObject({ endpoint: idParam })
const listQuery = z.strictObject({
  ...pageQuery,
  state: deliveryStateQuery.optional(),
  since: timeQuery.optional().describe('events at this time or later'),
  until: timeQuery.optional().describe('events before this time'),
})
const replayBody = z.strictObject(
  {
    since: timeField.describe('events at this time or later'),
    until: timeField.nullish().describe('events before this time'),
    state: z.enum(['failed', 'delivered'], { error: 'must be failed or delivered' }).nullish().describe('failed unless told'),
    why,
    by,
  },
  bodyError,
)
const noEndpoint = 'No endpoint of the configuration (webhooks) has this name.'

/** Adds the routes. */
export function webhookRoutes(app: App, deps: HttpDeps): void {
  const { store, now, notifier } = deps
  const isEndpoint = (name: string) => notifier.endpoints().some(one => one.name === name)

  app.route({
    method: 'GET',
    url: '/v1/webhooks',
    config: { access: 'read' },
    schema: {
      tags: ['webhooks'],
      summary: 'The configured endpoints, and how they are',
      response: { 200: z.object({ items: z.array(endpointSchema) }) },
    },
    handler: async () => ({ items: await endpointItems(deps) }),
  })

  app.route({
    method: 'GET',
    url: '/v1/webhooks/:endpoint/deliveries',
    config: { access: 'read' },
    schema: {
      tags: ['webhooks'],
      summary: 'What an endpoint was told, or is to be told, the newest event first',
      params: endpointParam,
      querystring: listQuery,
      response: { 200: pageSchema(deliverySchema), ...problemResponses('invalid-request', 'not-found', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      if (!isEndpoint(endpoint)) return sendProblem(reply, 'not-found', noEndpoint)
      const { limit, cursor, ...filter } = request.query
      const page = await store.deliveries({ endpoint, ...given(filter) }, pageRequest({ limit, cursor }))
      if (page.next !== null) linkNext(request, reply, page.next)
      return { items: page.items.map(deliveryItem), next: page.next }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/webhooks/:endpoint/deliveries/:id/replay',
    config: { access: 'admin' },
    schema: {
      tags: ['webhooks'],
      summary: 'Tell one event again, under the same webhook-id',
      params: z.strictObject({ endpoint: idParam, id: idParam }),
      body: deedBody,
      response: { 200: deliverySchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const { endpoint, id } = request.params
      const delivery = isEndpoint(endpoint) ? await store.delivery(endpoint, id) : null
      if (delivery === null) return sendProblem(reply, 'not-found', 'No event with this id is kept for an endpoint of this name.')
      const [again] = await notifier.replay(endpoint, [delivery], { ...deedOf(request.body, request.caller), now: now() })
      return deliveryItem(again ?? delivery)
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/webhooks/:endpoint/replay',
    config: { access: 'admin' },
    schema: {
      tags: ['webhooks'],
      summary: `Tell the events of a time again, at most ${maxReplayed} in a call, the newest first`,
      params: endpointParam,
      body: replayBody,
      response: {
        200: z.object({ replayed: z.number().int(), more: z.boolean().describe('true: ask again for the rest') }),
        ...problemResponses('invalid-request', 'not-found'),
      },
    },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      if (!isEndpoint(endpoint)) return sendProblem(reply, 'not-found', noEndpoint)
      const { since, until, state } = request.body
      const filter = { endpoint, since, state: state ?? 'failed', ...(until == null ? {} : { until }) } as const
      const { items, next } = await store.deliveries(filter, { limit: maxReplayed, cursor: null })
      const again = await notifier.replay(endpoint, items, { ...deedOf(request.body, request.caller), now: now() })
      return { replayed: again.length, more: next !== null }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/webhooks/:endpoint/enable',
    config: { access: 'admin' },
    schema: {
      tags: ['webhooks'],
      summary: 'Tell an endpoint again that answered 410 Gone',
      params: endpointParam,
      body: deedBody,
      response: { 200: endpointSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      if (!isEndpoint(endpoint)) return sendProblem(reply, 'not-found', noEndpoint)
      await notifier.enable(endpoint, { ...deedOf(request.body, request.caller), now: now() })
      return (await endpointItem(deps, endpoint)) ?? sendProblem(reply, 'not-found', noEndpoint)
    },
  })
}
