/**
 * `/blacklist`: the blocks in force.
 */
import { categories } from '../../classify/verdict.ts'
import type { Block, BlockCategory } from '../../store/address-record.ts'
import type { App, HttpDeps } from '../app.ts'
import { blockCategoryQuery, domainQuery } from '../fields.ts'
import { given } from '../given.ts'
import { html, type Markup } from '../html.ts'
import { emptyList, filterField, filterForm } from './filter-form.ts'
import { by, type Filters, readFilters } from './filters.ts'
import { choiceField, textField } from './form-parts.ts'
import { layout } from './layout.ts'
import { addressLink, categoryLabel, emptyState, moment, notice, returnPath } from './parts.ts'
import { noPage, readPage } from './read-page.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

/** Adds the route. */
export function blacklistPageRoutes(app: App, { store }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/blacklist',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { blacklist, returns } = view.words
      const filters = readFilters(request.query, { domain: by(domainQuery), category: by(blockCategoryQuery) })
      const page = filters.wrong.size > 0 ? noPage : await readPage(filters.cursor, asked => store.blacklist(given(filters.values), asked))
      const body = html`<h1>${blacklist.title}</h1>
<p class="intro">${blacklist.intro}</p>
${page.lost && notice('bad', returns.errors.cursor)}
${form(view, filters)}
<div id="results" aria-live="polite">
${page.items.length > 0 ? blocks(view, page.items) : emptyList(view, filters, page.next !== null, emptyState(blacklist.empty))}
${paging(view, page, withQuery('/blacklist', filters.typed))}
</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: blacklist.title, place: 'blacklist', body }))
    },
  })
}

function form(view: View, filters: Filters<{ domain: string; category: BlockCategory }>): Markup {
  const { blacklist, returns } = view.words
  const { any, errors, category } = returns
  const options = [...categories, 'manual' as const].map(one => [one, categoryLabel(view, one) ?? one] as const)
  return filterForm(
    view,
    '/blacklist',
    filters,
    html`${textField({ ...filterField(filters, 'domain', blacklist.domainError), label: blacklist.domain })}
${choiceField({ ...filterField(filters, 'category', errors.category), label: category, any, options })}`,
    'filters few',
  )
}

function blocks(view: View, items: readonly Block[]): Markup {
  const { words } = view
  const { columns } = words.blacklist
  return table(
    view,
    words.blacklist.title,
    [
      { head: columns.address, kind: 'title', cell: block => addressLink(block.address) },
      {
        head: columns.category,
        kind: 'category',
        cell: ({ bounceId, category }) =>
          bounceId === null ? categoryLabel(view, category) : html`<a href="${returnPath(bounceId)}">${categoryLabel(view, category)}</a>`,
      },
      { head: columns.since, kind: 'when', cell: ({ since }) => moment(view, new Date(since).toISOString()) },
      { head: columns.until, kind: 'when', cell: ({ until }) => until !== null && moment(view, new Date(until).toISOString()) },
      { head: columns.evidence, cell: block => html`<code>${block.evidence}</code>` },
      { head: columns.by, kind: 'name', cell: block => (block.bounceId === null ? (block.by ?? words.nobody) : words.address.byReturn) },
    ],
    items,
  )
}
