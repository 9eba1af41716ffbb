/**
 * `/suspects`: addresses whose mail comes back soft again and again; those that are dead are chosen and blocked at once.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Category } from '../../classify/verdict.ts'
import { type AddressKey, addressKeyOf } from '../../smtp/path.ts'
import type { App, HttpDeps } from '../app.ts'
import { html, type Markup } from '../html.ts'
import { blockSuspects, type Suspect, suspectsOf } from '../suspect.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields, cursorOf } from './filters.ts'
import { deedFields, postForm } from './form-parts.ts'
import { layout, withQuery } from './layout.ts'
import { addressLink, categoryLabel, emptyState, moment, notice } from './parts.ts'
import { readPage } from './read-page.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'

/** More than a page shows. */
const maxChosen = 500

type Said = { readonly typed?: TypedDeed; readonly none?: boolean; readonly chosen?: ReadonlySet<string> }

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
      const chosen = chosenIn(request.body)
      if (!typed.ok || chosen.length === 0) {
        return show(request, reply.code(400), { typed, none: chosen.length === 0, chosen: new Set(chosen) })
      }
      const { blocked, left } = await blockSuspects(deps, chosen, typed)
      return reply.redirect(`/suspects?blocked=${blocked.length}&left=${left.length}`, 303)
    },
  })

  async function show(request: FastifyRequest, reply: FastifyReply, said: Said = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const { words, formats } = view
    const cursor = cursorOf(request.query)
    const page = await readPage(cursor, asked => suspectsOf(deps, asked))
    const { blocked, left = '0' } = asFields(request.query)
    const number = (text: string) => formats.number(Number.parseInt(text, 10) || 0)
    const body = html`<h1>${words.suspects.title}</h1>
<p class="intro">${words.suspects.intro}</p>
${blocked !== undefined && notice('good', words.suspects.done(number(blocked), number(left)))}
${said.none && notice('bad', words.suspects.none)}
${page.items.length > 0 ? suspectForm(view, page.items, said) : emptyState(words.suspects.empty)}
${page.items.length > 0 && paging(view, page.items.length, { newest: cursor && '/suspects', older: page.next && withQuery('/suspects', { cursor: page.next }) })}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title: words.suspects.title, place: 'suspects', body }))
  }
}

function suspectForm(view: View, items: readonly Suspect[], { typed, chosen }: Said): Markup {
  const { words, formats } = view
  const { columns, pick, block, go } = words.suspects
  const mayBlock = view.may('admin')
  const checked = (address: string) => chosen?.has(address) && html` checked`
  const picks = {
    head: columns.pick,
    kind: 'pick',
    cell: ({ address }: Suspect) =>
      html`<input type="checkbox" name="address" value="${address}" aria-label="${pick(address)}"${checked(address)}>`,
  }
  const rows = table(
    view,
    words.suspects.title,
    [
      ...(mayBlock ? [picks] : []),
      { head: columns.address, kind: 'title', cell: ({ address }) => addressLink(address) },
      { head: columns.returns, kind: 'count', cell: ({ returns }) => formats.number(returns) },
      { head: columns.days, kind: 'count', cell: ({ days }) => formats.number(days) },
      { head: columns.first, kind: 'when', cell: ({ firstAt }) => moment(view, firstAt) },
      { head: columns.last, kind: 'when', cell: ({ lastAt }) => moment(view, lastAt) },
      { head: columns.categories, cell: item => item.categories.map(one => categoryLabel(view, one as Category)).join(', ') },
    ],
    items,
  )
  if (!mayBlock) return rows
  const failed = typed?.ok === false ? typed : undefined
  const values = typed?.ok ? { why: typed.why, by: typed.by ?? undefined } : failed?.values
  const deed = html`<section class="card" aria-labelledby="block"><h2 id="block">${block}</h2><div class="deed">${deedFields(view, 'block', values, failed?.errors)}<p><button class="danger">${go}</button></p></div></section>`
  return postForm(view, '/suspects/block', html`${rows}${deed}`, 'with-rows')
}

function chosenIn(body: unknown): AddressKey[] {
  const given = typeof body === 'object' && body !== null && 'address' in body ? [body.address].flat() : []
  return given
    .slice(0, maxChosen)
    .map(text => (typeof text === 'string' && text.length <= 320 ? addressKeyOf(text) : null))
    .filter(key => key !== null)
}
