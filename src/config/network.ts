/**
 * Networks in CIDR form (RFC 4632, RFC 4291 §2.3) and the question whether an address lies in one of them.
 *
 * IPv4 addresses in IPv6 clothes (`::ffff:127.0.0.1`, what a dual-stack socket reports) are read as IPv4.
 * Pure.
 */
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Four decimal numbers: the short and octal forms that inet_aton takes are not addresses to us. */
const dottedQuad = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** Says whether `text` is a network: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== null
}

/** Length of a network's prefix in bits, and how many an address of its kind has; null when it is not one. */
export function prefixOf(text: string): { readonly bits: number; readonly of: 32 | 128 } | null {
  const network = parseNetwork(text)
  return network ? { bits: network[1], of: network[0].kind() === 'ipv4' ? 32 : 128 } : null
}

/** Makes the test "does this address lie in one of these networks"; what is no address lies in none. */
export function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.map(parseNetwork).filter(network => network !== null)
  return address => {
    const ip = parseAddress(address)
    return ip !== null && parsed.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits))
  }
}

/** Says whether `address` is this machine's own: 127.0.0.0/8 or ::1. */
export const isLoopback = networkMatcher(['127.0.0.0/8', '::1/128'])

/** Says whether `address` is of a private or loopback network (RFC 1918, RFC 4193, RFC 6598, link-local). */
export const isPrivate = networkMatcher([
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
])

/** Says whether `address` is one of the public Internet's (IANA's special-purpose registries): neither ours, nor private, nor a translation of one. */
export function isPublic(address: string): boolean {
  const ip = parseAddress(address)
  return ip !== null && ip.range() === 'unicast'
}

function parseAddress(text: string): Address | null {
  if (!text.includes(':') && !dottedQuad.test(text)) return null
  // A zone (`fe80::1%eth0`) says where an address is reached, not what it is.
  const bare = text.replace(/%.*$/, '')
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null
}

function parseNetwork(text: string): [Address, number] | null {
  const [address = '', bits, ...more] = text.split('/')
  const ip = parseAddress(address)
  if (!ip || more.length > 0) return null
  const most = ip.kind() === 'ipv4' ? 32 : 128
  if (bits === undefined) return [ip, most]
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? [ip, Number(bits)] : null
}
