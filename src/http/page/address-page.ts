/**
 * `/addresses/{address}`: is it blacklisted, since when, why, by which words of which server; its history; and the button that lifts the block.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { reasonOf } from '../../judge/audit-words.ts'
import { type AddressKey, addressKeyOf } from '../../smtp/path.ts'
import type { AuditEntry } from '../../store/audit-record.ts'
import { blockAddress, unblockAddress } from '../address-deeds.ts'
import { type AddressDetail, addressDetail } from '../address-detail.ts'
import { formatKey } from '../address-key.ts'
import type { App, HttpDeps } from '../app.ts'
import { addressParam, formatTime } from '../fields.ts'
import { html, type Markup, type Value } from '../html.ts'
import { auditWhy, reasonWords } from './audit-why.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields } from './filters.ts'
import { deedFields, postForm, textField } from './form-parts.ts'
import { dayAfter, startOfDay } from './formats.ts'
import { layout } from './layout.ts'
import {
  addressPath,
  addressStatusChip,
  categoryLabel,
  emptyState,
  exactMoment,
  facts,
  mailPath,
  moment,
  notice,
  returnPath,
} from './parts.ts'
import { type EraseSaid, personalDataCard, personalDataRoutes } from './personal-data.ts'
import { returnedMailTable } from './returned-mail-table.ts'
import { table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

const params = z.strictObject({ address: addressParam })
const latestDeeds = 50

/** What went wrong in which form. */
type Said = {
  readonly error?: string
  readonly unblock?: TypedDeed
  readonly block?: TypedDeed
  readonly until?: { value: string; error?: string }
  readonly erase?: EraseSaid
}

/** Adds the routes. */
export function addressPageRoutes(app: App, deps: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/addresses',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const { address = '' } = asFields(request.query)
      const text = address.trim()
      const key = text.length <= 320 ? addressKeyOf(text) : null
      // What is no whole address may be the beginning of one.
      return reply.redirect(key === null ? withQuery('/', { q: text.slice(0, 320) }) : addressPath(formatKey(key)), 303)
    },
  })

  app.route({
    method: 'GET',
    url: '/addresses/:address',
    config: { access: 'read', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => show(request, reply, request.params.address),
  })

  app.route({
    method: 'POST',
    url: '/addresses/:address/unblock',
    config: { access: 'unblock', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const view = viewOf(request)
      const typed = readDeed(view, request.body)
      if (!typed.ok) return show(request, reply.code(400), key, { unblock: typed })
      const lifted = await unblockAddress(deps, key, typed)
      if (lifted === null) return show(request, reply.code(409), key, { error: view.words.address.notBlacklisted })
      return reply.redirect(`${addressPath(formatKey(key))}?done=unblocked`, 303)
    },
  })

  app.route({
    method: 'POST',
    url: '/addresses/:address/block',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const view = viewOf(request)
      const typed = readDeed(view, request.body)
      const day = asFields(request.body).until?.trim().slice(0, 40) ?? ''
      // The day itself is still blocked.
      const until = day === '' ? null : Number.isNaN(startOfDay(day, view.zone)) ? Number.NaN : startOfDay(dayAfter(day), view.zone)
      const wrongDay = until !== null && !(until > deps.now())
      if (!typed.ok || wrongDay) {
        const error = wrongDay ? { error: view.words.address.blockUntilPast } : {}
        return show(request, reply.code(400), key, { block: typed, until: { value: day, ...error } })
      }
      await blockAddress(deps, key, { ...typed, until })
      return reply.redirect(`${addressPath(formatKey(key))}?done=blocked`, 303)
    },
  })

  personalDataRoutes(app, deps, show)

  async function show(request: FastifyRequest, reply: FastifyReply, key: AddressKey, said: Said = {}): Promise<FastifyReply> {
    const view = viewOf(request)
    const [detail, history] = await Promise.all([addressDetail(deps, key), deps.store.audit({ key }, { limit: latestDeeds, cursor: null })])
    const { done, mails = '0', returns = '0' } = request.method === 'GET' ? asFields(request.query) : {}
    const { words, formats } = view
    const body = html`<p class="overline">${words.address.title}</p>
<div class="head"><h1>${detail.address}</h1>${addressStatusChip(view, detail.status)}</div>
${(done === 'unblocked' || done === 'blocked') && notice('good', words.address.done[done])}
${done === 'erased' && notice('good', words.personal.done(formats.count(mails), formats.count(returns)))}
${said.error !== undefined && notice('bad', said.error)}
<div class="cards">${statusCard(view, detail)}${detail.status === 'blacklisted' && view.may('unblock') && unblockCard(view, detail, said)}</div>
${returnsCard(view, detail)}
${historyCard(view, history.items)}
${view.may('admin') && html`${blockCard(view, detail, said)}${personalDataCard(view, detail.address, said.erase)}`}`
    const title = `${detail.address}: ${words.status[detail.status]}`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title, body }))
  }
}

function statusCard(view: View, { status, since, until, reason, counts, lastUnblock }: AddressDetail): Markup {
  const { words, formats } = view
  const { address } = words
  const links = reason && [
    reason.bounceId !== null && html`<a href="${returnPath(reason.bounceId)}">${address.seeReturn}</a>`,
    reason.bounceId !== null && reason.messageId !== null && ' · ',
    reason.messageId !== null && html`<a href="${mailPath(reason.messageId)}">${address.seeMail}</a>`,
  ]
  const count = (['hard', 'soft', 'uncounted'] as const)
    .map(name => `${address[name]}${words.audit.because}${formats.number(counts[name])}`)
    .join(', ')
  return html`<div class="card">
<p class="why">${words.statusMeans[status]}</p>
${reason && html`<p class="words"><code>${reason.evidence}</code></p>`}
${facts([
  [address.since, since && exactMoment(view, since)],
  [address.until, reason && (until === null ? address.forever : exactMoment(view, until))],
  [address.why, reason && categoryLabel(view, reason.category)],
  [words.ret.rule, reason?.rule && html`<code>${reason.rule}</code>`],
  [address.by, reason && (reason.bounceId !== null ? address.byReturn : (reason.by ?? words.nobody))],
  ['', links],
  [address.counts, count],
  [
    address.lastUnblock,
    lastUnblock &&
      html`${exactMoment(view, lastUnblock.at)}, ${lastUnblock.by ?? words.nobody}: ${reasonWords(view, reasonOf(lastUnblock.why, 'hand'))}`,
  ],
])}
</div>`
}

function unblockCard(view: View, detail: AddressDetail, { unblock }: Said): Markup {
  const { address } = view.words
  const failed = unblock?.ok === false ? unblock : undefined
  const fields = html`<p class="dim">${address.unblockHelp}</p>${deedFields(view, 'unblock', failed?.values, failed?.errors)}<p><button>${address.unblockGo}</button></p>`
  return html`<section class="card" aria-labelledby="unblock"><h2 id="unblock">${address.unblock}</h2>${postForm(view, `${addressPath(detail.address)}/unblock`, fields)}</section>`
}

function blockCard(view: View, detail: AddressDetail, { block, until }: Said): Markup {
  const { address } = view.words
  const failed = block?.ok === false ? block : undefined
  const values = block?.ok ? { why: block.why, by: block.by ?? undefined } : failed?.values
  const fields = html`<p class="dim">${address.blockHelp}</p>${deedFields(view, 'block', values, failed?.errors)}
${textField({ id: 'block-until', name: 'until', label: address.blockUntil, type: until?.error === undefined ? 'date' : 'text', value: until?.value, error: until?.error })}
<p><button class="danger">${address.blockGo}</button></p>`
  const open = (block !== undefined || until !== undefined) && html` open`
  return html`<details class="card"${open}><summary>${address.block}</summary>${postForm(view, `${addressPath(detail.address)}/block`, fields)}</details>`
}

function returnsCard(view: View, { address, bounces }: AddressDetail): Markup {
  const { words } = view
  const mails = html`<a href="${withQuery('/mails', { address })}">${words.address.allMails}</a>`
  const all = html`<p><a href="${withQuery('/', { address })}">${words.address.allReturns}</a> · ${mails}</p>`
  return html`<section class="card" aria-labelledby="returns"><h2 id="returns">${words.address.returns}</h2>${
    bounces.length > 0
      ? html`${returnedMailTable(view, bounces, words.address.returns, 'address')}${all}`
      : html`${emptyState(words.address.noReturns)}<p>${mails}</p>`
  }</section>`
}

function historyCard(view: View, entries: readonly AuditEntry[]): Markup {
  const { words } = view
  const { columns, ops } = words.address
  const who = ({ actor, by }: AuditEntry): Value => (actor === 'return' ? words.address.byReturn : (by ?? words.nobody))
  const rows = table(
    view,
    words.address.history,
    [
      { head: columns.at, kind: 'when', cell: ({ at }) => moment(view, formatTime(at)) },
      { head: columns.op, cell: ({ op }) => ops[op] },
      { head: columns.by, cell: who },
      { head: columns.why, cell: entry => auditWhy(view, entry) },
    ],
    entries,
  )
  return html`<section class="card" aria-labelledby="history"><h2 id="history">${words.address.history}</h2>${
    entries.length > 0 ? rows : html`<p class="dim">${words.address.noHistory}</p>`
  }</section>`
}
