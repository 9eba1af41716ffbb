/**
 * `/webhooks`: the configured endpoints, and how each is.
 */
import type { App, HttpDeps } from '../app.ts'
import { html, type Markup } from '../html.ts'
import { type EndpointItem, endpointItems } from '../webhook-items.ts'
import { layout } from './layout.ts'
import { chip, emptyState, moment } from './parts.ts'
import { table } from './table.ts'
import { type View, viewOf } from './view.ts'

const tones = { ok: 'good', resting: 'warn', disabled: 'bad' } as const

/** Adds the route. */
export function webhookListRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/webhooks',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { webhooks } = view.words
      const items = await endpointItems(deps)
      const body = html`<h1>${webhooks.title}</h1>
<p class="intro">${webhooks.intro}</p>
${items.length > 0 ? endpoints(view, items) : emptyState(webhooks.empty, webhooks.emptyMeans)}`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: webhooks.title, place: 'webhooks', body }))
    },
  })
}

/** The path of an endpoint's page. */
export function endpointPath(name: string): string {
  return `/webhooks/${encodeURIComponent(name)}`
}

/** How an endpoint is, in a word. */
export function endpointChip({ words }: View, { state }: EndpointItem): Markup {
  return chip(tones[state], words.webhooks.states[state])
}

function endpoints(view: View, items: readonly EndpointItem[]): Markup {
  const { webhooks } = view.words
  const { columns } = webhooks
  return table(
    view,
    webhooks.title,
    [
      { head: columns.name, kind: 'title', cell: ({ name }) => html`<a class="strong" href="${endpointPath(name)}">${name}</a>` },
      { head: columns.state, cell: item => endpointChip(view, item) },
      { head: columns.url, kind: 'mailbox', cell: ({ url }) => html`<span class="address">${url}</span>` },
      { head: columns.events, cell: ({ events }) => events.map(event => webhooks.events[event]).join(', ') },
      { head: columns.delivered, kind: 'when', cell: ({ lastDeliveredAt }) => lastDeliveredAt && moment(view, lastDeliveredAt) },
      { head: columns.oldest, kind: 'when', cell: ({ oldestWaiting }) => oldestWaiting && moment(view, oldestWaiting) },
      { head: columns.lastError, cell: ({ lastError }) => lastError && html`<code lang="en">${lastError}</code>` },
    ],
    items,
  )
}
