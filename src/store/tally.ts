/**
 * What is counted: per mailing list or campaign, over all mail, and per failing domain, by the hour.
 *
 * Counters are deltas: each event adds its own in the commit that makes it durable, and a return that is judged again takes back what it had
 * added. So sums agree with the records, whatever happens in between.
 * Pure.
 */
import type { BounceType, Category } from '../classify/verdict.ts'

/**
 * `sent`: mails that upstream accepted; `recipients`: of these. `refusedByUs`: recipients that were blacklisted. `refusedByUpstream`: recipients
 * refused for good (5yz) at RCPT, or by a refusal of the whole mail. `hard.…`, `soft.…`: returns about recipients of ours, by category.
 */
export type Counter =
  | 'sent'
  | 'recipients'
  | 'refusedByUs'
  | 'refusedByUpstream'
  | `${BounceType}.${Category}`
  | 'complaints'
  | 'autoReplies'

/** Absent: 0. */
export type Counts = { readonly [counter in Counter]?: number }

/** What one event adds. */
export type Tally = {
  /** null: the mail names no list, or was refused before its header was seen. */
  readonly list: string | null
  /** When it happened: decides the hour it is counted in. */
  readonly at: number
  readonly adds: Counts
  /** Counts for this domain of a recipient too, by the day. */
  readonly domain?: string
}

/** A mailing list or campaign: what its latest mail said, and all that was counted for it. */
export type ListRecord = {
  readonly list: string | null
  readonly template: string | null
  readonly subject: string | null
  /** When its first and latest mail passed, or were tried. */
  readonly firstAt: number
  readonly lastAt: number
  readonly counts: Counts
}

export const tallySteps = ['hour', 'day'] as const
export type TallyStep = (typeof tallySteps)[number]

/** Milliseconds of a step; days are those of UTC. */
export const stepMs: Readonly<Record<TallyStep, number>> = { hour: 3_600_000, day: 86_400_000 }

/** Which counts of which time, `since` inclusive, `until` exclusive; both at whole hours. */
export type TallyRequest = {
  /** `all`: over all mail. */
  readonly of: 'all' | { readonly list: string | null }
  readonly since: number
  readonly until: number
  readonly step: TallyStep
}

/** What was counted from `at` on for one step. */
export type TalliedStep = { readonly at: number; readonly counts: Counts }

/** Returns of one domain. */
export type FailingDomain = { readonly domain: string; readonly hard: number; readonly soft: number }

/** The beginning of the step that a moment lies in. */
export function stepOf(at: number, step: TallyStep): number {
  return Math.floor(at / stepMs[step]) * stepMs[step]
}

/** Sums counts; what comes to nothing is left out. */
export function addCounts(...all: readonly Counts[]): Counts {
  const sum: { [counter in Counter]?: number } = {}
  for (const counts of all) {
    for (const [name, by] of Object.entries(counts) as [Counter, number][]) {
      const total = (sum[name] ?? 0) + by
      if (total === 0) delete sum[name]
      else sum[name] = total
    }
  }
  return sum
}
