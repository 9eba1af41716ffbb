/**
 * Reports in LevelDB: mail that came to a return path, its bytes, and which of them wait to be judged.
 */
import { idLength } from '../../return-path/time-id.ts'
import type { StoredReport } from '../return-records.ts'
import type { Store } from '../store.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { primary } from './indexes.ts'
import type { KeyLocks } from './key-locks.ts'
import { after, key, lastPart, under } from './keys.ts'
import { Unit } from './unit.ts'
import { firstKeys } from './walk.ts'

type Reports = Pick<
  Store,
  'acceptReport' | 'report' | 'rawReport' | 'pendingReports' | 'reportsOf' | 'tokenUse' | 'wholeReports' | 'trimReport'
>

/** Says that a token has brought something. */
export const usedKey = (messageId: string): string => key('pu', messageId)
const pendingKey = (id: string) => key('pp', id)

export function createReports(engine: Engine, locks: KeyLocks): Reports {
  return {
    acceptReport: (report, raw) =>
      locks.hold([`p${report.id}`], async () => {
        if (engine.read(primary.report(report.id)) !== undefined) return false
        const unit = new Unit()
        putReport(unit, report, null)
        unit.put(primary.raw(report.id), raw)
        unit.mark(key('pt', report.messageId, report.id, String(report.size)))
        unit.mark(usedKey(report.messageId))
        await engine.commit(unit)
        return true
      }),

    async report(id) {
      return decodeOr<StoredReport>(engine.read(primary.report(id)))
    },

    async rawReport(id) {
      return (await engine.readBytes(primary.raw(id))) ?? null
    },

    async pendingReports(limit) {
      engine.assertOpen()
      const names = await firstKeys(engine, under('pp'), limit)
      const texts = await engine.readMany(names.map(name => primary.report(lastPart(name))))
      return texts.flatMap(text => (text === undefined ? [] : [decode<StoredReport>(text)]))
    },

    async reportsOf(messageId) {
      engine.assertOpen()
      const found: StoredReport[] = []
      for await (const names of engine.keys(under('pt', messageId), 256)) {
        const texts = await engine.readMany(names.map(name => primary.report(reportOfToken(name))))
        for (const text of texts) if (text !== undefined) found.push(decode<StoredReport>(text))
      }
      return found
    },

    async wholeReports(after, limit) {
      engine.assertOpen()
      const { lt } = under('pr')
      const found: StoredReport[] = []
      for await (const names of engine.keys({ gte: `${primary.report(after)}\0`, lt }, 256)) {
        for (const text of await engine.readMany(names)) {
          const report = decodeOr<StoredReport>(text)
          if (report?.judged && !report.trimmed && engine.read(primary.outbox(report.id)) === undefined) found.push(report)
        }
        if (found.length >= limit) break
      }
      return found.slice(0, limit)
    },

    trimReport: (id, kept) =>
      locks.hold([`o${id}`], async () => {
        const report = decodeOr<StoredReport>(engine.read(primary.report(id)))
        if (!report) return
        const unit = new Unit()
        putReport(unit, { ...report, trimmed: true }, report)
        if ((await engine.readBytes(primary.raw(id))) !== undefined) unit.put(primary.raw(id), kept)
        await engine.commit(unit)
      }),

    async tokenUse(messageId) {
      // Nearly every token brings one report: that there is none before it is known by one read, where an iterator takes a hundred times as long.
      if (engine.read(usedKey(messageId)) === undefined) return { reports: 0, octets: 0 }
      let reports = 0
      let octets = 0
      for await (const names of engine.keys(under('pt', messageId), 256)) {
        reports += names.length
        for (const name of names) octets += Number(lastPart(name))
      }
      return { reports, octets }
    },
  }
}

/** The report that a key of `pt` names. */
export function reportOfToken(name: string): string {
  return after(name, 2).slice(0, idLength)
}

/** Puts a report, pending until it is judged; `old` is the record it replaces. */
export function putReport(unit: Unit, report: StoredReport, old: StoredReport | null): void {
  const wasPending = old !== null && old.judged === null
  const isPending = report.judged === null
  unit.put(primary.report(report.id), encode(report))
  if (isPending && !wasPending) unit.mark(pendingKey(report.id))
  if (!isPending && wasPending) unit.del(pendingKey(report.id))
  unit.add('pending', Number(isPending) - Number(wasPending))
}
