/**
 * The judge: what one return does to the address it is about (bounces.md, "Judgement").
 *
 * A fold: what is known and what happened give what is known afterwards and what is owed. A return counts at most once: its id names the mail,
 * the address we wrote to and the action. Its record may become stronger (from a claim to proof, from soft to hard, from uncounted to counted), never
 * weaker: repeating returns, in whatever order, adds nothing.
 * A return that nothing speaks against may still be held by the surge guard, or only be observed.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressEvent, AddressRecord, Block, Held } from '../store/address-record.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { Bounce, Grade, Why } from '../store/return-records.ts'
import { addEvent } from './address-events.ts'
import { returnWords } from './audit-words.ts'
import { bounceId } from './bounce-id.ts'
import { cleanWords } from './clean-words.ts'
import { type JudgeFacts, type JudgePolicy, whyNot } from './conditions.ts'
import { addAwaiting } from './confirmation.ts'
import { newAddress } from './new-address.ts'
import type { ReturnEvent } from './return-event.ts'
import { feedSurge, type SurgeVerdict } from './surge.ts'
import { softAfter, verdictUnder } from './verdict-policy.ts'

/** What a return did. */
export type Judgement = {
  /** `duplicate`: nothing at all. */
  readonly why: Why
  /** The return's record as it now stands. */
  readonly bounce: Bounce
  /** What is to be written: the record of the address, where it changed. */
  readonly address: AddressRecord | null
  /** Present when a block began by this return, or was extended. */
  readonly audit: AuditEntry | null
  /** What the surge guard remembers of it; null: it did not look. */
  readonly surge: SurgeVerdict | null
}

const dayMs = 86_400_000
/** Longest address kept of what a report names; ours are shorter (RFC 5321 §4.5.3.1.3). */
const maxAddressLength = 320

/** Judges one return; `now` is the time a block begins. */
export function judge(facts: JudgeFacts, given: ReturnEvent, policy: JudgePolicy, now: number): Judgement {
  const event = { ...given, verdict: verdictUnder(policy, given.verdict) }
  const subject = subjectOf(event)
  const against = whyNot({ facts, event, key: subject.key, policy })
  const unheld = recordOf(event, subject, against ?? 'blacklisted', facts)
  if (facts.prior && !supersedes(unheld, facts.prior))
    return { why: 'duplicate', bounce: facts.prior, address: null, audit: null, surge: null }
  const surge = surgeOf(facts, event, unheld.id, against === null, policy)
  const why = against ?? (surge?.incident ? 'held' : policy.mode === 'observe' ? 'observed' : 'blacklisted')
  const bounce = why === unheld.why ? unheld : recordOf(event, subject, why, facts)
  if (event.match.fate === 'not-a-recipient') return { why, bounce, address: null, audit: null, surge: null }

  const before = facts.address ?? newAddress(subject)
  const told: AddressRecord = {
    ...before,
    address: subject.address,
    lastDelivered: laterDelivery(before.lastDelivered, event),
    awaiting: awaitingAfter(before.awaiting, event, why, facts.prior),
    counts: recount(before.counts, facts.prior, bounce),
    soft: softAfter(before.soft, event, policy) ?? [],
    held: heldAfter(before.held ?? null, event, bounce, surge),
    fed: surge ? surge.fed : (before.fed ?? null),
  }
  const after = bounce.counted ? addEvent(told, returnEvent(bounce, event, facts.seq, now)) : told
  const audit = after.block === before.block ? null : auditOf(bounce, now)
  return { why, bounce, address: sameFate(before, after) ? null : after, audit, surge }
}

/** The surge guard looks at what proves itself, about recipients of ours. A claim feeds it in neither direction. */
function surgeOf({ surge, address }: JudgeFacts, event: ReturnEvent, bounceId: string, turns: boolean, policy: JudgePolicy) {
  const { surgeGuard } = policy
  const { match, grade, kind, action, verdict, messageId, receivedAt } = event
  if (!surge || !surgeGuard?.enabled || grade === 'claimed' || match.fate !== 'recipient') return null
  if (kind === 'complaint' || (action !== 'failed' && action !== 'delivered')) return null
  const { rule, category } = verdict
  return feedSurge(surge, address, { rule, category, bounceId, messageId, at: receivedAt, turns }, surgeGuard)
}

type Subject = { readonly address: string; readonly key: AddressKey }

/** The address a return is about: the one we sent to, else the one the report names. Empty when it names nobody. */
export function subjectOf({ match }: Pick<ReturnEvent, 'match'>): Subject {
  if (match.fate !== 'not-a-recipient') return match.recipient
  const address = cleanWords(match.address ?? '', maxAddressLength)
  return { address, key: address.normalize('NFC').toLowerCase() as AddressKey }
}

/** The id of the record a return has, or will have. */
export function idOf(event: Pick<ReturnEvent, 'messageId' | 'match' | 'action' | 'kind'>): string {
  return bounceId(event.messageId, subjectOf(event).key, event.kind === 'complaint' ? 'complaint' : event.action)
}

function recordOf(event: ReturnEvent, { address, key }: Subject, why: Why, { prior, resolver }: JudgeFacts): Bounce {
  const { verdict, message } = event
  return {
    id: idOf(event),
    receivedAt: event.receivedAt,
    source: event.source,
    kind: event.kind,
    action: event.action,
    reportId: event.reportId,
    messageId: message ? message.id : null,
    address,
    key,
    category: verdict.category,
    fault: verdict.fault,
    type: verdict.type,
    rule: verdict.rule,
    confirm: verdict.confirm ?? null,
    evidence: cleanWords(event.evidence),
    status: event.status,
    replyCode: event.replyCode,
    remoteMta: event.remoteMta,
    reportingMta: event.reportingMta,
    grade: event.grade,
    counted: why === 'blacklisted',
    why,
    ...(resolver.lived ? { domainLived: true } : {}),
    mail: prior?.mail ?? null, // the store fills it in from the journal
  }
}

const strength: Readonly<Record<Grade, number>> = { claimed: 0, single: 1, proven: 2 }

/** What was decided stays: the guard, or a person, has looked at this return. */
const decided: ReadonlySet<Why> = new Set<Why>(['held', 'confirmed', 'dismissed', 'released', 'reverted'])

/** Says whether the guard or a person decided on a return. */
export function isDecided(why: Why): boolean {
  return decided.has(why)
}

/** What counted stays as it is; else better proof wins, and of equal proof the hard return over the soft one. */
function supersedes(next: Bounce, prior: Bounce): boolean {
  if (decided.has(prior.why)) return false
  if (prior.counted || next.counted) return !prior.counted
  const proof = strength[next.grade] - strength[prior.grade]
  if (proof !== 0) return proof > 0
  return next.type === 'hard' && prior.type === 'soft'
}

/** The step that a return which counts adds to the address's way. */
function returnEvent(bounce: Bounce, { verdict, receivedAt }: ReturnEvent, seq: number, now: number): AddressEvent {
  return { kind: 'return', seq, at: receivedAt, bounceId: bounce.id, block: blockBy(bounce, verdict.ttlDays ?? null, now), void: null }
}

/** The block that a return makes from `now` on. */
export function blockBy(bounce: Bounce, ttlDays: number | null, now: number): Block {
  const { address, category, type, fault, rule, evidence } = bounce
  const until = ttlDays === null ? null : now + ttlDays * dayMs
  return { address, since: now, until, category, type, fault, rule, evidence, bounceId: bounce.id, messageId: bounce.messageId, by: null }
}

/** The first return held stays the one: what comes later decides it. So does a report that later mail was delivered. */
function heldAfter(held: Held | null, event: ReturnEvent, bounce: Bounce, surge: SurgeVerdict | null): Held | null {
  const { messageId, receivedAt: at, action, grade, kind } = event
  if (bounce.why === 'held' && surge?.incident) return held ?? { incident: surge.incident.id, bounceId: bounce.id, messageId, at }
  if (held === null || bounce.counted) return null
  const delivered = action === 'delivered' && kind !== 'complaint' && grade !== 'claimed'
  return delivered && event.message !== null && messageId > held.messageId ? null : held
}

/** A report of delivery is about a mail: it says as much as that mail's place in the order does. Claims say nothing. */
function laterDelivery(last: AddressRecord['lastDelivered'], event: ReturnEvent): AddressRecord['lastDelivered'] {
  const { action, kind, grade, message, receivedAt } = event
  if (action !== 'delivered' || kind === 'complaint' || grade === 'claimed' || message === null) return last
  return last && last.seq >= message.seq ? last : { seq: message.seq, at: receivedAt }
}

function awaitingAfter(awaiting: AddressRecord['awaiting'], event: ReturnEvent, why: Why, prior: Bounce | null): AddressRecord['awaiting'] {
  // A record that no longer waits takes its place in the queue with it.
  const still = prior?.why === 'awaiting-confirmation' ? without(awaiting, one => one.messageId === event.messageId) : awaiting
  if (why === 'awaiting-confirmation') return addAwaiting(still, event)
  return why === 'blacklisted' ? without(still, one => one.rule === event.verdict.rule) : still
}

/** The same list when nothing is taken out. */
function without<T>(list: readonly T[], leaves: (item: T) => boolean): readonly T[] {
  return list.some(leaves) ? list.filter(item => !leaves(item)) : list
}

type Counts = AddressRecord['counts']

/** A record is counted once, under what it last was. */
function recount(counts: Counts, prior: Bounce | null, next: Bounce): Counts {
  const from = prior && drawerOf(prior)
  const to = drawerOf(next)
  if (from === to) return counts
  return { hard: counts.hard + step('hard'), soft: counts.soft + step('soft'), uncounted: counts.uncounted + step('uncounted') }

  function step(drawer: keyof Counts): number {
    return Number(to === drawer) - Number(from === drawer)
  }
}

/** Where an address counts a return; null: nowhere. */
export function drawerOf({ counted, why }: Pick<Bounce, 'counted' | 'why'>): keyof Counts | null {
  if (why === 'not-a-failure') return null
  return counted ? 'hard' : why === 'soft' ? 'soft' : 'uncounted'
}

/** Nothing but perhaps the spelling of the address changed. */
function sameFate(before: AddressRecord, after: AddressRecord): boolean {
  const parts = ['block', 'lastHard', 'lastDelivered', 'awaiting', 'counts'] as const
  if (!parts.every(part => before[part] === after[part])) return false
  return (before.held ?? null) === after.held && (before.fed ?? null) === after.fed && (before.soft ?? after.soft) === after.soft
}

function auditOf({ id, key, rule }: Bounce, now: number): AuditEntry {
  return { at: now, op: 'block', actor: 'return', by: null, key, why: returnWords(id, { rule }) }
}
