/**
 * A LevelDB store as plain records, for `rebond store copy`.
 */

import type { AddressRecord } from '../address-record.ts'
import type { Archive, Archived, ArchivedKind, Placed } from '../archive.ts'
import type { NumberedChange } from '../change-records.ts'
import { textPart } from '../key-parts.ts'
import type { Message } from '../message-records.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Counts, ListRecord } from '../tally.ts'
import { putAddress } from './blacklist.ts'
import { putBounce } from './bounces.ts'
import { decode, decodeOr, encode } from './codec.ts'
import { putDeliveries } from './deliveries.ts'
import type { Engine } from './engine.ts'
import { auditIndexes, incidentIndexes, messageIndexes, primary } from './indexes.ts'
import { after as behind, key, lastPart, seqPart, timePart } from './keys.ts'
import { readMessage } from './messages.ts'
import { metaKeys } from './meta.ts'
import { putOutbox, readItem } from './outbox.ts'
import { putReport, usedKey } from './reports.ts'
import { Unit } from './unit.ts'

/** Makes an archive of an open engine, which it closes. */
export function levelArchive(engine: Engine): Archive {
  return {
    async read<K extends ArchivedKind>(kind: K, after: string | null, limit: number) {
      const prefix = prefixes[kind]
      const range = { gte: after === null ? `${prefix}\0` : `${prefix}\0${after}\0`, lt: `${prefix}\x01` }
      const names: string[] = []
      for await (const some of engine.keys(range, limit)) {
        names.push(...some)
        if (names.length >= limit) break
      }
      const rows = names
        .slice(0, limit)
        .map(async (name): Promise<Placed<K>> => ({ place: behind(name, 1), record: await readers[kind](engine, name) }))
      return Promise.all(rows)
    },
    async write(kind, records) {
      const unit = new Unit()
      for (const record of records) writers[kind](engine, unit, record)
      await engine.commit(unit)
    },
    async numbers() {
      return { seq: Number(engine.read(metaKeys.seq) ?? 0), change: engine.newestChange(), erasedKey: engine.erasedKey }
    },
    async finish({ seq, change, erasedKey }) {
      engine.raise(seq, change)
      const unit = new Unit()
      if (erasedKey !== null) unit.put(metaKeys.erased, erasedKey)
      await engine.commit(unit)
    },
    async mark() {
      return engine.read(markKey) ?? null
    },
    async setMark(mark) {
      const unit = new Unit()
      if (mark === null) unit.del(markKey)
      else unit.put(markKey, mark)
      await engine.commit(unit)
    },
    close: () => engine.close(),
  }
}

const markKey = key('meta', 'copy')

const prefixes: Readonly<Record<ArchivedKind, string>> = {
  addresses: 'ad',
  messages: 'me',
  bounces: 're',
  reports: 'pr',
  outbox: 'ob',
  audit: 'au',
  windows: 'sw',
  incidents: 'in',
  members: 'ih',
  tallies: 'lc',
  lists: 'ls',
  changes: 'cf',
  deliveries: 'wd',
  stops: 'ws',
  mailboxes: 'im',
}

type Readers = { readonly [K in ArchivedKind]: (engine: Engine, name: string) => Archived[K] | Promise<Archived[K]> }

/** The record under a key, whose kind the key tells. */
function read<T>(engine: Engine, name: string): T {
  return decode<T>(engine.read(name) ?? '')
}

const readers: Readers = {
  addresses: read,
  bounces: read,
  outbox: read,
  incidents: read,
  lists: read,
  deliveries: read,
  messages(engine, name) {
    const message = readMessage(engine, lastPart(name))
    return message ?? read<Message>(engine, name)
  },
  async reports(engine, name) {
    const raw = await engine.readBytes(primary.raw(lastPart(name)))
    return { report: read<StoredReport>(engine, name), raw: raw?.toString('base64') ?? null }
  },
  audit(engine, name) {
    const [, seq = '', n = ''] = name.split('\0')
    return { seq: Number.parseInt(seq, 36), n: Number.parseInt(n, 36), entry: read(engine, name) }
  },
  windows: (engine, name) => ({ operator: behind(name, 1), window: read(engine, name) }),
  members(_engine, name) {
    const [, group = '', bounceId = ''] = name.split('\0')
    return { group, bounceId }
  },
  // Domains stand behind their day, all other scopes before their hour.
  tallies(engine, name) {
    const [, scope = '', at = '', domain] = name.split('\0')
    return { scope: domain === undefined ? scope : scope + domain, at: Number.parseInt(at, 36), counts: read<Counts>(engine, name) }
  },
  changes: (engine, name) => ({ ...read<Omit<NumberedChange, 'n'>>(engine, name), n: Number.parseInt(lastPart(name), 36) }),
  stops: (engine, name) => ({ endpoint: behind(name, 1), stop: read(engine, name) }),
  mailboxes: (engine, name) => ({ mailbox: behind(name, 1), position: read(engine, name) }),
}

type Writers = { readonly [K in ArchivedKind]: (engine: Engine, unit: Unit, record: Archived[K]) => void }

const writers: Writers = {
  addresses: (engine, unit, record) => putAddress(unit, record, decodeOr<AddressRecord>(engine.read(primary.address(record.key)))),
  messages(engine, unit, message) {
    const { outcome, ...mail } = message
    if (engine.read(primary.message(message.id)) === undefined) unit.add('messages', 1)
    unit.put(primary.message(message.id), encode({ ...mail, outcome: null }))
    for (const index of messageIndexes(message)) unit.mark(index)
    if (outcome) unit.put(primary.outcome(message.id), encode(outcome))
    if (outcome && outcome.upstreamId !== null) unit.mark(key('mu', textPart(outcome.upstreamId), message.id))
  },
  bounces: (engine, unit, bounce: Bounce) => putBounce(unit, bounce, engine.read(primary.bounce(bounce.id))),
  reports(engine, unit, { report, raw }) {
    putReport(unit, report, decodeOr<StoredReport>(engine.read(primary.report(report.id))))
    if (raw !== null) unit.put(primary.raw(report.id), Buffer.from(raw, 'base64'))
    unit.mark(key('pt', report.messageId, report.id, String(report.size)))
    unit.mark(usedKey(report.messageId))
  },
  outbox: (engine, unit, item) => putOutbox(unit, item, readItem(engine, item.id)),
  audit(_engine, unit, { seq, n, entry }) {
    const position = key(seqPart(seq), n.toString(36).padStart(4, '0'))
    unit.put(primary.audit(position), encode(entry))
    for (const name of auditIndexes(entry, position)) unit.mark(name)
  },
  windows: (_engine, unit, { operator, window }) => unit.put(primary.window(operator), encode(window)),
  incidents(_engine, unit, incident) {
    unit.put(primary.incident(incident.id), encode(incident))
    unit.reindex([], incidentIndexes(incident))
  },
  members: (_engine, unit, { group, bounceId }) => unit.mark(key('ih', group, bounceId)),
  tallies(_engine, unit, { scope, at, counts }) {
    const name = scope.startsWith('@') ? key('lc', '@', timePart(at), scope.slice(1)) : key('lc', scope, timePart(at))
    unit.put(name, encode(counts))
  },
  lists(_engine, unit, record: ListRecord) {
    const { list, firstAt } = record
    unit.put(key('ls', list === null ? '-' : `=${textPart(list)}`), encode(record))
    if (list !== null) unit.mark(key('lf', timePart(firstAt), textPart(list)))
  },
  changes: (_engine, unit, { n, ...change }) => unit.put(primary.change(n), encode(change)),
  deliveries: (engine, unit, delivery) => putDeliveries(engine, unit, { deliveries: [delivery] }),
  stops: (engine, unit, { endpoint, stop }) => putDeliveries(engine, unit, { endpointStops: new Map([[endpoint, stop]]) }),
  mailboxes: (_engine, unit, { mailbox, position }) => unit.put(primary.mailbox(mailbox), encode(position)),
}
