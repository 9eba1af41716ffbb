/**
 * A dialogue played to an SMTP server in several manners, and what two servers may answer differently when one of them is rebond before the
 * other: the list of relay.md, and nothing else.
 */
import type { SmtpClient } from './smtp-client.ts'

/** A command (latin1, without CRLF); `then`: octets sent after a 334 or 354, the next of them after each. */
export type Said = { readonly line: string; readonly then?: readonly string[] }
export type Dialogue = readonly Said[]

/** `one by one`: each command after the reply before it; `in batches`: pipelined (RFC 2920); `in pieces`: pipelined, cut anywhere. */
export const manners = ['one by one', 'in batches', 'in pieces'] as const
export type Manner = (typeof manners)[number]

/** Says commands, and a message after a DATA: `mail('x\r\n')` goes out as x, CRLF, dot, CRLF. */
export const say = (...lines: readonly (string | Said)[]): Dialogue =>
  lines.map(line => (typeof line === 'string' ? { line } : line))
export const mail = (wire: string): Said => ({ line: 'DATA', then: [`${wire}.\r\n`] })

/** Commands behind which nothing may be sent before their reply (RFC 2920 §3.1, RFC 4954 §4). */
const last = /^(?:EHLO|HELO|DATA|AUTH|QUIT)\b/i

/** Plays a dialogue to its end, or to the connection's; gives every reply, the greeting first. */
export async function play(client: SmtpClient, dialogue: Dialogue, manner: Manner): Promise<string[]> {
  const replies = [await client.read()]
  const read = async () => {
    const reply = await client.read()
    replies.push(reply)
    return reply
  }
  for (const batch of batches(dialogue, manner)) {
    await send(client, batch.map(({ line }) => `${line}\r\n`).join(''), manner)
    let reply = ''
    for (const _ of batch) {
      reply = await read()
      if (reply === '(closed)') return replies
    }
    for (const octets of batch.at(-1)?.then ?? []) {
      if (!/^3/.test(reply)) break
      await send(client, octets, manner)
      reply = await read()
    }
  }
  return replies
}

function batches(dialogue: Dialogue, manner: Manner): Said[][] {
  if (manner === 'one by one') return dialogue.map(said => [said])
  const all: Said[][] = [[]]
  for (const said of dialogue) {
    all.at(-1)?.push(said)
    if (last.test(said.line)) all.push([])
  }
  return all.filter(batch => batch.length > 0)
}

/** Pieces are from 1 to 40 octets, or of 1 to 40 parts of what is long; the same for the same octets. */
async function send(client: SmtpClient, octets: string, manner: Manner): Promise<void> {
  if (manner !== 'in pieces') return client.write(octets)
  client.socket.setNoDelay(true)
  const unit = Math.max(1, Math.floor(octets.length / 400))
  for (let at = 0, size = octets.length; at < octets.length; at += size * unit) {
    size = 1 + ((size * 31 + at) % 40)
    client.write(octets.slice(at, at + size * unit))
    await new Promise(setImmediate)
  }
}

/** What the CRM is offered of upstream's keywords. SIZE and AUTH are checked to be the same here; the sizes of upstream are smaller than ours. */
const offered = /^(?:SIZE|8BITMIME|SMTPUTF8|PIPELINING|DSN|ENHANCEDSTATUSCODES|DELIVERBY|MT-PRIORITY|LIMITS|FUTURERELEASE|AUTH)\b/
/** Commands that rebond answers in its own words, with the server's code. */
const ownWords = /^(?:VRFY|EXPN|HELP)\b/i

/**
 * Says why the replies to the same dialogue are not the same; null when they are. `differs`: commands whose answer may differ altogether,
 * because rebond and this server read the standard differently; each with its reason in the test.
 */
export function difference(dialogue: Dialogue, direct: readonly string[], relayed: readonly string[], differs?: RegExp): string | null {
  const said = ['(greeting)', ...dialogue.flatMap(({ line, then = [] }) => [line, ...then.map(() => `${line} …`)])]
  if (differs === undefined && direct.length !== relayed.length)
    return `${direct.length} replies, but ${relayed.length} through rebond: ${JSON.stringify({ direct, relayed })}`
  for (const [i, reply] of direct.entries()) {
    const through = relayed[i] ?? '(none)'
    // A dialogue whose messages are refused has fewer replies than lines: the line is then known by its reply alone.
    const line = direct.length === said.length ? (said[i] ?? '') : ''
    if (i === 0 ? same(code(reply), code(through)) : agrees(line, reply, through)) continue
    if (differs?.test(line)) continue
    return `${line.slice(0, 80)}: ${JSON.stringify(reply)}, but ${JSON.stringify(through)} through rebond`
  }
  return null
}

function agrees(line: string, reply: string, through: string): boolean {
  if (/^EHLO\b/i.test(line) && reply.startsWith('250')) return same(keywords(reply).filter(one => offered.test(one)), keywords(through))
  if (ownWords.test(line) || isOurs(through)) return code(reply) === code(through)
  return reply === through
}

/** Rebond's own refusals of lines that are no commands, or out of place before EHLO. */
function isOurs(through: string): boolean {
  return /^50[0-4] 5\.5\.[124] |^501 5\.1\.[37] Bad address syntax/.test(through)
}

/** The keywords of an EHLO reply in an order of their own. */
function keywords(reply: string): string[] {
  return reply
    .split('\n')
    .slice(1)
    .map(line => line.slice(4).trimEnd())
    .sort()
}

const code = (reply: string) => reply.slice(0, 3)
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
