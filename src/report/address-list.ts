/**
 * Address lists of header fields: mailboxes and groups of RFC 5322 §3.4, with comments, quoted strings, encoded names (RFC 2047) and the
 * shapes that only old mail has (routes, `addr (Name)`).
 *
 * Never throws; one pass over the octets; at most `maxAddresses` are read.
 * Pure.
 */
import { decodeHeaderText } from './encoded-words.ts'

const maxAddresses = 5_000
const maxNameOctets = 1_000

export type ListedAddress = {
  /** Display name, decoded; null when there is none. */
  readonly name: string | null
  /** As written, without brackets and comments; not checked to be an address. */
  readonly address: string
}

/** Parses the value of From, To, Cc and their like (octets as latin1). The members of a group are listed, its name is not. */
export function parseAddressList(raw: string): readonly ListedAddress[] {
  const list: ListedAddress[] = []
  let words = ''
  let comment = ''
  let address: string | null = null
  const push = () => {
    const bare = words.trim()
    const found = address ?? (bare.includes('@') ? bare.replace(/\s+/g, '') : null)
    const name = address === null ? comment : bare || comment
    if (found) list.push({ name: decodeHeaderText(unquote(name.slice(0, maxNameOctets))) || null, address: decodeHeaderText(found) })
    words = ''
    comment = ''
    address = null
  }
  for (let i = 0; i < raw.length && list.length < maxAddresses; i++) {
    const c = raw[i]
    if (c === '"') {
      const end = quoteEnd(raw, i)
      words += raw.slice(i, end + 1)
      i = end
    } else if (c === '(') {
      const end = commentEnd(raw, i)
      comment = raw.slice(i + 1, end).trim()
      i = end
    } else if (c === '<') {
      const end = raw.indexOf('>', i)
      const stop = end === -1 ? raw.length : end
      address = withoutRoute(raw.slice(i + 1, stop).replace(/\s+/g, ''))
      i = stop
    } else if (c === ',' || c === ';') push()
    else if (c === ':') words = ''
    else words += c
  }
  push()
  return list
}

/** `@one,@two:local@domain` → `local@domain` (RFC 5322 §4.4). */
function withoutRoute(address: string): string {
  return address.startsWith('@') ? address.slice(address.indexOf(':') + 1) : address
}

/** A name as people read it: quotes around the whole or a part of it removed. */
function unquote(name: string): string {
  return name.includes('"') ? name.replace(/"((?:[^"\\]|\\.)*)"/gs, (_, inside: string) => inside.replace(/\\(.)/gs, '$1')) : name
}

/** Index of the quote that ends a quoted string; the last index when none does. */
function quoteEnd(raw: string, from: number): number {
  for (let i = from + 1; i < raw.length; i++) {
    if (raw[i] === '\\') i++
    else if (raw[i] === '"') return i
  }
  return raw.length - 1
}

/** Index of the bracket that ends a comment, nested ones passed over; the length when none does. */
function commentEnd(raw: string, from: number): number {
  let depth = 0
  for (let i = from; i < raw.length; i++) {
    if (raw[i] === '\\') i++
    else if (raw[i] === '(') depth++
    else if (raw[i] === ')' && --depth === 0) return i
  }
  return raw.length
}
