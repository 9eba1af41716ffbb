/**
 * The words of the audit's `why`: what rebond adds to a person's reason, and what it says where no person gave one.
 *
 * Written and read in this one file, so that a page can say in its reader's language what is ours, and leave as it was typed what is not.
 * Pure.
 */
import type { AuditEntry } from '../store/audit-record.ts'

/** What stands as the reason when nobody gave one. */
export const noReason = 'no reason given'

/** Our own reasons, by what they mean. */
export const ourReasons = {
  accepted: 'mail was accepted since',
  over: 'the incident is over',
  decided: 'every return it held is decided',
  gone: 'the endpoint answered 410 Gone',
} as const

export type OurReason = keyof typeof ourReasons

/** What an entry is about, beside its reason. */
export type AuditCause =
  | { readonly kind: 'return'; readonly bounceId: string; readonly rule: string | null; readonly ruleNow: string | null }
  | { readonly kind: 'revert'; readonly group: string }

export type AuditWords = {
  /** null: the reason says it all. */
  readonly cause: AuditCause | null
  /** null: the cause says it all. */
  readonly reason: AuditReason | null
}

/** `ours`: one of our own; `none`: nobody gave one; `typed`: as a person typed it. */
export type AuditReason =
  | { readonly kind: 'ours'; readonly name: OurReason }
  | { readonly kind: 'none' }
  | { readonly kind: 'typed'; readonly text: string }

/** Words of a return, with the rule that blacklisted, and the one that a rejudgement found; `why` absent: the return is the reason. */
export function returnWords(bounceId: string, { rule, ruleNow, why }: { rule?: string; ruleNow?: string; why?: string }): string {
  const parts = [
    `return ${bounceId}`,
    ...(rule === undefined ? [] : [`rule ${rule}`]),
    ...(ruleNow === undefined ? [] : [`now ${ruleNow}`]),
  ]
  return why === undefined ? parts.join(', ') : `${parts.join(', ')}: ${why}`
}

/** Words of a revert, or of an incident's release, that undid a return. */
export function revertWords(group: string, why: string): string {
  return `revert ${group}: ${why}`
}

const causes =
  /^(?:return (?<bounceId>[^\s,:]+)(?:, rule (?<rule>[^\s,]+?))?(?:, now (?<ruleNow>\S+?))?|revert (?<group>[^\s:]+))(?:: (?<why>.*))?$/s

/** Reads the words of an entry. Words of another form were typed as they stand. */
export function readAuditWords({ op, actor, why }: Pick<AuditEntry, 'op' | 'actor' | 'why'>): AuditWords {
  const match = opsWithCause.has(op) || actor === 'return' ? causes.exec(why) : null
  if (!match?.groups) return { cause: null, reason: reasonOf(why, actor) }
  const { bounceId, rule = null, ruleNow = null, group, why: rest } = match.groups
  const reason = rest === undefined ? null : reasonOf(rest, actor)
  if (bounceId !== undefined) return { cause: { kind: 'return', bounceId, rule, ruleNow }, reason }
  return { cause: { kind: 'revert', group: group ?? '' }, reason }
}

/** Entries whose words begin with what they are about; a person's reason for any other is never taken apart. */
const opsWithCause: ReadonlySet<AuditEntry['op']> = new Set<AuditEntry['op']>(['confirm', 'dismiss', 'release', 'revert', 'rejudge'])

/** Reads a reason that stands alone; `actor`: who gave it. */
export function reasonOf(text: string, actor: AuditEntry['actor']): AuditReason {
  if (text === noReason) return { kind: 'none' }
  const name = actor === 'hand' ? undefined : (Object.keys(ourReasons) as OurReason[]).find(one => ourReasons[one] === text)
  return name === undefined ? { kind: 'typed', text } : { kind: 'ours', name }
}
