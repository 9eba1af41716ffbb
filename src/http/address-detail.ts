/**
 * An address and a block as the API and the page show them: the status, and the reason of a block in the words of the server that gave it.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Block } from '../store/address-record.ts'
import { addressFacts } from './address-facts.ts'
import { formatKey } from './address-key.ts'
import type { HttpDeps } from './app.ts'
import { addressStatusSchema, bounceItemSchema, timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'
import { bounceItems } from './returned-mail.ts'

const latestBounces = 20

export const reasonSchema = z
  .object({
    category: z.enum([...categories, 'manual']),
    type: z.enum(['hard', 'soft']),
    fault: z.enum(['recipient', 'network', 'sender', 'content', 'policy', 'unknown']),
    rule: z.string().nullable().describe('id of the rule that decided; null: a person did'),
    evidence: z.string().describe("the remote server's words, or the person's reason"),
    bounceId: z.string().nullable().describe('the return that did it, in /v1/bounces'),
    messageId: z.string().nullable().describe('the mail that came back, in /v1/messages'),
    by: z.string().nullable().describe('who blocked it by hand; null: a return did'),
  })
  .meta({ id: 'Reason', description: 'Why an address is blacklisted' })

export const blockSchema = z
  .object({
    address: z.string(),
    since: timeSchema,
    until: timeSchema.nullable().describe('null: until somebody lifts it'),
    reason: reasonSchema,
  })
  .meta({ id: 'Block', description: 'A block in force' })

export const addressSchema = z
  .object({
    address: z.string().describe('its normal form'),
    status: addressStatusSchema,
    since: timeSchema.nullable().describe('since when it is blacklisted'),
    until: timeSchema.nullable().describe('when the block ends by itself; null: when somebody lifts it'),
    reason: reasonSchema.nullable().describe('null: it is not blacklisted'),
    counts: z
      .object({ hard: z.number().int(), soft: z.number().int(), uncounted: z.number().int() })
      .describe('returns so far; uncounted ones could not be held against it'),
    lastUnblock: z
      .object({ at: timeSchema, by: z.string().nullable(), why: z.string() })
      .nullable()
      .describe('the last time a person lifted a block'),
    bounces: z.array(bounceItemSchema).describe('its latest 20 returns, newest first'),
  })
  .meta({ id: 'Address', description: 'Everything known of an address' })

/** Makes the reason of a block. */
export function reasonOf({ category, type, fault, rule, evidence, bounceId, messageId, by }: Block): z.output<typeof reasonSchema> {
  return { category, type, fault, rule, evidence, bounceId, messageId, by }
}

/** Makes the item of a block. */
export function blockItem(block: Block): z.output<typeof blockSchema> {
  return { address: block.address, since: formatTime(block.since), until: formatTime(block.until), reason: reasonOf(block) }
}

export type AddressDetail = z.output<typeof addressSchema>

/** Loads everything known of an address. @throws {StoreUnavailable} */
export async function addressDetail(deps: Pick<HttpDeps, 'store' | 'policy' | 'now'>, key: AddressKey): Promise<AddressDetail> {
  const { store, policy, now } = deps
  const [{ record, block, status }, latest] = await Promise.all([
    addressFacts(store, policy, key, now()),
    store.bounces({ key }, { limit: latestBounces, cursor: null }),
  ])
  const lastUnblock = record?.lastUnblock ?? null
  return {
    address: formatKey(key),
    status,
    since: formatTime(block?.since ?? null),
    until: formatTime(block?.until ?? null),
    reason: block && reasonOf(block),
    counts: record?.counts ?? { hard: 0, soft: 0, uncounted: 0 },
    lastUnblock: lastUnblock && { at: formatTime(lastUnblock.at), by: lastUnblock.by, why: lastUnblock.why },
    bounces: await bounceItems(deps, latest.items),
  }
}
