/**
 * `rebond address show|block|unblock ADDR`: the status of an address and why, and the two verbs, on the running server.
 */
import { parseArgs } from 'node:util'
import { addressKeyOf } from '../smtp/path.ts'
import { printAddress, printLifted } from './address-text.ts'
import { apiOptions, apiOptionsHelp, openApi } from './api-client.ts'
import { type CommandIo, wrongUsage } from './run-command.ts'

const help = `usage: rebond address show ADDR
       rebond address unblock ADDR [--why TEXT] [--by NAME]
       rebond address block ADDR [--why TEXT] [--by NAME] [--until TIME]

Asks the running server about an address, lifts its block, or blacklists it by hand. A change is
durable and in force when the command ends. An address blacklisted by hand is refused until --until
(RFC 3339, or a date), else until it is unblocked.

  --why TEXT         the reason, for whoever asks later
  --by NAME          who does it; the token's name unless told
  --until TIME       when a block by hand ends by itself
${apiOptionsHelp}
Examples:
  rebond address show jean@example.com
  rebond address unblock jean@example.com --why "mailbox works again, says his assistant"
  rebond address block info@example.com --until 2027-01-01 --json

Exit status: 0 done, 1 refused or failed (no block to lift, no server, wrong token), 2 wrong usage.
`

const verbs = {
  show: { method: 'GET', path: '', options: [] },
  unblock: { method: 'POST', path: '/unblock', options: ['why', 'by'] },
  block: { method: 'PUT', path: '/block', options: ['why', 'by', 'until'] },
} as const

const options = {
  ...apiOptions,
  why: { type: 'string' },
  by: { type: 'string' },
  until: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

type Asked = { readonly verb: keyof typeof verbs; readonly address: string; readonly values: Values }
type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values']

/** Runs the command. */
export async function runAddress(args: readonly string[], { stdout, stderr, env }: CommandIo): Promise<number> {
  const asked = parse(args)
  if (asked === 'help') {
    stdout.write(help)
    return 0
  }
  if (typeof asked === 'string') {
    stderr.write(`rebond address: ${asked}\n\n${help}`)
    return wrongUsage
  }
  const { verb, address, values } = asked
  const opened = await openApi(values, env)
  if (!opened.ok) {
    stderr.write(`rebond address: ${opened.why}\n`)
    return 1
  }
  const { method, path, options: own } = verbs[verb]
  const body =
    method === 'GET' ? undefined : Object.fromEntries(own.flatMap(name => (values[name] === undefined ? [] : [[name, values[name]]])))
  const answer = await opened.api.call(method, `/v1/addresses/${encodeURIComponent(address)}${path}`, body)
  if (values.json && answer.body !== null) stdout.write(`${JSON.stringify(answer.body)}\n`)
  if (!answer.ok) {
    stderr.write(`rebond address: ${answer.why}\n`)
    return 1
  }
  if (!values.json) stdout.write(verb === 'unblock' ? printLifted(answer.body) : printAddress(answer.body))
  return 0
}

/** Reads the arguments; a string is `help`, or what is wrong with them. */
function parse(args: readonly string[]): Asked | string {
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (err) {
    return (err as Error).message
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [verb, address, ...more] = positionals
  if (verb === undefined || !Object.hasOwn(verbs, verb)) return `say show, unblock or block${verb === undefined ? '' : `, not ${verb}`}`
  if (address === undefined) return 'an address must be given'
  if (more.length > 0) return `one address at a time, not also ${more.join(' ')}`
  if (addressKeyOf(address) === null) return `${address} is not a mail address`
  const known: readonly string[] = verbs[verb as keyof typeof verbs].options
  const foreign = (['why', 'by', 'until'] as const).find(name => values[name] !== undefined && !known.includes(name))
  if (foreign) return `--${foreign} has no meaning for ${verb}`
  return { verb: verb as keyof typeof verbs, address, values }
}
