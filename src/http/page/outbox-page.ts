/**
 * `/outbox`: returned mail that is to be forwarded, why it has not been, and the buttons that try again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OutboxState } from '../../store/outbox-record.ts'
import type { App, HttpDeps } from '../app.ts'
import { given } from '../given.ts'
import { html, type Markup } from '../html.ts'
import { type OwedMail, outboxStateQuery, oweAgain, owedMail } from '../owed-mail.ts'
import { readDeed } from './deed.ts'
import { asFields, by, readFilters } from './filters.ts'
import { layout } from './layout.ts'
import { addressText, chip, emptyState, mailPath, moment, notice } from './parts.ts'
import { type PickSaid, pickColumn, pickedIn, pickForm } from './pick-form.ts'
import { readPage } from './read-page.ts'
import { stateLinks } from './state-links.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

/** Dead letters that one press of the button asks for again; the page says when there are more. */
const maxRetried = 500

/** Adds the routes. */
export function outboxPageRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/outbox',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => show(request, reply),
  })

  app.route({
    method: 'POST',
    url: '/outbox/retry',
    config: { access: 'admin', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const typed = readDeed(viewOf(request), request.body)
      const all = asFields(request.body).verb === 'all'
      const picked = pickedIn(request.body, 'mail')
      const none = !all && picked.length === 0
      if (!typed.ok || none) return show(request, reply.code(400), { typed, none, picked: new Set(picked) })
      if (all) {
        const { items, next } = await store.outbox({ state: 'dead' }, { limit: maxRetried, cursor: null })
        const again = await oweAgain(deps, items, 'dead letters', typed)
        return reply.redirect(withQuery('/outbox', { again: String(again.length), more: next && '1' }), 303)
      }
      const items = (await Promise.all(picked.map(id => store.outboxItem(id)))).filter(item => item !== null)
      for (const item of items) await oweAgain(deps, [item], `mail ${item.id}`, typed)
      return reply.redirect(`/outbox?again=${items.length}`, 303)
    },
  })

  async function show(request: FastifyRequest, reply: FastifyReply, said: PickSaid = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const { words, formats } = view
    const { outbox } = words
    const { values, typed, cursor } = readFilters(request.query, { state: by(outboxStateQuery) })
    const { again, more } = request.method === 'GET' ? asFields(request.query) : {}
    const page = await readPage(cursor, asked => store.outbox(given(values), asked))
    const items = await Promise.all(page.items.map(item => owedMail(deps, item)))
    const action = withQuery('/outbox/retry', { ...typed, cursor: page.cursor })
    const body = html`<h1>${outbox.title}</h1>
<p class="intro">${outbox.intro}</p>
${again !== undefined && notice('good', outbox.done(formats.count(again), more !== undefined))}
${page.lost && notice('bad', words.returns.errors.cursor)}
${stateLinks('/outbox', words.returns.filters, outbox.states, values.state)}
${items.length > 0 ? owed(view, items, action, said) : emptyState(outbox.empty[values.state ?? 'all'])}
${items.length > 0 && paging(view, page, withQuery('/outbox', typed))}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title: outbox.title, place: 'outbox', body }))
  }
}

function owed(view: View, items: readonly OwedMail[], action: string, said: PickSaid): Markup {
  const { outbox } = view.words
  const { columns } = outbox
  const mayRetry = view.may('admin')
  const rows = table(
    view,
    outbox.title,
    [
      ...(mayRetry ? [pickColumn<OwedMail>(view, 'mail', ({ id }) => id, outbox.name, said.picked)] : []),
      { head: columns.to, kind: 'title', cell: ({ to }) => html`<span class="address">${addressText(to)}</span>` },
      { head: columns.state, cell: item => stateChip(view, item.state) },
      { head: columns.about, cell: ({ messageId }) => messageId && html`<a href="${mailPath(messageId)}">${outbox.theMail}</a>` },
      { head: columns.since, kind: 'when', cell: ({ since }) => moment(view, since) },
      { head: columns.attempts, kind: 'count', cell: ({ attempts }) => view.formats.number(attempts) },
      { head: columns.next, kind: 'when', cell: ({ nextAt, deadAt }) => nextAt !== null && deadAt === null && moment(view, nextAt) },
      { head: columns.lastError, cell: item => lastError(view, item) },
    ],
    items,
  )
  if (!mayRetry) return rows
  const all = items.some(({ state }) => state === 'dead') && html`<button class="quiet" name="verb" value="all">${outbox.retryAll}</button>`
  const buttons = html`<button name="verb" value="picked">${outbox.retry}</button>${all}`
  return pickForm(view, action, { rows, title: outbox.again, buttons }, said)
}

function stateChip({ words }: View, state: OutboxState): Markup {
  return chip(state === 'dead' ? 'bad' : 'warn', words.outbox.states[state])
}

function lastError({ words }: View, { lastError, inDoubt }: OwedMail) {
  if (lastError === null && !inDoubt) return null
  return html`${lastError !== null && html`<code lang="en">${lastError}</code>`}${inDoubt && html` <span class="dim">${words.outbox.inDoubt}</span>`}`
}
