/**
 * What was counted, as plots: what became of recipients, and returns by category.
 *
 * Pure.
 */
import { type Category, categories } from '../../classify/verdict.ts'
import type { Markup } from '../html.ts'
import type { listDetail } from '../lists.ts'
import { categoryLabel } from './parts.ts'
import { plot, type Series } from './plot.ts'
import type { View } from './view.ts'

type Counted = NonNullable<Awaited<ReturnType<typeof listDetail>>>
type Steps = Counted['steps']
type Of = { readonly steps: Steps; readonly step: Counted['step'] }

/** As many categories as can be told apart in a plot; the rest is one more. */
const mostSeries = 7

/** Recipients by what became of them when the mail was sent. */
export function recipientsPlot({ words, ...view }: View, { steps, step }: Of): Markup {
  const { plots } = words
  const series = [
    { name: plots.accepted, values: steps.map(({ recipients }) => recipients) },
    { name: plots.refusedByUs, values: steps.map(({ refusedByUs }) => refusedByUs) },
    { name: plots.refusedByUpstream, values: steps.map(({ refusedByUpstream }) => refusedByUpstream) },
  ]
  return plot({ words, ...view }, { id: 'recipients', title: plots.recipients, times: steps.map(({ at }) => at), step, series })
}

/** Returns by category, the most frequent first. */
export function returnsPlot(view: View, { steps, step }: Of): Markup {
  const { plots } = view.words
  const counted = categories
    .map(category => ({ category, values: steps.map(one => returned(one, category)) }))
    .map(one => ({ ...one, total: one.values.reduce((sum, value) => sum + value, 0) }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
  const few = counted.length > mostSeries + 1 ? counted.slice(0, mostSeries) : counted
  const rest = counted.slice(few.length)
  const series: Series[] = few.map(({ category, values }) => ({ name: categoryLabel(view, category) ?? category, values }))
  if (rest.length > 0) {
    series.push({ name: plots.others, values: steps.map((_, index) => rest.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)) })
  }
  return plot(view, { id: 'returns-by-category', title: plots.returns, times: steps.map(({ at }) => at), step, series })
}

function returned({ hard, soft }: Steps[number], category: Category): number {
  return (hard[category] ?? 0) + (soft[category] ?? 0)
}
