/**
 * Returned mail as CSV (RFC 4180) for spreadsheets: a byte order mark, so that accents are read; semicolons where French Excel wants them; a
 * cell that would be taken for a formula gets an apostrophe in front.
 *
 * Streams: a million rows take the memory of one page.
 */

import type { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { BounceFilter } from '../../store/filters.ts'
import type { HttpDeps } from '../app.ts'
import type { BounceItem } from '../bounce-item.ts'
import { bounceItems } from '../returned-mail.ts'
import { categoryLabel } from './parts.ts'
import type { View } from './view.ts'

const rowsAtOnce = 500

/** Gives the returns that match, newest first, in the language and time zone of the view. */
export function csvOf(view: View, deps: Pick<HttpDeps, 'store' | 'policy' | 'now'>, filter: BounceFilter): Readable {
  const csv = stringify({ bom: true, delimiter: view.language === 'fr' ? ';' : ',', record_delimiter: '\r\n', escape_formulas: true })
  write().catch((err: Error) => csv.destroy(err))
  return csv

  async function write(): Promise<void> {
    csv.write(headings(view))
    let cursor: string | null = null
    do {
      const page = await deps.store.bounces(filter, { limit: rowsAtOnce, cursor })
      for (const item of await bounceItems(deps, page.items)) {
        if (csv.destroyed) return
        if (!csv.write(row(view, item))) await drained()
      }
      cursor = page.next
    } while (cursor !== null)
    csv.end()
  }

  /** Resolves when there is room again, or nobody reads any more. */
  function drained(): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        csv.off('drain', done)
        csv.off('close', done)
        resolve()
      }
      csv.on('drain', done)
      csv.on('close', done)
    })
  }
}

function headings({ words, zone }: View): string[] {
  const { columns } = words.returns
  return [
    columns.subject,
    columns.template,
    columns.sender,
    columns.recipientName,
    columns.recipient,
    columns.addressStatus,
    `${columns.sentAt} (${zone})`,
    columns.mailStatus,
    columns.returnStatus,
    columns.category,
    `${columns.returnedAt} (${zone})`,
    columns.list,
    columns.evidence,
  ]
}

function row(view: View, item: BounceItem): string[] {
  const { words, formats } = view
  const { from, recipient, mailStatus, returnStatus } = item
  return [
    item.subject ?? '',
    item.template ?? '',
    from === null ? '' : from.name === null ? from.address : `${from.name} <${from.address}>`,
    recipient.name ?? '',
    recipient.address,
    words.status[item.addressStatus],
    item.sentAt === null ? '' : formats.sheet(item.sentAt),
    mailStatus === null ? '' : words.mailStatus[mailStatus],
    returnStatus === null ? '' : words.returnStatus[returnStatus],
    categoryLabel(view, item.category) ?? words.kind[item.kind],
    formats.sheet(item.receivedAt),
    item.list ?? '',
    item.evidence,
  ]
}
