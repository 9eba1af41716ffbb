/**
 * `/v1/addresses/{address}`: why a customer gets no mail, and the two verbs: unblock and block.
 *
 * A block or unblock is durable and in force when it is answered. Any valid address answers 200, heard of or not.
 */
import { z } from 'zod'
import { noReason } from '../judge/audit-words.ts'
import { blockAddress, unblockAddress } from './address-deeds.ts'
import { addressDetail, addressSchema, blockItem, blockSchema } from './address-detail.ts'
import { formatKey } from './address-key.ts'
import type { App, HttpDeps } from './app.ts'
import { bodyError, by, why } from './deed-fields.ts'
import { addressParam, formatTime, timeField } from './fields.ts'
import { problemResponses, sendProblem } from './problem.ts'

const params = z.strictObject({ address: addressParam })
const unblockBody = z.strictObject({ why, by }, bodyError).prefault({})
const blockBody = z
  .strictObject({ why, by, until: timeField.nullish().describe('when the block ends by itself; null: when somebody lifts it') }, bodyError)
  .prefault({})

/** Adds the routes. */
export function addressRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/addresses/:address',
    config: { access: 'read' },
    schema: {
      tags: ['addresses'],
      summary: 'Is this address blacklisted, since when, and why',
      params,
      response: { 200: addressSchema, ...problemResponses('invalid-request') },
    },
    handler: request => addressDetail(deps, request.params.address),
  })

  app.route({
    method: 'POST',
    url: '/v1/addresses/:address/unblock',
    config: { access: 'unblock' },
    schema: {
      tags: ['addresses'],
      summary: 'Lift the block of an address; in force when the answer is sent',
      params,
      body: unblockBody,
      response: {
        200: z.object({
          address: z.string(),
          status: z.literal('unknown').describe('whether mail reaches it again is not known yet'),
          lifted: blockSchema.describe('the block that was'),
        }),
        ...problemResponses('invalid-request', 'not-blacklisted'),
      },
    },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const by = request.body.by || request.caller
      const lifted = await unblockAddress(deps, key, { why: request.body.why || noReason, by })
      const address = formatKey(key)
      if (lifted === null) return sendProblem(reply, 'not-blacklisted', `${address} is not blacklisted.`)
      return { address, status: 'unknown' as const, lifted: blockItem(lifted) }
    },
  })

  app.route({
    method: 'PUT',
    url: '/v1/addresses/:address/block',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Blacklist an address by hand; again: replaces',
      params,
      body: blockBody,
      response: { 200: addressSchema, ...problemResponses('invalid-request') },
    },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const until = request.body.until ?? null
      if (until !== null && until <= deps.now()) {
        const detail = `must be in the future, not ${formatTime(until)}`
        return sendProblem(reply, 'invalid-request', `until: ${detail}`, { errors: [{ in: 'body', field: 'until', detail }] })
      }
      const by = request.body.by || request.caller
      await blockAddress(deps, key, { why: request.body.why || noReason, by, until })
      return addressDetail(deps, key)
    },
  })
}
