/**
 * Configuration text → `Config`, or every problem at once in one voice: `key.path: must be …, not …`.
 *
 * Pure: `value` is what the YAML reader made of the file.
 */
import { z } from 'zod'
import { prefixOf } from './network.ts'
import { type Config, configSchema } from './schema.ts'

/** One thing wrong: where, and a sentence that says what it must be and what it is. */
export type Problem = { readonly path: string; readonly message: string }

export type ParsedConfig = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly Problem[] }

/** The return-path domain of the sandbox: right for a first look, wrong with a real upstream. */
export const sandboxDomain = 'bounces.sandbox.test'

/** Checks a configuration and fills in its defaults; `value` null or undefined is an empty file. */
export function parseConfig(value: unknown): ParsedConfig {
  const parsed = configSchema.safeParse(value ?? {}, { reportInput: true })
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.flatMap(problemsOf) }
  const problems = contradictions(parsed.data)
  return problems.length === 0 ? { ok: true, config: parsed.data } : { ok: false, problems }
}

/** Writes a problem as `check-config` prints it. */
export function formatProblem(file: string, { path, message }: Problem): string {
  return `${file}: ${path === '' ? '' : `${path}: `}${message}`
}

/** What no single key can know (contract.md, "Errors at start"). */
function contradictions(config: Config): Problem[] {
  const problems: Problem[] = []
  const wrong = (path: string, message: string) => problems.push({ path, message })
  if (config.upstream.host !== null && config.returnPath.domain === sandboxDomain) {
    wrong(
      'returnPath.domain',
      `must be a domain of yours whose mail comes to the bounce listener, not ${sandboxDomain}, when upstream.host is set`,
    )
  }
  if (config.http.tokens.length === 0) {
    if (!isLoopbackHost(config.http.listen.host)) {
      wrong(
        'http.tokens',
        `must hold a token when http.listen.host is not loopback, not [] with ${config.http.listen.host} (rebond token new makes one)`,
      )
    }
    if (config.http.publicUrl !== null)
      wrong('http.tokens', 'must hold a token when http.publicUrl is set, not [] (rebond token new makes one)')
  }
  for (const [index, network] of config.relay.clients.entries()) {
    const prefix = prefixOf(network)
    const least = prefix?.of === 32 ? 8 : 32
    if (prefix && prefix.bits < least)
      wrong(`relay.clients[${index}]`, `must be a network of /${least} or narrower, not ${network}: it would make an open relay`)
  }
  if (config.store.kind === 'postgres') {
    if (config.store.url === null) wrong('store.url', 'must be a postgres:// URL when store.kind is postgres, not null')
    if (config.returnPath.keyFile === null) {
      wrong('returnPath.keyFile', 'must be a file that all nodes share when store.kind is postgres, not null')
    }
  }
  const tlsNeeded = (key: 'relay' | 'bounce') => {
    const { listen, tls } = config[key]
    if ((tls.certFile === null) !== (tls.keyFile === null)) wrong(`${key}.tls`, 'must name both certFile and keyFile, or neither')
    else if (tls.certFile === null && listen.some(one => one.tls !== 'none')) {
      wrong(`${key}.tls.certFile`, `must be a certificate file when a listener of ${key}.listen has tls, not null`)
    }
  }
  tlsNeeded('relay')
  tlsNeeded('bounce')
  if (config.relay.users.length > 0 && config.upstream.auth === null) {
    wrong('relay.users', "must be empty when upstream.auth is null, not a list: the CRM's log-in then passes through to upstream")
  }
  if (!/\{token\}.*@/.test(config.returnPath.address)) {
    wrong('returnPath.address', `must hold {token} before its @, such as b-{token}@{domain}, not ${shown(config.returnPath.address)}`)
  }
  return problems
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
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
          message: `${issue.message.startsWith('must') ? issue.message : `must be right (${issue.message})`}, not ${shown(issue.input)}`,
        },
      ]
  }
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const known = keysAt(path)
  const near = known.find(name => distance(name.toLowerCase(), key.toLowerCase()) <= 2)
  const hint = near ? ` (did you mean ${near}?)` : known.length > 0 ? ` (known here: ${known.join(', ')})` : ''
  return `must be a key that rebond knows, not ${key}${hint}`
}

/** The keys the schema has at a path; empty where it has none. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: unknown = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
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

/** A value as a person would recognise it, cut short. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = typeof value === 'string' ? (value === '' ? '""' : value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Edit distance (Levenshtein), for "did you mean". */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()]
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, y] of [...b].entries()) next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
