/**
 * `POST /v1/intake/{provider}`: web hooks of mail providers. No token of ours is asked for: each provider proves itself (intake/providers/).
 */
import { z } from 'zod'
import { providers } from '../intake/providers/provider-event.ts'
import type { App, HttpDeps } from './app.ts'
import { problemResponses, sendProblem } from './problem.ts'

/** SendGrid's, which are the largest, have 768 KiB at most. */
const maxBodyBytes = 1_048_576
const retryAfterSeconds = 60

const sentences = {
  signature: 'The signature, or the password, is not right.',
  old: 'The event is too old (intake.providers.maxAgeHours), or its clock runs ahead.',
  replayed: 'What signs it has signed another event before.',
  foreign: 'The topic is none of intake.providers.ses.topicArns, or a URL lies elsewhere than at Amazon SNS.',
} as const

const counts = z
  .object({
    accepted: z.number().int().describe('kept, and judged afterwards'),
    duplicate: z.number().int().describe('seen before'),
    unknown: z.number().int().describe('about mail that is none of ours'),
    spent: z.number().int().describe('not kept: their mails have brought enough returns'),
  })
  .meta({ id: 'ProviderEvents', description: 'What became of the events of a web hook' })

/** Adds the route. */
export function providerIntakeRoutes(app: App, { takeHook }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/intake/:provider',
    config: { access: 'none', takes: ['application/json', 'text/plain'] },
    bodyLimit: maxBodyBytes,
    schema: {
      tags: ['returned mail'],
      summary: "A mail provider's web hook; durable when it is answered, and each event taken once",
      params: z.strictObject({ provider: z.enum(providers, { error: `must be one of ${providers.join(', ')}` }) }),
      response: {
        200: counts,
        ...problemResponses('invalid-request', 'not-authentic', 'not-found', 'body-too-large', 'unsupported-media-type', 'provider-away'),
      },
    },
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const result = await takeHook(request.params.provider, { body, headers: request.headers })
      if (result.ok) return result.counts
      switch (result.why) {
        case 'off':
          return sendProblem(reply, 'not-found', 'This provider is not configured (intake.providers).')
        case 'malformed':
          return sendProblem(reply, 'invalid-request', 'The body is none of this provider.')
        case 'unreachable':
          reply.header('retry-after', retryAfterSeconds)
          return sendProblem(reply, 'provider-away', 'Amazon SNS could not be asked for its certificate, or to confirm the subscription.')
        default:
          return sendProblem(reply, 'not-authentic', sentences[result.why])
      }
    },
  })
}
