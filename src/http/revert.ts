/**
 * `POST /v1/blacklist/revert`: a bad day is undone in one call.
 */
import { z } from 'zod'
import { revert, revertOutcomes } from '../judge/revert.ts'
import type { App, HttpDeps } from './app.ts'
import { bodyError, by, deedOf, why } from './deed-fields.ts'
import { categoryQuery, domainQuery, idParam, timeField } from './fields.ts'
import { given } from './given.ts'
import { problemResponses, sendProblem } from './problem.ts'

const body = z
  .strictObject(
    {
      since: timeField.nullish().describe('returned at this time or later'),
      until: timeField.nullish().describe('returned before this time'),
      domain: domainQuery.nullish(),
      category: categoryQuery.nullish(),
      rule: idParam.nullish().describe('id of the rule that decided'),
      incident: idParam.nullish().describe('all that an incident lists'),
      revert: idParam.nullish().describe('an earlier revert, to be undone itself'),
      dryRun: z.boolean({ error: 'must be true or false' }).nullish().describe('true: only say what would become of it'),
      why,
      by,
    },
    bodyError,
  )
  .prefault({})

const count = z.number().int()
const revertedSchema = z
  .object({
    id: z.string().nullable().describe('names this revert, so that it can be undone; null: nothing was changed'),
    counts: z.object(
      Object.fromEntries(revertOutcomes.map(name => [name, count])) as Record<(typeof revertOutcomes)[number], typeof count>,
    ),
    sample: z.array(z.object({ address: z.string(), outcome: z.enum(revertOutcomes) })).describe('the first 20 addresses'),
  })
  .meta({
    id: 'Reverted',
    description:
      'Addresses by what became of them. restored: mail passes again; blockedAgain: by undoing a revert; stillBlocked: other returns block it; changedByHand: a person blocked or unblocked it since; ended: its block had ended; tooOld: the return cannot be taken out any more',
  })

/** Adds the route. */
export function revertRoutes(app: App, { store, now, metrics }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/blacklist/revert',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Undo what returns did, as if they had not come; the conditions combine, one must be given',
      body,
      response: { 200: revertedSchema, ...problemResponses('invalid-request') },
    },
    handler: async (request, reply) => {
      const { why: _, by: __, dryRun, ...conditions } = request.body
      const selection = given(Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== null)))
      if (Object.keys(selection).length === 0) {
        const detail = 'must say which returns: since, until, domain, category, rule, incident or revert'
        return sendProblem(reply, 'invalid-request', detail, { errors: [{ in: 'body', field: '', detail }] })
      }
      const deed = deedOf(request.body, request.caller)
      const reverted = await revert(store, selection, { ...deed, now: now(), dryRun: dryRun ?? false })
      if (reverted.id !== null) {
        metrics.blacklistChanges.inc({ op: 'unblock', actor: 'revert' }, reverted.counts.restored)
        metrics.blacklistChanges.inc({ op: 'block', actor: 'revert' }, reverted.counts.blockedAgain)
      }
      return { ...reverted, sample: [...reverted.sample] }
    },
  })
}
