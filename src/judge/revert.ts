/**
 * Undo: the blocks that returns made are lifted, as if those returns had not come (bounces.md, "After the verdict").
 *
 * The selected returns become void in the records of their addresses, which are folded again: later returns, and what people blocked and
 * unblocked, stand. A revert lists its returns under its id, so that it can be reverted too.
 */
import { randomBytes } from 'node:crypto'
import type { Category } from '../classify/verdict.ts'
import { makeId } from '../return-path/time-id.ts'
import { type AddressKey, domainOfKey } from '../smtp/path.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { BounceFilter } from '../store/filters.ts'
import type { Page, PageRequest } from '../store/page.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { refold } from './address-events.ts'
import { revertWords } from './audit-words.ts'
import { cleanWords } from './clean-words.ts'

/** Which returns; the conditions combine. Times are those of the returns, `until` exclusive. */
export type Selection = {
  readonly since?: number
  readonly until?: number
  readonly domain?: string
  readonly category?: Category
  readonly rule?: string
  readonly incident?: string
  /** An earlier revert, to be undone itself. */
  readonly revert?: string
}

export type RevertDeed = { readonly by: string | null; readonly why: string; readonly now: number; readonly dryRun: boolean }

/**
 * What became of an address. `restored`: its block is lifted; `blockedAgain`: by undoing a revert; `stillBlocked`: other returns block it;
 * `changedByHand`: a person blocked or unblocked it since; `ended`: its block had ended by itself; `tooOld`: the return is no longer among those
 * that can be taken out of its record.
 */
export const revertOutcomes = ['restored', 'blockedAgain', 'stillBlocked', 'changedByHand', 'ended', 'tooOld'] as const

export type RevertOutcome = (typeof revertOutcomes)[number]

export type Reverted = {
  /** null: it was a dry run, or nothing was selected. */
  readonly id: string | null
  readonly counts: Readonly<Record<RevertOutcome, number>>
  /** The first addresses, at most 20. */
  readonly sample: readonly { readonly address: string; readonly outcome: RevertOutcome }[]
}

const pageSize = 200
const maxSample = 20

/** Reverts what is selected, page by page: what was answered is durable; asked again after a failure it does the rest. @throws {StoreUnavailable} */
export async function revert(store: Store, selection: Selection, deed: RevertDeed): Promise<Reverted> {
  const id = makeId(deed.now, randomBytes(4))
  const outcomes = new Map<AddressKey, { address: string; outcome: RevertOutcome }>()
  const chosen = new Map<AddressKey, Set<string>>()
  for await (const bounces of selected(store, selection)) {
    for (const { key, id: bounceId } of bounces) chosen.set(key, (chosen.get(key) ?? new Set()).add(bounceId))
    const keys = [...new Set(bounces.map(({ key }) => key))]
    await store.update({ keys, bounceIds: bounces.map(one => one.id) }, facts => {
      const undone = keys.map(key => {
        const own = bounces.flatMap(one => (one.key === key ? [facts.bounces.get(one.id) ?? one] : []))
        return {
          key,
          ...foldRevert(facts.addresses.get(key) ?? null, own, chosen.get(key) ?? new Set(), selection.revert ?? null, id, deed),
        }
      })
      for (const { key, address, outcome } of undone) outcomes.set(key, { address, outcome })
      const changes = {
        addresses: undone.flatMap(({ record }) => (record ? [record] : [])),
        bounces: undone.flatMap(one => one.bounces),
        audit: undone.flatMap(({ audit }) => audit),
        members: undone.flatMap(one => one.bounces.map(({ id: bounceId }) => ({ group: id, bounceId }))),
      }
      return { changes: deed.dryRun ? {} : changes, result: null }
    })
  }
  const counts = Object.fromEntries(revertOutcomes.map(name => [name, 0])) as Record<RevertOutcome, number>
  for (const { outcome } of outcomes.values()) counts[outcome]++
  return { id: deed.dryRun || outcomes.size === 0 ? null : id, counts, sample: [...outcomes.values()].slice(0, maxSample) }
}

type Folded = {
  readonly address: string
  readonly outcome: RevertOutcome
  readonly record: AddressRecord | null
  readonly bounces: readonly Bounce[]
  readonly audit: readonly AuditEntry[]
}

/** Takes returns out of the record of their address, or puts back those that the revert `undoes` took out. Pure. */
export function foldRevert(
  before: AddressRecord | null,
  bounces: readonly Bounce[],
  chosen: ReadonlySet<string>,
  undoes: string | null,
  id: string,
  { by, why, now }: Omit<RevertDeed, 'dryRun'>,
): Folded {
  const address = before?.address ?? bounces[0]?.address ?? ''
  const wanted = new Set(
    before?.events?.flatMap(one => (one.kind === 'return' && chosen.has(one.bounceId) && one.void === undoes ? [one.bounceId] : [])),
  )
  const own = bounces.filter(one => wanted.has(one.id) && one.counted === (undoes === null))
  if (!before || own.length === 0) return { address, outcome: 'tooOld', record: null, bounces: [], audit: [] }
  const to = undoes === null ? id : null
  const folded = refold({
    ...before,
    events: (before.events ?? []).map(one => (one.kind === 'return' && wanted.has(one.bounceId) ? { ...one, void: to } : one)),
  })
  const ended = folded.block !== null && folded.block.until !== null && folded.block.until <= now
  const hard = before.counts.hard + (undoes === null ? -own.length : own.length)
  const uncounted = before.counts.uncounted + (undoes === null ? own.length : -own.length)
  const after = {
    ...folded,
    block: ended ? null : folded.block,
    counts: { ...before.counts, hard: Math.max(0, hard), uncounted: Math.max(0, uncounted) },
  }
  return {
    address,
    outcome: outcomeOf(before, after, wanted),
    record: after,
    bounces: own.map(one =>
      undoes === null ? { ...one, counted: false, why: 'reverted' } : { ...one, counted: true, why: 'blacklisted' },
    ),
    audit: [{ at: now, op: 'revert', actor: 'hand', by, key: before.key, why: cleanWords(revertWords(id, why)) }],
  }
}

function outcomeOf(before: AddressRecord, after: AddressRecord, wanted: ReadonlySet<string>): RevertOutcome {
  if (before.block !== null && after.block === null) return 'restored'
  if (before.block === null && after.block !== null) return 'blockedAgain'
  const first = after.events?.findIndex(one => one.kind === 'return' && wanted.has(one.bounceId)) ?? 0
  if (after.events?.slice(first).some(one => one.kind !== 'return') || after.block?.by) return 'changedByHand'
  return after.block === null ? 'ended' : 'stillBlocked'
}

/** The returns that are selected, in pages. */
async function* selected(store: Store, selection: Selection): AsyncGenerator<readonly Bounce[]> {
  const { since, until, domain, category, incident, revert: undoes } = selection
  const group = undoes ?? incident
  const filter: BounceFilter = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(domain === undefined ? {} : { domain }),
    ...(category === undefined ? {} : { category }),
  }
  const list = (page: PageRequest): Promise<Page<Bounce>> =>
    group === undefined ? store.bounces(filter, page) : store.members(group, page)
  for (let cursor: string | null = null; ; ) {
    const page: Page<Bounce> = await list({ limit: pageSize, cursor })
    const items = page.items.filter(one => isSelected(one, selection))
    if (items.length > 0) yield items
    if (page.next === null) return
    cursor = page.next
  }
}

function isSelected(bounce: Bounce, { since, until, domain, category, rule, revert: undoes }: Selection): boolean {
  const { receivedAt, counted, why } = bounce
  return (
    (undoes === undefined ? counted : why === 'reverted') &&
    (since === undefined || receivedAt >= since) &&
    (until === undefined || receivedAt < until) &&
    (domain === undefined || domainOfKey(bounce.key) === domain) &&
    (category === undefined || bounce.category === category) &&
    (rule === undefined || bounce.rule === rule)
  )
}
