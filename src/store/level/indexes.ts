/**
 * Index keys of each kind of record; doc/adr/0002 lists them. Their values are empty: all they say stands in the key.
 * Pure.
 */

import { domainOfKey } from '../../smtp/path.ts'
import { type AddressRecord, type Block, isSuspect } from '../address-record.ts'
import type { AuditEntry } from '../audit-record.ts'
import type { Delivery } from '../delivery-records.ts'
import { textPart } from '../key-parts.ts'
import { bareMessageId } from '../message-facts.ts'
import type { Message } from '../message-records.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { Bounce } from '../return-records.ts'
import type { Incident } from '../surge-records.ts'
import { domainFirst, key, seqPart, timePart } from './keys.ts'

/** Primary keys, by kind of record. */
export const primary = {
  address: (address: string) => key('ad', address),
  block: (address: string) => key('bl', address),
  message: (id: string) => key('me', id),
  outcome: (id: string) => key('mo', id),
  bounce: (id: string) => key('re', id),
  report: (id: string) => key('pr', id),
  raw: (id: string) => key('pw', id),
  outbox: (id: string) => key('ob', id),
  audit: (position: string) => key('au', position),
  window: (operator: string) => key('sw', operator),
  incident: (id: string) => key('in', id),
  change: (n: number) => key('cf', seqPart(n)),
  delivery: (endpoint: string, id: string) => key('wd', endpoint, id),
  endpoint: (endpoint: string) => key('ws', endpoint),
  mailbox: (mailbox: string) => key('im', textPart(mailbox)),
} as const

/** A block: by time, category, domain and, if it ends, by expiry. */
export function blockIndexes({ key: address, block }: Pick<AddressRecord, 'key'> & { readonly block: Block | null }): string[] {
  if (!block) return []
  const position = key(timePart(block.since), address)
  const indexes = [key('bt', position), key('bc', block.category, position), key('bd', domainOfKey(address), position)]
  if (block.until !== null) indexes.push(key('be', timePart(block.until), address))
  return indexes
}

/** An address whose mail comes back soft again and again: by its latest return. */
export function suspectIndexes(record: AddressRecord): string[] {
  return isSuspect(record) ? [key('su', timePart(record.soft?.at(-1)?.at ?? 0), record.key)] : []
}

/** An incident: among the open ones. */
export function incidentIndexes({ id, closed }: Incident): string[] {
  return closed === null ? [key('io', id)] : []
}

/** A mail: by each recipient (domain first) and by Message-ID; its id is the order by time. Few, because every mail pays for them. */
export function messageIndexes({ id, recipients, headerMessageId }: Pick<Message, 'id' | 'recipients' | 'headerMessageId'>): string[] {
  const indexes = recipients.map(recipient => key('ma', domainFirst(recipient.key), id))
  if (headerMessageId !== null) indexes.push(key('mh', textPart(bareMessageId(headerMessageId)), id))
  return indexes
}

/** A return: by time, address, domain, category, type and list; the position is time and id in all of them. */
export function bounceIndexes(bounce: Bounce): string[] {
  const position = key(timePart(bounce.receivedAt), bounce.id)
  const indexes = [
    key('rt', position),
    key('ra', bounce.key, position),
    key('rd', domainOfKey(bounce.key), position),
    key('rc', bounce.category, position),
    key('ry', bounce.type, position),
  ]
  const list = bounce.mail?.list ?? null
  if (list !== null) indexes.push(key('rl', textPart(list), position))
  return indexes
}

/** A mail we owe: by the time it is due, or by the time it was given up. */
export function outboxIndexes({ id, dueAt, deadAt }: OutboxItem): string[] {
  return [deadAt === null ? key('od', timePart(dueAt), id) : key('ox', timePart(deadAt), id)]
}

/** A webhook: by the time it is due, or by the time it ended, for each endpoint. */
export function deliveryIndexes({ endpoint, id, dueAt, ended }: Delivery): string[] {
  return [ended === null ? key('wq', endpoint, timePart(dueAt), id) : key('wl', endpoint, timePart(ended.at), id)]
}

/** An audit entry: by address, when it is about one. */
export function auditIndexes(entry: AuditEntry, position: string): string[] {
  return entry.key === null ? [] : [key('ak', entry.key, position)]
}
