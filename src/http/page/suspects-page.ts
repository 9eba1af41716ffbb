/**
 * `/suspects`: addresses whose mail comes back soft again and again; those that are dead are chosen and blocked at once.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Category } from '../../classify/verdict.ts'
import { addressKeyOf } from '../../smtp/path.ts'
import type { App, HttpDeps } from '../app.ts'
import { maxAddressOctets } from '../fields.ts'
import { html, type Markup } from '../html.ts'
import { blockSuspects, type Suspect, suspectsOf } from '../suspect.ts'
import { readDeed } from './deed.ts'
import { asFields, cursorOf } from './filters.ts'
import { layout } from './layout.ts'
import { addressLink, categoryLabel, emptyState, moment, notice } from './parts.ts'
import { type PickSaid, pickColumn, pickedIn, pickForm } from './pick-form.ts'
import { readPage } from './read-page.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

/** Adds the routes. */
export function suspectPageRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/suspects',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => show(request, reply),
  })

  app.route({
    method: 'POST',
    url: '/suspects/block',
    config: { access: 'admin', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const typed = readDeed(viewOf(request), request.body)
      const picked = pickedIn(request.body, 'address').filter(text => text.length <= maxAddressOctets)
      const keys = picked.map(addressKeyOf).filter(key => key !== null)
      if (!typed.ok || keys.length === 0) return show(request, reply.code(400), { typed, none: keys.length === 0, picked: new Set(picked) })
      const { blocked, left } = await blockSuspects(deps, keys, typed)
      return reply.redirect(`/suspects?blocked=${blocked.length}&left=${left.length}`, 303)
    },
  })

  async function show(request: FastifyRequest, reply: FastifyReply, said: PickSaid = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const { words, formats } = view
    const page = await readPage(cursorOf(request.query), asked => suspectsOf(deps, asked))
    const { blocked, left = '0' } = asFields(request.query)
    const body = html`<h1>${words.suspects.title}</h1>
<p class="intro">${words.suspects.intro}</p>
${blocked !== undefined && notice('good', words.suspects.done(formats.count(blocked), formats.count(left)))}
${page.items.length > 0 ? suspects(view, page.items, withQuery('/suspects/block', { cursor: page.cursor }), said) : emptyState(words.suspects.empty)}
${page.items.length > 0 && paging(view, page, '/suspects')}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title: words.suspects.title, place: 'suspects', body }))
  }
}

function suspects(view: View, items: readonly Suspect[], action: string, said: PickSaid): Markup {
  const { words, formats } = view
  const { columns, block: title, go } = words.suspects
  const mayBlock = view.may('admin')
  const address = ({ address }: Suspect) => address
  const rows = table(
    view,
    words.suspects.title,
    [
      ...(mayBlock ? [pickColumn(view, 'address', address, address, said.picked)] : []),
      { head: columns.address, kind: 'title', cell: ({ address }) => addressLink(address) },
      { head: columns.returns, kind: 'count', cell: ({ returns }) => formats.number(returns) },
      { head: columns.days, kind: 'count', cell: ({ days }) => formats.number(days) },
      { head: columns.first, kind: 'when', cell: ({ firstAt }) => moment(view, firstAt) },
      { head: columns.last, kind: 'when', cell: ({ lastAt }) => moment(view, lastAt) },
      { head: columns.categories, cell: item => item.categories.map(one => categoryLabel(view, one as Category)).join(', ') },
    ],
    items,
  )
  return mayBlock ? pickForm(view, action, { rows, title, buttons: html`<button class="danger">${go}</button>` }, said) : rows
}
