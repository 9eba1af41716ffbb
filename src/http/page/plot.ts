/**
 * Plots: a table of figures by time that reads by itself, and that plots.js draws (uPlot). Without script the table is what there is.
 *
 * Pure.
 */
import { html, type Markup } from '../html.ts'
import type { View } from './view.ts'

export type Series = { readonly name: string; readonly values: readonly number[] }

export type Plot = {
  readonly id: string
  readonly title: string
  /** When each step begins, RFC 3339. */
  readonly times: readonly string[]
  readonly step: 'hour' | 'day'
  readonly series: readonly Series[]
}

/** Makes the figure: its heading, room for the plot, its table. */
export function plot({ words, formats }: View, { id, title, times, step, series }: Plot): Markup {
  const { plots } = words
  const heads = series.map(({ name }) => html`<th scope="col" class="count">${name}</th>`)
  const rows = times.map((time, index) => {
    const cells = series.map(({ name, values }) => {
      const value = values[index] ?? 0
      return html`<td class="count" data-label="${name}" data-value="${value}">${formats.number(value)}</td>`
    })
    const shown = step === 'day' ? formats.day(time) : formats.moment(time)
    return html`<tr><th scope="row"><time datetime="${time}" data-at="${Date.parse(time) / 1000}">${shown}</time></th>${cells}</tr>\n`
  })
  return html`<figure class="card plot" data-plot="${step}" aria-labelledby="${id}">
<figcaption id="${id}">${title}</figcaption>
<details class="figures"><summary>${plots.figures}</summary><div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table class="rows plain-rows"><thead><tr><th scope="col">${
    step === 'day' ? plots.day : plots.hour
  }</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></details>
</figure>`
}
