/**
 * `/r/{id}`: one return, why it counted or not, its own text, and the buttons to decide. The link in a refusal leads here.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Bounce, Why } from '../../store/return-records.ts'
import type { App, HttpDeps } from '../app.ts'
import { type BounceDetail, bounceDetail } from '../bounce-detail.ts'
import { decideReturn } from '../decisions.ts'
import { idParam } from '../fields.ts'
import { html, type Markup, type Value } from '../html.ts'
import { sendProblem } from '../problem.ts'
import { sendRawReturn } from '../raw-return.ts'
import { decideCard } from './decide-form.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields } from './filters.ts'
import { layout } from './layout.ts'
import {
  addressLink,
  addressStatusChip,
  categoryLabel,
  chip,
  correspondent,
  exactMoment,
  facts,
  mailPath,
  mailStatusChip,
  notice,
  returnPath,
  returnStatusChip,
} from './parts.ts'
import { type ReturnText, returnText } from './return-text.ts'
import { type View, viewOf } from './view.ts'

const params = z.strictObject({ id: idParam })
/** What a person can still decide (judge/decide.ts). */
const undecided: ReadonlySet<Why> = new Set<Why>(['origin-unproven', 'awaiting-confirmation', 'held', 'resolver-suspect'])
const become = { confirm: 'confirmed', dismiss: 'dismissed' } as const

type Said = { readonly error?: string; readonly typed?: TypedDeed }

/** Adds the routes. */
export function returnRoutes(app: App, deps: HttpDeps): void {
  const { store } = deps

  app.route({
    method: 'GET',
    url: '/r/:id',
    config: { access: 'read', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => show(request, reply, request.params.id),
  })

  app.route({
    method: 'GET',
    url: '/r/:id/raw',
    config: { access: 'read', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => sendRawReturn(store, request.params.id, reply),
  })

  app.route({
    method: 'POST',
    url: '/r/:id/decide',
    config: { access: 'unblock', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { id } = request.params
      const view = viewOf(request)
      const typed = readDeed(view, request.body)
      if (!typed.ok) return show(request, reply.code(400), id, { typed })
      const verb = asFields(request.body).verb === 'confirm' ? 'confirm' : 'dismiss'
      const done = await decideReturn(deps, id, { why: typed.why, by: typed.by, verb })
      if (done === null) return sendProblem(reply, 'not-found', view.words.ret.missing)
      if (done.refused === null) return reply.redirect(`${returnPath(id)}?done=${become[verb]}`, 303)
      const { refused } = view.words.ret
      const error = done.refused === 'never-list' || done.refused === 'sent-before-unblock' ? refused[done.refused] : refused.decided
      return show(request, reply.code(409), id, { error })
    },
  })

  async function show(request: FastifyRequest, reply: FastifyReply, id: string, said: Said = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const bounce = await store.bounce(id)
    if (bounce === null) return sendProblem(reply, 'not-found', view.words.ret.missing)
    const [detail, raw] = await Promise.all([
      bounceDetail(deps, bounce),
      bounce.reportId === null ? null : store.rawReport(bounce.reportId),
    ])
    const { done } = asFields(request.query)
    const title = `${view.words.ret.title}: ${detail.recipient.address}`
    const body = returnBody(view, bounce, detail, raw && returnText(raw), said, request.method === 'GET' ? done : undefined)
    return reply.type('text/html; charset=utf-8').send(layout(view, { title, place: 'returns', body }))
  }
}

function returnBody(
  view: View,
  { type, why }: Bounce,
  detail: BounceDetail,
  text: ReturnText | null,
  { error, typed }: Said,
  done: string | undefined,
): Markup {
  const { words } = view
  const { ret } = words
  const canDecide = type === 'hard' && undecided.has(why) && view.may('unblock')
  const label = categoryLabel(view, detail.category) ?? words.kind[detail.kind]
  return html`<p class="overline">${ret.title}</p>
<div class="head"><h1>${label}</h1>${returnStatusChip(view, detail.returnStatus)}${chip(detail.counted ? 'bad' : 'plain', detail.counted ? ret.counted : ret.notCounted)}</div>
${(done === 'confirmed' || done === 'dismissed') && notice('good', ret.done[done])}
${error !== undefined && notice('bad', error)}
<div class="card">
<p class="why">${words.reasons[detail.why]}</p>
${detail.evidence !== '' && html`<p class="words"><code>${detail.evidence}</code></p>`}
${facts([
  [ret.address, html`${addressLink(detail.recipient.address)} ${addressStatusChip(view, detail.addressStatus)}`],
  [ret.receivedAt, exactMoment(view, detail.receivedAt)],
])}
</div>
${canDecide && decideForm(view, detail.id, typed)}
<div class="cards">
${verdictCard(view, detail)}
${mailCard(view, detail)}
</div>
${reportCard(view, detail, text)}`
}

function decideForm(view: View, id: string, typed: TypedDeed | undefined): Markup {
  const { decide: title, decideHelp: help, confirm, dismiss } = view.words.ret
  const choices = [
    { verb: 'confirm', label: confirm, tone: 'danger' },
    { verb: 'dismiss', label: dismiss, tone: 'quiet' },
  ] as const
  return decideCard(view, `${returnPath(id)}/decide`, { title, help, choices }, typed)
}

function verdictCard(view: View, detail: BounceDetail): Markup {
  const { words, formats } = view
  const { ret } = words
  const { confirm, category, type, fault, rule } = detail
  return html`<section class="card" aria-labelledby="verdict"><h2 id="verdict">${ret.verdict}</h2>${facts([
    [ret.category, categoryLabel(view, category)],
    [ret.type, type && words.type[type]],
    [ret.fault, fault && words.fault[fault]],
    [ret.rule, rule && html`<code>${rule}</code>`],
    ['', confirm && ret.confirmRule(formats.number(confirm.mails), formats.number(confirm.distinctDays))],
    [ret.kind, words.kind[detail.kind]],
    [ret.action, words.action[detail.action]],
    [ret.code, detail.replyCode],
    [ret.status, detail.status],
    [ret.remoteMta, detail.remoteMta],
    [ret.reportingMta, detail.reportingMta],
  ])}</section>`
}

function mailCard(view: View, detail: BounceDetail): Markup {
  const { words } = view
  const { ret, mail, returns } = words
  const subject = detail.subject || returns.noSubject
  return html`<section class="card" aria-labelledby="mail"><h2 id="mail">${ret.mail}</h2>${facts([
    [mail.subject, detail.messageId === null ? subject : html`<a href="${mailPath(detail.messageId)}">${subject}</a>`],
    [mail.status, mailStatusChip(view, detail.mailStatus)],
    [mail.from, detail.from && correspondent(view, detail.from)],
    [mail.recipient, correspondent(view, detail.recipient)],
    [mail.sentAt, detail.sentAt && exactMoment(view, detail.sentAt)],
    [mail.template, detail.template],
    [mail.list, detail.list],
    [mail.headerMessageId, detail.headerMessageId && html`<code>${detail.headerMessageId}</code>`],
  ])}</section>`
}

function reportCard(view: View, { id, source, grade, report }: BounceDetail, text: ReturnText | null): Markup {
  const { words, formats } = view
  const { ret, mail } = words
  const client = report && (report.client.host ? `${report.client.host} [${report.client.address}]` : report.client.address)
  const known = facts([
    [ret.source, words.source[source]],
    [ret.grade, source !== 'relay' && words.grade[grade]],
    [ret.reportClient, client && html`${client}${report?.fromReporter && html` (${ret.trusted})`}`],
    [ret.reportSender, report && (report.sender || mail.emptyPath)],
    [mail.size, report && mail.octets(formats.number(report.size))],
  ])
  return html`<section class="card" aria-labelledby="report"><h2 id="report">${ret.report}</h2>${known}${ownText(view, id, text)}</section>`
}

function ownText({ words }: View, id: string, text: ReturnText | null): Value {
  const { ret } = words
  if (text === null) return html`<p class="dim">${ret.noMail}</p>`
  const header = text.header.map(({ name, value }) => `${name}: ${value}\n`).join('')
  return html`<h3>${ret.text}</h3>
<pre tabindex="0" role="region" aria-label="${ret.text}">${text.words || ret.noText}</pre>
${text.status !== '' && html`<pre tabindex="0" role="region" aria-label="${ret.status}">${text.status}</pre>`}
${text.cut && html`<p class="dim">${ret.cut}</p>`}
<details><summary>${ret.headers}</summary><pre tabindex="0" role="region" aria-label="${ret.headers}">${header}</pre></details>
<p><a href="${returnPath(id)}/raw" download>${ret.raw}</a></p>`
}
