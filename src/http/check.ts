/**
 * `POST /v1/addresses/check`: may mail go to these addresses, asked for a whole campaign at once.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import { addressKeyOf } from '../smtp/path.ts'
import { addressFacts } from './address-facts.ts'
import { formatKey } from './address-key.ts'
import type { App, HttpDeps } from './app.ts'
import { addressStatusSchema, timeSchema } from './bounce-item.ts'
import { bodyError } from './deed-fields.ts'
import { formatTime, maxAddressOctets } from './fields.ts'
import { problemResponses } from './problem.ts'

const maxAddresses = 1000
/** So many addresses of 320 octets, with what JSON adds. */
const maxBodyBytes = 524_288
/** Addresses looked up side by side: the relay's look-ups come between. */
const groupSize = 50

const listError = `must be a list of 1 to ${maxAddresses} addresses`
const body = z.strictObject(
  {
    addresses: z
      .array(z.string({ error: 'must be text' }), { error: listError })
      .min(1, { error: listError })
      .max(maxAddresses, { error: listError }),
  },
  bodyError,
)

const checkedSchema = z
  .object({
    given: z.string().describe('as it was asked for'),
    address: z.string().nullable().describe('its normal form; null: it is no mail address'),
    status: addressStatusSchema.nullable().describe('null: it is no mail address'),
    since: timeSchema.nullable().describe('since when it is blacklisted'),
    until: timeSchema.nullable().describe('when the block ends by itself'),
    category: z
      .enum([...categories, 'manual'])
      .nullable()
      .describe('why it is blacklisted'),
  })
  .meta({ id: 'Checked', description: 'Whether mail may go to an address' })

/** Adds the route. */
export function checkRoutes(app: App, { store, policy, now }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/addresses/check',
    config: { access: 'read' },
    bodyLimit: maxBodyBytes,
    schema: {
      tags: ['addresses'],
      summary: 'The status of up to 1,000 addresses, in the order in which they are given',
      body,
      response: { 200: z.object({ items: z.array(checkedSchema) }), ...problemResponses('invalid-request', 'body-too-large') },
    },
    handler: async request => {
      const { addresses } = request.body
      const items: z.output<typeof checkedSchema>[] = []
      for (let at = 0; at < addresses.length; at += groupSize)
        items.push(...(await Promise.all(addresses.slice(at, at + groupSize).map(checked))))
      return { items }
    },
  })

  async function checked(given: string): Promise<z.output<typeof checkedSchema>> {
    const key = Buffer.byteLength(given) <= maxAddressOctets ? addressKeyOf(given.trim()) : null
    if (key === null) return { given, address: null, status: null, since: null, until: null, category: null }
    const { block, status } = await addressFacts(store, policy, key, now())
    const [since, until] = [formatTime(block?.since ?? null), formatTime(block?.until ?? null)]
    return { given, address: formatKey(key), status, since, until, category: block?.category ?? null }
  }
}
