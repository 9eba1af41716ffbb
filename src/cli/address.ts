/**
 * `rebond address show|block|unblock ADDR`: the status of an address and why, and the two verbs, on the running server.
 */
import { addressKeyOf } from '../smtp/path.ts'
import { printAddress, printLifted } from './address-text.ts'
import { openApi } from './api-client.ts'
import { addressManual } from './manual/address.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { styleOf } from './style.ts'

const verbs = {
  show: { method: 'GET', path: '', options: [] },
  unblock: { method: 'POST', path: '/unblock', options: ['why', 'by'] },
  block: { method: 'PUT', path: '/block', options: ['why', 'by', 'until'] },
} as const

type Asked = { readonly verb: keyof typeof verbs; readonly address: string }

/** Runs the command. */
export async function runAddress(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(addressManual, args, io)
  if (!read.ok) return read.status
  const { values } = read
  const asked = parse(read.positionals, values)
  if (typeof asked === 'string') return refuseUsage(addressManual, asked, io)
  const { verb, address } = asked
  const { stdout, stderr, env } = io
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
  const style = styleOf(stdout, env)
  if (!values.json) stdout.write(verb === 'unblock' ? printLifted(answer.body, style) : printAddress(answer.body, style))
  return 0
}

/** What is asked; a string is what is wrong with the arguments. */
function parse([verb, address, ...more]: readonly string[], values: { readonly [option: string]: unknown }): Asked | string {
  if (verb === undefined || !Object.hasOwn(verbs, verb)) return `say show, unblock or block${verb === undefined ? '' : `, not ${verb}`}`
  if (address === undefined) return 'an address must be given'
  if (more.length > 0) return `one address at a time, not also ${more.join(' ')}`
  if (addressKeyOf(address) === null) return `${address} is not a mail address`
  const known: readonly string[] = verbs[verb as keyof typeof verbs].options
  const foreign = ['why', 'by', 'until'].find(name => values[name] !== undefined && !known.includes(name))
  if (foreign) return `--${foreign} has no meaning for ${verb}`
  return { verb: verb as keyof typeof verbs, address }
}
