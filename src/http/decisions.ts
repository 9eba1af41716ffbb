/**
 * `POST /v1/bounces/{id}/confirm|dismiss`: a person decides on a return that could not decide by itself.
 */
import { z } from 'zod'
import { type Decided, type Decision, decide } from '../judge/decide.ts'
import type { Why } from '../store/return-records.ts'
import type { App, HttpDeps } from './app.ts'
import { bounceItemSchema } from './bounce-item.ts'
import { deedBody, deedOf } from './deed-fields.ts'
import { idParam } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { bounceItems } from './returned-mail.ts'

const verbs = [
  ['confirm', 'Let a return count that was claimed, waits for confirmation, or is held'],
  ['dismiss', 'Say that such a return never counts'],
] as const

/** Adds the routes. */
export function decisionRoutes(app: App, deps: HttpDeps): void {
  for (const [verb, summary] of verbs) {
    app.route({
      method: 'POST',
      url: `/v1/bounces/:id/${verb}`,
      config: { access: 'unblock' },
      schema: {
        tags: ['returned mail'],
        summary,
        params: z.strictObject({ id: idParam }),
        body: deedBody,
        response: { 200: bounceItemSchema, ...problemResponses('invalid-request', 'not-found', 'cannot-decide') },
      },
      handler: async (request, reply) => {
        const deed = deedOf(request.body, request.caller)
        const done = await decideReturn(deps, request.params.id, { ...deed, verb })
        if (done === null) return sendProblem(reply, 'not-found', 'No return has this id, or it has been forgotten.')
        if (done.refused !== null) return sendProblem(reply, 'cannot-decide', sentenceOf(done.refused))
        const [item] = await bounceItems(deps, [done.bounce])
        if (item === undefined) throw new Error('one return must give one item')
        return item
      },
    })
  }
}

/** Decides on a return, and counts what that changed; null when none has this id. @throws {StoreUnavailable} */
export async function decideReturn(
  { store, policy, now, metrics }: HttpDeps,
  id: string,
  deed: Omit<Decision, 'now'>,
): Promise<Decided | null> {
  const done = await decide(store, policy, id, { ...deed, now: now() })
  if (done?.refused === null && deed.verb === 'confirm') metrics.blacklistChanges.inc({ op: 'block', actor: 'hand' })
  return done
}

function sentenceOf(why: Why): string {
  if (why === 'never-list') return 'The address is on the list of those that no return may blacklist (policy.never).'
  if (why === 'sent-before-unblock')
    return 'The address was unblocked after this mail was sent; block it by hand if it is dead all the same.'
  return `This return is decided already: ${why}. Unblock or block the address, or revert, instead.`
}
