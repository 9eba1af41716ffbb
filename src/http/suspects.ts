/**
 * `/v1/suspects`: addresses whose mail comes back soft again and again, and blocking them in bulk.
 */
import { z } from 'zod'
import { block } from '../judge/by-hand.ts'
import { acceptedBefore } from '../judge/status.ts'
import { type AddressRecord, isSuspect } from '../store/records.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { bodyError, by, deedOf, why } from './deed-fields.ts'
import { addressParam, formatTime } from './fields.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses } from './problem.ts'

const dayMs = 86_400_000
const lookBackMs = 30 * dayMs
/** As many as a body of 64 KiB holds. */
const maxAddresses = 500

const suspectSchema = z
  .object({
    address: z.string(),
    returns: z.number().int().describe('soft returns within 30 days'),
    days: z.number().int().describe('on so many different days'),
    firstAt: timeSchema,
    lastAt: timeSchema,
    categories: z.array(z.string()).describe('what they were'),
  })
  .meta({ id: 'Suspect', description: 'An address with 5 soft returns on 5 days within 30 days, and no mail accepted since' })

const addressesError = `must be a list of 1 to ${maxAddresses} addresses`
const body = z.strictObject(
  {
    addresses: z
      .array(addressParam, { error: addressesError })
      .min(1, { error: addressesError })
      .max(maxAddresses, { error: addressesError }),
    why,
    by,
  },
  bodyError,
)

/** Adds the routes. */
export function suspectRoutes(app: App, deps: HttpDeps): void {
  const { store, policy, now, metrics } = deps

  app.route({
    method: 'GET',
    url: '/v1/suspects',
    config: { access: 'read' },
    schema: {
      tags: ['addresses'],
      summary: 'Addresses whose mail comes back soft again and again, the latest return first',
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(suspectSchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const at = now()
      const page = await store.suspects(pageRequest(request.query))
      const still = await Promise.all(page.items.map(record => isStill(record, at)))
      linkNext(request, reply, page.next)
      return { items: page.items.filter((_, index) => still[index]).map(suspectItem), next: page.next }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/suspects/block',
    config: { access: 'admin' },
    schema: {
      tags: ['addresses'],
      summary: 'Blacklist suspects by hand; those that are suspects no more are left alone',
      body,
      response: {
        200: z.object({ blocked: z.array(z.string()), left: z.array(z.string()).describe('no suspects any more: left alone') }),
        ...problemResponses('invalid-request'),
      },
    },
    handler: async request => {
      const at = now()
      const deed = { ...deedOf(request.body, request.caller), now: at, until: null }
      const blocked: string[] = []
      const left: string[] = []
      for (const key of new Set(request.body.addresses)) {
        const record = await store.address(key)
        if (record === null || !(await isStill(record, at))) {
          left.push(key)
          continue
        }
        await block(store, { ...deed, key, address: record.address })
        metrics.blacklistChanges.inc({ op: 'block', actor: 'hand' })
        blocked.push(record.address)
      }
      return { blocked, left }
    },
  })

  /** Nothing was accepted and kept since the last soft return. */
  async function isStill(record: AddressRecord, at: number): Promise<boolean> {
    const last = record.soft?.at(-1)
    if (!isSuspect(record) || last === undefined || last.at < at - lookBackMs) return false
    const [accepted, message] = await Promise.all([
      store.lastAccepted(record.key, acceptedBefore(at, policy)),
      store.message(last.messageId),
    ])
    return accepted === null || message === null || accepted.seq <= message.seq
  }
}

function suspectItem({ address, soft = [] }: AddressRecord): z.output<typeof suspectSchema> {
  const last = soft.at(-1)?.at ?? 0
  const lately = soft.filter(({ at }) => at > last - lookBackMs)
  return {
    address,
    returns: lately.length,
    days: new Set(lately.map(({ at }) => Math.floor(at / dayMs))).size,
    firstAt: formatTime(lately[0]?.at ?? last),
    lastAt: formatTime(last),
    categories: [...new Set(lately.map(({ category }) => category))],
  }
}
