/**
 * Our own export, read back: every field as it was written, or what is wrong with it.
 *
 * Pure.
 */
import { categories, categoryFacts } from '../classify/verdict.ts'
import { addressKeyOf } from '../smtp/path.ts'
import { parseListTime } from './list-time.ts'
import type { Cells, Listing, Read } from './listing.ts'

/** The columns of an export, in their order; a field of /v1/blacklist stands under its own name. */
export const ownColumns = [
  'address',
  'since',
  'until',
  'category',
  'type',
  'fault',
  'rule',
  'evidence',
  'bounceId',
  'messageId',
  'by',
] as const

const blockCategories: readonly string[] = [...categories, 'manual']
const faults: readonly string[] = ['recipient', 'network', 'sender', 'content', 'policy', 'unknown']
const maxName = 100

/** Parses a line of our own. */
export const readOwn: Read = cells => {
  const address = cells.address ?? ''
  const key = addressKeyOf(address)
  if (key === null) return { ok: false, why: 'address: must be a mail address' }
  const why = whyNot(cells)
  if (why !== null) return { ok: false, why }
  const category = cells.category as Listing['category']
  const facts = category === 'manual' ? { type: 'hard' as const, fault: 'unknown' as const } : categoryFacts[category]
  return {
    ok: true,
    listing: {
      fate: 'dead',
      address,
      key,
      since: parseListTime(cells.since),
      until: parseListTime(cells.until),
      category,
      type: (cells.type || facts.type) as Listing['type'],
      fault: (cells.fault || facts.fault) as Listing['fault'],
      rule: cells.rule || null,
      evidence: cells.evidence ?? '',
      bounceId: cells.bounceid || null,
      messageId: cells.messageid || null,
      by: cells.by || null,
    },
  }
}

/** What is wrong with the first field that is; null: nothing. */
function whyNot({ category = '', type, fault, since, until, rule, bounceid, messageid, by }: Cells): string | null {
  if (!blockCategories.includes(category)) return `category: must be one of ${blockCategories.join(', ')}`
  if (type && type !== 'hard' && type !== 'soft') return 'type: must be hard or soft'
  if (fault && !faults.includes(fault)) return `fault: must be one of ${faults.join(', ')}`
  for (const [name, text] of Object.entries({ since, until }))
    if (text && parseListTime(text) === null) return `${name}: must be a time of RFC 3339, such as 2026-11-24T09:00:00Z, or empty`
  for (const [name, text] of Object.entries({ rule, by }))
    if (text && (text.length > maxName || /[\0-\x1f\x7f]/.test(text))) return `${name}: must have at most ${maxName} characters`
  for (const [name, text] of Object.entries({ bounceId: bounceid, messageId: messageid }))
    if (text && !/^[\w-]{1,64}$/.test(text)) return `${name}: must be an id`
  return null
}
