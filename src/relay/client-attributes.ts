/**
 * The CRM as an upstream that trusts us is told of it, in the attributes of XCLIENT and XFORWARD (postfix.org/XCLIENT_README.html,
 * XFORWARD_README.html). Pure.
 */

/** Formats those of `known` that upstream offers, in the order of `known`. */
export function formatAttributes(offered: string, known: Readonly<Record<string, string>>): string {
  const names = offered.toUpperCase().split(' ')
  return Object.entries(known)
    .filter(([name]) => names.includes(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

/** An address as the system gives it → as these commands name it: IPv6 with its tag, IPv4 in IPv6 clothes as IPv4. */
export function formatClientAddress(address: string): string {
  const bare = address.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  return xtext(bare.includes(':') ? `IPV6:${bare}` : bare)
}

/** Encodes as xtext, RFC 3461 §4: octets that are no printable ASCII, `+` and `=` as `+` and two hexadecimal digits. `text` is latin1. */
export function xtext(text: string): string {
  return text.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g, octet => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** What is not known and is not asked for: no name is looked up, and a balancer does not tell every port. */
export const unavailable = '[UNAVAILABLE]'
