/**
 * A dialogue played to an SMTP server in several manners, and what two servers may answer differently when one of them is rebond before the
 * other: the list of relay.md, and nothing else.
 */
import type { SmtpClient } from './smtp-client.ts'

/** A command (latin1, without CRLF); `more`: octets sent after a 334 or 354, the next of them after each. */
export type Said = { readonly line: string; readonly more?: readonly string[] }
export type Dialogue = readonly Said[]

/** `one by one`: each command after the reply before it; `in batches`: pipelined (RFC 2920); `in pieces`: pipelined, cut anywhere. */
export const manners = ['one by one', 'in batches', 'in pieces'] as const
export type Manner = (typeof manners)[number]

/** Says commands, and a message after a DATA: `mail('x\r\n')` goes out as x, CRLF, dot, CRLF. */
export const say = (...lines: readonly (string | Said)[]): Dialogue => lines.map(line => (typeof line === 'string' ? { line } : line))
export const mail = (wire: string): Said => ({ line: 'DATA', more: [`${wire}.\r\n`] })

/** Commands behind which nothing may be sent before their reply (RFC 2920 §3.1, RFC 4954 §4). */
const last = /^(?:EHLO|HELO|DATA|AUTH|QUIT)\b/i

/** What was said, `.` for what followed a 334 or 354, empty before the greeting; and what came back, `(closed)` at the connection's end. */
export type Turn = { readonly said: string; readonly reply: string }

/** Plays a dialogue to its end, or to the connection's. */
export async function play(client: SmtpClient, dialogue: Dialogue, manner: Manner): Promise<Turn[]> {
  const turns: Turn[] = []
  const hear = async (said: string) => {
    const reply = await client.read()
    turns.push({ said, reply })
    return reply
  }
  await hear('')
  for (const batch of batches(dialogue, manner)) {
    await send(client, batch.map(({ line }) => `${line}\r\n`).join(''), manner)
    let reply = ''
    for (const { line } of batch) {
      reply = await hear(line)
      if (reply === '(closed)') return turns
    }
    for (const octets of batch.at(-1)?.more ?? []) {
      if (!reply.startsWith('3')) break
      await send(client, octets, manner)
      reply = await hear('.')
    }
  }
  return turns
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

/** What the CRM is offered of upstream's keywords; SIZE and AUTH go through unchanged with the limits and mechanisms of these servers. */
const offered = /^(?:SIZE|8BITMIME|SMTPUTF8|PIPELINING|DSN|ENHANCEDSTATUSCODES|DELIVERBY|MT-PRIORITY|LIMITS|FUTURERELEASE|AUTH)\b/
/** Commands that rebond answers in its own words, with the server's code. */
const ownWords = /^(?:VRFY|EXPN|HELP)\b/i
/** Commands of extensions that rebond does not offer: servers say 500 or 502 as they know them or not (RFC 5321 §4.2.4). */
const notOffered = /^(?:STARTTLS|ETRN|BDAT|BURL|XCLIENT|XFORWARD)\b/i

/**
 * Says why the replies to the same dialogue are not the same; null when they are. `differs`: commands whose code may differ too, because
 * rebond and this server read the standard differently.
 */
export function difference(direct: readonly Turn[], relayed: readonly Turn[], differs?: RegExp): string | null {
  for (const [i, { said, reply }] of direct.entries()) {
    const through = relayed[i]?.reply ?? '(none)'
    if (!agrees(said, reply, through) && !differs?.test(said)) return `${said}: ${reply}\nbut ${through}\nthrough rebond`
  }
  return direct.length === relayed.length ? null : `${relayed.length} replies through rebond, not ${direct.length}`
}

function agrees(said: string, reply: string, through: string): boolean {
  // Behind a QUIT nobody is there to answer, whatever was said.
  if (reply === '(closed)' || through === '(closed)') return reply === through
  if (notOffered.test(said)) return /^50[02]/.test(reply) && /^50[02]/.test(through)
  if (said === '' || ownWords.test(said) || isOurs(through)) return code(reply) === code(through)
  if (!/^EHLO\b/i.test(said) || !reply.startsWith('250')) return reply === through
  return String(keywords(reply).filter(keyword => offered.test(keyword))) === String(keywords(through))
}

/** Rebond's own refusals of lines that are no commands, or out of place before EHLO. */
function isOurs(through: string): boolean {
  return /^50[0-4] 5\.5\.[124] |^501 5\.1\.[37] (?:Bad address syntax|A recipient must)/.test(through)
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
