/**
 * `/lists`: mailing lists and campaigns with their counters, and one of them by the day.
 */
import { z } from 'zod'
import type { Category } from '../../classify/verdict.ts'
import type { App, HttpDeps } from '../app.ts'
import { html, type Markup, type Value } from '../html.ts'
import { type ListItem, listDetail, listsOf } from '../lists.ts'
import { sendProblem } from '../problem.ts'
import { recipientsPlot, returnsPlot } from './counted-plots.ts'
import { cursorOf } from './filters.ts'
import { layout } from './layout.ts'
import { categoryLabel, emptyState, exactMoment, facts, moment } from './parts.ts'
import { spanLinks, spanOf } from './periods.ts'
import { plotHead } from './plot-head.ts'
import { readPage } from './read-page.ts'
import { type Column, paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

type Counted = Pick<ListItem, 'recipients' | 'hard' | 'soft'>

/** Adds the routes. */
export function listPageRoutes(app: App, { store, now }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/lists',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { lists } = view.words
      const cursor = cursorOf(request.query)
      let none: Awaited<ReturnType<typeof listsOf>>['none'] | null = null
      const page = await readPage(cursor, async asked => {
        const found = await listsOf(store, asked)
        none = found.none
        return found
      })
      const body = html`<h1>${lists.title}</h1>
<p class="intro">${lists.intro}</p>
${page.items.length > 0 ? listTable(view, page.items) : emptyState(lists.empty, lists.emptyMeans)}
${page.items.length > 0 && paging(view, page, '/lists')}
${none && noneCard(view, none)}`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: lists.title, place: 'lists', body }))
    },
  })

  app.route({
    method: 'GET',
    url: '/lists/:id',
    config: { access: 'read', page: true },
    schema: { hide: true, params: z.strictObject({ id: z.string().min(1).max(500) }) },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { lists } = view.words
      const { span, period } = spanOf(request.query, now())
      const list = await listDetail(store, request.params.id, period)
      if (list === null) return sendProblem(reply, 'not-found', lists.missing)
      const body = html`<p class="overline">${lists.one}</p>
<div class="head"><h1>${list.list}</h1></div>
<div class="card">${facts([
        [lists.columns.subject, list.subject],
        [lists.columns.template, list.template],
        [lists.columns.first, exactMoment(view, list.firstAt)],
        [lists.columns.last, exactMoment(view, list.lastAt)],
        ...counters(view, list),
        ['', html`<a href="${withQuery('/', { list: list.list })}">${lists.returns}</a>`],
      ])}</div>
${spanLinks(view, span)}
<div class="cards">${recipientsPlot(view, list)}${returnsPlot(view, list)}</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: list.list, place: 'lists', body, head: plotHead }))
    },
  })
}

function listTable(view: View, items: readonly ListItem[]): Markup {
  const { words, formats } = view
  const { columns } = words.lists
  const number = (head: string, count: (list: ListItem) => number): Column<ListItem> => ({
    head,
    kind: 'count',
    cell: list => formats.number(count(list)),
  })
  return table(
    view,
    words.lists.title,
    [
      {
        head: columns.list,
        kind: 'title',
        cell: ({ list }) => html`<a class="strong" href="/lists/${encodeURIComponent(list)}">${list}</a>`,
      },
      { head: columns.subject, kind: 'name', cell: ({ subject }) => subject },
      { head: columns.last, kind: 'when', cell: ({ lastAt }) => moment(view, lastAt) },
      number(columns.sent, ({ sent }) => sent),
      number(columns.recipients, ({ recipients }) => recipients),
      number(columns.refusedByUs, ({ refusedByUs }) => refusedByUs),
      number(columns.refusedByUpstream, ({ refusedByUpstream }) => refusedByUpstream),
      number(columns.hard, ({ hard }) => sum(hard)),
      { head: columns.hardShare, kind: 'count', cell: list => hardShare(view, list) },
      number(columns.soft, ({ soft }) => sum(soft)),
      number(columns.complaints, ({ complaints }) => complaints),
    ],
    items,
  )
}

function noneCard(view: View, none: Omit<ListItem, 'list' | 'template' | 'subject' | 'firstAt' | 'lastAt'>): Markup {
  return html`<details class="card"><summary>${view.words.lists.none}</summary>${facts(counters(view, none))}</details>`
}

function counters(view: View, counted: Parameters<typeof noneCard>[1]): (readonly [string, Value])[] {
  const { words, formats } = view
  const { columns } = words.lists
  const byCategory = (counts: ListItem['hard']) => {
    const each = Object.entries(counts).map(
      ([category, count]) => `${categoryLabel(view, category as Category)}${words.audit.because}${formats.number(count)}`,
    )
    return html`${formats.number(sum(counts))}${each.length > 0 && html` <span class="dim">(${each.join(', ')})</span>`}`
  }
  return [
    [columns.sent, formats.number(counted.sent)],
    [columns.recipients, formats.number(counted.recipients)],
    [columns.refusedByUs, formats.number(counted.refusedByUs)],
    [columns.refusedByUpstream, formats.number(counted.refusedByUpstream)],
    [columns.hard, byCategory(counted.hard)],
    [columns.hardShare, hardShare(view, counted)],
    [columns.soft, byCategory(counted.soft)],
    [columns.complaints, formats.number(counted.complaints)],
    [columns.autoReplies, formats.number(counted.autoReplies)],
  ]
}

/** Hard returns in a hundred recipients; nothing where nobody was written to. */
function hardShare({ formats }: View, { recipients, hard }: Counted): string | null {
  return recipients === 0 ? null : formats.share(sum(hard) / recipients)
}

function sum(counts: ListItem['hard']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
