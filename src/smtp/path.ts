/**
 * Paths and addresses: reverse-path and forward-path of RFC 5321 §4.1.2, quoted strings, source routes (§4.1.1.3, appendix C), address
 * literals (§4.1.3), and the internationalised forms of RFC 6531 §3.3.
 *
 * The address key is the folded form that blocks are looked up by. It folds what no server may tell apart (RFC 5321 §2.4 lets local parts
 * be case-sensitive, none of the mailbox providers is) and nothing more: dots and +tags belong to the recipient's provider.
 * Pure.
 */
import { domainToASCII } from 'node:url'

/** The folded form of an address, `local@domain`; made by `addressKey` only. */
export type AddressKey = string & { readonly __brand: 'AddressKey' }

/** A mailbox as it stood on the wire. */
export type Mailbox = {
  /** Decoded: without quotes and escaping backslashes. */
  readonly local: string
  /** As written: a domain name, or an address literal with its brackets; empty for `<postmaster>`. */
  readonly domain: string
}

/** A path in a command: the null path `<>`, or one mailbox. */
export type Path = { readonly mailbox: Mailbox | null }

type Parsed<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string }

/** Octets of a local part, a domain and a path with its brackets (RFC 5321 §4.5.3.1.1 to .3); ours is wider for long VERP local parts. */
const maxLocalOctets = 255
const maxDomainOctets = 255
const maxPathOctets = 520

const atomText = /^[\w!#$%&'*+/=?^`{|}~.\u0080-\u{10ffff}-]+$/u
const literal = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45}|[A-Za-z][A-Za-z0-9-]*:[\x21-\x5a\x5e-\x7e]+)\]$/
const label = /^[A-Za-z0-9_\u0080-\u{10ffff}](?:[A-Za-z0-9_\u0080-\u{10ffff}-]*[A-Za-z0-9_\u0080-\u{10ffff}])?$/u

/**
 * Parses the path at the start of `text` (behind `MAIL FROM:` or `RCPT TO:`), brackets included, and gives what follows it unchanged.
 * A source route is read and dropped (RFC 5321 §4.1.1.3: "SHOULD be ignored"). `text` is decoded UTF-8 or ASCII.
 */
export function parsePath(text: string): Parsed<{ path: Path; length: number; rest: string }> {
  if (!text.startsWith('<')) return { ok: false, why: 'a path must stand in angle brackets' }
  const end = closingBracket(text)
  if (end === -1) return { ok: false, why: 'the path has no closing bracket' }
  if (end + 1 > maxPathOctets) return { ok: false, why: `the path is over ${maxPathOctets} octets` }
  const rest = text.slice(end + 1)
  if (rest !== '' && !rest.startsWith(' ')) return { ok: false, why: 'a space must stand between the path and its parameters' }
  const inside = text.slice(1, end)
  if (inside === '') return { ok: true, path: { mailbox: null }, length: end + 1, rest }
  const mailbox = parseMailbox(dropSourceRoute(inside))
  return mailbox.ok ? { ok: true, path: { mailbox: mailbox.mailbox }, length: end + 1, rest } : mailbox
}

/** Parses `local@domain` (or a bare `postmaster`, RFC 5321 §4.1.1.3) as it stands between the brackets of a path. */
export function parseMailbox(text: string): Parsed<{ mailbox: Mailbox }> {
  const at = text.startsWith('"') ? closingQuote(text) + 1 : text.indexOf('@')
  if (at === 0) return { ok: false, why: 'the quoted local part has no end, or is empty' }
  if (at === -1) {
    if (text.toLowerCase() === 'postmaster') return { ok: true, mailbox: { local: text, domain: '' } }
    return { ok: false, why: 'the address has no @' }
  }
  const local = text.startsWith('"') ? text.slice(1, at - 1).replace(/\\(.)/gsu, '$1') : text.slice(0, at)
  if (text[at] !== '@') return { ok: false, why: 'an @ must follow the quoted local part' }
  if (!text.startsWith('"') && !atomText.test(local)) return { ok: false, why: 'the local part holds a character that must be quoted' }
  if (/[\0-\x1f\x7f]/.test(local)) return { ok: false, why: 'the local part holds a control character' }
  if (Buffer.byteLength(local) > maxLocalOctets) return { ok: false, why: `the local part is over ${maxLocalOctets} octets` }
  const domain = text.slice(at + 1)
  if (!isDomain(domain)) return { ok: false, why: 'the domain is neither a domain name nor an address literal' }
  return { ok: true, mailbox: { local, domain } }
}

/** Writes a mailbox as RFC 5321 §4.1.2 wants it, quoted only where it must be. */
export function formatMailbox({ local, domain }: Mailbox): string {
  const dotString = atomText.test(local) && !/^\.|\.\.|\.$/.test(local)
  const written = dotString ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
  return domain === '' ? written : `${written}@${domain}`
}

/**
 * Folds a mailbox to its key: local part unquoted, lower-cased, NFC; domain as lower-case A-labels without a trailing dot.
 * Idempotent: the key of a key is itself.
 */
export function addressKey({ local, domain }: Mailbox): AddressKey {
  return `${local.normalize('NFC').toLowerCase().normalize('NFC')}@${domainKey(domain)}` as AddressKey
}

/** Folds an address in text form, `local@domain`; null when it is not one. */
export function addressKeyOf(text: string): AddressKey | null {
  const parsed = parseMailbox(text)
  return parsed.ok && parsed.mailbox.domain !== '' ? addressKey(parsed.mailbox) : null
}

/** Folds a domain: lower-case A-labels, no trailing dot; an address literal is lower-cased. */
export function domainKey(domain: string): string {
  const bare = domain.endsWith('.') ? domain.slice(0, -1) : domain
  if (!/[\u0080-\u{10ffff}]/u.test(bare)) return bare.toLowerCase()
  // Label by label: over a whole name domainToASCII also rewrites numbers ("1.2.3" becomes an IPv4 address).
  return bare
    .split(/[.\u3002\uff0e\uff61]/)
    .map(part => (/[\u0080-\u{10ffff}]/u.test(part) ? domainToASCII(part) || part.toLowerCase() : part.toLowerCase()))
    .join('.')
}

/** The domain of a key. */
export function domainOfKey(key: AddressKey): string {
  return key.slice(key.lastIndexOf('@') + 1)
}

/** The local part of a key. */
export function localOfKey(key: AddressKey): string {
  return key.slice(0, key.lastIndexOf('@'))
}

function isDomain(domain: string): boolean {
  if (domain.startsWith('[')) return literal.test(domain)
  if (domain === '' || Buffer.byteLength(domain) > maxDomainOctets) return false
  const bare = domain.endsWith('.') ? domain.slice(0, -1) : domain
  return bare.split('.').every(part => label.test(part))
}

/** `@one,@two:local@domain` → `local@domain`. */
function dropSourceRoute(inside: string): string {
  if (!inside.startsWith('@')) return inside
  const colon = inside.indexOf(':')
  return colon === -1 ? inside : inside.slice(colon + 1)
}

/** Index of the `>` that ends the path, quoted strings passed over; -1 when there is none. */
function closingBracket(text: string): number {
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const c = text[i]
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (c === '>' && !quoted) return i
    else if (c === '<' && !quoted) return -1
  }
  return -1
}

/** Index of the quote that ends the quoted string `text` begins with; -1 when there is none or the string is empty. */
function closingQuote(text: string): number {
  for (let i = 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i === 1 ? -1 : i
  }
  return -1
}
