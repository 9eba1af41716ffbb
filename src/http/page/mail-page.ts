/**
 * `/mails/{id}`: one mail with its envelope and what became of it for each recipient; its tab *Returns* lists what came back.
 */
import { z } from 'zod'
import type { App, HttpDeps } from '../app.ts'
import { idParam } from '../fields.ts'
import { html, type Markup } from '../html.ts'
import { messageDetail } from '../messages.ts'
import { sendProblem } from '../problem.ts'
import { layout } from './layout.ts'
import {
  addressLink,
  categoryLabel,
  chip,
  correspondent,
  emptyState,
  exactMoment,
  facts,
  mailPath,
  mailStatusChip,
  moment,
  returnPath,
  returnStatusChip,
} from './parts.ts'
import { table } from './table.ts'
import { type View, viewOf } from './view.ts'

const tones = { relayed: 'good', deferred: 'warn', refused: 'bad', blacklisted: 'bad' } as const

type Mail = Awaited<ReturnType<typeof messageDetail>>

/** Adds the routes: one for each tab, so that both have an address. */
export function mailRoutes(app: App, deps: HttpDeps): void {
  const tabs = [
    ['/mails/:id', mailTab],
    ['/mails/:id/returns', returnsTab],
  ] as const
  for (const [url, tab] of tabs) {
    app.route({
      method: 'GET',
      url,
      config: { access: 'read', page: true },
      schema: { hide: true, params: z.strictObject({ id: idParam }) },
      handler: async (request, reply) => {
        const view = viewOf(request)
        const message = await deps.store.message(request.params.id)
        if (message === null) return sendProblem(reply, 'not-found', view.words.mail.missing)
        const mail = await messageDetail(deps, message, request.scopes)
        const title = mail.subject || view.words.returns.noSubject
        const body = html`<p class="overline">${view.words.mail.title}</p>
<div class="head"><h1>${title}</h1>${mailStatusChip(view, mail.status)}</div>
${tabList(view, mail, tab === returnsTab)}
${tab(view, mail)}`
        return reply.type('text/html; charset=utf-8').send(layout(view, { title, place: 'mails', body }))
      },
    })
  }
}

function tabList({ words, formats }: View, { id, returns }: Mail, onReturns: boolean): Markup {
  const here = html` aria-current="page"`
  return html`<nav class="tabs" aria-label="${words.mail.tabs}"><a href="${mailPath(id)}"${!onReturns && here}>${words.mail.tabMail}</a><a href="${mailPath(id)}/returns"${onReturns && here}>${words.mail.returnsCount(formats.number(returns.length))}</a></nav>`
}

function mailTab(view: View, item: Mail): Markup {
  const { words, formats } = view
  const { mail } = words
  const { outcome, reversePath } = item
  const reply = outcome?.reply && html`<br><code>${outcome.reply}</code>`
  const recipients = table(
    view,
    mail.recipients,
    [
      { head: mail.recipient, kind: 'title', cell: ({ name, address }) => html`${name && html`${name} `}${addressLink(address)}` },
      { head: mail.verdict, cell: ({ verdict }) => chip(tones[verdict], mail.verdicts[verdict]) },
      { head: mail.status, cell: ({ status }) => mailStatusChip(view, status) },
      { head: mail.reply, cell: ({ reply }) => html`<code>${reply}</code>` },
    ],
    item.recipients,
  )
  return html`<section class="card" aria-labelledby="envelope"><h2 id="envelope">${mail.envelope}</h2>${facts([
    [mail.sentAt, exactMoment(view, item.sentAt)],
    [mail.from, item.from && correspondent(view, item.from)],
    [mail.envelopeFrom, reversePath === '' ? mail.emptyPath : html`<span class="address">${reversePath}</span>`],
    [mail.returnPath, item.returnPath && html`<span class="address">${item.returnPath}</span>`],
    [mail.outcome, html`${mail.outcomes[outcome?.outcome ?? 'pending']}${outcome && html`, ${exactMoment(view, outcome.at)}`}${reply}`],
    [mail.template, item.template],
    [mail.list, item.list && html`<a href="/?list=${encodeURIComponent(item.list)}">${item.list}</a>`],
    [mail.headerMessageId, item.headerMessageId && html`<code>${item.headerMessageId}</code>`],
    [mail.upstreamId, item.upstreamId && html`<code>${item.upstreamId}</code>`],
    [mail.size, item.size !== null && mail.octets(formats.number(item.size))],
  ])}</section>
<h2>${mail.recipients}</h2>
${recipients}`
}

function returnsTab(view: View, { returns }: Mail): Markup {
  const { mail, kind } = view.words
  if (returns.length === 0) return emptyState(mail.noReturns)
  const { columns } = mail
  return table(
    view,
    mail.returns,
    [
      { head: columns.status, cell: one => returnStatusChip(view, one.returnStatus) },
      { head: columns.date, kind: 'when', cell: one => moment(view, one.receivedAt) },
      { head: columns.recipient, cell: ({ recipient: { name, address } }) => html`${name && html`${name} `}${addressLink(address)}` },
      {
        head: columns.category,
        cell: one => html`<a href="${returnPath(one.id)}">${categoryLabel(view, one.category) ?? kind[one.kind]}</a>`,
      },
    ],
    returns,
  )
}
