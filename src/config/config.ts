/**
 * Configuration text → `Config`, or every problem at once in one voice: `key.path: must be …, not …`.
 *
 * Pure: `value` is what the YAML reader made of the file.
 */
import { z } from 'zod'
import { contradictions, type Problem } from './contradictions.ts'
import { nearest } from './nearest.ts'
import { type Config, configSchema } from './schema.ts'

export type ParsedConfig = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Checks a configuration and fills in its defaults; `value` null or undefined is an empty file. */
export function parseConfig(value: unknown): ParsedConfig {
  const parsed = configSchema.safeParse(value ?? {}, { reportInput: true })
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap(problemsOf)
    return { ok: false, problems: [...problems, ...contradictionsBeside(problems, value)] }
  }
  const problems = contradictions(parsed.data)
  return problems.length === 0 ? { ok: true, config: parsed.data } : { ok: false, problems }
}

/** The contradictions in what is right of a configuration that has problems: whatever a problem touches counts as not said. */
function contradictionsBeside(problems: readonly Problem[], value: unknown): Problem[] {
  const touched = problems.map(({ path }) => stepsOf(path).slice(0, 2))
  const rest = configSchema.safeParse(without(value, touched))
  if (!rest.success) return []
  return contradictions(rest.data).filter(({ path }) => !touched.some(steps => isUnder(steps, path)))
}

function stepsOf(path: string): string[] {
  return path.split(/[.[]/)
}

function isUnder(steps: readonly string[], path: string): boolean {
  const at = stepsOf(path)
  return steps.every((step, index) => at[index] === step)
}

/** A copy of two levels of keys without these. */
function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (typeof value !== 'object' || value === null) return {}
  const left: Record<string, unknown> = { ...value }
  for (const [section = '', key] of paths) {
    const group = left[section]
    if (key === undefined || typeof group !== 'object' || group === null) delete left[section]
    else left[section] = Object.fromEntries(Object.entries(group).filter(([name]) => name !== key))
  }
  return left
}

/** Writes a problem as `check-config` prints it. */
export function formatProblem(file: string, { path, message }: Problem): string {
  return `${file}: ${path === '' ? '' : `${path}: `}${message}`
}

/** One zod issue in our voice; an unknown-keys issue names several keys. */
function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = formatPath(issue.path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => ({ path: formatPath([...issue.path, key]), message: unknownKey(issue.path, key) }))
    case 'invalid_type':
      return [{ path, message: `must be ${article(issue.expected)}, not ${shown(issue.input)}` }]
    case 'invalid_value':
      return [{ path, message: `must be ${issue.values.map(String).join(' | ')}, not ${shown(issue.input)}` }]
    case 'too_small':
      return [
        {
          path,
          message: `must be ${bound(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum)}, not ${shown(issue.input)}`,
        },
      ]
    case 'too_big':
      return [
        {
          path,
          message: `must be ${bound(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum)}, not ${shown(issue.input)}`,
        },
      ]
    default:
      return [
        {
          path,
          message: `${issue.message.startsWith('must') ? issue.message : `must be right (${issue.message})`}, not ${
            issue.path.at(-1) === 'sha256' ? concealed(issue.input) : shown(issue.input)
          }`,
        },
      ]
  }
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const known = keysAt(path)
  const near = nearest(known, key, 2)
  const hint = near ? ` (did you mean ${near}?)` : known.length > 0 ? ` (known here: ${known.join(', ')})` : ''
  return `must be a key that rebond knows, not ${key}${hint}`
}

/** The schema as plain data; made when the first unknown key is met, for it takes milliseconds. */
let outline: unknown

/** The keys the schema has at a path; empty where it has none. */
function keysAt(path: readonly PropertyKey[]): string[] {
  outline ??= z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
  let node = outline
  for (const step of path) {
    const at = node as { properties?: Record<string, unknown>; items?: unknown }
    node = typeof step === 'number' ? at?.items : at?.properties?.[String(step)]
  }
  return Object.keys((node as { properties?: object } | undefined)?.properties ?? {})
}

function article(expected: string): string {
  const names: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a group of keys',
  }
  return names[expected] ?? expected
}

function bound(origin: string, side: string, limit: number | bigint): string {
  if (origin === 'string') return limit === 1 ? 'not empty' : `${side} ${limit} characters`
  if (origin === 'array') return `a list of ${side} ${limit}`
  return `${side} ${limit}`
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`),
    '',
  )
}

/** A value that may be a secret where its digest belongs: it must not stand in a log. */
function concealed(value: unknown): string {
  return typeof value === 'string' ? `text of ${value.length} characters` : shown(value)
}

/** A value as a person would recognise it, cut short. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const plain = typeof value === 'string' && value !== '' && !/[\p{Cc}\u2028\u2029]/u.test(value)
  const text = plain ? value : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
