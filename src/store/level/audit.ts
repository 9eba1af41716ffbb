/**
 * The audit in LevelDB: who did what, newest first.
 */

import type { AuditEntry } from '../audit-record.ts'
import type { AuditFilter } from '../filters.ts'
import type { Page, PageRequest } from '../page.ts'
import { decodeOr } from './codec.ts'
import type { Engine } from './engine.ts'
import { storedKey } from './erased-addresses.ts'
import { primary } from './indexes.ts'
import { chunkFor, indexPositions, walk } from './walk.ts'

/** Gives a page of audit entries, newest first. */
export function listAudit(engine: Engine, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
  const { key, ...conditions } = filter
  const parts = key === undefined ? ['au'] : ['ak', storedKey(engine, key)]
  return walk<AuditEntry>(engine, {
    name: 'audit',
    filter,
    page,
    positions: before => indexPositions(engine, { parts }, before, chunkFor(page, Object.keys(conditions).length === 0)),
    async load(positions) {
      const entries = (await engine.readMany(positions.map(primary.audit))).map(text => decodeOr<AuditEntry>(text))
      return entries.map(entry => (entry && isWanted(entry, conditions) ? entry : null))
    },
  })
}

function isWanted({ at, op, actor, by }: AuditEntry, wanted: Omit<AuditFilter, 'key'>): boolean {
  return (
    (wanted.op === undefined || op === wanted.op) &&
    (wanted.actor === undefined || actor === wanted.actor) &&
    (wanted.by === undefined || by === wanted.by) &&
    (wanted.since === undefined || at >= wanted.since) &&
    (wanted.until === undefined || at < wanted.until)
  )
}
