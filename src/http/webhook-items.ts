/**
 * Webhook endpoints and what each was told, as the API and the page show them.
 */
import { z } from 'zod'
import { webhookEvents } from '../config/webhooks.ts'
import { type Delivery, deliveryState, deliveryStates } from '../store/delivery-records.ts'
import type { HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'

export const deliveryStateQuery = z.enum(deliveryStates, { error: `must be one of ${deliveryStates.join(', ')}` })

export const endpointSchema = z
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

export const deliverySchema = z
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

export type EndpointItem = z.output<typeof endpointSchema>
export type DeliveryItem = z.output<typeof deliverySchema>

/** Makes the items of the configured endpoints, in their order. @throws {StoreUnavailable} */
export function endpointItems({ notifier, store }: Pick<HttpDeps, 'notifier' | 'store'>): Promise<EndpointItem[]> {
  return Promise.all(
    notifier.endpoints().map(async ({ name, url, events, disabled, restsUntil, lastDeliveredAt, lastError }): Promise<EndpointItem> => {
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
    }),
  )
}

/** Makes the item of one endpoint; null: none has this name. @throws {StoreUnavailable} */
export async function endpointItem(deps: Pick<HttpDeps, 'notifier' | 'store'>, name: string): Promise<EndpointItem | null> {
  return (await endpointItems(deps)).find(one => one.name === name) ?? null
}

/** Makes the item of a delivery. */
export function deliveryItem(delivery: Delivery): DeliveryItem {
  const { id, event, at, attempts, dueAt, ended, lastStatus, lastError, data } = delivery
  return {
    ...{ id, event, at: formatTime(at), state: deliveryState(delivery), attempts },
    ...{ nextAt: ended ? null : formatTime(dueAt), endedAt: formatTime(ended?.at ?? null), lastStatus, lastError, data: { ...data } },
  }
}
