/**
 * `/v1/canary`: does a returned mail still find its way back to us.
 */
import { z } from 'zod'
import type { Flight } from '../intake/canary.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'

const flightSchema = z
  .object({
    id: z.string(),
    recipient: z.string().describe('an address of the bounce domain that our own listener refuses'),
    sentAt: timeSchema,
    returnedAt: timeSchema.nullable().describe('null: it has not come back'),
    failure: z.string().nullable().describe('why it could not be sent; null: upstream took it'),
  })
  .meta({ id: 'Canary', description: 'A mail of our own whose return must come back' })

/** Adds the routes. */
export function canaryRoutes(app: App, { canary }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/canary',
    config: { access: 'read' },
    schema: {
      tags: ['health'],
      summary: 'The latest canary, and whether it came back',
      response: { 200: flightSchema, ...problemResponses('not-found') },
    },
    handler: async (_request, reply) => {
      const latest = canary.latest()
      return latest ? itemOf(latest) : sendProblem(reply, 'not-found', 'No canary has flown since the start.')
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/canary',
    config: { access: 'admin' },
    schema: {
      tags: ['health'],
      summary: 'Send a canary through upstream now; answered when upstream has taken it, or has not',
      response: { 200: flightSchema },
    },
    handler: async () => itemOf(await canary.send()),
  })
}

function itemOf({ id, recipient, sentAt, returnedAt, failure }: Flight): z.output<typeof flightSchema> {
  return { id, recipient, sentAt: formatTime(sentAt), returnedAt: formatTime(returnedAt), failure }
}
