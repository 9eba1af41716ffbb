/**
 * A rule set: tables compiled in their order. First match wins; the last line of a multi-line reply is asked first where a table knows
 * its server. A row that calls the address dead stands only where no doubt is said beside it, except an operator's.
 *
 * Pure.
 */
import { createHash } from 'node:crypto'
import type { Evidence } from './evidence.ts'
import { PhraseIndex } from './phrase-index.ts'
import type { Rule, RuleTable, When } from './rule.ts'
import { categoryFacts } from './verdict.ts'
import type { Words } from './words.ts'

export type RuleSet = {
  readonly rules: readonly Rule[]
  /** Changes whenever a row does. */
  readonly version: string
  /** The first row that matches; null when none does. */
  readonly find: (evidence: Evidence) => Rule | null
}

type Row = {
  readonly rule: Rule
  readonly table: Table
  readonly says: number
  readonly and: number
  readonly unless: number
  readonly statuses: readonly string[] | null
}
type Table = { readonly asked: 'first' | 'specific' | 'generic' | 'doubts'; readonly hosts: readonly string[]; readonly marks: number }

const none = -1

/**
 * Compiles tables, when they are first asked: most starts of the program and most tests never ask. `find` then
 * @throws {Error} when a phrase of a shipped table is not one (operators' phrases are checked before).
 */
export function compileRules(tables: readonly RuleTable[]): RuleSet {
  let version: string | null = null
  let find: RuleSet['find'] | null = null
  return {
    rules: tables.flatMap(table => table.rules),
    get version() {
      version ??= createHash('sha256').update(JSON.stringify(tables)).digest('hex').slice(0, 12)
      return version
    },
    find: evidence => {
      find ??= compileFind(tables)
      return find(evidence)
    },
  }
}

function compileFind(tables: readonly RuleTable[]): RuleSet['find'] {
  const index = new PhraseIndex()
  let clauses = 0
  const clause = (phrases: readonly string[] | undefined, owner: string): number => {
    if (!phrases) return none
    for (const phrase of phrases) {
      const added = index.add(phrase, clauses)
      if (!added.ok) throw new Error(`${owner}: ${phrase}: ${added.why}`)
    }
    return clauses++
  }
  const rows: Row[] = []
  for (const { name, hosts, marks, first, doubts, rules } of tables) {
    const table: Table = {
      asked: first ? 'first' : doubts ? 'doubts' : hosts || marks ? 'specific' : 'generic',
      hosts: hosts ?? [],
      marks: clause(marks, name),
    }
    for (const rule of rules) {
      const { says, and, unless, status } = rule.when
      rows.push({
        rule,
        table,
        says: clause(says, rule.id),
        and: clause(and, rule.id),
        unless: clause(unless, rule.id),
        statuses: status ?? null,
      })
    }
  }
  const asked = (when: Table['asked']) => rows.filter(row => row.table.asked === when)
  const own = asked('first')
  const specific = asked('specific')
  const generic = asked('generic')
  const doubts = asked('doubts')
  // Two, used again for each text: nothing in here waits, so nobody else can ask meanwhile.
  const hits = { whole: new Uint8Array(clauses), last: new Uint8Array(clauses) }
  return evidence => {
    const whole = fill(hits.whole, index, evidence)
    const last = evidence.lastLine ? fill(hits.last, index, evidence.lastLine) : null
    const here = (row: Row) => isHere(row.table, evidence, whole)
    const ask = (rows: readonly Row[], hits: Uint8Array) => rows.find(row => holds(row, evidence, hits, here))?.rule ?? null
    const byOperator = (last && ask(own, last)) ?? ask(own, whole)
    if (byOperator) return byOperator
    const found = (last && ask(specific, last)) ?? ask(specific, whole) ?? ask(generic, whole)
    if (!found || found.certain || categoryFacts[found.gives].type === 'soft') return found
    return ask(doubts, whole) ?? found
  }
}

function fill(hits: Uint8Array, index: PhraseIndex, words: Words): Uint8Array {
  hits.fill(0)
  index.find(words, hits)
  return hits
}

function holds(row: Row, evidence: Evidence, hits: Uint8Array, here: (row: Row) => boolean): boolean {
  if (row.says !== none && hits[row.says] === 0) return false
  if (row.and !== none && hits[row.and] === 0) return false
  if (row.unless !== none && hits[row.unless] === 1) return false
  const { code, phase, oneLine, here: onlyHere } = row.rule.when
  if (oneLine && evidence.lastLine !== null) return false
  if (code && !codeHolds(code, evidence)) return false
  if (phase && !phase.includes(evidence.phase)) return false
  if (row.statuses && !statusHolds(row.statuses, evidence)) return false
  return !onlyHere || here(row)
}

function codeHolds(wanted: NonNullable<When['code']>, { code, status, reportStatus }: Evidence): boolean {
  const kind = code === null ? ((status ?? reportStatus)?.class ?? null) : Math.floor(code / 100)
  return wanted.some(one => (one === '4yz' ? kind === 4 : one === '5yz' ? kind === 5 : one === 'none' ? code === null : one === code))
}

/** The report's own status counts only where the words carry none. */
function statusHolds(patterns: readonly string[], { status, reportStatus }: Evidence): boolean {
  const weighed = status ?? reportStatus
  if (!weighed) return false
  const text = `${weighed.class}.${weighed.subject}.${weighed.detail}`
  return patterns.some(pattern => statusPattern(pattern).test(text))
}

/** Patterns that were asked for, compiled: tables repeat the same few. */
const compiled = new Map<string, RegExp>()

function statusPattern(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known) return known
  const made = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('x', '\\d+')}$`)
  compiled.set(pattern, made)
  return made
}

function isHere({ hosts, marks }: Table, { host, names }: Evidence, hits: Uint8Array): boolean {
  if (marks !== none && hits[marks] === 1) return true
  return hosts.some(domain => (host !== null && isUnder(host, domain)) || names.some(name => isUnder(name, domain)))
}

function isUnder(name: string, domain: string): boolean {
  return name.endsWith(domain) && (name.length === domain.length || name[name.length - domain.length - 1] === '.')
}
