/**
 * The conditions under which a return may blacklist, as a table: the first that fails is the return's `why` (bounces.md, "Judgement").
 *
 * The one that keeps something for later (`awaiting-confirmation`) stands last: a return waits for confirmation only if nothing else speaks
 * against it. What passes all of them may still be `held` by the surge guard, or `observed` only (judge.ts).
 * Pure.
 */
import type { Category, Verdict } from '../classify/verdict.ts'
import type { PolicyConfig } from '../config/schema.ts'
import { timeOfId } from '../return-path/time-id.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { Bounce, Why } from '../store/return-records.ts'
import { isConfirmed } from './confirmation.ts'
import { isNever } from './never-list.ts'
import type { ReturnEvent } from './return-event.ts'
import type { SurgeFacts } from './surge.ts'
import { isEscalated } from './verdict-policy.ts'

/** Signs that it is a resolver that is ill, not a domain. */
export type ResolverSigns = {
  /** Another address of the domain was ok in the last days. */
  readonly livingNeighbour: boolean
  /** Domains that turned invalid under the same reporting host a moment ago, this one among them. */
  readonly invalidDomains: number
  /** Its domain was ok before; and one of those domains was. */
  readonly lived: boolean
  readonly oneLived: boolean
}

export const noSigns: ResolverSigns = { livingNeighbour: false, invalidDomains: 1, lived: false, oneLived: false }

/** What is known before a return is judged. */
export type JudgeFacts = {
  /** null: never heard of. */
  readonly address: AddressRecord | null
  /** The record that has this return's id already. */
  readonly prior: Bounce | null
  /** A fresh number of the store's one order. */
  readonly seq: number
  readonly resolver: ResolverSigns
  /** Absent: the surge guard does not look at this return. */
  readonly surge?: SurgeFacts | null
}

export type JudgePolicy = Pick<PolicyConfig, 'judgeWithinDays' | 'never'> &
  Partial<Pick<PolicyConfig, 'mode' | 'categories' | 'rules' | 'surgeGuard'>>

/** One return, with all that the conditions look at. */
export type Case = {
  readonly facts: JudgeFacts
  readonly event: ReturnEvent
  readonly key: AddressKey
  readonly policy: JudgePolicy
}

type Condition = { readonly why: Why; readonly fails: (given: Case) => boolean }

const dayMs = 86_400_000
/** Domains that die together within minutes, in the eyes of one host: then it is its resolver. */
const suspectDomains = 3

export const conditions: readonly Condition[] = [
  { why: 'not-a-failure', fails: ({ event }) => event.action !== 'failed' || event.kind !== 'bounce' },
  { why: 'unknown-message', fails: ({ event }) => event.message === null },
  { why: 'not-a-recipient', fails: ({ event }) => event.match.fate === 'not-a-recipient' },
  { why: 'via-forward', fails: ({ event }) => event.match.fate === 'via-forward' },
  {
    why: 'soft',
    fails: ({ facts, event, policy }) => event.verdict.type === 'soft' && !isEscalated(facts.address?.soft ?? [], event, policy),
  },
  { why: 'origin-unproven', fails: ({ event }) => event.grade === 'claimed' },
  { why: 'unblocked-by-hand', fails: ({ facts, event }) => Boolean(facts.address?.lastUnblock) && event.grade !== 'proven' },
  { why: 'sent-before-unblock', fails: wasSentBeforeUnblock },
  { why: 'never-list', fails: ({ policy, key }) => isNever(policy.never, key) },
  { why: 'too-late', fails: ({ event, policy }) => event.receivedAt - timeOfId(event.messageId) > policy.judgeWithinDays * dayMs },
  { why: 'resolver-suspect', fails: isResolverSuspect },
  { why: 'awaiting-confirmation', fails: ({ facts, event }) => !isConfirmed(facts.address?.awaiting ?? [], event) },
]

/** Gives why a return may not count; null when nothing speaks against it. */
export function whyNot(given: Case): Condition['why'] | null {
  return conditions.find(condition => condition.fails(given))?.why ?? null
}

/** Says whether a verdict is about a domain as its resolver sees it. */
export function saysDomainIsDead({ category }: Pick<Verdict, 'category'>): boolean {
  return deadDomain.has(category)
}

const deadDomain: ReadonlySet<Category> = new Set<Category>(['invalid_domain', 'no_mail_domain'])

/** By the store's order, never by clocks. */
function wasSentBeforeUnblock({ facts, event }: Case): boolean {
  const unblocked = facts.address?.lastUnblock
  return unblocked !== null && unblocked !== undefined && event.message !== null && event.message.seq < unblocked.seq
}

function isResolverSuspect({ facts: { resolver }, event }: Case): boolean {
  // An old list is full of domains that died long ago: only where one of them was ok does their number tell of a resolver.
  const together = resolver.invalidDomains >= suspectDomains && resolver.oneLived
  return saysDomainIsDead(event.verdict) && (resolver.livingNeighbour || together)
}
