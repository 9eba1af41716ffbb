/**
 * A person decides on a return that could not decide by itself: claimed, awaiting confirmation, held, or about a domain whose resolver is
 * suspect. Confirmed, it counts like any other; dismissed, it never does. An unblock made since the mail was sent, and the operator's `never`
 * list, still win.
 */
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { AuditActor, AuditEntry } from '../store/audit-record.ts'
import type { Message } from '../store/message-records.ts'
import type { Bounce, Why } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import type { Facts } from '../store/update.ts'
import { addEvent } from './address-events.ts'
import { returnWords } from './audit-words.ts'
import { cleanWords } from './clean-words.ts'
import { blockBy } from './judge.ts'
import { isNever } from './never-list.ts'
import { newAddress } from './new-address.ts'
import { policyOf } from './verdict-policy.ts'

/** `release`: as a person, or the guard itself, lets a held return go. */
export type Decision = {
  readonly verb: 'confirm' | 'dismiss' | 'release'
  readonly by: string | null
  readonly why: string
  readonly now: number
  /** `hand` unless told: a person or key; `rebond`: the guard itself. */
  readonly actor?: AuditActor
}

/** What became of it; `refused` says what spoke against it, and then nothing changed. */
export type Decided = { readonly bounce: Bounce; readonly refused: Why | null }

const undecided: ReadonlySet<Why> = new Set<Why>(['origin-unproven', 'awaiting-confirmation', 'held', 'resolver-suspect'])
const becomes = { confirm: 'confirmed', dismiss: 'dismissed', release: 'released' } as const

/** Decides on a return; null when there is none of this id. Durable when it resolves. @throws {StoreUnavailable} */
export async function decide(store: Store, policy: PolicyConfig, id: string, decision: Decision): Promise<Decided | null> {
  const bounce = await store.bounce(id)
  if (bounce === null) return null
  const message = bounce.messageId === null ? null : await store.message(bounce.messageId)
  return store.update<Decided>({ keys: [bounce.key], bounceIds: [id] }, facts => {
    const now = facts.bounces.get(id) ?? bounce
    const record = facts.addresses.get(now.key) ?? null
    const done = foldDecision(facts, record, now, message, policy, decision)
    if ('refused' in done) return { changes: {}, result: { bounce: now, refused: done.refused } }
    const { address, audit } = done
    return { changes: { addresses: [address], bounces: [done.bounce], audit: [audit] }, result: { bounce: done.bounce, refused: null } }
  })
}

type Done = { readonly address: AddressRecord; readonly bounce: Bounce; readonly audit: AuditEntry }

/** Folds a decision over the facts. Pure. `message`: the mail that came back, null when it is forgotten. */
export function foldDecision(
  { seq }: Pick<Facts, 'seq'>,
  record: AddressRecord | null,
  bounce: Bounce,
  message: Pick<Message, 'seq'> | null,
  policy: PolicyConfig,
  { verb, by, why, now, actor = 'hand' }: Decision,
): Done | { readonly refused: Why } {
  if (!undecided.has(bounce.why) || bounce.type !== 'hard') return { refused: bounce.why }
  const before = record ?? newAddress(bounce)
  if (verb === 'confirm') {
    if (isNever(policy.never, bounce.key)) return { refused: 'never-list' }
    const unblocked = before.lastUnblock
    if (unblocked && (message === null || message.seq < unblocked.seq)) return { refused: 'sent-before-unblock' }
  }
  const counted = verb === 'confirm'
  const { counts, awaiting, held } = before
  const told: AddressRecord = {
    ...before,
    awaiting: awaiting.filter(one => one.messageId !== bounce.messageId),
    held: held?.bounceId === bounce.id ? null : (held ?? null),
    counts: counted ? { ...counts, hard: counts.hard + 1, uncounted: Math.max(0, counts.uncounted - 1) } : counts,
  }
  const days = policyOf(policy, bounce).expiresAfterDays ?? null
  const block = blockBy(bounce, days, now)
  const event = { kind: 'return', seq, at: bounce.receivedAt, bounceId: bounce.id, block, void: null } as const
  return {
    address: counted ? addEvent(told, event) : told,
    bounce: { ...bounce, counted, why: becomes[verb] },
    audit: { at: now, op: verb, actor, by, key: bounce.key, why: cleanWords(returnWords(bounce.id, { why })) },
  }
}
