/**
 * `/v1/changes`: the change feed, for whoever would rather ask than be told. Append-only, numbered in the order of the commits: a reader that goes on
 * from the last number it has seen misses nothing and sees nothing twice.
 */
import { z } from 'zod'
import { changeData } from '../notify/payloads.ts'
import { type ChangePage, changeKinds, type NumberedChange } from '../store/change-records.ts'
import { reasonSchema } from './address-detail.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'

const maxItems = 1000
const defaultItems = 100
/** A proxy in between ends what lasts longer than a minute. */
const maxWaitSeconds = 30
/** Another node's changes are seen by looking. */
const lookEveryMs = 2_000

const itemSchema = z
  .object({
    n: z.number().int().describe('its place in the feed'),
    at: timeSchema,
    change: z
      .enum(changeKinds)
      .describe(
        'blacklisted; replaced: by another block; unblocked: by a person or key; reverted: what returns did was undone; expired: by itself; erased: forgotten',
      ),
    address: z.string().nullable().describe('null: it was erased'),
    blacklisted: z.boolean().describe('whether a block is in force from now on'),
    since: timeSchema.nullable(),
    until: timeSchema.nullable().describe('when that block ends by itself; null: when somebody lifts it'),
    reason: reasonSchema.omit({ by: true }).nullable(),
    by: z.string().nullable().describe('who did it; null: a return, or rebond itself'),
    why: z.string(),
  })
  .meta({ id: 'Change', description: 'What became of an address' })

const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error })
    .transform(Number)
    .refine(value => value >= least && value <= most, { error })
    .optional()
}

const query = z.strictObject({
  after: whole(0, Number.MAX_SAFE_INTEGER).describe('the next of the answer before; absent: from the oldest change that is kept'),
  limit: whole(1, maxItems).describe(`at most ${maxItems}; ${defaultItems} unless told`),
  wait: whole(0, maxWaitSeconds).describe(`when there is nothing new: seconds to wait for it, at most ${maxWaitSeconds}`),
})

const feedSchema = z.object({
  items: z.array(itemSchema).describe('ascending'),
  next: z.number().int().describe('the after of the next call'),
  newest: z.number().int().describe('the highest number so far: whoever has read up to it has read everything'),
})

/** Adds the route. */
export function changeRoutes(app: App, { store, changeWatch }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/changes',
    config: { access: 'read' },
    schema: {
      tags: ['changes'],
      summary: 'What became of addresses, in the order in which it happened',
      querystring: query,
      response: { 200: feedSchema, ...problemResponses('invalid-request', 'changes-forgotten') },
    },
    handler: async (request, reply) => {
      const { limit = defaultItems, wait = 0 } = request.query
      const until = performance.now() + wait * 1000
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const after = request.query.after ?? (await beforeOldest(store))
      while (true) {
        // Asked for before the feed is read: a change in between is not slept through.
        const left = until - performance.now()
        const woken = left > 0 ? changeWatch.next(Math.min(left, lookEveryMs), gone.signal) : null
        const page = await store.changes({ after, limit })
        const lost = whyLost(page, after)
        if (lost) return sendProblem(reply, 'changes-forgotten', lost)
        const { items, newest } = page
        if (items.length > 0 || woken === null || gone.signal.aborted) {
          return { items: items.map(changeItem), next: items.at(-1)?.n ?? after, newest }
        }
        await woken
      }
    },
  })
}

/** The number before the oldest change that is kept. */
async function beforeOldest(store: HttpDeps['store']): Promise<number> {
  const { oldest, newest } = await store.changes({ after: 0, limit: 1 })
  return oldest === null ? newest : oldest - 1
}

/** Why a reader that has read up to `after` cannot go on from there; null: it can. */
function whyLost({ oldest, newest }: ChangePage, after: number): string | null {
  if (after > newest) return `The feed ends at ${newest}: it is not the one that gave ${after}.`
  const forgotten = oldest === null ? newest : oldest - 1
  return after < forgotten ? `Changes up to ${forgotten} have been forgotten (retention).` : null
}

function changeItem({ n, at, ...change }: NumberedChange): z.output<typeof itemSchema> {
  return { n, at: formatTime(at), ...changeData({ at, ...change }) }
}
