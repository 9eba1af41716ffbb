/**
 * `/v1/webhooks`: the endpoints that are told what happens, what each was told and what became of it, and the verbs to tell again.
 */
import { z } from 'zod'
import { webhookEvents } from '../config/webhooks.ts'
import { type Delivery, deliveryState, deliveryStates } from '../store/delivery-records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { bodyError, by, deedBody, deedOf, why } from './deed-fields.ts'
import { formatTime, idParam, timeField, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'

/** Deliveries that one call replays; the answer says whether there are more. */
const maxReplayed = 500

const endpointSchema = z
  .object({
    name: z.string(),
    url: z.string().describe('without its query, which may hold a secret'),
    events: z.array(z.enum(webhookEvents)),
    state: z.enum(['ok', 'resting', 'disabled']).describe('resting: it is in trouble and is tried again; disabled: it answered 410 Gone'),
    since: timeSchema.nullable().describe('since when it is disabled'),
    why: z.string().nullable().describe('why it is disabled'),
    restsUntil: timeSchema.nullable().describe('when it is tried again'),
    oldestWaiting: timeSchema.nullable().describe('when the oldest event that it has not taken happened; null: it has taken all'),
    lastDeliveredAt: timeSchema.nullable().describe('since the start of this node'),
    lastError: z.string().nullable().describe('what was wrong with the last try; null: nothing'),
  })
  .meta({ id: 'WebhookEndpoint', description: 'An endpoint of the configuration' })

const deliverySchema = z
  .object({
    id: z.string().describe('the webhook-id that the endpoint sees'),
    event: z.enum(webhookEvents),
    at: timeSchema.describe('when it happened'),
    state: z.enum(deliveryStates),
    attempts: z.number().int(),
    nextAt: timeSchema.nullable().describe('the next try; null: none'),
    endedAt: timeSchema.nullable(),
    lastStatus: z.number().int().nullable().describe("the endpoint's last answer; null: none came"),
    lastError: z.string().nullable(),
    data: z.record(z.string(), z.unknown()).describe('what is told; the mail of a return is added as it is sent'),
  })
  .meta({ id: 'Delivery', description: 'One event for one endpoint' })

const endpointParam = z.strictObject({ endpoint: idParam })
const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(deliveryStates, { error: `must be one of ${deliveryStates.join(', ')}` }).optional(),
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
export function webhookRoutes(app: App, { store, now, notifier }: HttpDeps): void {
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
    handler: async () => ({ items: await Promise.all(notifier.endpoints().map(endpointItem)) }),
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
      const found = notifier.endpoints().find(one => one.name === endpoint)
      if (!found) return sendProblem(reply, 'not-found', noEndpoint)
      await notifier.enable(endpoint, { ...deedOf(request.body, request.caller), now: now() })
      return endpointItem(notifier.endpoints().find(one => one.name === endpoint) ?? found)
    },
  })

  async function endpointItem(one: ReturnType<HttpDeps['notifier']['endpoints']>[number]): Promise<z.output<typeof endpointSchema>> {
    const { name, url, events, disabled, restsUntil, lastDeliveredAt, lastError } = one
    const { origin, pathname } = new URL(url)
    const [oldest] = await store.dueDeliveries(name, Number.MAX_SAFE_INTEGER, 1)
    return {
      name,
      url: origin + pathname,
      events: [...events],
      state: disabled ? 'disabled' : restsUntil === null ? 'ok' : 'resting',
      since: formatTime(disabled?.at ?? null),
      why: disabled?.why ?? null,
      restsUntil: formatTime(restsUntil),
      oldestWaiting: formatTime(oldest?.at ?? null),
      lastDeliveredAt: formatTime(lastDeliveredAt),
      lastError,
    }
  }
}

function deliveryItem(delivery: Delivery): z.output<typeof deliverySchema> {
  const { id, event, at, attempts, dueAt, ended, lastStatus, lastError, data } = delivery
  return {
    ...{ id, event, at: formatTime(at), state: deliveryState(delivery), attempts },
    ...{ nextAt: ended ? null : formatTime(dueAt), endedAt: formatTime(ended?.at ?? null), lastStatus, lastError, data: { ...data } },
  }
}
