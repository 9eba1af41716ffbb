/**
 * `/overview`: how it goes, at a glance: health, what passed and what was refused, what came back, whose servers fail, open incidents.
 */
import type { App, HttpDeps } from '../app.ts'
import { type Readiness, readinessOf } from '../health.ts'
import { html, type Markup, type Value } from '../html.ts'
import { statisticsOf } from '../lists.ts'
import { recipientsPlot, returnsPlot } from './counted-plots.ts'
import { incidentTable } from './incidents-page.ts'
import { layout } from './layout.ts'
import { chip, emptyState } from './parts.ts'
import { spanLinks, spanOf } from './periods.ts'
import { plotHead } from './plot-head.ts'
import { table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

type Statistics = Awaited<ReturnType<typeof statisticsOf>>
/** As many open incidents as one looks at; the others are on their own page. */
const maxIncidents = 10

/** Adds the route. */
export function overviewRoutes(app: App, { store, now, health }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/overview',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { overview, incidents } = view.words
      const { span, period } = spanOf(request.query, now())
      const [statistics, open, kept, ready] = await Promise.all([
        statisticsOf(store, period),
        store.incidents({ state: 'open' }, { limit: maxIncidents, cursor: null }),
        store.counts(),
        readinessOf(health),
      ])
      const body = html`<div class="head"><h1>${overview.title}</h1>${healthChips(view, ready)}</div>
${open.items.length > 0 && html`<section aria-labelledby="open"><h2 id="open">${overview.openIncidents}</h2>${incidentTable(view, open.items)}</section>`}
<div class="bar">${spanLinks(view, span)}</div>
${tiles(view, statistics, kept)}
<div class="cards">${recipientsPlot(view, statistics)}${returnsPlot(view, statistics)}</div>
<section class="card" aria-labelledby="domains"><h2 id="domains">${overview.domains}</h2>${failingDomains(view, statistics)}</section>
${open.items.length === 0 && html`<p class="dim">${incidents.empty}</p>`}`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: overview.title, place: 'overview', body, head: plotHead }))
    },
  })
}

function healthChips({ words }: View, { checks }: Readiness): Markup {
  const { parts, fine } = words.overview
  const ill = Object.entries(checks).filter(([, state]) => state !== 'ok')
  if (ill.length === 0) return chip('good', fine)
  return html`${ill.map(([name, state]) => html`${chip('bad', `${parts[name as keyof typeof parts]}: ${state}`)} `)}`
}

function tiles(
  { words, formats }: View,
  { totals }: Statistics,
  kept: { readonly blacklisted: number; readonly deadLetters: number },
): Markup {
  const { overview } = words
  const sum = (counts: Statistics['totals']['hard']) => Object.values(counts).reduce((total, count) => total + count, 0)
  const tile = (name: string, value: number, href: string | null = null): Markup =>
    html`<div class="tile"><dt>${href === null ? name : html`<a href="${href}">${name}</a>`}</dt><dd>${formats.number(value)}</dd></div>`
  return html`<dl class="tiles">${tile(overview.sent, totals.sent)}${tile(overview.refusedByUs, totals.refusedByUs)}${tile(
    overview.hard,
    sum(totals.hard),
    '/?type=hard',
  )}${tile(overview.soft, sum(totals.soft), '/?type=soft')}${tile(overview.blacklisted, kept.blacklisted, '/blacklist')}${
    kept.deadLetters > 0 && tile(overview.deadLetters, kept.deadLetters, '/outbox?state=dead')
  }</dl>`
}

function failingDomains(view: View, { domains }: Statistics): Value {
  const { words, formats } = view
  const { overview } = words
  if (domains.length === 0) return emptyState(overview.noDomains)
  const most = Math.max(...domains.map(({ hard, soft }) => hard + soft))
  return table(
    view,
    overview.domains,
    [
      {
        head: overview.columns.domain,
        kind: 'title',
        cell: ({ domain }) => html`<a href="${withQuery('/', { q: `@${domain}` })}">${domain}</a>`,
      },
      { head: overview.columns.hard, kind: 'count', cell: ({ hard }) => formats.number(hard) },
      { head: overview.columns.soft, kind: 'count', cell: ({ soft }) => formats.number(soft) },
      {
        head: overview.columns.all,
        kind: 'meter',
        cell: ({ domain, hard, soft }) =>
          html`<meter min="0" max="${most}" value="${hard + soft}" aria-label="${domain}">${formats.number(hard + soft)}</meter> ${formats.number(hard + soft)}`,
      },
    ],
    domains,
  )
}
