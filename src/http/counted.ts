/**
 * Counters as answers: what was counted for a list or over all mail, and the steps of a time in which it was counted.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import type { Store } from '../store/store.ts'
import { addCounts, type Counts, stepMs, stepOf, type TallyRequest, type TallyStep, tallySteps } from '../store/tally.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime, timeQuery } from './fields.ts'

const count = z.number().int()
const byCategory = z.partialRecord(z.enum(categories), count)

/** Counters of a list, or of a time. */
export const countsShape = {
  sent: count.describe('mails that upstream accepted'),
  recipients: count.describe('recipients of these'),
  refusedByUs: count.describe('recipients refused because they are blacklisted'),
  refusedByUpstream: count.describe('recipients that upstream refused for good, at RCPT or with the whole mail'),
  hard: byCategory.describe('hard returns by category, refusals at RCPT among them'),
  soft: byCategory.describe('soft returns by category'),
  complaints: count.describe('reports that a reader called the mail spam'),
  autoReplies: count.describe('automatic replies'),
}

type CountsItem = z.output<z.ZodObject<typeof countsShape>>

/** Most steps that one answer may hold. */
const maxSteps = 2000
const dayMs = stepMs.day
const defaultDays = 30

/** The fields of a query that ask for a time in steps. */
export const periodQuery = {
  since: timeQuery.optional().describe(`from the step of this time on; ${defaultDays} days before until, unless told`),
  until: timeQuery.optional().describe('to the step of this time; now, unless told'),
  step: z.enum(tallySteps, { error: 'must be hour or day' }).optional().describe('hour or day (UTC); day unless told'),
}

/** What was counted in a time. */
export const periodShape = {
  since: timeSchema,
  until: timeSchema,
  step: z.enum(tallySteps),
  steps: z.array(z.object({ at: timeSchema.describe('when the step begins'), ...countsShape })).describe('every step, in order'),
}

export type Period = { readonly since: number; readonly until: number; readonly step: TallyStep }

/** Reads the time that a query asks for, in whole steps; a sentence when it cannot be answered. */
export function periodOf(
  query: { since?: number | undefined; until?: number | undefined; step?: TallyStep | undefined },
  now: number,
): Period | string {
  const step = query.step ?? 'day'
  const asked = query.until ?? now
  const until = stepOf(asked - 1, step) + stepMs[step]
  const since = stepOf(query.since ?? asked - defaultDays * dayMs, step)
  if (since >= until) return 'since must be earlier than until'
  if ((until - since) / stepMs[step] > maxSteps) return `since and until must be at most ${maxSteps} steps apart: ask for days, or for less`
  return { since, until, step }
}

/** Answers a period: its totals, and every step, also those in which nothing happened. */
export async function periodItem(store: Pick<Store, 'tallies'>, of: TallyRequest['of'], { since, until, step }: Period) {
  const tallied = await store.tallies({ of, since, until, step })
  const found = new Map(tallied.map(({ at, counts }) => [at, counts]))
  const steps: ({ at: string } & CountsItem)[] = []
  for (let at = since; at < until; at += stepMs[step]) steps.push({ at: formatTime(at), ...countsItem(found.get(at) ?? {}) })
  return { period: { since: formatTime(since), until: formatTime(until), step, steps }, totals: countsItem(addCounts(...found.values())) }
}

/** Counts as the API gives them: what never happened is 0, or in no category. */
export function countsItem(counts: Counts): CountsItem {
  const { sent = 0, recipients = 0, refusedByUs = 0, refusedByUpstream = 0, complaints = 0, autoReplies = 0 } = counts
  return {
    sent,
    recipients,
    refusedByUs,
    refusedByUpstream,
    hard: under(counts, 'hard'),
    soft: under(counts, 'soft'),
    complaints,
    autoReplies,
  }
}

function under(counts: Counts, type: 'hard' | 'soft'): CountsItem['hard'] {
  return Object.fromEntries(
    categories.flatMap(category => (counts[`${type}.${category}`] ? [[category, counts[`${type}.${category}`]]] : [])),
  )
}
