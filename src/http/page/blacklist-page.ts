/**
 * `/blacklist`: the blocks in force.
 */
import { categories } from '../../classify/verdict.ts'
import type { Block } from '../../store/address-record.ts'
import type { App, HttpDeps } from '../app.ts'
import { blockCategoryQuery, domainQuery } from '../fields.ts'
import { given } from '../given.ts'
import { html, type Markup } from '../html.ts'
import { asFields, cursorOf } from './filters.ts'
import { choiceField, textField } from './form-parts.ts'
import { layout, withQuery } from './layout.ts'
import { addressLink, categoryLabel, emptyState, moment, returnPath } from './parts.ts'
import { readPage } from './read-page.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'

/** Adds the route. */
export function blacklistPageRoutes(app: App, { store }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/blacklist',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { words } = view
      const { domain = '', category = '' } = asFields(request.query)
      const wanted = { domain: domain.trim().slice(0, 400), category }
      const parsedDomain = wanted.domain === '' ? undefined : domainQuery.safeParse(wanted.domain).data
      const parsedCategory = blockCategoryQuery.safeParse(category).data
      const filter = given({ domain: parsedDomain, category: parsedCategory })
      const cursor = cursorOf(request.query)
      const page = await readPage(cursor, request => store.blacklist(filter, request))
      const wrong = wanted.domain !== '' && parsedDomain === undefined
      const filtered = wanted.domain !== '' || category !== ''
      const body = html`<h1>${words.blacklist.title}</h1>
<p class="intro">${words.blacklist.intro}</p>
${filterForm(view, wanted, wrong)}
<div id="results">
${page.items.length > 0 ? blocks(view, page.items) : emptyState(filtered ? words.blacklist.emptyFiltered : words.blacklist.empty)}
${paging(view, page.items.length, {
  newest: cursor && withQuery('/blacklist', wanted),
  older: page.next && withQuery('/blacklist', { ...wanted, cursor: page.next }),
})}
</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: words.blacklist.title, place: 'blacklist', body }))
    },
  })
}

function filterForm(view: View, { domain, category }: { domain: string; category: string }, wrong: boolean): Markup {
  const { blacklist, returns } = view.words
  const options = [...categories, 'manual' as const].map(one => [one, categoryLabel(view, one) ?? one] as const)
  return html`<form class="filters few" method="get" action="/blacklist" aria-label="${returns.filters}" data-live="results">
${textField({ name: 'domain', label: blacklist.domain, value: domain, error: wrong ? blacklist.domainError : undefined })}
${choiceField({ name: 'category', label: returns.category, any: returns.any, value: category, options })}
<div class="field buttons"><button>${returns.apply}</button>${(domain !== '' || category !== '') && html` <a class="button quiet" href="/blacklist">${returns.clear}</a>`}</div>
</form>`
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
