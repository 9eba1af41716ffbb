/**
 * `rebond token new NAME --scope …`: a token of 256 random bits, printed once, and the line of the configuration that knows its SHA-256.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { digestOf, type Scope } from '../http/tokens.ts'
import { type CommandIo, wrongUsage } from './run-command.ts'

const help = `usage: rebond token new NAME --scope SCOPE [--scope SCOPE…] [--json]

Makes a token for the HTTP API. The first line is the token: it is shown this once and kept nowhere.
The second line goes under http.tokens of the configuration, which keeps only its SHA-256; restart
rebond after adding it.

  NAME           who will hold it; stands as "by" in blocks and unblocks made with it
  --scope SCOPE  what it may do; a list with commas works too. No scope implies another:
                   read     see addresses, returned mail, mail that passed, metrics
                   unblock  lift a block
                   admin    blacklist an address by hand
  --json         print { name, token, sha256, scopes }

Example:
  rebond token new support --scope read,unblock

Exit status: 0 done, 2 wrong usage.
`

const scopes: readonly Scope[] = ['read', 'unblock', 'admin']

const options = {
  scope: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Asked = { readonly name: string; readonly scopes: readonly Scope[]; readonly json: boolean }

/** Runs the command. */
export async function runToken(args: readonly string[], { stdout, stderr }: CommandIo): Promise<number> {
  const asked = parse(args)
  if (asked === 'help') {
    stdout.write(help)
    return 0
  }
  if (typeof asked === 'string') {
    stderr.write(`rebond token: ${asked}\n\n${help}`)
    return wrongUsage
  }
  const token = randomBytes(32).toString('base64url')
  const sha256 = digestOf(token)
  if (asked.json) {
    stdout.write(`${JSON.stringify({ name: asked.name, token, sha256, scopes: asked.scopes })}\n`)
    return 0
  }
  stdout.write(`${token}\n- { name: ${JSON.stringify(asked.name)}, sha256: "${sha256}", scopes: [${asked.scopes.join(', ')}] }\n`)
  stderr.write('The first line is the token, shown this once; the second goes under http.tokens of the configuration.\n')
  return 0
}

/** Reads the arguments; a string is `help`, or what is wrong with them. */
function parse(args: readonly string[]): Asked | string {
  let parsed: { values: { scope?: string[]; json?: boolean; help?: boolean }; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (err) {
    return (err as Error).message
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [verb, name, ...more] = positionals
  if (verb !== 'new') return `say new${verb === undefined ? '' : `, not ${verb}`}`
  if (name === undefined || name === '' || name.length > 100) return 'a name of 1 to 100 characters must be given'
  if (more.length > 0) return `one name, not also ${more.join(' ')}`
  const wanted = (values.scope ?? []).flatMap(text => text.split(',')).map(text => text.trim())
  if (wanted.length === 0) return `a scope must be given: ${scopes.join(', ')}`
  const unknown = wanted.find(one => !(scopes as readonly string[]).includes(one))
  if (unknown !== undefined) return `a scope must be one of ${scopes.join(', ')}, not ${JSON.stringify(unknown)}`
  return { name, scopes: scopes.filter(scope => wanted.includes(scope)), json: values.json ?? false }
}
