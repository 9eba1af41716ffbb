/**
 * What judging counts, once it is committed.
 */
import type { Metrics } from '../observe/metrics.ts'
import type { Judgement } from './judge.ts'

/** Counts the failed returns that are new or changed, the blocks that began, and what the surge guard did. */
export function countJudgements(
  {
    bounces,
    unclassified,
    blacklistChanges,
    held,
    incidents,
  }: Pick<Metrics, 'bounces' | 'unclassified' | 'blacklistChanges' | 'held' | 'incidents'>,
  judgements: readonly Judgement[],
): void {
  for (const { why, bounce, audit, surge } of judgements) {
    if (why === 'duplicate' || why === 'not-a-failure') continue
    bounces.inc({ source: bounce.source, type: bounce.type, category: bounce.category })
    if (bounce.category === 'unclassified') unclassified.inc()
    if (surge?.incident) {
      held.inc()
      if (surge.incident.held === 1) incidents.inc()
    }
    if (audit) blacklistChanges.inc({ op: audit.op, actor: audit.actor })
  }
}
