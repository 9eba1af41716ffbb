/**
 * What the surge guard remembers, as values: how many of an operator's addresses were judged lately, and the incidents that it opened.
 * Pure.
 */
import type { Category } from '../classify/verdict.ts'

/** What was judged of one operator lately, in steps of a sixth of the guard's window. */
export type SurgeWindow = {
  readonly steps: readonly SurgeStep[]
  /** Incidents of this operator that hold, by rule: the last time one took a return in. */
  readonly incidents: Readonly<Record<string, { readonly id: string; readonly lastAt: number }>>
  /** Rules that a person has confirmed: the guard is silent about them until then. */
  readonly silentUntil: Readonly<Record<string, number>>
}

export type SurgeStep = {
  readonly at: number
  /** Addresses judged. */
  readonly judged: number
  /** Of these, addresses that were ok before. */
  readonly wereOk: number
  /** Of these, addresses that turned hard, by rule: how many, and the first returns. */
  readonly hard: Readonly<Record<string, { readonly count: number; readonly bounceIds: readonly string[] }>>
}

/** How an incident ended. `decided`: by itself. */
export const incidentEnds = ['confirmed', 'released', 'decided'] as const

/** Returns that look like an outage of a provider, not like dead addresses. */
export type Incident = {
  readonly id: string
  /** Organisational domain of the servers that answered. */
  readonly operator: string
  readonly rule: string
  readonly category: Category
  readonly openedAt: number
  readonly lastAt: number
  /** Returns held back, and returns that had blacklisted before the guard saw the signature. */
  readonly held: number
  readonly blacklisted: number
  readonly closed: {
    readonly at: number
    readonly how: (typeof incidentEnds)[number]
    readonly by: string | null
    readonly why: string
  } | null
}
