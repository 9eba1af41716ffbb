/**
 * One row of a rule table. Rows are data, so that a table can be read, tested, printed and written by operators in the same form.
 *
 * Pure.
 */
import type { Category, Confirm, Phase } from './verdict.ts'

/** What must hold for a row to match: all of the conditions that are given. Phrases are those of phrase.ts. */
export type When = {
  /** Any of these phrases is said. */
  readonly says?: readonly string[]
  /** And any of these. */
  readonly and?: readonly string[]
  /** And none of these. */
  readonly unless?: readonly string[]
  /** SMTP code: `550`, or a whole class, `'4yz'` (of the status where the words carry no code), or `'none'`: our own side's words. */
  readonly code?: readonly (number | '4yz' | '5yz' | 'none')[]
  /** Enhanced status in the words or, weaker, in the report's own field: `5.1.1`, `x.1.1`, `5.7.x`. */
  readonly status?: readonly string[]
  readonly phase?: readonly Phase[]
  /** The reply has one line: of several, the others say more. */
  readonly oneLine?: true
  /** Only where the table's provider is recognised, by host or by mark. */
  readonly here?: true
}

export type Rule = {
  /** Stored with every verdict it gives: never reused for another meaning. */
  readonly id: string
  readonly gives: Category
  readonly when: When
  /** A reply as seen in the field, personal data removed; lines joined by LF. The row itself must claim it. */
  readonly sample: string
  /** The host that gave the sample, where the rule needs it. */
  readonly sampleHost?: string
  readonly samplePhase?: Phase
  /** Where the fact is written down. */
  readonly source: string
  /** Hard, and no doubt overrules it: the provider's own code says so. */
  readonly certain?: true
  readonly confirm?: Confirm
  readonly ttlDays?: number
}

/** Rows of one provider, server or theme, in order. */
export type RuleTable = {
  readonly name: string
  /** Host names whose replies these are, and their sub-domains. */
  readonly hosts?: readonly string[]
  /** Phrases that only this provider says. */
  readonly marks?: readonly string[]
  /** Asked before all other tables: the operator knows best. */
  readonly first?: true
  /** Asked when a row of another table has called the address dead, and overrules it: words that lay the fault elsewhere. */
  readonly doubts?: true
  readonly rules: readonly Rule[]
}
