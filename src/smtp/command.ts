/**
 * One command line → a command (RFC 5321 §4.1.1, AUTH RFC 4954 §4, STARTTLS RFC 3207).
 *
 * The line is kept byte for byte, because it goes on byte for byte: only the path of a MAIL is ever replaced. Lines are latin1 strings, one
 * character an octet; addresses are decoded from UTF-8 (RFC 6531 §3.3).
 * Pure.
 */
import { type AddressKey, addressKey, type Mailbox, parsePath } from './path.ts'
import { reply, type SpokenReply, speak } from './reply.ts'

/** A line with the address it carries, and the two pieces around that path. */
type Addressed = {
  readonly line: string
  /** As written between the brackets, decoded, without a source route; empty for `<>`. */
  readonly address: string
  /** Octets before the path's `<` and after its `>`. */
  readonly before: string
  readonly after: string
}

export type MailCommand = Addressed & { readonly verb: 'MAIL'; readonly mailbox: Mailbox | null }
export type RcptCommand = Addressed & { readonly verb: 'RCPT'; readonly mailbox: Mailbox; readonly key: AddressKey }
export type AuthCommand = {
  readonly verb: 'AUTH'
  readonly line: string
  /** Upper case. */
  readonly mechanism: string
  /** The initial response in base64, `=` for an empty one; null when there is none. */
  readonly initial: string | null
}
export type PlainVerb = 'EHLO' | 'HELO' | 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'STARTTLS' | 'VRFY' | 'EXPN' | 'HELP'
export type Command = MailCommand | RcptCommand | AuthCommand | { readonly verb: PlainVerb; readonly line: string }

export type ParsedCommand = { readonly ok: true; readonly command: Command } | { readonly ok: false; readonly why: SpokenReply }

/** Longest command line, CRLF not counted: the 512 of RFC 5321 §4.5.3.1.4 and what the extensions add (DSN alone 500, RFC 3461 §4), doubled. */
export const maxCommandOctets = 4096
/** Longest line of an AUTH exchange, CRLF not counted (RFC 4954 §4). */
export const maxAuthOctets = 12_288

const tooLong = speak(reply(500, '5.5.2', 'Line too long'))
const unknown = speak(reply(500, '5.5.2', 'Command not recognized'))
const notOffered = speak(reply(502, '5.5.1', 'Command not implemented'))
const noArgument = speak(reply(501, '5.5.4', 'No argument is allowed here'))
const needsName = speak(reply(501, '5.5.4', 'A host name must follow'))
const needsPath = {
  MAIL: speak(reply(501, '5.5.4', 'Syntax: MAIL FROM:<address>')),
  RCPT: speak(reply(501, '5.5.4', 'Syntax: RCPT TO:<address>')),
}
const needsMechanism = speak(reply(501, '5.5.4', 'Syntax: AUTH mechanism'))
const nullRecipient = speak(reply(501, '5.1.3', 'A recipient must have an address'))

/** Verbs of extensions that the relay does not carry; their argument is nobody's business. */
const dropped = new Set(['BDAT', 'BURL', 'ETRN', 'TURN', 'ATRN', 'XCLIENT', 'XFORWARD', 'SEND', 'SOML', 'SAML'])
const mailStart = /^MAIL FROM:[ \t]*/i
const rcptStart = /^RCPT TO:[ \t]*/i
const authLine = /^AUTH[ ]+([A-Za-z0-9_-]{1,20})(?:[ ]+([A-Za-z0-9+/]*={0,2}))?[ ]*$/i

/** Parses one line without its CRLF; the reply for a line that is no command is in `why`. */
export function parseCommand(line: string): ParsedCommand {
  const space = line.search(/[ \t]/)
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase()
  if (line.length > maxCommandOctets && verb !== 'AUTH') return refuse(tooLong)
  const argument = space === -1 ? '' : line.slice(space).trim()
  switch (verb) {
    case 'MAIL':
      return parseAddressed(line, 'MAIL', mailStart)
    case 'RCPT':
      return parseAddressed(line, 'RCPT', rcptStart)
    case 'EHLO':
    case 'HELO':
      return argument === '' ? refuse(needsName) : { ok: true, command: { verb, line } }
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      return argument === '' ? { ok: true, command: { verb, line } } : refuse(noArgument)
    case 'NOOP':
    case 'HELP':
    case 'VRFY':
    case 'EXPN':
      return { ok: true, command: { verb, line } }
    case 'AUTH':
      return parseAuth(line)
    default:
      return refuse(dropped.has(verb) ? notOffered : unknown)
  }
}

/** The line of a MAIL with another path in it; `path` is ASCII, without brackets. */
export function withPath({ before, after }: MailCommand, path: string): string {
  return `${before}<${path}>${after}`
}

/** The value of a parameter of MAIL or RCPT: null when absent, empty when it stands without one. `after` is what follows the path. */
export function parameter(after: string, keyword: string): string | null {
  if (after === '') return null
  for (const word of after.split(' ')) {
    const equals = word.indexOf('=')
    const name = equals === -1 ? word : word.slice(0, equals)
    if (name.toUpperCase() === keyword) return equals === -1 ? '' : word.slice(equals + 1)
  }
  return null
}

function parseAddressed(line: string, verb: 'MAIL' | 'RCPT', start: RegExp): ParsedCommand {
  const before = start.exec(line)?.[0]
  if (before === undefined) return refuse(needsPath[verb])
  const text = decodeUtf8(line.slice(before.length))
  if (text === null) return refuse(badPath(verb, 'the path is not UTF-8'))
  const parsed = parsePath(text)
  if (!parsed.ok) return refuse(badPath(verb, parsed.why))
  const { mailbox } = parsed.path
  const inside = text.slice(1, parsed.length - 1)
  const address = inside.startsWith('@') ? inside.slice(inside.indexOf(':') + 1) : inside
  // What follows the path is cut from the octets, not from the decoded text.
  const after = line.slice(before.length + Buffer.byteLength(text.slice(0, parsed.length)))
  if (verb === 'MAIL') return { ok: true, command: { verb, line, mailbox, address, before, after } }
  if (mailbox === null) return refuse(nullRecipient)
  return { ok: true, command: { verb, line, mailbox, key: addressKey(mailbox), address, before, after } }
}

function parseAuth(line: string): ParsedCommand {
  const match = authLine.exec(line)
  if (!match?.[1]) return refuse(line.length > maxAuthOctets ? tooLong : needsMechanism)
  return { ok: true, command: { verb: 'AUTH', line, mechanism: match[1].toUpperCase(), initial: match[2] || null } }
}

function badPath(verb: 'MAIL' | 'RCPT', why: string): SpokenReply {
  return speak(reply(501, verb === 'MAIL' ? '5.1.7' : '5.1.3', `Bad address syntax: ${why}`))
}

/** Latin1 octets → text; null when they are not UTF-8. */
function decodeUtf8(octets: string): string | null {
  if (!/[\x80-\xff]/.test(octets)) return octets
  const text = Buffer.from(octets, 'latin1').toString('utf8')
  return Buffer.from(text, 'utf8').toString('latin1') === octets ? text : null
}

function refuse(why: SpokenReply): ParsedCommand {
  return { ok: false, why }
}
