/**
 * Signs that a dead domain is a resolver's fault: what to ask the store for, and what its answer says (bounces.md, "Judgement").
 *
 * Looked up only for returns that call a domain dead and prove it. Claims are no sign: anybody could hold every block of a domain with them.
 * Pure, but for `deliveredNeighbours`.
 */
import type { PolicyConfig } from '../config/schema.ts'
import { timeOfId } from '../return-path/time-id.ts'
import { type AddressKey, domainOfKey } from '../smtp/path.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import type { Facts, FactsRequest } from '../store/update.ts'
import { noSigns, type ResolverSigns, saysDomainIsDead } from './conditions.ts'
import { subjectOf } from './judge.ts'
import type { ReturnEvent } from './return-event.ts'
import { acceptedBefore } from './status.ts'

/** Within this time another address of the domain was ok. */
const livingWithinMs = 7 * 86_400_000
/** So close together domains of one reporting host turn invalid. */
const turnedWithinMs = 10 * 60_000
/** Returns of a domain that are looked through for a delivery. */
const latestReturns = 200
/**
 * The sandbox plays every part, dead domains too, at this one name. Reserved by RFC 6761 §6.2, it is never resolved: no resolver is to blame.
 */
const playedDomain = 'sandbox.test'

/** The returns that call a domain dead, and prove it. */
export function suspectsAmong(events: readonly ReturnEvent[]): readonly ReturnEvent[] {
  return events.filter(event => {
    const { match, grade, verdict, action } = event
    if (match.fate !== 'recipient' || grade === 'claimed' || action !== 'failed' || !saysDomainIsDead(verdict)) return false
    return domainOfKey(subjectOf(event).key) !== playedDomain
  })
}

/**
 * Names that an update of these returns must be alone on besides its addresses, so that of domains which die at the same moment each is judged
 * in sight of those before it. No address is at an empty domain.
 */
export function hostLocks(suspects: readonly ReturnEvent[]): readonly AddressKey[] {
  return [...new Set(suspects.map(event => `${hostOf(event)}@` as AddressKey))]
}

/** What an update of these returns must ask the store for. */
export function signsWanted(
  suspects: readonly ReturnEvent[],
  policy: Pick<PolicyConfig, 'okAfterHours'>,
): Pick<FactsRequest, 'neighbours' | 'lived' | 'deadDomainsSince'> {
  const earliest = Math.min(...suspects.map(({ receivedAt }) => receivedAt))
  if (suspects.length === 0) return {}
  const before = acceptedBefore(earliest, policy)
  const of = suspects.map(event => subjectOf(event).key)
  return {
    neighbours: { of, acceptedSince: before - livingWithinMs, acceptedBefore: before },
    // What is older than the mails that came back: a late return's own mail does not show that its domain was ok.
    lived: { of, acceptedBefore: Math.min(before, ...suspects.map(({ messageId }) => timeOfId(messageId) - 1)) },
    deadDomainsSince: earliest - turnedWithinMs,
  }
}

/** Reads the signs for one return. `delivered`: see `deliveredNeighbours`. */
export function readSigns(
  event: ReturnEvent,
  suspects: readonly ReturnEvent[],
  { neighbours, lived, deadDomains }: Pick<Facts, 'neighbours' | 'lived' | 'deadDomains'>,
  delivered: ReadonlySet<AddressKey>,
): ResolverSigns {
  if (!suspects.includes(event)) return noSigns
  const { key } = subjectOf(event)
  const host = hostOf(event)
  const before = deadDomains.filter(bounce => isSign(bounce) && hostOf(bounce) === host)
  const now = suspects.filter(one => hostOf(one) === host).map(one => subjectOf(one).key)
  const wasOk = (one: AddressKey) => lived.has(one) || delivered.has(one)
  return {
    livingNeighbour: neighbours.has(key) || delivered.has(key),
    invalidDomains: new Set([...before.map(bounce => bounce.key), ...now].map(domainOfKey)).size,
    lived: wasOk(key),
    oneLived: before.some(({ domainLived }) => domainLived === true) || now.some(wasOk),
  }
}

function isSign({ grade, action, why }: Bounce): boolean {
  return (
    grade !== 'claimed' && action === 'failed' && (why === 'blacklisted' || why === 'resolver-suspect' || why === 'awaiting-confirmation')
  )
}

/** A reply to RCPT is upstream's own word. */
function hostOf({ reportingMta }: Pick<Bounce, 'reportingMta'>): string {
  return reportingMta?.toLowerCase() ?? ''
}

/**
 * The keys of those suspects at whose domain mail for another address was reported as delivered in the last days.
 * @throws {StoreUnavailable}
 */
export async function deliveredNeighbours(
  store: Pick<Store, 'bounces'>,
  suspects: readonly ReturnEvent[],
): Promise<ReadonlySet<AddressKey>> {
  const found = new Set<AddressKey>()
  for (const event of suspects) {
    const { key } = subjectOf(event)
    const filter = { domain: domainOfKey(key), since: event.receivedAt - livingWithinMs }
    const { items } = await store.bounces(filter, { limit: latestReturns, cursor: null })
    if (items.some(bounce => bounce.action === 'delivered' && bounce.grade !== 'claimed' && bounce.key !== key)) found.add(key)
  }
  return found
}
