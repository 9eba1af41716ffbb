/**
 * Which list a file is, by the names of its columns or by what its first line holds.
 *
 * Pure.
 */
import { addressKeyOf } from '../smtp/path.ts'
import { undefuse } from './formulas.ts'
import { parseListTime } from './list-time.ts'
import { type Cells, columnName, type Read } from './listing.ts'
import { readOwn } from './own-list.ts'
import { byHand, type ListFormat, listFormats, readProvider } from './provider-lists.ts'

/** A list that was recognised: its name, and how its lines are read. */
export type KnownList = { readonly title: string; readonly read: Read; readonly cell: (text: string) => string }

const asIs = (text: string) => text
const addressColumns = ['address', 'email', 'emailaddress', 'mail', 'recipient'] as const

const own: KnownList = { title: 'rebond export', read: readOwn, cell: undefuse }
const plain: KnownList = { title: 'list of addresses', read: readPlain, cell: asIs }

const known: readonly (KnownList & Pick<ListFormat, 'columns' | 'without'>)[] = [
  { ...own, columns: ['address', 'category'] },
  ...listFormats.map(format => ({
    title: format.title,
    columns: format.columns,
    without: format.without ?? [],
    read: (cells: Cells) => readProvider(format, cells),
    cell: asIs,
  })),
  { title: 'listmonk subscribers', columns: ['email', 'status'], read: readSubscriber, cell: asIs },
  ...addressColumns.map(name => ({ ...plain, columns: [name] })),
]

/** Recognises a list by its columns; null: it is none that is known. */
export function recogniseList(columns: readonly string[]): KnownList | null {
  const names = new Set(columns.map(columnName))
  const found = known.find(one => one.columns.every(name => names.has(name)) && !one.without?.some(name => names.has(name)))
  return found ?? null
}

/** Recognises a list that has no header, by its first line; null: its first cell is no address. */
export function recogniseBare(cells: readonly string[]): { readonly list: KnownList; readonly columns: readonly string[] } | null {
  if (addressKeyOf(cells[0]?.trim() ?? '') === null) return null
  const columns = /^(?:bounce|complaint)$/i.test(cells[1]?.trim() ?? '') ? ['emailaddress', 'reason'] : ['address', 'reason']
  const list = recogniseList(columns)
  return list && { list, columns }
}

/** What stands in a refusal of a file that is none of these. */
export const knownTitles: readonly string[] = [...new Set(known.map(({ title }) => title))]

/** An address and perhaps a reason: whoever made the list wants no mail to go there. */
function readPlain(cells: Cells): ReturnType<Read> {
  const address = addressColumns.map(name => cells[name]?.trim()).find(text => text) ?? ''
  const key = addressKeyOf(address)
  if (key === null) return { ok: false, why: 'must hold a mail address' }
  const { reason, why, evidence, comment, since, date, until } = cells
  const words = reason || why || evidence || comment || ''
  const times = { since: parseListTime(since || date), until: parseListTime(until) }
  return {
    ok: true,
    listing: { ...byHand, ...times, fate: 'dead', address, key, evidence: words, bounceId: null, messageId: null, by: null },
  }
}

/** A subscriber of listmonk: `blocklisted` is what counts. */
function readSubscriber(cells: Cells): ReturnType<Read> {
  const read = readPlain({ email: cells.email, since: cells.updatedat })
  if (!read.ok) return read
  const blocklisted = cells.status?.trim().toLowerCase() === 'blocklisted'
  const evidence = `${cells.status ?? ''} (listmonk)`
  return { ok: true, listing: { ...read.listing, fate: blocklisted ? 'dead' : 'alive', evidence } }
}
