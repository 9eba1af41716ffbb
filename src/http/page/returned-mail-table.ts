/**
 * Returns as rows: the view of returned mail, and its shorter form on the page of an address.
 *
 * Pure.
 */
import type { BounceItem } from '../bounce-item.ts'
import { html, type Markup, type Value } from '../html.ts'
import { addressLink, addressStatusChip, categoryLabel, mailPath, mailStatusChip, moment, returnPath, returnStatusChip } from './parts.ts'
import { type Column, table } from './table.ts'
import type { View } from './view.ts'

/** The table of some returns; on the page of one address without the columns that would say the same in each row. */
export function returnedMailTable(view: View, items: readonly BounceItem[], caption: string, of: 'all' | 'address' = 'all'): Markup {
  const { columns } = view.words.returns
  const recipient: readonly Column<BounceItem>[] = [
    { head: columns.recipientName, kind: 'name', cell: item => item.recipient.name },
    { head: columns.recipient, kind: 'mailbox', cell: item => addressLink(item.recipient.address) },
    { head: columns.addressStatus, cell: item => addressStatusChip(view, item.addressStatus) },
  ]
  return table(
    view,
    caption,
    [
      { head: columns.subject, kind: 'title', cell: item => subject(view, item) },
      { head: columns.template, kind: 'name', cell: item => item.template },
      { head: columns.sender, kind: 'name', cell: sender },
      ...(of === 'all' ? recipient : []),
      { head: columns.sentAt, kind: 'when', cell: item => item.sentAt && moment(view, item.sentAt) },
      { head: columns.mailStatus, cell: item => mailStatusChip(view, item.mailStatus) },
      { head: columns.returnStatus, cell: item => returnStatusChip(view, item.returnStatus) },
      { head: columns.category, kind: 'category', cell: item => category(view, item) },
    ],
    items,
  )
}

/** Leads to the mail, or to the return where the mail is not known. */
function subject({ words }: View, { id, messageId, subject }: BounceItem): Markup {
  return html`<a class="strong" href="${messageId === null ? returnPath(id) : mailPath(messageId)}">${subject || words.returns.noSubject}</a>`
}

function sender({ from }: BounceItem): Value {
  return from && (from.name === null ? from.address : html`<span title="${from.address}">${from.name}</span>`)
}

/** Leads to the return, which says all about it. */
function category(view: View, { id, category, kind, source }: BounceItem): Markup {
  const byUs = source === 'relay' && html`<br><span class="dim">${view.words.returns.refusedByUs}</span>`
  return html`<a href="${returnPath(id)}">${categoryLabel(view, category) ?? view.words.kind[kind]}</a>${byUs}`
}
