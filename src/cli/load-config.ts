/**
 * A configuration file → `Config` and the rules in force: reads it and the rule file it names, checks all of both, resolves its paths.
 */
import { dirname, resolve } from 'node:path'
import type { RuleSet } from '../classify/compile-rules.ts'
import { parseRuleFile } from '../classify/rule-file.ts'
import { shippedRules } from '../classify/rule-set.ts'
import { formatProblem, parseConfig } from '../config/config.ts'
import { resolvePaths } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import { warningsOf } from '../config/warnings.ts'
import { readYaml } from './read-yaml.ts'
import { unknownRules } from './unknown-rules.ts'

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly rules: RuleSet; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] }

/**
 * Loads `file`. Every problem is one line, `FILE: key.path: must be …, not …`, all of them at once; so is every warning of a file that is
 * right.
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const read = await readYaml(file, 'a configuration file')
  if (!read.ok) return read
  const parsed = parseConfig(read.value)
  if (!parsed.ok) return { ok: false, problems: parsed.problems.map(problem => formatProblem(file, problem)) }
  const config = resolvePaths(parsed.config, path => resolve(dirname(file), path))
  const loaded = await loadRules(config.classify.rulesFile)
  if (!loaded.ok) return loaded
  const unknown = unknownRules(config.policy.rules, loaded.rules)
  if (unknown.length > 0) return { ok: false, problems: unknown.map(problem => formatProblem(file, problem)) }
  const warnings = warningsOf(parsed.config).map(({ path, message }) => formatProblem(file, { path: `warning: ${path}`, message }))
  return { ok: true, config, rules: loaded.rules, warnings }
}

type LoadedRules = { readonly ok: true; readonly rules: RuleSet } | { readonly ok: false; readonly problems: readonly string[] }

async function loadRules(file: string | null): Promise<LoadedRules> {
  if (file === null) return { ok: true, rules: shippedRules }
  const read = await readYaml(file, 'a rule file')
  if (!read.ok) return read
  const parsed = parseRuleFile(read.value)
  return parsed.ok ? parsed : { ok: false, problems: parsed.problems.map(problem => formatProblem(file, problem)) }
}
