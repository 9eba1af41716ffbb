/**
 * The stretches of time that plots show: a choice of four, kept in the address of the page.
 *
 * Pure.
 */
import { type Period, periodOf } from '../counted.ts'
import { html, type Markup } from '../html.ts'
import { asFields } from './filters.ts'
import type { View } from './view.ts'
import { withQuery } from './with-query.ts'

const hourMs = 3_600_000
const spans = {
  day: { hours: 24, step: 'hour' },
  week: { hours: 7 * 24, step: 'day' },
  month: { hours: 30 * 24, step: 'day' },
  quarter: { hours: 90 * 24, step: 'day' },
} as const

export type Span = keyof typeof spans

/** The stretch that a query asks for; a month unless it asks for another. */
export function spanOf(query: unknown, now: number): { readonly span: Span; readonly period: Period } {
  const asked = asFields(query).span
  const span = (Object.keys(spans) as Span[]).find(name => name === asked) ?? 'month'
  const { hours, step } = spans[span]
  const period = periodOf({ since: now - (hours - 1) * hourMs, until: now, step }, now)
  if (typeof period === 'string') throw new RangeError(period)
  return { span, period }
}

/** Links to the other stretches. */
export function spanLinks({ words, path }: View, chosen: Span): Markup {
  const links = (Object.keys(spans) as Span[]).map(span => {
    const here = span === chosen && html` aria-current="true"`
    return html`<a href="${withQuery(path, { span })}"${here}>${words.plots.spans[span]}</a>`
  })
  return html`<nav class="spans" aria-label="${words.plots.span}">${links}</nav>`
}
