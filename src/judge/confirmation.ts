/**
 * Rules that ask for more than one hard return (`confirm`): so many mails, returned on so many different days (UTC).
 *
 * Returns wait in the address record. What cannot change the outcome is not kept, so at most mails × days of one rule wait.
 * Pure.
 */
import type { Confirm } from '../classify/verdict.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { ReturnEvent } from './return-event.ts'

type Awaiting = AddressRecord['awaiting']
type Waiting = Pick<ReturnEvent, 'verdict' | 'messageId' | 'receivedAt'>

const dayMs = 86_400_000

/** Says whether a hard return, with those that wait, is all that its rule asks for. */
export function isConfirmed(awaiting: Awaiting, event: Waiting): boolean {
  const { confirm } = event.verdict
  if (!confirm) return true
  const all = withReturn(awaiting, event, confirm).filter(({ rule }) => rule === event.verdict.rule)
  return count(all, ({ messageId }) => messageId) >= confirm.mails && count(all, dayOf) >= confirm.distinctDays
}

/** Adds a return to those that wait; a second one about the same mail adds nothing. */
export function addAwaiting(awaiting: Awaiting, event: Waiting): Awaiting {
  const { confirm } = event.verdict
  return confirm ? withReturn(awaiting, event, confirm) : awaiting
}

function withReturn(awaiting: Awaiting, { verdict, messageId, receivedAt }: Waiting, confirm: Confirm): Awaiting {
  const added = { rule: verdict.rule, messageId, at: receivedAt }
  const same = awaiting.filter(({ rule }) => rule === added.rule)
  if (same.some(one => one.messageId === messageId)) return awaiting
  const full = same.filter(one => dayOf(one) === dayOf(added)).length >= confirm.mails
  return full ? awaiting : [...awaiting, added]
}

function dayOf({ at }: { readonly at: number }): number {
  return Math.floor(at / dayMs)
}

function count<T>(items: readonly T[], by: (item: T) => unknown): number {
  return new Set(items.map(by)).size
}
