/**
 * `/mails`: mail that passed, or tried to, and the filters that find one: by recipient, sender, Message-ID, id at the mail server, day.
 */
import type { MessageFilter } from '../../store/filters.ts'
import type { App, HttpDeps } from '../app.ts'
import { addressQuery } from '../fields.ts'
import { given } from '../given.ts'
import { html, type Markup, type Value } from '../html.ts'
import { type MessageItem, messageItem } from '../message-item.ts'
import { mailIdQuery } from '../messages.ts'
import { returnsOf } from '../returned-mail.ts'
import { dayField, emptyList, filterField, filterForm } from './filter-form.ts'
import { by, days, readFilters } from './filters.ts'
import { textField } from './form-parts.ts'
import { layout } from './layout.ts'
import { addressLink, emptyState, mailPath, mailStatusChip, moment, notice } from './parts.ts'
import { noPage, readPage } from './read-page.ts'
import { paging, table } from './table.ts'
import { type View, viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

/** Recipients of one mail that the list shows; the mail's own page shows all. */
const maxRecipients = 3

/** Adds the route. */
export function mailListRoutes(app: App, { store }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/mails',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const view = viewOf(request)
      const { mails, returns } = view.words
      const filters = filtersOf(view, request.query)
      const page = filters.wrong.size > 0 ? noPage : await readPage(filters.cursor, asked => store.messages(filterOf(filters), asked))
      const items = await Promise.all(page.items.map(async message => messageItem(message, await returnsOf(store, message), null)))
      const body = html`<h1>${mails.title}</h1>
<p class="intro">${mails.intro}</p>
${page.lost && notice('bad', returns.errors.cursor)}
${form(view, filters)}
<div id="results" aria-live="polite">
${items.length > 0 ? mailTable(view, items) : emptyList(view, filters, page.next !== null, emptyState(mails.empty))}
${paging(view, page, withQuery('/mails', filters.typed))}
</div>`
      return reply.type('text/html; charset=utf-8').send(layout(view, { title: mails.title, place: 'mails', body }))
    },
  })
}

type MailFilters = ReturnType<typeof filtersOf>

function filtersOf({ zone }: View, query: unknown) {
  return readFilters(query, {
    address: by(addressQuery),
    from: by(mailIdQuery),
    messageId: by(mailIdQuery),
    upstreamId: by(mailIdQuery),
    ...days(zone),
  })
}

function filterOf({ values }: MailFilters): MessageFilter {
  const { address: key, messageId: headerMessageId, ...rest } = values
  return given({ key, headerMessageId, ...rest })
}

function form(view: View, filters: MailFilters): Markup {
  const { mails, mail, returns } = view.words
  const { errors } = returns
  return filterForm(
    view,
    '/mails',
    filters,
    html`${textField({ ...filterField(filters, 'address', errors.address), label: mails.recipient, placeholder: 'jean@example.com' })}
${textField({ ...filterField(filters, 'from', mails.errors.from), label: mails.from })}
${textField({ ...filterField(filters, 'messageId', mails.errors.id), label: mail.headerMessageId })}
${textField({ ...filterField(filters, 'upstreamId', mails.errors.id), label: mail.upstreamId })}
${textField({ ...dayField(filters, 'since', errors.since), label: returns.since })}
${textField({ ...dayField(filters, 'until', errors.until), label: returns.until })}`,
    'filters six',
  )
}

function mailTable(view: View, items: readonly MessageItem[]): Markup {
  const { mails, mail, returns } = view.words
  return table(
    view,
    mails.title,
    [
      {
        head: mail.subject,
        kind: 'title',
        cell: ({ id, subject }) => html`<a class="strong" href="${mailPath(id)}">${subject || returns.noSubject}</a>`,
      },
      { head: mail.template, kind: 'name', cell: ({ template }) => template },
      { head: mail.list, kind: 'name', cell: ({ list }) => list && html`<a href="/lists/${encodeURIComponent(list)}">${list}</a>` },
      { head: mail.from, kind: 'name', cell: sender },
      { head: mails.recipients, kind: 'mailbox', cell: item => recipients(view, item) },
      { head: mail.sentAt, kind: 'when', cell: ({ sentAt }) => moment(view, sentAt) },
      { head: mails.status, cell: ({ status }) => mailStatusChip(view, status) },
    ],
    items,
  )
}

function sender({ from, reversePath }: MessageItem): Value {
  if (from === null) return reversePath
  return from.name === null ? from.address : html`<span title="${from.address}">${from.name}</span>`
}

function recipients({ words, formats }: View, { id, recipients }: MessageItem): Value {
  const more = recipients.length - maxRecipients
  return html`${recipients.slice(0, maxRecipients).map(({ address }, at) => html`${at > 0 && html`<br>`}${addressLink(address)}`)}${
    more > 0 && html`<br><a href="${mailPath(id)}">${words.mails.more(formats.number(more))}</a>`
  }`
}
