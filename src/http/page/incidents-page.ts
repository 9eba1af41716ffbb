/**
 * `/incidents`: what the surge guard holds back, and the two buttons that end it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { reasonOf } from '../../judge/audit-words.ts'
import { endIncident } from '../../judge/incidents.ts'
import type { Incident } from '../../store/surge-records.ts'
import type { App, HttpDeps } from '../app.ts'
import { formatTime, idParam } from '../fields.ts'
import { html, type Markup } from '../html.ts'
import { sendProblem } from '../problem.ts'
import { bounceItems } from '../returned-mail.ts'
import { reasonWords } from './audit-why.ts'
import { decideCard } from './decide-form.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields, cursorOf } from './filters.ts'
import { layout } from './layout.ts'
import { categoryLabel, chip, emptyState, exactMoment, facts, moment, notice } from './parts.ts'
import { readPage } from './read-page.ts'
import { returnedMailTable } from './returned-mail-table.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'

const params = z.strictObject({ id: idParam })

type Said = { readonly error?: string; readonly typed?: TypedDeed }

/** Adds the routes. */
export function incidentPageRoutes(app: App, deps: HttpDeps): void {
  const { store, policy, now } = deps

  app.route({
    method: 'GET',
    url: '/incidents',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { incidents } = view.words
      const cursor = cursorOf(request.query)
      const page = await readPage(cursor, asked => store.incidents({}, asked))
      const body = html`<h1>${incidents.title}</h1>
<p class="intro">${incidents.intro}</p>
${page.items.length > 0 ? incidentTable(view, page.items) : emptyState(incidents.empty)}
${page.items.length > 0 && paging(view, page, '/incidents')}`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: incidents.title, place: 'incidents', body }))
    },
  })

  app.route({
    method: 'GET',
    url: '/incidents/:id',
    config: { access: 'read', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => show(request, reply, request.params.id),
  })

  app.route({
    method: 'POST',
    url: '/incidents/:id/end',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { id } = request.params
      const view = viewOf(request)
      const typed = readDeed(view, request.body)
      if (!typed.ok) return show(request, reply.code(400), id, { typed })
      const verb = asFields(request.body).verb === 'confirm' ? 'confirm' : 'release'
      const ended = await endIncident({ store, policy }, id, { verb, why: typed.why, by: typed.by, now: now() })
      if (ended === null) return sendProblem(reply, 'not-found', view.words.incidents.missing)
      if (ended === 'closed') return show(request, reply.code(409), id, { error: view.words.incidents.ended })
      return reply.redirect(`${incidentPath(id)}?done=${verb}`, 303)
    },
  })

  async function show(request: FastifyRequest, reply: FastifyReply, id: string, { error, typed }: Said = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const { words } = view
    const { incidents } = words
    const incident = await store.incident(id)
    if (incident === null) return sendProblem(reply, 'not-found', incidents.missing)
    const cursor = cursorOf(request.query)
    const page = await readPage(cursor, asked => store.members(id, asked))
    const items = await bounceItems(deps, page.items)
    const done = request.method === 'GET' ? asFields(request.query).done : undefined
    const path = incidentPath(id)
    const body = html`<p class="overline">${incidents.one}</p>
<div class="head"><h1>${incident.operator}: ${categoryLabel(view, incident.category)}</h1>${stateChip(view, incident)}</div>
${(done === 'confirm' || done === 'release') && notice('good', incidents.done[done])}
${error !== undefined && notice('bad', error)}
${factsCard(view, incident)}
${incident.closed === null && view.may('admin') && endForm(view, path, typed)}
<h2>${incidents.members}</h2>
${items.length > 0 && returnedMailTable(view, items, incidents.members)}
${paging(view, page, path)}`
    const title = `${incidents.one}: ${incident.operator}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title, place: 'incidents', body }))
  }
}

/** The table of some incidents; the overview shows the open ones. */
export function incidentTable(view: View, items: readonly Incident[]): Markup {
  const { words, formats } = view
  const { columns, title } = words.incidents
  return table(
    view,
    title,
    [
      { head: columns.operator, kind: 'title', cell: one => html`<a class="strong" href="${incidentPath(one.id)}">${one.operator}</a>` },
      { head: columns.category, kind: 'category', cell: one => categoryLabel(view, one.category) },
      { head: columns.state, cell: one => stateChip(view, one) },
      { head: columns.opened, kind: 'when', cell: one => moment(view, formatTime(one.openedAt)) },
      { head: columns.last, kind: 'when', cell: one => moment(view, formatTime(one.lastAt)) },
      { head: columns.held, kind: 'count', cell: one => formats.number(one.held) },
      { head: columns.blacklisted, kind: 'count', cell: one => formats.number(one.blacklisted) },
    ],
    items,
  )
}

function incidentPath(id: string): string {
  return `/incidents/${encodeURIComponent(id)}`
}

function stateChip({ words }: View, { closed }: Incident): Markup {
  return closed === null ? chip('warn', words.incidents.open) : chip('plain', words.incidents.how[closed.how])
}

function factsCard(view: View, { openedAt, lastAt, held, blacklisted, rule, closed }: Incident): Markup {
  const { words, formats } = view
  const { columns } = words.incidents
  const ended =
    closed &&
    html`${exactMoment(view, formatTime(closed.at))}, ${words.incidents.how[closed.how]}${closed.by && html` (${closed.by})`}: ${reasonWords(view, reasonOf(closed.why, closed.how === 'decided' ? 'rebond' : 'hand'))}`
  return html`<div class="card">${facts([
    [columns.opened, exactMoment(view, formatTime(openedAt))],
    [columns.last, exactMoment(view, formatTime(lastAt))],
    [columns.held, formats.number(held)],
    [columns.blacklisted, formats.number(blacklisted)],
    [words.incidents.rule, html`<code>${rule}</code>`],
    [words.incidents.closed, ended],
  ])}</div>`
}

function endForm(view: View, path: string, typed: TypedDeed | undefined): Markup {
  const { decide: title, decideHelp: help, release, confirm } = view.words.incidents
  const choices = [
    { verb: 'release', label: release, tone: 'main' },
    { verb: 'confirm', label: confirm, tone: 'danger' },
  ] as const
  return decideCard(view, `${path}/end`, { title, help, choices }, typed)
}
