/**
 * What an update has to tell: changes for the feed, and events for webhooks, read off what it changes.
 *
 * One place for all who change something, so that nobody can block, unblock, revert or open an incident in silence: what was so before is compared
 * with what is so now, and the update's own audit says who did it and why.
 * Pure.
 */
import type { WebhookEvent } from '../config/webhooks.ts'
import type { AddressRecord, Block } from '../store/address-record.ts'
import type { AuditEntry, AuditOp } from '../store/audit-record.ts'
import type { Change, ChangeKind } from '../store/change-records.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Changes, Facts } from '../store/update.ts'
import { changeData, incidentData, returnData } from './payloads.ts'

/** An event that endpoints may want to hear of. */
export type Telling = {
  readonly event: WebhookEvent
  readonly data: Readonly<Record<string, unknown>>
  /** The return it is about, whose mail is looked up at the time of sending. */
  readonly bounceId: string | null
}

export type Tellings = { readonly feed: readonly Change[]; readonly events: readonly Telling[] }

/** What was so before: as much of the facts as is compared. */
export type Before = Pick<Facts, 'addresses' | 'bounces' | 'incidents'>

/** What ends a block otherwise than by an unblock. */
const undoing: ReadonlySet<AuditOp> = new Set<AuditOp>(['revert', 'release'])

/** Reads off what an update tells; `now` is when it happens. */
export function tellingsOf(before: Before, changes: Changes, now: number): Tellings {
  const feed = blockChanges(before, changes, now)
  const events: Telling[] = feed.map(change => ({
    event: change.block === null ? 'address.unblocked' : 'address.blacklisted',
    data: changeData(change),
    bounceId: null,
  }))
  for (const bounce of changes.bounces ?? []) events.push(...returnEvents(before.bounces.get(bounce.id) ?? null, bounce))
  for (const incident of changes.incidents ?? []) {
    const known = before.incidents.get(incident.id)
    if (!known) events.push({ event: 'incident.opened', data: incidentData(incident), bounceId: null })
    if (incident.closed && !known?.closed) events.push({ event: 'incident.closed', data: incidentData(incident), bounceId: null })
  }
  return { feed, events }
}

function blockChanges({ addresses }: Before, { addresses: changed = [], audit = [] }: Changes, at: number): Change[] {
  return changed.flatMap(record => {
    const entry = audit.findLast(one => one.key === record.key) ?? null
    const kind = kindOf(addresses.get(record.key)?.block ?? null, record.block, entry)
    return kind ? [changeOf(record, kind, entry, at)] : []
  })
}

function kindOf(before: Block | null, after: Block | null, entry: AuditEntry | null): ChangeKind | null {
  if (before !== null && after === null) return entry !== null && undoing.has(entry.op) ? 'reverted' : 'unblocked'
  if (after === null) return null
  if (before === null) return 'blacklisted'
  return sameBlock(before, after) ? null : 'replaced'
}

/** The spelling of the address alone makes no other block. */
function sameBlock(one: Block, other: Block): boolean {
  const { address: _, ...a } = one
  const { address: __, ...b } = other
  return JSON.stringify(a) === JSON.stringify(b)
}

function changeOf({ key, address, block }: AddressRecord, kind: ChangeKind, entry: AuditEntry | null, at: number): Change {
  const rest = block && withoutAddress(block)
  return { at, kind, key, address, block: rest, by: entry?.by ?? block?.by ?? null, why: entry?.why ?? block?.evidence ?? '' }
}

function withoutAddress({ address: _, ...block }: Block): Omit<Block, 'address'> {
  return block
}

/** A return of a mail of ours is told once, when it is new. What strangers report about mail that was never sent is not. */
function returnEvents(known: Bounce | null, bounce: Bounce): Telling[] {
  const { messageId, why, source, kind, action, category, id } = bounce
  if (known || messageId === null || why === 'not-a-recipient' || source === 'relay') return []
  if (action !== 'failed' && kind !== 'complaint') return []
  const told = { data: returnData(bounce), bounceId: id }
  const returned: Telling = { event: 'mail.returned', ...told }
  return category === 'unclassified' && kind !== 'complaint' ? [returned, { event: 'return.unclassified', ...told }] : [returned]
}
