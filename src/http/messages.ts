/**
 * `/v1/messages`: mail that passed, or tried to, and one mail with its returns.
 */
import { z } from 'zod'
import type { Message } from '../store/message-records.ts'
import type { App, HttpDeps } from './app.ts'
import { addressQuery, idParam, textQuery, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { messageDetailSchema, messageItem, messageItemSchema } from './message-item.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { bounceItems, returnsOf } from './returned-mail.ts'
import type { Scope } from './tokens.ts'

/** An id of mail in the query: where a `+` came as a space, it is the plus it was. */
export const mailIdQuery = textQuery.transform(text => text.replaceAll(' ', '+'))

const listQuery = z.strictObject({
  ...pageQuery,
  address: addressQuery.optional().describe('one of its recipients'),
  messageId: mailIdQuery.optional().describe('its Message-ID, with or without brackets'),
  upstreamId: mailIdQuery.optional().describe("upstream's queue id"),
  from: mailIdQuery.optional().describe("the sender's address, of the header or the envelope"),
  since: timeQuery.optional().describe('passed at this time or later'),
  until: timeQuery.optional().describe('passed before this time'),
})

/** Adds the routes. */
export function messageRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/v1/messages',
    config: { access: 'read' },
    schema: {
      tags: ['mail that passed'],
      summary: 'Mail that passed, newest first',
      querystring: listQuery,
      response: { 200: pageSchema(messageItemSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, address, messageId, ...filter } = request.query
      const page = await store.messages(given({ key: address, headerMessageId: messageId, ...filter }), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      const items = page.items.map(async message =>
        messageItem(message, await returnsOf(store, message), returnPathFor(deps, message, request.scopes)),
      )
      return { items: await Promise.all(items), next: page.next }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/messages/:id',
    config: { access: 'read' },
    schema: {
      tags: ['mail that passed'],
      summary: 'One mail: envelope, what became of it for each recipient, its returns',
      params: z.strictObject({ id: idParam }),
      response: { 200: messageDetailSchema, ...problemResponses('invalid-request', 'not-found') },
    },
    handler: async (request, reply) => {
      const message = await store.message(request.params.id)
      if (message === null) return sendProblem(reply, 'not-found', 'No mail has this id, or it has been forgotten.')
      return messageDetail(deps, message, request.scopes)
    },
  })
}

/** Loads one mail with its returns, for who holds these scopes; null: all. @throws {StoreUnavailable} */
export async function messageDetail(
  deps: HttpDeps,
  message: Message,
  scopes: readonly Scope[] | null,
): Promise<z.output<typeof messageDetailSchema>> {
  const returns = await returnsOf(deps.store, message)
  return { ...messageItem(message, returns, returnPathFor(deps, message, scopes)), returns: await bounceItems(deps, returns) }
}

/** A report to a return path may blacklist: only who may do that anyway is told it. */
function returnPathFor({ returnPath }: HttpDeps, { id, reversePath }: Message, scopes: readonly Scope[] | null): string | null {
  if (returnPath.mode === 'keep' || (scopes !== null && !scopes.includes('admin'))) return null
  return returnPath.address(id, reversePath)
}
