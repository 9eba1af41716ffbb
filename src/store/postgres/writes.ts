/**
 * Records as rows: one statement writes many of a kind. What a row already held is replaced, where a record may be written twice.
 */
import { type AddressKey, addressKeyOf, domainOfKey, localOfKey } from '../../smtp/path.ts'
import { type AddressRecord, isSuspect } from '../address-record.ts'
import { textPart } from '../key-parts.ts'
import { bareMessageId } from '../message-facts.ts'
import type { Message } from '../message-records.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { Bounce } from '../return-records.ts'
import type { Incident, SurgeWindow } from '../surge-records.ts'
import type { Run } from './database.ts'

/** A column of a write: its name, its type, and its value in a record. */
type Column<T> = readonly [name: string, type: string, value: (record: T) => unknown]

type Table<T> = {
  readonly name: string
  readonly columns: readonly Column<T>[]
  /** Columns that make a row the same one; `replace: false` leaves it as it was. */
  readonly key: readonly string[]
  readonly replace: boolean
}

const json = (record: object): string => JSON.stringify(record)

export const addressTable: Table<AddressRecord> = {
  name: 'addresses',
  key: ['key'],
  replace: true,
  columns: [
    ['key', 'text', ({ key }) => key],
    ['domain', 'text', ({ key }) => domainOfKey(key)],
    ['blocked_since', 'bigint', ({ block }) => block?.since ?? null],
    ['blocked_until', 'bigint', ({ block }) => block?.until ?? null],
    ['category', 'text', ({ block }) => block?.category ?? null],
    ['suspect_at', 'bigint', record => (isSuspect(record) ? (record.soft?.at(-1)?.at ?? 0) : null)],
    ['changed_seq', 'bigint', ({ lastHard, lastUnblock }) => Math.max(lastHard?.seq ?? 0, lastUnblock?.seq ?? 0)],
    ['block', 'json', ({ block }) => (block === null ? null : json(block))],
    ['data', 'json', json],
  ],
}

export const bounceTable: Table<Bounce> = {
  name: 'bounces',
  key: ['id'],
  replace: true,
  columns: [
    ['id', 'text', ({ id }) => id],
    ['received_at', 'bigint', ({ receivedAt }) => receivedAt],
    ['key', 'text', ({ key }) => key],
    ['domain', 'text', ({ key }) => domainOfKey(key)],
    ['category', 'text', ({ category }) => category],
    ['type', 'text', ({ type }) => type],
    ['list', 'text', ({ mail }) => (mail?.list == null ? null : textPart(mail.list))],
    ['data', 'json', json],
  ],
}

export type Recipient = { readonly id: string; readonly key: AddressKey; readonly seq: number; readonly relayed: boolean }

export const recipientTable: Table<Recipient> = {
  name: 'message_recipients',
  key: ['domain', 'local', 'id'],
  replace: true,
  columns: [
    ['domain', 'text', ({ key }) => domainOfKey(key)],
    ['local', 'text', ({ key }) => localOfKey(key)],
    ['id', 'text', ({ id }) => id],
    ['seq', 'bigint', ({ seq }) => seq],
    ['relayed', 'boolean', ({ relayed }) => relayed],
  ],
}

export const messageTable: Table<Message> = {
  name: 'messages',
  key: ['id'],
  replace: true,
  columns: [
    ['id', 'text', ({ id }) => id],
    ['seq', 'bigint', ({ seq }) => seq],
    ['header_message_id', 'text', headerOf],
    ['senders', 'text[]', mail => arrayText(sendersOf(mail))],
    ['data', 'json', dataOf],
  ],
}

export const outboxTable: Table<OutboxItem> = {
  name: 'outbox',
  key: ['id'],
  replace: true,
  columns: [
    ['id', 'text', ({ id }) => id],
    ['due_at', 'bigint', ({ dueAt }) => dueAt],
    ['dead_at', 'bigint', ({ deadAt }) => deadAt],
    ['data', 'json', json],
  ],
}

export const incidentTable: Table<Incident> = {
  name: 'incidents',
  key: ['id'],
  replace: true,
  columns: [
    ['id', 'text', ({ id }) => id],
    ['open', 'boolean', ({ closed }) => closed === null],
    ['data', 'json', json],
  ],
}

export const windowTable: Table<readonly [operator: string, window: SurgeWindow]> = {
  name: 'surge_windows',
  key: ['operator'],
  replace: true,
  columns: [
    ['operator', 'text', ([operator]) => textPart(operator)],
    ['data', 'json', ([, window]) => json(window)],
  ],
}

export const memberTable: Table<{ readonly group: string; readonly bounceId: string }> = {
  name: 'incident_members',
  key: ['member_of', 'bounce_id'],
  replace: false,
  columns: [
    ['member_of', 'text', ({ group }) => group],
    ['bounce_id', 'text', ({ bounceId }) => bounceId],
  ],
}

/** Writes records of a kind by one statement, the last of those with the same key; nothing when there are none. */
export function putRows<T>(run: Run, table: Table<T>, records: readonly T[]): Promise<unknown>[] {
  if (records.length === 0) return []
  const keyOf = table.columns.filter(([name]) => table.key.includes(name))
  const rows = [...new Map(records.map(record => [keyOf.map(([, , value]) => value(record)).join('\0'), record])).values()]
  const names = table.columns.map(([name]) => name)
  const set = names.filter(name => !table.key.includes(name)).map(name => `${name} = excluded.${name}`)
  const values = table.columns.map(([, _type, value]) => rows.map(value))
  const columns = table.columns.map(([name, type]) => (type === 'text[]' ? `${name}::text[]` : name))
  const text = `insert into ${table.name} (${names.join(', ')})
    select ${columns.join(', ')} from unnest(${table.columns.map(([, type], n) => `$${n + 1}::${type === 'text[]' ? 'text' : type}[]`).join(', ')}) as given (${names.join(', ')})
    on conflict (${table.key.join(', ')}) do ${table.replace ? `update set ${set.join(', ')}` : 'nothing'}`
  return [run({ name: `put ${table.name}`, text }, values)]
}

/** The Message-ID by which a mail is found. */
export function headerOf({ headerMessageId }: Pick<Message, 'headerMessageId'>): string | null {
  return headerMessageId === null ? null : textPart(bareMessageId(headerMessageId))
}

/** The addresses by which `from` finds a mail: of its header and of its reverse-path, folded. */
export function sendersOf({ from, reversePath }: Pick<Message, 'from' | 'reversePath'>): string[] {
  return [from?.address, reversePath].flatMap(sender => (sender ? [folded(sender)] : []))
}

/** An address as it is compared. */
export function folded(address: string): string {
  return textPart(addressKeyOf(address) ?? address.toLowerCase())
}

/** A mail as it is stored: its number and its outcome have columns of their own. */
export function dataOf({ seq: _, outcome: __, ...data }: Omit<Message, 'seq' | 'outcome'> & Partial<Message>): string {
  return JSON.stringify(data)
}

/** One row for each address of a mail, also when it stands in it twice. */
export function recipientsOf({ id, recipients }: Pick<Message, 'id' | 'recipients'>, seq: number): Recipient[] {
  const rows = new Map<AddressKey, Recipient>()
  for (const { key, verdict } of recipients)
    rows.set(key, { id, key, seq, relayed: verdict === 'relayed' || rows.get(key)?.relayed === true })
  return [...rows.values()]
}

/** An array as text: within another array, which could hold only arrays of one length. */
export function arrayText(texts: readonly string[]): string {
  return `{${texts.map(item => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}
