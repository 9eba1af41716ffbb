/**
 * Blocks from a list: what becomes of each of its lines, and the blocks that follow, as one unit with the audit's entry for the import.
 *
 * Promises: imported twice, a list changes nothing the second time. What people have unblocked stays unblocked, unless they are overruled.
 */
import type { Listing } from '../block-file/listing.ts'
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, Block } from '../store/address-record.ts'
import type { Store } from '../store/store.ts'
import { addEvent } from './address-events.ts'
import { cleanWords } from './clean-words.ts'
import { isNever } from './never-list.ts'
import { newAddress } from './new-address.ts'

/** What became of a line; `blocked` in a dry run: would be. */
export const importOutcomes = [
  'blocked',
  'already-blocked',
  'alive', // its words are not those of a dead address
  'complaint', // a person who wants no mail; blocked when asked for
  'unsubscribed',
  'unblocked-by-hand', // a person unblocked it since; blocked when asked for
  'never-list',
  'ended', // the block it lists is over
  'invalid',
] as const

export type ImportOutcome = (typeof importOutcomes)[number]

export type ImportOptions = {
  /** What the list is, as users know it; null: it does not say. */
  readonly list: string | null
  readonly dryRun: boolean
  /** Complaints and unsubscribes are blocked too. */
  readonly complaints: boolean
  readonly unsubscribes: boolean
  /** What people have unblocked is blocked again. */
  readonly overrideUnblocks: boolean
  readonly why: string
  readonly by: string | null
}

export type ImportDeps = { readonly store: Pick<Store, 'update'>; readonly policy: Pick<PolicyConfig, 'never'>; readonly now: () => number }

export type Importer = {
  /** Blocks what these lines list; gives what became of each, in their order. Durable when it resolves. @throws {StoreUnavailable} */
  take(listings: readonly Listing[]): Promise<readonly ImportOutcome[]>
}

/** Begins an import. The audit gets its one entry with the first block. */
export function createImporter({ store, policy, now }: ImportDeps, options: ImportOptions): Importer {
  let audited = false

  return {
    async take(listings) {
      const at = now()
      const outcomes = listings.map(listing => outcomeAlone(listing, options, policy, at))
      const keys = [...new Set(listings.flatMap(({ key }, index) => (outcomes[index] === null ? [key] : [])))]
      if (keys.length === 0) return outcomes.map(outcome => outcome ?? 'invalid')
      const result = await store.update({ keys }, ({ addresses, seq }) => {
        const after = new Map<AddressKey, AddressRecord>()
        const ended = listings.map((listing, index): ImportOutcome => {
          const outcome = outcomes[index]
          if (outcome) return outcome
          const { key, address } = listing
          const record = after.get(key) ?? addresses.get(key) ?? newAddress({ address, key })
          const why = outcomeOf(listing, record, options)
          if (why === 'blocked')
            after.set(key, addEvent({ ...record, address }, { kind: 'block', seq, at, block: blockOf(listing, options, at) }))
          return why
        })
        if (options.dryRun || after.size === 0) return { changes: {}, result: ended }
        const entry = {
          at,
          op: 'import',
          actor: 'hand',
          by: options.by,
          key: null,
          subject: `list ${options.list ?? '?'}`,
          why: cleanWords(options.why),
        } as const
        return { changes: { isBulk: true, addresses: [...after.values()], audit: audited ? [] : [entry] }, result: ended }
      })
      audited ||= !options.dryRun && result.includes('blocked')
      return result
    },
  }
}

/** What becomes of a line whatever is known of its address; null: that decides. */
function outcomeAlone(
  { fate, key, until }: Listing,
  options: ImportOptions,
  { never }: ImportDeps['policy'],
  now: number,
): ImportOutcome | null {
  if (fate === 'alive') return 'alive'
  if (fate === 'complaint' && !options.complaints) return 'complaint'
  if (fate === 'unsubscribed' && !options.unsubscribes) return 'unsubscribed'
  if (isNever(never, key)) return 'never-list'
  return until !== null && until <= now ? 'ended' : null
}

function outcomeOf({ since }: Listing, { block, lastUnblock }: AddressRecord, { overrideUnblocks }: ImportOptions): ImportOutcome {
  if (block) return 'already-blocked'
  const stands = lastUnblock !== null && (since === null || since <= lastUnblock.at)
  return stands && !overrideUnblocks ? 'unblocked-by-hand' : 'blocked'
}

function blockOf(listing: Listing, options: ImportOptions, now: number): Block {
  const { address, until, category, type, fault, rule, bounceId, messageId } = listing
  const byHand = category === 'manual'
  return {
    address,
    since: Math.min(listing.since ?? now, now),
    until,
    category,
    type,
    fault,
    rule,
    evidence: cleanWords(listing.evidence) || cleanWords(options.why),
    bounceId,
    messageId,
    by: listing.by ?? (byHand ? options.by : null),
  }
}
