/**
 * The audit in LevelDB: who did what, newest first.
 */
import type { Page, PageRequest } from '../page.ts'
import type { AuditEntry } from '../records.ts'
import type { AuditFilter } from '../store.ts'
import { decodeOr } from './codec.ts'
import type { Engine } from './engine.ts'
import { primary } from './indexes.ts'
import { chunkFor, indexPositions, walk } from './walk.ts'

/** Gives a page of audit entries, newest first. */
export function listAudit(engine: Engine, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
  const parts = filter.key === undefined ? ['au'] : ['ak', filter.key]
  return walk<AuditEntry>(engine, {
    name: 'audit',
    filter,
    page,
    positions: before => indexPositions(engine, { parts }, before, chunkFor(page, true)),
    load: async positions => (await engine.readMany(positions.map(primary.audit))).map(text => decodeOr<AuditEntry>(text)),
  })
}
