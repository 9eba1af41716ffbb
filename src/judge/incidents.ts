/**
 * Incidents of the surge guard come to an end: a person confirms or releases all that they hold, or each held return is decided by what
 * happens to its address (bounces.md, "Judgement").
 *
 * Held is decided, not parked: a later hard return blacklists (judge.ts), an acceptance without return releases, and an incident that
 * nothing happens to any more closes itself.
 */
import type { PolicyConfig } from '../config/schema.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { Page } from '../store/page.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import type { Incident } from '../store/surge-records.ts'
import type { Changes } from '../store/update.ts'
import { ourReasons } from './audit-words.ts'
import { cleanWords } from './clean-words.ts'
import { type Decision, foldDecision } from './decide.ts'
import { foldRevert } from './revert.ts'
import { acceptedBefore } from './status.ts'
import { emptyWindow } from './surge.ts'

export type IncidentDeps = { readonly store: Store; readonly policy: PolicyConfig }
export type IncidentDeed = Omit<Decision, 'verb'> & { readonly verb: 'confirm' | 'release' }

const pageSize = 100
const dayMs = 86_400_000
const minuteMs = 60_000
const ends = { confirm: 'confirmed', release: 'released' } as const
const auditedAs = { confirmed: 'confirm', released: 'release', decided: 'close' } as const

/**
 * Confirms an incident: all it holds is blacklisted; or releases it: nothing is, and what had been blacklisted before the guard saw the signature
 * is restored. Unblocks and `never` still win. Asked again, it does what a failure left undone. null: there is no such incident;
 * `closed`: it has ended otherwise. Durable when it resolves. @throws {StoreUnavailable}
 */
export async function endIncident(deps: IncidentDeps, id: string, deed: IncidentDeed): Promise<Incident | 'closed' | null> {
  const incident = await deps.store.incident(id)
  if (incident === null) return null
  if (incident.closed && incident.closed.how !== ends[deed.verb]) return 'closed'
  const closed = await close(deps, incident, ends[deed.verb], deed)
  for await (const bounces of membersOf(deps.store, id)) await decideAll(deps, id, bounces, deed)
  return closed
}

/** Lets go of what open incidents hold where mail was accepted since and did not come back, and closes those that hold nothing any more. */
export async function settleIncidents(deps: IncidentDeps, now: number): Promise<{ readonly closed: number; readonly released: number }> {
  const { store, policy } = deps
  let closed = 0
  let released = 0
  for (const incident of await openIncidents(store)) {
    const over = now - incident.lastAt > policy.surgeGuard.closeAfterDays * dayMs
    let waiting = 0
    for await (const bounces of membersOf(store, incident.id)) {
      const leaving: Bounce[] = []
      for (const bounce of bounces.filter(({ why }) => why === 'held')) {
        const held = (await store.address(bounce.key))?.held
        if (held?.bounceId !== bounce.id) continue
        const accepted = await store.lastAccepted(bounce.key, acceptedBefore(now, policy))
        const message = bounce.messageId === null ? null : await store.message(bounce.messageId)
        if (over || (accepted !== null && message !== null && accepted.seq > message.seq)) leaving.push(bounce)
        else waiting++
      }
      const why = over ? ourReasons.over : ourReasons.accepted
      if (leaving.length > 0) await decideAll(deps, incident.id, leaving, { verb: 'release', by: null, why, now, actor: 'rebond' }, true)
      released += leaving.length
    }
    const quiet = now - incident.lastAt > policy.surgeGuard.windowMinutes * minuteMs
    if (waiting > 0 || !quiet) continue
    await close(deps, incident, 'decided', { by: null, why: ourReasons.decided, now, actor: 'rebond' })
    closed++
  }
  return { closed, released }
}

/** Marks an incident as closed, so that nothing joins it; one that a person confirmed is not opened again while the surge lasts. */
async function close(
  { store, policy }: IncidentDeps,
  { id, operator, rule }: Incident,
  how: NonNullable<Incident['closed']>['how'],
  { by, why, now, actor = 'hand' }: Pick<Decision, 'by' | 'why' | 'now' | 'actor'>,
): Promise<Incident> {
  return store.update({ keys: [], operators: [operator], incidents: [id] }, facts => {
    const incident = facts.incidents.get(id)
    if (!incident) throw new RangeError(`incident ${id} must be there`)
    if (incident.closed) return { changes: {}, result: incident }
    const after: Incident = { ...incident, closed: { at: now, how, by, why } }
    const window = facts.windows.get(operator) ?? emptyWindow
    const { [rule]: open, ...others } = window.incidents
    const until = now + policy.surgeGuard.windowMinutes * minuteMs
    const windows = new Map([
      [
        operator,
        {
          ...window,
          incidents: open?.id === id ? others : window.incidents,
          silentUntil: how === 'confirmed' ? { ...window.silentUntil, [rule]: until } : window.silentUntil,
        },
      ],
    ])
    const audit: AuditEntry = { at: now, op: auditedAs[how], actor, by, key: null, subject: `incident ${id}`, why: cleanWords(why) }
    return { changes: { incidents: [after], windows, audit: [audit] }, result: after }
  })
}

async function decideAll(
  { store, policy }: IncidentDeps,
  incident: string,
  bounces: readonly Bounce[],
  deed: IncidentDeed,
  heldOnly = false,
): Promise<void> {
  const messages = new Map(
    await Promise.all(bounces.map(async ({ id, messageId }) => [id, messageId === null ? null : await store.message(messageId)] as const)),
  )
  const keys = [...new Set(bounces.map(({ key }) => key))]
  await store.update({ keys, bounceIds: bounces.map(({ id }) => id) }, facts => {
    const records = new Map<AddressKey, AddressRecord>()
    const audit: AuditEntry[] = []
    const changed: Bounce[] = []
    for (const { id } of bounces) {
      const bounce = facts.bounces.get(id)
      if (!bounce) continue
      const record = records.get(bounce.key) ?? facts.addresses.get(bounce.key) ?? null
      if (bounce.why === 'held') {
        const done = foldDecision(facts, record, bounce, messages.get(id) ?? null, policy, deed)
        if ('refused' in done) continue
        records.set(bounce.key, done.address)
        changed.push(done.bounce)
        audit.push(done.audit)
      } else if (bounce.why === 'blacklisted' && deed.verb === 'release' && !heldOnly) {
        const undone = foldRevert(record, [bounce], new Set([id]), null, incident, deed)
        if (undone.record) records.set(bounce.key, undone.record)
        changed.push(...undone.bounces)
        audit.push(...undone.audit)
      }
    }
    const changes: Changes = { addresses: [...records.values()], bounces: changed, audit }
    return { changes, result: null }
  })
}

async function openIncidents(store: Store): Promise<readonly Incident[]> {
  const { items } = await store.incidents({ state: 'open' }, { limit: 500, cursor: null })
  return items
}

async function* membersOf(store: Store, id: string): AsyncGenerator<readonly Bounce[]> {
  for (let cursor: string | null = null; ; ) {
    const page: Page<Bounce> = await store.members(id, { limit: pageSize, cursor })
    if (page.items.length > 0) yield page.items
    if (page.next === null) return
    cursor = page.next
  }
}
