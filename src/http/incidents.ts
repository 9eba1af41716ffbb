/**
 * `/v1/incidents`: what the surge guard holds, and the two verbs that end it at once.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import { endIncident } from '../judge/incidents.ts'
import { type Incident, incidentEnds } from '../store/surge-records.ts'
import type { App, HttpDeps } from './app.ts'
import { bounceItemSchema, timeSchema } from './bounce-item.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { formatTime, idParam } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { bounceItems } from './returned-mail.ts'

export const incidentSchema = z
  .object({
    id: z.string(),
    operator: z.string().describe('organisational domain of the servers that answered'),
    rule: z.string(),
    category: z.enum(categories),
    openedAt: timeSchema,
    lastAt: timeSchema.describe('when it took in its latest return'),
    held: z.number().int().describe('returns it held back'),
    blacklisted: z.number().int().describe('returns that had blacklisted before the guard saw the signature'),
    closed: z
      .object({ at: timeSchema, how: z.enum(incidentEnds), by: z.string().nullable(), why: z.string() })
      .nullable()
      .describe('null: it is open; decided: it ended by itself'),
  })
  .meta({ id: 'Incident', description: 'Returns that look like an outage of a mailbox provider' })

const params = z.strictObject({ id: idParam })
const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['open', 'closed'], { error: 'must be open or closed' }).optional(),
})
const verbs = [
  ['confirm', 'Blacklist what an incident holds: the addresses are dead'],
  ['release', 'Let go of what an incident holds, and restore what it had blacklisted: it was an outage'],
] as const
const noIncident = 'No incident has this id, or it has been forgotten.'

/** Adds the routes. */
export function incidentRoutes(app: App, deps: HttpDeps): void {
  const { store, policy, now } = deps

  app.route({
    method: 'GET',
    url: '/v1/incidents',
    config: { access: 'read' },
    schema: {
      tags: ['incidents'],
      summary: 'Incidents of the surge guard, newest first',
      querystring: listQuery,
      response: { 200: pageSchema(incidentSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      const page = await store.incidents(given(filter), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: page.items.map(incidentItem), next: page.next }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/incidents/:id/bounces',
    config: { access: 'read' },
    schema: {
      tags: ['incidents'],
      summary: 'The returns that an incident lists',
      params,
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(bounceItemSchema), ...problemResponses('invalid-request', 'not-found', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { id } = request.params
      if ((await store.incident(id)) === null) return sendProblem(reply, 'not-found', noIncident)
      const page = await store.members(id, pageRequest(request.query))
      if (page.next !== null) linkNext(request, reply, page.next)
      return { items: await bounceItems(deps, page.items), next: page.next }
    },
  })

  for (const [verb, summary] of verbs) {
    app.route({
      method: 'POST',
      url: `/v1/incidents/:id/${verb}`,
      config: { access: 'admin' },
      schema: {
        tags: ['incidents'],
        summary,
        params,
        body: deedBody,
        response: { 200: incidentSchema, ...problemResponses('invalid-request', 'not-found', 'cannot-decide') },
      },
      handler: async (request, reply) => {
        const deed = deedOf(request.body, request.caller)
        const incident = await endIncident({ store, policy }, request.params.id, { ...deed, verb, now: now() })
        if (incident === null) return sendProblem(reply, 'not-found', noIncident)
        if (incident === 'closed')
          return sendProblem(reply, 'cannot-decide', 'The incident has ended otherwise; revert, or block, instead.')
        return incidentItem(incident)
      },
    })
  }
}

/** Makes the item of an incident. */
export function incidentItem({ openedAt, lastAt, closed, ...rest }: Incident): z.output<typeof incidentSchema> {
  return {
    ...rest,
    openedAt: formatTime(openedAt),
    lastAt: formatTime(lastAt),
    closed: closed && { ...closed, at: formatTime(closed.at) },
  }
}
