/**
 * `/webhooks/{endpoint}`: how an endpoint is, what it was told and what became of it, and the buttons that tell it again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { App, HttpDeps } from '../app.ts'
import { idParam } from '../fields.ts'
import { given } from '../given.ts'
import { html } from '../html.ts'
import { sendProblem } from '../problem.ts'
import { deliveryItem, deliveryStateQuery, endpointItem } from '../webhook-items.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields, by, readFilters } from './filters.ts'
import { layout } from './layout.ts'
import { emptyState, notice } from './parts.ts'
import { type PickSaid, pickedIn } from './pick-form.ts'
import { readPage } from './read-page.ts'
import { type ReplayTyped, readReplay, replayCard } from './replay-form.ts'
import { stateLinks } from './state-links.ts'
import { paging } from './table.ts'
import { viewOf } from './view.ts'
import { deliveriesTable, enableCard, endpointFacts } from './webhook-parts.ts'
import { endpointChip, endpointPath } from './webhooks-page.ts'
import { withQuery } from './with-query.ts'

const params = z.strictObject({ endpoint: idParam })
/** Events that one press of the button tells again; the page says when there are more. */
const maxReplayed = 500

type Said = { readonly picks?: PickSaid; readonly enable?: TypedDeed; readonly replay?: ReplayTyped }

/** Adds the routes. */
export function webhookPageRoutes(app: App, deps: HttpDeps): void {
  const { store, notifier, now } = deps

  app.route({
    method: 'GET',
    url: '/webhooks/:endpoint',
    config: { access: 'read', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => show(request, reply, request.params.endpoint),
  })

  app.route({
    method: 'POST',
    url: '/webhooks/:endpoint/replay',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      const typed = readDeed(viewOf(request), request.body)
      const picked = pickedIn(request.body, 'event')
      if (!typed.ok || picked.length === 0) {
        return show(request, reply.code(400), endpoint, { picks: { typed, none: picked.length === 0, picked: new Set(picked) } })
      }
      const found = isEndpoint(endpoint) ? await Promise.all(picked.map(id => store.delivery(endpoint, id))) : []
      const deliveries = found.filter(one => one !== null)
      const again = await notifier.replay(endpoint, deliveries, { ...typed, now: now() })
      return reply.redirect(withQuery(endpointPath(endpoint), { again: String(again.length) }), 303)
    },
  })

  app.route({
    method: 'POST',
    url: '/webhooks/:endpoint/replay-time',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      const typed = readReplay(viewOf(request), request.body)
      if (!typed.ok) return show(request, reply.code(400), endpoint, { replay: typed })
      const { filter, deed } = typed
      const { items, next } = isEndpoint(endpoint)
        ? await store.deliveries({ endpoint, ...filter }, { limit: maxReplayed, cursor: null })
        : { items: [], next: null }
      const again = await notifier.replay(endpoint, items, { ...deed, now: now() })
      return reply.redirect(withQuery(endpointPath(endpoint), { again: String(again.length), more: next && '1' }), 303)
    },
  })

  app.route({
    method: 'POST',
    url: '/webhooks/:endpoint/enable',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { endpoint } = request.params
      const typed = readDeed(viewOf(request), request.body)
      if (!typed.ok) return show(request, reply.code(400), endpoint, { enable: typed })
      await notifier.enable(endpoint, { ...typed, now: now() })
      return reply.redirect(`${endpointPath(endpoint)}?enabled=1`, 303)
    },
  })

  function isEndpoint(name: string): boolean {
    return notifier.endpoints().some(one => one.name === name)
  }

  async function show(request: FastifyRequest, reply: FastifyReply, name: string, said: Said = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const { words, formats } = view
    const { webhooks } = words
    const endpoint = await endpointItem(deps, name)
    if (endpoint === null) return sendProblem(reply, 'not-found', webhooks.missing)
    const { values, typed, cursor } = readFilters(request.query, { state: by(deliveryStateQuery) })
    const page = await readPage(cursor, asked => store.deliveries({ endpoint: name, ...given(values) }, asked))
    const items = page.items.map(deliveryItem)
    const { again, more, enabled } = request.method === 'GET' ? asFields(request.query) : {}
    const path = endpointPath(name)
    const action = withQuery(`${path}/replay`, { ...typed, cursor: page.cursor })
    const body = html`<p class="overline">${webhooks.one}</p>
<div class="head"><h1>${name}</h1>${endpointChip(view, endpoint)}</div>
${again !== undefined && notice('good', webhooks.done(formats.count(again), more !== undefined))}
${enabled !== undefined && notice('good', webhooks.enabled)}
${endpointFacts(view, endpoint)}
${endpoint.state === 'disabled' && view.may('admin') && enableCard(view, `${path}/enable`, said.enable)}
<h2>${webhooks.log}</h2>
${page.lost && notice('bad', words.returns.errors.cursor)}
${stateLinks(path, words.returns.filters, webhooks.deliveryStates, values.state)}
${items.length > 0 ? deliveriesTable(view, items, action, said.picks) : emptyState(webhooks.noDeliveries)}
${items.length > 0 && paging(view, page, withQuery(path, typed))}
${view.may('admin') && replayCard(view, `${path}/replay-time`, said.replay)}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title: name, place: 'webhooks', body }))
  }
}
