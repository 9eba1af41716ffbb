/**
 * `/`: the view of returned mail, its filters, and the same as CSV.
 */
import { categories } from '../../classify/verdict.ts'
import type { BounceFilter } from '../../store/filters.ts'
import type { App, HttpDeps } from '../app.ts'
import { addressQuery, categoryQuery, prefixQuery, textQuery, typeQuery } from '../fields.ts'
import { given } from '../given.ts'
import { html, type Markup } from '../html.ts'
import { bounceItems } from '../returned-mail.ts'
import { dayField, emptyList, filterField, filterForm } from './filter-form.ts'
import { by, days, readFilters } from './filters.ts'
import { choiceField, textField } from './form-parts.ts'
import { layout } from './layout.ts'
import { categoryLabel, emptyState, notice } from './parts.ts'
import { noPage, readPage } from './read-page.ts'
import { csvOf } from './returned-mail-csv.ts'
import { returnedMailTable } from './returned-mail-table.ts'
import { paging } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

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
      const { returns } = view.words
      const filters = filtersOf(view, request.query)
      const page = filters.wrong.size > 0 ? noPage : await readPage(filters.cursor, asked => store.bounces(filterOf(filters), asked))
      const items = await bounceItems(deps, page.items)
      const body = html`<h1>${returns.title}</h1>
${page.lost && notice('bad', returns.errors.cursor)}
${form(view, filters)}
<div id="results" aria-live="polite">
${
  items.length > 0
    ? returnedMailTable(view, items, returns.title)
    : emptyList(view, filters, page.next !== null, emptyState(returns.empty, returns.emptyMeans))
}
${paging(view, page, withQuery('/', filters.typed), items.length > 0 && csvLink(view, filters))}
</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: returns.title, place: 'returns', body }))
    },
  })

  app.route({
    method: 'GET',
    url: '/returned-mail.csv',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const view = viewOf(request)
      const filters = filtersOf(view, request.query)
      if (filters.wrong.size > 0) return reply.redirect(withQuery('/', filters.typed), 303)
      reply.header('content-disposition', 'attachment; filename="returned-mail.csv"')
      return reply.type('text/csv; charset=utf-8').send(csvOf(view, deps, filterOf(filters)))
    },
  })
}

type BounceFilters = ReturnType<typeof filtersOf>

function filtersOf({ zone }: View, query: unknown) {
  return readFilters(query, {
    q: by(prefixQuery),
    address: by(addressQuery),
    type: by(typeQuery),
    category: by(categoryQuery),
    list: by(textQuery),
    ...days(zone),
  })
}

function filterOf({ values }: BounceFilters): BounceFilter {
  const { address: key, ...rest } = values
  return given({ key, ...rest })
}

function form(view: View, filters: BounceFilters): Markup {
  const { words } = view
  const { returns } = words
  const { errors, any } = returns
  const types = (['hard', 'soft'] as const).map(type => [type, words.type[type]] as const)
  const labels = categories.map(one => [one, categoryLabel(view, one) ?? one] as const)
  return filterForm(
    view,
    '/',
    filters,
    html`${textField({ ...filterField(filters, 'q', errors.q), label: returns.search, type: 'search', placeholder: returns.searchHelp })}
${textField({ ...filterField(filters, 'address', errors.address), label: returns.address })}
${choiceField({ ...filterField(filters, 'type', errors.type), label: returns.type, any, options: types })}
${choiceField({ ...filterField(filters, 'category', errors.category), label: returns.category, any, options: labels })}
${textField({ ...filterField(filters, 'list', errors.list), label: returns.list })}
${textField({ ...dayField(filters, 'since', errors.since), label: returns.since })}
${textField({ ...dayField(filters, 'until', errors.until), label: returns.until })}`,
  )
}

function csvLink({ words }: View, { typed }: BounceFilters): Markup {
  return html`<a href="${withQuery('/returned-mail.csv', typed)}" download>${words.returns.csv}</a>`
}
