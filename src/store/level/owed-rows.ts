/**
 * The rows that records owe: every index, and the block beside its address. All of them can be made again from the records, which is what a
 * repair does; doc/adr/0002 lists them.
 *
 * Pure.
 */
import type { AddressRecord, Block } from '../address-record.ts'
import type { AuditEntry } from '../audit-record.ts'
import type { Delivery } from '../delivery-records.ts'
import { isPseudonym } from '../erased.ts'
import { textPart } from '../key-parts.ts'
import type { Message, MessageOutcome } from '../message-records.ts'
import { type OutboxItem, outboxState } from '../outbox-record.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Incident } from '../surge-records.ts'
import type { ListRecord } from '../tally.ts'
import { encode } from './codec.ts'
import {
  auditIndexes,
  blockIndexes,
  bounceIndexes,
  deliveryIndexes,
  incidentIndexes,
  messageIndexes,
  outboxIndexes,
  primary,
  suspectIndexes,
} from './indexes.ts'
import { after, key, lastPart, timePart } from './keys.ts'
import { upstreamIndex } from './messages.ts'
import { type CounterName, indexed } from './unit.ts'

/** What a row of the database stands for. */
export type RowMeaning = {
  /** The rows that it owes, with their values. */
  readonly owes: readonly (readonly [key: string, value: string])[]
  /** Figures of the store that it counts in. */
  readonly counts: readonly CounterName[]
  /** Sequence numbers that it holds: none of them may be given again. */
  readonly seqs: readonly number[]
}

/** Kinds of rows that are owed by others, and nothing else. */
export const owedKinds = [
  ...['bl', 'bt', 'bc', 'bd', 'be', 'su', 'ma', 'mh', 'mu', 'rt', 'ra', 'rd', 'rc', 'ry', 'rl', 'pp', 'pu', 'od', 'ox', 'wq', 'wl', 'io'],
  ...['ak', 'lf'],
] as const

const nothing: RowMeaning = { owes: [], counts: [], seqs: [] }
const indexes = (names: readonly string[]) => names.map(name => [name, indexed] as const)

/** What a row says by its value being there: octets, counters of the store, names without a record. */
const plain = new Set(['meta', 'pw', 'pt', 'ih', 'oa'])

type Reader = (value: never, name: string) => RowMeaning | null

/** Of each kind of record; null: the record does not belong where it stands. */
const readers: Readonly<Record<string, Reader>> = {
  ad(record: AddressRecord, name) {
    if (name !== primary.address(record.key)) return null
    const { key: address, block, lastHard, lastUnblock, events = [] } = record
    return {
      owes: [
        ...(block ? [[primary.block(address), encode(block)] as const] : []),
        ...indexes([...blockIndexes(record), ...suspectIndexes(record)]),
      ],
      counts: [...(block ? (['blocks'] as const) : []), ...(isPseudonym(address) ? (['hashed'] as const) : [])],
      seqs: [lastHard?.seq ?? 0, lastUnblock?.seq ?? 0, ...events.map(({ seq }) => seq)],
    }
  },
  me: (mail: Message, name) =>
    name === primary.message(mail.id) ? { owes: indexes(messageIndexes(mail)), counts: ['messages'], seqs: [mail.seq] } : null,
  mo: ({ upstreamId }: MessageOutcome, name) => ({
    ...nothing,
    owes: upstreamId === null ? [] : indexes([upstreamIndex(upstreamId, lastPart(name))]),
  }),
  re: (bounce: Bounce, name) =>
    name === primary.bounce(bounce.id) ? { owes: indexes(bounceIndexes(bounce)), counts: ['bounces'], seqs: [] } : null,
  pr: ({ id, judged }: StoredReport, name) => {
    if (name !== primary.report(id)) return null
    return judged === null ? { owes: indexes([key('pp', id)]), counts: ['pending'], seqs: [] } : nothing
  },
  ob: (item: OutboxItem, name) =>
    name === primary.outbox(item.id)
      ? { owes: indexes(outboxIndexes(item)), counts: [outboxState(item) === 'dead' ? 'dead' : 'outbox'], seqs: [] }
      : null,
  au: (entry: AuditEntry, name) => ({
    owes: indexes(auditIndexes(entry, after(name, 1))),
    counts: [],
    seqs: [Number.parseInt(after(name, 1).split('\0')[0] ?? '', 36)],
  }),
  in: (incident: Incident, name) =>
    name === primary.incident(incident.id) ? { ...nothing, owes: indexes(incidentIndexes(incident)) } : null,
  wd: (delivery: Delivery, name) =>
    name === primary.delivery(delivery.endpoint, delivery.id)
      ? { owes: indexes(deliveryIndexes(delivery)), counts: delivery.ended === null ? ['webhooks'] : [], seqs: [] }
      : null,
  ls: ({ list, firstAt }: ListRecord) => ({
    ...nothing,
    owes: list === null ? [] : indexes([key('lf', timePart(firstAt), textPart(list))]),
  }),
  cf: () => nothing,
  ws: () => nothing,
  sw: () => nothing,
  lc: () => nothing,
  im: () => nothing,
}

/** Reads a row that is owed by nobody. null: it cannot be one of ours, or is damaged. */
export function meaningOf(name: string, value: Buffer): RowMeaning | null {
  const kind = name.slice(0, name.indexOf('\0'))
  // A token that has brought something is asked about before it brings more.
  if (kind === 'pt') return { ...nothing, owes: indexes([key('pu', after(name, 1).split('\0')[0] ?? '')]) }
  if (plain.has(kind)) return nothing
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined
  if (!read) return null
  try {
    return read(JSON.parse(value.toString('utf8')) as never, name)
  } catch {
    return null
  }
}

/** The record that an address must have had whose block is all that is left of it. */
export function addressOfBlock(address: AddressRecord['key'], block: Block): AddressRecord {
  return {
    key: address,
    address: block.address,
    block,
    lastHard: null,
    lastUnblock: null,
    lastDelivered: null,
    awaiting: [],
    counts: { hard: 0, soft: 0, uncounted: 0 },
  }
}
