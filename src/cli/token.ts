/**
 * `rebond token new NAME --scope …`: a token of 256 random bits, printed once, and the line of the configuration that knows its SHA-256.
 */
import { randomBytes } from 'node:crypto'
import { digestOf, type Scope } from '../http/tokens.ts'
import { tokenManual } from './manual/token.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'

const scopes: readonly Scope[] = tokenManual.options.scope.choices

/** Runs the command. */
export async function runToken(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(tokenManual, args, io)
  if (!read.ok) return read.status
  const asked = parse(read.positionals, read.values.scope ?? [])
  if (typeof asked === 'string') return refuseUsage(tokenManual, asked, io)
  const { stdout, stderr } = io
  const token = randomBytes(32).toString('base64url')
  const sha256 = digestOf(token)
  if (read.values.json) {
    stdout.write(`${JSON.stringify({ name: asked.name, token, sha256, scopes: asked.scopes })}\n`)
    return 0
  }
  stdout.write(`${token}\n- { name: ${JSON.stringify(asked.name)}, sha256: "${sha256}", scopes: [${asked.scopes.join(', ')}] }\n`)
  stderr.write('The first line is the token, shown this once; the second goes under http.tokens of the configuration.\n')
  return 0
}

/** What is to be made; a string is what is wrong with the arguments. */
function parse([verb, name, ...more]: readonly string[], given: readonly string[]): { name: string; scopes: readonly Scope[] } | string {
  if (verb !== 'new') return `say new${verb === undefined ? '' : `, not ${verb}`}`
  if (name === undefined || name === '' || name.length > 100) return 'a name of 1 to 100 characters must be given'
  if (more.length > 0) return `one name, not also ${more.join(' ')}`
  const wanted = given.flatMap(text => text.split(',')).map(text => text.trim())
  if (wanted.length === 0) return `a scope must be given: ${scopes.join(', ')}`
  const unknown = wanted.find(one => !(scopes as readonly string[]).includes(one))
  if (unknown !== undefined) return `a scope must be one of ${scopes.join(', ')}, not ${JSON.stringify(unknown)}`
  return { name, scopes: scopes.filter(scope => wanted.includes(scope)) }
}
