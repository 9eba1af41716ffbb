/**
 * Operators' rule files: YAML that has been parsed to a value → a rule set in which their rules come before the shipped ones
 * (config/rules.example.yaml shows the form).
 *
 * Rules are made of phrases and globs, never of regular expressions: a slip in one of those can hang the program on a hostile reply.
 * Each rule carries a sample that it must claim, so that a rule that never matches is found before it is needed.
 * Pure.
 */
import { classifyReply } from './classify-reply.ts'
import { compileRules, type RuleSet } from './compile-rules.ts'
import { parsePhrase } from './phrase.ts'
import type { Rule, RuleTable, When } from './rule.ts'
import { shippedRules, shippedTables } from './rule-set.ts'
import { categories, type Phase } from './verdict.ts'

/** One thing wrong: where in the file, and what it must be and is. */
export type RuleProblem = { readonly path: string; readonly message: string }
export type ParsedRuleFile =
  | { readonly ok: true; readonly rules: RuleSet; readonly count: number }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] }

const maxRules = 1_000
const maxPhrases = 200
const maxPhraseLength = 300
const maxSampleLength = 2_000

const phases: readonly Phase[] = ['connect', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'report']
const ruleKeys = ['id', 'gives', 'when', 'sample', 'sampleHost', 'samplePhase', 'source', 'confirm', 'ttlDays'] as const
const whenKeys = ['says', 'and', 'unless', 'code', 'status', 'phase', 'host', 'oneLine'] as const

type Group = Readonly<Record<string, unknown>>
type Wrong = (path: string, message: string) => void

/** Checks a rule file and compiles it; null or undefined is an empty one. All problems are given at once. */
export function parseRuleFile(value: unknown): ParsedRuleFile {
  const problems: RuleProblem[] = []
  const wrong: Wrong = (path, message) => problems.push({ path, message })
  const file = value ?? { rules: [] }
  if (!isGroup(file)) return { ok: false, problems: [{ path: '', message: `must be a group of keys with rules, not ${shown(file)}` }] }
  knownKeys(file, ['rules'], '', wrong)
  const list = file.rules
  if (!Array.isArray(list)) wrong('rules', `must be a list, not ${shown(list)}`)
  else if (list.length > maxRules) wrong('rules', `must be a list of at most ${maxRules}, not ${list.length}`)
  if (!Array.isArray(list) || problems.length > 0) return { ok: false, problems }
  const tables = list.map((one, i) => readRule(one, `rules[${i}]`, wrong))
  uniqueIds(tables, wrong)
  if (problems.length > 0) return { ok: false, problems }
  const rules = compileRules([...tables, ...shippedTables])
  for (const [i, { rules: own }] of tables.entries()) for (const rule of own) claimsItsSample(rule, rules, `rules[${i}].sample`, wrong)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, rules, count: tables.length }
}

/** Each rule is a table of its own, so that it can have hosts of its own. */
function readRule(value: unknown, path: string, wrong: Wrong): RuleTable {
  const none: RuleTable = { name: path, first: true, rules: [] }
  if (!isGroup(value)) {
    wrong(path, `must be a group of keys, not ${shown(value)}`)
    return none
  }
  knownKeys(value, ruleKeys, path, wrong)
  const id = value.id
  if (typeof id !== 'string' || !/^[a-z0-9][a-z0-9.-]{1,59}$/.test(id)) {
    wrong(`${path}.id`, `must be 2 to 60 lower-case letters, digits, dots and hyphens, not ${shown(id)}`)
    return none
  }
  const gives = categories.find(one => one === value.gives)
  if (!gives) wrong(`${path}.gives`, `must be ${categories.join(' | ')}, not ${shown(value.gives)}`)
  const { when, hosts } = readWhen(value.when, `${path}.when`, wrong)
  const sample = text(value.sample, `${path}.sample`, maxSampleLength, wrong)
  const sampleHost = value.sampleHost === undefined ? undefined : text(value.sampleHost, `${path}.sampleHost`, 255, wrong)
  const samplePhase = value.samplePhase === undefined ? undefined : phaseOf(value.samplePhase, `${path}.samplePhase`, wrong)
  const source = value.source === undefined ? 'operator' : text(value.source, `${path}.source`, 500, wrong)
  const confirm = value.confirm === undefined ? undefined : readConfirm(value.confirm, `${path}.confirm`, wrong)
  const ttlDays = value.ttlDays === undefined ? undefined : count(value.ttlDays, `${path}.ttlDays`, wrong)
  const rule: Rule = {
    id,
    gives: gives ?? 'unclassified',
    when: hosts ? { ...when, here: true } : when,
    sample,
    source,
    ...(sampleHost === undefined ? {} : { sampleHost }),
    ...(samplePhase === undefined ? {} : { samplePhase }),
    ...(confirm === undefined ? {} : { confirm }),
    ...(ttlDays === undefined ? {} : { ttlDays }),
  }
  return { name: id, first: true, ...(hosts ? { hosts } : {}), rules: [rule] }
}

function readWhen(value: unknown, path: string, wrong: Wrong): { when: When; hosts?: string[] } {
  if (!isGroup(value)) {
    wrong(path, `must be a group of ${whenKeys.join(', ')}, not ${shown(value)}`)
    return { when: {} }
  }
  knownKeys(value, whenKeys, path, wrong)
  if (value.says === undefined && value.code === undefined && value.status === undefined) {
    wrong(path, 'must have says, code or status, or it would match every reply')
  }
  const list = <T>(key: string, what: string, read: (item: unknown, at: string) => T | undefined): T[] | undefined => {
    const items = value[key]
    if (items === undefined) return undefined
    const at = `${path}.${key}`
    if (!Array.isArray(items) || items.length === 0 || items.length > maxPhrases) {
      wrong(at, `must be a list of 1 to ${maxPhrases} ${what}, not ${shown(items)}`)
      return undefined
    }
    return items.flatMap((item, i) => read(item, `${at}[${i}]`) ?? [])
  }
  const phrase = (item: unknown, at: string) => phraseOf(item, at, wrong)
  const says = list('says', 'phrases', phrase)
  const and = list('and', 'phrases', phrase)
  const unless = list('unless', 'phrases', phrase)
  const code = list('code', 'codes', (item, at) => codeOf(item, at, wrong))
  const status = list('status', 'statuses', (item, at) => statusOf(item, at, wrong))
  const phase = list('phase', 'phases', (item, at) => phaseOf(item, at, wrong))
  const hosts = list('host', 'host names', (item, at) => hostOf(item, at, wrong))
  if (value.oneLine !== undefined && value.oneLine !== true) wrong(`${path}.oneLine`, `must be true, not ${shown(value.oneLine)}`)
  const when: When = {
    ...(says ? { says } : {}),
    ...(and ? { and } : {}),
    ...(unless ? { unless } : {}),
    ...(code ? { code } : {}),
    ...(status ? { status } : {}),
    ...(phase ? { phase } : {}),
    ...(value.oneLine === true ? { oneLine: true } : {}),
  }
  return hosts ? { when, hosts } : { when }
}

function phraseOf(item: unknown, at: string, wrong: Wrong): string | undefined {
  if (typeof item !== 'string' || item.trim() === '' || item.length > maxPhraseLength) {
    wrong(at, `must be a phrase of 1 to ${maxPhraseLength} characters, not ${shown(item)}`)
    return undefined
  }
  const parsed = parsePhrase(item)
  if (!parsed.ok) wrong(at, `must ${parsed.why}, not ${shown(item)}`)
  return parsed.ok ? item : undefined
}

function codeOf(item: unknown, at: string, wrong: Wrong): number | '4yz' | '5yz' | undefined {
  if (item === '4yz' || item === '5yz') return item
  if (typeof item === 'number' && Number.isInteger(item) && item >= 400 && item <= 599) return item
  wrong(at, `must be a code from 400 to 599, or 4yz, or 5yz, not ${shown(item)}`)
  return undefined
}

function statusOf(item: unknown, at: string, wrong: Wrong): string | undefined {
  if (typeof item === 'string' && /^[245x]\.(?:\d{1,3}|x)\.(?:\d{1,3}|x)$/.test(item)) return item
  wrong(at, `must be an enhanced status such as 5.1.1 or x.7.x, not ${shown(item)}`)
  return undefined
}

function phaseOf(item: unknown, at: string, wrong: Wrong): Phase | undefined {
  const phase = phases.find(one => one === item)
  if (!phase) wrong(at, `must be ${phases.join(' | ')}, not ${shown(item)}`)
  return phase
}

function hostOf(item: unknown, at: string, wrong: Wrong): string | undefined {
  if (typeof item === 'string' && /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/.test(item)) return item.toLowerCase()
  wrong(at, `must be a host or domain name, its sub-domains included, without *, not ${shown(item)}`)
  return undefined
}

function readConfirm(value: unknown, path: string, wrong: Wrong): Rule['confirm'] {
  if (!isGroup(value)) {
    wrong(path, `must be { mails, distinctDays }, not ${shown(value)}`)
    return undefined
  }
  knownKeys(value, ['mails', 'distinctDays'], path, wrong)
  return {
    mails: count(value.mails, `${path}.mails`, wrong),
    distinctDays: count(value.distinctDays, `${path}.distinctDays`, wrong),
  }
}

function count(value: unknown, path: string, wrong: Wrong): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 36_500) return value
  wrong(path, `must be a whole number from 1 to 36500, not ${shown(value)}`)
  return 1
}

function text(value: unknown, path: string, max: number, wrong: Wrong): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= max) return value
  wrong(path, `must be text of 1 to ${max} characters, not ${shown(value)}`)
  return ''
}

function uniqueIds(tables: readonly RuleTable[], wrong: Wrong): void {
  const seen = new Map<string, string>(shippedRules.rules.map(rule => [rule.id, 'a shipped rule']))
  for (const [i, { rules }] of tables.entries()) {
    for (const { id } of rules) {
      const other = seen.get(id)
      if (other) wrong(`rules[${i}].id`, `must be an id of its own, not that of ${other}, ${id}`)
      else seen.set(id, `rules[${i}]`)
    }
  }
}

function claimsItsSample({ id, sample, sampleHost, samplePhase }: Rule, rules: RuleSet, path: string, wrong: Wrong): void {
  const { rule } = classifyReply(sample, { rules, host: sampleHost ?? null, phase: samplePhase ?? 'rcpt' })
  if (rule !== id) wrong(path, `must be a reply that this rule claims, not one that ${rule === 'none' ? 'no rule' : rule} claims`)
}

function knownKeys(group: Group, known: readonly string[], path: string, wrong: Wrong): void {
  for (const key of Object.keys(group)) {
    if (!known.includes(key))
      wrong(path === '' ? key : `${path}.${key}`, `must be a key that rebond knows, not ${key} (known here: ${known.join(', ')})`)
  }
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as a person would recognise it, cut short. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const written = typeof value === 'string' ? (value === '' ? '""' : value) : (JSON.stringify(value) ?? String(value))
  return written.length > 60 ? `${written.slice(0, 60)}…` : written
}
