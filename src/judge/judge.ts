/**
 * The judge: what one return does to the address it is about (bounces.md, "Judgement").
 *
 * A fold: what is known and what happened give what is known afterwards and what is owed. A return counts at most once: its id names the mail,
 * the address we wrote to and the action. Its record may become stronger (from a claim to proof, from soft to hard, from uncounted to counted), never
 * weaker: repeating returns, in whatever order, adds nothing.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord, AuditEntry, Bounce, Grade, Why } from '../store/records.ts'
import { bounceId } from './bounce-id.ts'
import { cleanWords } from './clean-words.ts'
import { type Case, type JudgeFacts, type JudgePolicy, whyNot } from './conditions.ts'
import { addAwaiting } from './confirmation.ts'
import { newAddress } from './new-address.ts'
import type { ReturnEvent } from './return-event.ts'

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
}

const dayMs = 86_400_000
/** Longest address kept of what a report names; ours are shorter (RFC 5321 §4.5.3.1.3). */
const maxAddressLength = 320

/** Judges one return; `now` is the time a block begins. */
export function judge(facts: JudgeFacts, event: ReturnEvent, policy: JudgePolicy, now: number): Judgement {
  const subject = subjectOf(event)
  const given: Case = { facts, event, key: subject.key, policy }
  const why = whyNot(given) ?? 'blacklisted'
  const bounce = recordOf(event, subject, why, facts.prior)
  if (facts.prior && !supersedes(bounce, facts.prior)) return { why: 'duplicate', bounce: facts.prior, address: null, audit: null }
  if (event.match.fate === 'not-a-recipient') return { why, bounce, address: null, audit: null }

  const before = facts.address ?? newAddress(subject)
  const block = bounce.counted ? strongerBlock(before.block, blockBy(bounce, event, now)) : before.block
  const after: AddressRecord = {
    ...before,
    address: subject.address,
    block,
    lastHard: bounce.counted ? { seq: facts.seq, at: event.receivedAt } : before.lastHard,
    lastDelivered: laterDelivery(before.lastDelivered, event),
    awaiting: awaitingAfter(before.awaiting, event, why, facts.prior),
    counts: recount(before.counts, facts.prior, bounce),
  }
  const audit = block === before.block ? null : auditOf(bounce, now)
  return { why, bounce, address: sameFate(before, after) ? null : after, audit }
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

function recordOf(event: ReturnEvent, { address, key }: Subject, why: Why, prior: Bounce | null): Bounce {
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
    mail: prior?.mail ?? null, // the store fills it in from the journal
  }
}

const strength: Readonly<Record<Grade, number>> = { claimed: 0, single: 1, proven: 2 }

/** What counted stays as it is; else better proof wins, and of equal proof the hard return over the soft one. */
function supersedes(next: Bounce, prior: Bounce): boolean {
  if (prior.counted || next.counted) return !prior.counted
  const proof = strength[next.grade] - strength[prior.grade]
  if (proof !== 0) return proof > 0
  return next.type === 'hard' && prior.type === 'soft'
}

function blockBy(bounce: Bounce, { verdict }: ReturnEvent, now: number): NonNullable<AddressRecord['block']> {
  const { address, category, type, fault, rule, evidence } = bounce
  const until = verdict.ttlDays === undefined ? null : now + verdict.ttlDays * dayMs
  return { address, since: now, until, category, type, fault, rule, evidence, bounceId: bounce.id, messageId: bounce.messageId, by: null }
}

/** A block in force stays, with its reason; one that would end earlier than the new one, or has ended, gives way. */
function strongerBlock(block: AddressRecord['block'], next: NonNullable<AddressRecord['block']>): NonNullable<AddressRecord['block']> {
  if (block === null) return next
  const longer = block.until !== null && (next.until === null || next.until > block.until)
  return longer ? next : block
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

function drawerOf({ counted, why }: Pick<Bounce, 'counted' | 'why'>): keyof Counts | null {
  if (why === 'not-a-failure') return null
  return counted ? 'hard' : why === 'soft' ? 'soft' : 'uncounted'
}

/** Nothing but perhaps the spelling of the address changed. */
function sameFate(before: AddressRecord, after: AddressRecord): boolean {
  return (['block', 'lastHard', 'lastDelivered', 'awaiting', 'counts'] as const).every(part => before[part] === after[part])
}

function auditOf({ id, key, rule }: Bounce, now: number): AuditEntry {
  return { at: now, op: 'block', actor: 'return', by: null, key, why: `return ${id}, rule ${rule}` }
}
