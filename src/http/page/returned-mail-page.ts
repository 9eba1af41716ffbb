/**
 * `/`: the view of returned mail, its filters, and the same as CSV.
 */
import { categories } from '../../classify/verdict.ts'
import type { App, HttpDeps } from '../app.ts'
import { html, type Markup } from '../html.ts'
import { bounceItems } from '../returned-mail.ts'
import { type FilterName, type Filters, filterNames, readFilters } from './filters.ts'
import { choiceField, textField } from './form-parts.ts'
import { layout, withQuery } from './layout.ts'
import { categoryLabel, emptyState, notice } from './parts.ts'
import { readPage } from './read-page.ts'
import { csvOf } from './returned-mail-csv.ts'
import { returnedMailTable } from './returned-mail-table.ts'
import { paging } from './table.ts'
import { type View, viewOf } from './view.ts'

/** What is shown while a filter cannot be read: all of it would look like the answer. */
const nobody = { items: [], next: null, lost: false }

/** Adds the routes. */
export function returnedMailRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const filters = readFilters(request.query, view.zone)
      const page = filters.wrong.size > 0 ? nobody : await readPage(filters.cursor, asked => store.bounces(filters.filter, asked))
      const items = await bounceItems(deps, page.items)
      const { words } = view
      const body = html`<h1>${words.returns.title}</h1>
${page.lost && notice('bad', words.returns.errors.cursor)}
${filterForm(view, filters)}
<div id="results" aria-live="polite">
${items.length > 0 ? returnedMailTable(view, items, words.returns.title) : nothing(view, filters, page.next !== null)}
${paging(view, items.length, links(view, filters, items.length, page.next))}
</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: words.returns.title, place: 'returns', body }))
    },
  })

  app.route({
    method: 'GET',
    url: '/returned-mail.csv',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const view = viewOf(request)
      const { filter, typed, wrong } = readFilters(request.query, view.zone)
      if (wrong.size > 0) return reply.redirect(withQuery('/', typed), 303)
      reply.header('content-disposition', 'attachment; filename="returned-mail.csv"')
      return reply.type('text/csv; charset=utf-8').send(csvOf(view, deps, filter))
    },
  })
}

function filterForm(view: View, { typed, wrong }: Filters): Markup {
  const { words } = view
  const { returns } = words
  const field = (name: FilterName) => ({
    name,
    value: typed[name],
    error: wrong.has(name) ? returns.errors[name] : undefined,
  })
  // A control for days does not show what is none.
  const dayType = (name: FilterName) => (wrong.has(name) ? 'text' : 'date')
  const types = (['hard', 'soft'] as const).map(type => [type, words.type[type]] as const)
  const labels = categories.map(one => [one, categoryLabel(view, one) ?? one] as const)
  const filtered = filterNames.some(name => typed[name] !== undefined)
  return html`<form class="filters" method="get" action="/" aria-label="${returns.filters}" data-live="results">
${textField({ ...field('q'), label: returns.search, type: 'search', placeholder: returns.searchHelp })}
${textField({ ...field('address'), label: returns.address })}
${choiceField({ ...field('type'), label: returns.type, any: returns.any, options: types })}
${choiceField({ ...field('category'), label: returns.category, any: returns.any, options: labels })}
${textField({ ...field('list'), label: returns.list })}
${textField({ ...field('since'), label: returns.since, type: dayType('since') })}
${textField({ ...field('until'), label: returns.until, type: dayType('until') })}
<div class="field buttons"><button>${returns.apply}</button>${filtered && html` <a class="button quiet" href="/">${returns.clear}</a>`}</div>
</form>`
}

function nothing({ words }: View, { typed, wrong }: Filters, more: boolean): Markup {
  const { returns } = words
  if (wrong.size > 0) return emptyState(returns.emptyWrong)
  if (more) return emptyState(returns.emptySoFar)
  return Object.keys(typed).length > 0 ? emptyState(returns.emptyFiltered) : emptyState(returns.empty, returns.emptyMeans)
}

function links({ words }: View, { typed, cursor }: Filters, count: number, next: string | null) {
  const csv = html`<a href="${withQuery('/returned-mail.csv', typed)}" download>${words.returns.csv}</a>`
  return {
    newest: cursor && withQuery('/', typed),
    older: next && withQuery('/', { ...typed, cursor: next }),
    more: count > 0 && csv,
  }
}
