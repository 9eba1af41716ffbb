/**
 * One kept return under today's rules: what it did is taken out of its address's record, and what its new verdict does is put in the same place.
 *
 * Its id, its mail and its time stay. What people blocked and unblocked stands, before and after it; so does what the guard or a person decided.
 * A return whose verdict is the same as before is not touched, whatever else has changed since.
 * Pure.
 */
import type { AddressEvent, AddressRecord } from '../store/address-record.ts'
import type { Bounce } from '../store/return-records.ts'
import { applyEvent, refold } from './address-events.ts'
import { type JudgePolicy, noSigns, saysDomainIsDead } from './conditions.ts'
import { drawerOf, isDecided, judge, subjectOf } from './judge.ts'
import { newAddress } from './new-address.ts'
import type { ReturnEvent } from './return-event.ts'
import { verdictUnder } from './verdict-policy.ts'

/**
 * `same`: its verdict is the same. `decided`: the guard or a person decided on it. `tooOld`: it counted, and is no longer among the events that
 * can be taken out of its address's record.
 */
export type Rejudged =
  | { readonly outcome: 'same' | 'decided' | 'tooOld' }
  | { readonly outcome: 'changed'; readonly bounce: Bounce; readonly address: AddressRecord | null }

const nothing = { block: null, lastHard: null, lastUnblock: null }

/** Judges a return again; `event` is it as read today, `seq` a fresh number. */
export function rejudgeReturn(
  { record, prior, seq }: { readonly record: AddressRecord | null; readonly prior: Bounce; readonly seq: number },
  event: ReturnEvent,
  policy: JudgePolicy,
  now: number,
): Rejudged {
  if (isDecided(prior.why)) return { outcome: 'decided' }
  if (isSameVerdict(prior, verdictUnder(policy, event.verdict))) return { outcome: 'same' }
  const before = record ?? newAddress(subjectOf(event))
  const events = before.events ?? []
  const index = events.findIndex(one => one.kind === 'return' && one.bounceId === prior.id && one.void === null)
  if (prior.counted && index === -1) return { outcome: 'tooOld' }

  const place = events[index]
  // As the address was when this return came: what people did afterwards must not speak against it.
  const then = place ? events.slice(0, index).reduce(applyEvent, before.folded ?? nothing) : before
  const without = takenOut(before, prior)
  const judged = judge(
    {
      address: { ...without, ...stateOf(then), events: [], folded: stateOf(then) },
      prior: null,
      seq: place?.seq ?? seq,
      resolver: signsOf(prior, event),
      surge: null,
    },
    event,
    policy,
    place?.kind === 'return' ? place.block.since : now,
  )
  const bounce: Bounce = { ...judged.bounce, mail: prior.mail }
  if (event.match.fate === 'not-a-recipient') return { outcome: 'changed', bounce, address: null }
  const { awaiting, counts, soft } = judged.address ?? without
  const [step] = (judged.bounce.counted && judged.address?.events) || []
  return {
    outcome: 'changed',
    bounce,
    address: asOf(withStep({ ...without, awaiting, counts, ...(soft ? { soft } : {}) }, before, index, step), now),
  }
}

function isSameVerdict(prior: Bounce, next: Pick<Bounce, 'category' | 'fault' | 'type' | 'rule'>): boolean {
  return prior.category === next.category && prior.fault === next.fault && prior.type === next.type && prior.rule === next.rule
}

/** What the resolver was suspected of stays: the signs of that moment are gone. */
function signsOf({ why, domainLived = false }: Bounce, { verdict }: ReturnEvent) {
  return { ...noSigns, lived: domainLived && saysDomainIsDead(verdict), livingNeighbour: why === 'resolver-suspect' }
}

/** A record without what a return left in it, beside its event. */
function takenOut(before: AddressRecord, prior: Bounce): AddressRecord {
  const drawer = drawerOf(prior)
  const { soft } = before
  return {
    ...before,
    awaiting: before.awaiting.filter(one => one.messageId !== prior.messageId),
    counts: drawer === null ? before.counts : { ...before.counts, [drawer]: Math.max(0, before.counts[drawer] - 1) },
    ...(soft ? { soft: soft.filter(one => one.messageId !== prior.messageId) } : {}),
  }
}

/** The record with the return's event replaced, or taken out, or added last. */
function withStep(record: AddressRecord, before: AddressRecord, index: number, step: AddressEvent | undefined): AddressRecord {
  const events = before.events ?? []
  const added = step ? [step] : []
  const next = index === -1 ? [...events, ...added] : [...events.slice(0, index), ...added, ...events.slice(index + 1)]
  const folded = events.length === 0 ? stateOf(before) : (before.folded ?? nothing)
  // Nothing is left to fold: what was in force before the first event is.
  return next.length === 0 ? { ...record, ...folded, events: next } : refold({ ...record, events: next, folded })
}

function asOf(record: AddressRecord, now: number): AddressRecord {
  const { block } = record
  return block !== null && block.until !== null && block.until <= now ? { ...record, block: null } : record
}

function stateOf({ block, lastHard, lastUnblock }: Pick<AddressRecord, 'block' | 'lastHard' | 'lastUnblock'>) {
  return { block, lastHard, lastUnblock }
}
