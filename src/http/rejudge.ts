/**
 * `POST /v1/rejudge`: kept returns through today's rules, a page a call.
 */
import { z } from 'zod'
import { rejudgeOutcomes } from '../judge/rejudge.ts'
import { whys } from '../store/return-records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { bodyError, by, deedOf, why } from './deed-fields.ts'
import { categoryQuery, domainQuery, formatTime, timeField } from './fields.ts'
import { given } from './given.ts'
import { problemResponses } from './problem.ts'

const defaultLimit = 50
const limitError = 'must be a whole number from 1 to 200'

const body = z
  .strictObject(
    {
      dryRun: z.boolean({ error: 'must be true or false' }).nullish().describe('true: only say what would change'),
      since: timeField.nullish().describe('returned at this time or later'),
      until: timeField.nullish().describe('returned before this time'),
      domain: domainQuery.nullish(),
      category: categoryQuery.nullish().describe('of the verdict so far'),
      limit: z
        .int({ error: limitError })
        .min(1, { error: limitError })
        .max(200, { error: limitError })
        .nullish()
        .describe('returns to look at; 50 unless told'),
      cursor: z.string({ error: 'must be the next of an earlier call' }).min(1).max(2000).nullish().describe('the next of the call before'),
      why,
      by,
    },
    bodyError,
  )
  .prefault({})

const verdictSchema = z.object({
  category: z.string(),
  type: z.enum(['hard', 'soft']),
  rule: z.string(),
  counted: z.boolean(),
  why: z.enum(whys),
})

const rejudgedSchema = z
  .object({
    counts: z.object(
      Object.fromEntries([...rejudgeOutcomes, 'blocks', 'restores'].map(name => [name, z.number().int()])) as Record<
        (typeof rejudgeOutcomes)[number] | 'blocks' | 'restores',
        z.ZodNumber
      >,
    ),
    changed: z.array(
      z.object({
        id: z.string(),
        address: z.string(),
        receivedAt: timeSchema,
        from: verdictSchema,
        to: verdictSchema,
        effect: z.enum(['blocks', 'restores', 'none']).describe('what it does to the address'),
      }),
    ),
    next: z.string().nullable().describe('cursor of the next call; null: all were looked at'),
  })
  .meta({
    id: 'Rejudged',
    description:
      'Returns by what became of them. changed: another verdict; same; decided: by a person or the surge guard, which stands; tooOld: it counted, and can no longer be taken out of its address; gone: its mail or report is forgotten; other: not a failure, or our own refusal',
  })

/** Adds the route. */
export function rejudgeRoutes(app: App, { rejudge }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/rejudge',
    config: { access: 'admin' },
    schema: {
      tags: ['returned mail'],
      summary: 'Judge kept returns by the rules of today, newest first, a page a call; ids stay, verdicts may change',
      body,
      response: { 200: rejudgedSchema, ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async request => {
      const { why: _, by: __, dryRun, limit, cursor, ...conditions } = request.body
      const filter = given(Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== null)))
      const page = { limit: limit ?? defaultLimit, cursor: cursor ?? null }
      const done = await rejudge({ filter, page, dryRun: dryRun ?? false, ...deedOf(request.body, request.caller) })
      return { ...done, changed: done.changed.map(one => ({ ...one, receivedAt: formatTime(one.receivedAt) })) }
    },
  })
}
