/**
 * What the operator's policy makes of a verdict: confirmation, expiry, and soft returns that add up (`policy.categories`, `policy.rules`).
 *
 * Soft returns stand in the address record while they can matter. A mail that was delivered takes those before it away.
 * Pure.
 */
import type { Verdict } from '../classify/verdict.ts'
import type { VerdictPolicy } from '../config/policy.ts'
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressRecord, SoftReturn } from '../store/address-record.ts'
import type { ReturnEvent } from './return-event.ts'

type Policies = Partial<Pick<PolicyConfig, 'categories' | 'rules'>>

/** Soft returns that a record keeps, and the longest that any is kept: what `policy` can ask for. */
const maxSoft = 50
const maxSoftDays = 365
/** The list of suspects looks back this far, whatever the policy says. */
const suspectDays = 30
const dayMs = 86_400_000

/** What is asked of a verdict's category, and before that of its rule. */
export function policyOf({ categories = {}, rules = {} }: Policies, { category, rule }: Pick<Verdict, 'category' | 'rule'>): VerdictPolicy {
  const own = Object.hasOwn(rules, rule) ? rules[rule] : undefined
  return { ...categories[category], ...own }
}

/** The verdict with the confirmation and the time to live that the policy asks for in place of the rule's own. */
export function verdictUnder(policies: Policies, verdict: Verdict): Verdict {
  const { confirm, expiresAfterDays } = policyOf(policies, verdict)
  const { ttlDays, ...rest } = verdict
  const days = expiresAfterDays === undefined ? ttlDays : (expiresAfterDays ?? undefined)
  return { ...rest, ...(confirm && verdict.type === 'hard' ? { confirm } : {}), ...(days === undefined ? {} : { ttlDays: days }) }
}

/** Says whether a soft return, with those before it, is all that the policy asks for. */
export function isEscalated(soft: readonly SoftReturn[], event: ReturnEvent, policies: Policies): boolean {
  const { verdict } = event
  const { count, withinDays = 30, distinctDays = 1 } = policyOf(policies, verdict)
  if (count === undefined || !mayAddUp(event)) return false
  const byRule = Object.hasOwn(policies.rules ?? {}, verdict.rule) && policies.rules?.[verdict.rule]?.count !== undefined
  const since = event.receivedAt - withinDays * dayMs
  const all = withSoft(soft, event).filter(
    one => one.at > since && (byRule ? one.rule === verdict.rule : one.category === verdict.category),
  )
  return all.length >= count && new Set(all.map(({ at }) => Math.floor(at / dayMs))).size >= distinctDays
}

/** The soft returns of an address after one more return: added, replaced, or all gone because mail was delivered since. */
export function softAfter(soft: AddressRecord['soft'], event: ReturnEvent, policies: Policies): AddressRecord['soft'] {
  const before = soft ?? []
  const { action, grade, messageId, match } = event
  if (grade === 'claimed' || match.fate !== 'recipient') return soft
  if (action === 'delivered') return before.some(one => one.messageId <= messageId) ? before.filter(one => one.messageId > messageId) : soft
  if (mayAddUp(event)) return trimmed(withSoft(before, event), event.receivedAt, policies)
  // The same mail came back hard after all.
  return action === 'failed' && before.some(one => one.messageId === messageId) ? before.filter(one => one.messageId !== messageId) : soft
}

/** Proven enough, of a recipient of ours, and not somebody else's fault. */
function mayAddUp({ action, kind, grade, match, verdict }: ReturnEvent): boolean {
  if (action !== 'failed' || kind !== 'bounce' || grade === 'claimed' || match.fate !== 'recipient' || verdict.type !== 'soft') return false
  return verdict.fault === 'recipient' || verdict.fault === 'network' || verdict.fault === 'policy'
}

/** One mail counts once, under what it last said. */
function withSoft(soft: readonly SoftReturn[], { verdict, messageId, receivedAt }: ReturnEvent): readonly SoftReturn[] {
  const { category, rule } = verdict
  const known = soft.find(one => one.messageId === messageId)
  const at = known?.at ?? receivedAt
  return [...soft.filter(one => one !== known), { category, rule, messageId, at }]
}

function trimmed(soft: readonly SoftReturn[], now: number, { categories = {}, rules = {} }: Policies): readonly SoftReturn[] {
  const asked = [...Object.values(categories), ...Object.values(rules)].map(one => one?.withinDays ?? 0)
  const since = now - Math.min(maxSoftDays, Math.max(suspectDays, ...asked)) * dayMs
  return soft.filter(({ at }) => at > since).slice(-maxSoft)
}
