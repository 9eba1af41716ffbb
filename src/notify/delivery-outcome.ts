/**
 * What an endpoint's answer means for a delivery and for the endpoint (Standard Webhooks, "Deliverability and reliability").
 *
 * 2xx: delivered. 410: it wants nothing more. All else is tried again, later each time, for three days; a redirect is not followed. When the endpoint
 * itself is in trouble (no answer, 429, 502 to 504) nothing else is tried meanwhile, so that it can come back.
 * Pure.
 */
import { cleanWords } from '../judge/clean-words.ts'
import type { Delivery } from '../store/delivery-records.ts'
import type { PostReply } from './post.ts'

export type Outcome = {
  readonly delivery: Delivery
  readonly how: 'delivered' | 'deferred' | 'failed' | 'gone'
  /** The endpoint is in trouble: nothing is tried before it has rested; `restMs`: at least so long, by its own word. */
  readonly trouble: boolean
  readonly restMs: number
}

const minuteMs = 60_000
const hourMs = 3_600_000
/** So long a webhook is tried. */
export const deliverForMs = 72 * hourMs
/** Waits after the first, second … failed try; the last goes on. */
const waitsMs = [5_000, 30_000, 2 * minuteMs, 10 * minuteMs, 30 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs, 8 * hourMs]
/** An endpoint may ask us to wait, not to forget. */
const longestAskedMs = 24 * hourMs
const firstRestMs = 1_000
const longestRestMs = 5 * minuteMs
const maxWords = 300
const gone = 410
const inTrouble: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Says what becomes of a delivery that was tried at `now`. */
export function outcomeOf(tried: Delivery, reply: PostReply, now: number, random: () => number): Outcome {
  const attempts = tried.attempts + 1
  const lastStatus = reply.answered ? reply.status : null
  if (reply.answered && reply.status >= 200 && reply.status < 300) {
    const delivery: Delivery = { ...tried, attempts, lastStatus, lastError: null, ended: { at: now, how: 'delivered' } }
    return { delivery, how: 'delivered', trouble: false, restMs: 0 }
  }
  const lastError = cleanWords(reply.answered ? wordsFor(reply.status) : reply.why, maxWords)
  const failed = { ...tried, attempts, lastStatus, lastError }
  // It waits for the endpoint to be enabled again.
  if (reply.answered && reply.status === gone) return { delivery: { ...failed, dueAt: now }, how: 'gone', trouble: false, restMs: 0 }
  const asked = Math.min(reply.answered ? (reply.retryAfterMs ?? 0) : 0, longestAskedMs)
  const dueAt = now + Math.max(waitAfterMs(attempts, random), asked)
  const trouble = !reply.answered || inTrouble.has(reply.status)
  if (isTooOld(tried, dueAt)) return { delivery: giveUp(failed, now), how: 'failed', trouble, restMs: asked }
  return { delivery: { ...failed, dueAt }, how: 'deferred', trouble, restMs: asked }
}

/** Ends a delivery that was not taken. */
export function giveUp(delivery: Delivery, now: number): Delivery {
  return { ...delivery, lastError: delivery.lastError ?? 'it was not taken in three days', ended: { at: now, how: 'failed' } }
}

/** Says whether a delivery is not tried any more at `at`. */
export function isTooOld({ since }: Delivery, at: number): boolean {
  return at - since >= deliverForMs
}

/** How long an endpoint rests after so many failures in a row: from one second to five minutes. */
export function restAfterMs(failures: number, random: () => number): number {
  return spread(Math.min(firstRestMs * 2 ** (failures - 1), longestRestMs), random)
}

function waitAfterMs(attempts: number, random: () => number): number {
  return spread(waitsMs[Math.min(attempts, waitsMs.length) - 1] ?? hourMs, random)
}

/** Less up to a third, by chance: what failed together does not come back together. */
function spread(ms: number, random: () => number): number {
  return Math.round(ms * (1 - random() / 3))
}

function wordsFor(status: number): string {
  if (status === gone) return '410: it wants no more webhooks'
  return status >= 300 && status < 400
    ? `${status}: it redirects, which is not followed; configure the address it means`
    : `it answered ${status}`
}
