/**
 * Webhooks that are owed, as values: one delivery for each event and endpoint, and what became of it.
 * Pure.
 */
import type { WebhookEvent } from '../config/webhooks.ts'

export type Delivery = {
  /** Names the event, for every endpoint and every try the same: receivers tell repetitions by it. Sorts by time. */
  readonly id: string
  /** Name of the endpoint in the configuration. */
  readonly endpoint: string
  readonly event: WebhookEvent
  /** When it happened. */
  readonly at: number
  /** What is told, without what is looked up at the time of sending. */
  readonly data: Readonly<Record<string, unknown>>
  /** The return that the event is about: its mail is looked up at the time of sending. */
  readonly bounceId: string | null
  /** When it became owed, or was last asked for again: its age counts from here. */
  readonly since: number
  readonly dueAt: number
  readonly attempts: number
  /** The status of the last answer; null: none came. */
  readonly lastStatus: number | null
  /** What was wrong with the last try; cleaned. */
  readonly lastError: string | null
  /** How it ended; null: it waits. */
  readonly ended: { readonly at: number; readonly how: 'delivered' | 'failed' } | null
}

export const deliveryStates = ['waiting', 'delivered', 'failed'] as const

export type DeliveryState = (typeof deliveryStates)[number]

/** Says whether a delivery waits, or how it ended. */
export function deliveryState({ ended }: Pick<Delivery, 'ended'>): DeliveryState {
  return ended === null ? 'waiting' : ended.how
}

/** Kept of an endpoint that wants nothing more (410 Gone). */
export type EndpointStop = { readonly at: number; readonly why: string }
