/**
 * What judging counts, once it is committed.
 */
import type { Metrics } from '../observe/metrics.ts'
import type { Judgement } from './judge.ts'

/** Counts the failed returns that are new or changed, and the blocks that began. */
export function countJudgements(
  { bounces, unclassified, blacklistChanges }: Pick<Metrics, 'bounces' | 'unclassified' | 'blacklistChanges'>,
  judgements: readonly Judgement[],
): void {
  for (const { why, bounce, audit } of judgements) {
    if (why === 'duplicate' || why === 'not-a-failure') continue
    bounces.inc({ source: bounce.source, type: bounce.type, category: bounce.category })
    if (bounce.category === 'unclassified') unclassified.inc()
    if (audit) blacklistChanges.inc({ op: audit.op, actor: audit.actor })
  }
}
