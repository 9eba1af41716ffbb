/**
 * The surge guard: a mailbox provider with an outage may answer "no such user" for everybody (bounces.md, "Judgement").
 *
 * Its signature: within the window many addresses of one operator that were ok before, and a large part of them, turn hard by one rule. Then
 * further ones are held and an incident lists them. Addresses never seen ok do not feed it: a first campaign to an old list must pass.
 * A young journal knows few addresses that were ok, and there more is asked for.
 * Pure.
 */
import { createHash } from 'node:crypto'
import type { Category } from '../classify/verdict.ts'
import type { PolicyConfig } from '../config/schema.ts'
import { makeId } from '../return-path/time-id.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { Incident, SurgeStep, SurgeWindow } from '../store/surge-records.ts'

export type SurgePolicy = PolicyConfig['surgeGuard']

/** What the guard knows before a return is judged. */
export type SurgeFacts = {
  readonly operator: string
  readonly window: SurgeWindow
  /** The address was ok before the mail that came back. */
  readonly wereOk: boolean
  /** The journal is younger than `youngDays`. */
  readonly young: boolean
  /** Of this window, and of the address's held return. */
  readonly incidents: ReadonlyMap<string, Incident>
}

/** A return as the guard sees it; `turns`: nothing else keeps it from blacklisting. */
export type Fed = {
  readonly rule: string
  readonly category: Category
  readonly bounceId: string
  readonly messageId: string
  readonly at: number
  readonly turns: boolean
}

/** What the guard says, and what it is to be remembered by. */
export type SurgeVerdict = {
  readonly operator: string
  readonly window: SurgeWindow
  readonly fed: NonNullable<AddressRecord['fed']>
  /** The incident that holds the return; null: it is not held. */
  readonly incident: Incident | null
  /** Returns that the incident lists from now on. */
  readonly members: readonly string[]
}

export const emptyWindow: SurgeWindow = { steps: [], incidents: {}, silentUntil: {} }

const steps = 6
/** Returns by one rule in a step that are remembered until there is an incident, which then lists what had blacklisted before it. */
const maxRemembered = 60
const hourMs = 3_600_000
const minuteMs = 60_000

/** Counts a judged return and says whether it is held. */
export function feedSurge(
  facts: SurgeFacts,
  record: Pick<AddressRecord, 'fed' | 'held'> | null,
  fed: Fed,
  policy: SurgePolicy,
): SurgeVerdict {
  const windowMs = policy.windowMinutes * minuteMs
  const { at, rule, turns } = fed
  const last = record?.fed && at - record.fed.at < windowMs ? record.fed : null
  const turned = turns && facts.wereOk && !last?.hard
  const window = counted(facts.window, windowMs, fed, { judged: last === null, wereOk: last === null && facts.wereOk, hard: turned })
  const result = {
    operator: facts.operator,
    window,
    fed: { at: last?.at ?? at, hard: turned || (last?.hard ?? false) },
    incident: null,
    members: [],
  }
  const held = record?.held ?? null
  const settled = held !== null && at - held.at >= policy.holdHours * hourMs
  const silent = (window.silentUntil[rule] ?? 0) > at
  if (!turns || settled || silent) return result
  const stillHeld = held ? facts.incidents.get(held.incident) : undefined
  if (stillHeld && !stillHeld.closed) return joined(result, stillHeld, fed, [])
  const open = facts.incidents.get(window.incidents[rule]?.id ?? '')
  if (open && !open.closed) return joined(result, open, fed, [])
  if (!facts.wereOk || !isSurge(window, rule, facts.young, policy)) return result
  const before = window.steps.flatMap(step => step.hard[rule]?.bounceIds ?? []).filter(id => id !== fed.bounceId)
  return joined(result, opened(facts.operator, fed, before.length), fed, before)
}

function isSurge({ steps }: SurgeWindow, rule: string, young: boolean, policy: SurgePolicy): boolean {
  const sum = (of: (step: SurgeStep) => number) => steps.reduce((total, step) => total + of(step), 0)
  const hard = sum(step => step.hard[rule]?.count ?? 0)
  if (young) return hard >= policy.youngAddresses && hard * 100 >= policy.youngPercent * sum(({ judged }) => judged)
  return hard >= policy.addresses && hard * 100 >= policy.percent * sum(({ wereOk }) => wereOk)
}

function opened(operator: string, { rule, category, at }: Fed, blacklisted: number): Incident {
  const id = makeId(at, createHash('sha256').update(`${operator}\0${rule}`).digest().subarray(0, 4))
  return { id, operator, rule, category, openedAt: at, lastAt: at, held: 0, blacklisted, closed: null }
}

function joined(result: SurgeVerdict, incident: Incident, { rule, at, bounceId }: Fed, before: readonly string[]): SurgeVerdict {
  const lastAt = Math.max(incident.lastAt, at)
  return {
    ...result,
    window: { ...result.window, incidents: { ...result.window.incidents, [rule]: { id: incident.id, lastAt } } },
    incident: { ...incident, lastAt, held: incident.held + 1 },
    members: [...before, bounceId],
  }
}

type Added = { readonly judged: boolean; readonly wereOk: boolean; readonly hard: boolean }

/** The window with a return in its step, without what has left it. */
function counted(window: SurgeWindow, windowMs: number, { at, rule, bounceId }: Fed, added: Added): SurgeWindow {
  const stepMs = windowMs / steps
  const start = Math.floor(at / stepMs) * stepMs
  const within = window.steps.filter(step => step.at > at - windowMs - stepMs)
  const step = within.find(one => one.at === start) ?? { at: start, judged: 0, wereOk: 0, hard: {} }
  const known = step.hard[rule] ?? { count: 0, bounceIds: [] }
  const remembers = known.bounceIds.length < maxRemembered && !Object.hasOwn(window.incidents, rule)
  const bounceIds = remembers ? [...known.bounceIds, bounceId] : known.bounceIds
  return {
    steps: [
      ...within.filter(one => one.at !== start),
      {
        at: start,
        judged: step.judged + Number(added.judged),
        wereOk: step.wereOk + Number(added.wereOk),
        hard: added.hard ? { ...step.hard, [rule]: { count: known.count + 1, bounceIds } } : step.hard,
      },
    ],
    incidents: entriesAfter(window.incidents, ({ lastAt }) => lastAt > at - windowMs),
    silentUntil: entriesAfter(window.silentUntil, until => until > at),
  }
}

function entriesAfter<T>(entries: Readonly<Record<string, T>>, stays: (value: T) => boolean): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => stays(value)))
}
