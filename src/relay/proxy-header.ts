/**
 * The PROXY protocol header that a listed balancer sends before anything else, versions 1 and 2 (haproxy.org, proxy-protocol.txt §2).
 *
 * Promise: a balancer that sends no header, or a broken one, is turned away: its own address must never stand for a client's.
 */
import type { Connection } from '../wire/connection.ts'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const maxV1Octets = 107
const maxV2Octets = 16 + 536
/** The header comes with the first octets; nobody types it. */
const timeoutMs = 5_000

export type ProxyReading =
  /** `address` null: the balancer speaks for itself (LOCAL, UNKNOWN). */
  | { readonly kind: 'header'; readonly address: string | null; readonly octets: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken' }

/** Reads a header at the start of what came so far. Pure. */
export function parseProxyHeader(octets: Buffer): ProxyReading {
  const same = Math.min(octets.length, signature.length)
  if (octets.subarray(0, same).equals(signature.subarray(0, same))) return same < signature.length ? { kind: 'more' } : parseV2(octets)
  const start = octets.toString('latin1', 0, Math.min(octets.length, 6))
  return 'PROXY '.startsWith(start) ? parseV1(octets) : { kind: 'broken' }
}

/** Waits for the header and takes the client's address from it; gives the octets behind it. @throws {Error} there is none, in time. */
export async function readProxyHeader(connection: Connection): Promise<Buffer> {
  let came: Buffer = Buffer.alloc(0)
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no PROXY header came in time')), timeoutMs)
      connection.bind({
        chunk(chunk) {
          came = Buffer.concat([came, chunk])
          const reading = parseProxyHeader(came)
          if (reading.kind === 'more') return
          connection.pause()
          if (reading.kind === 'broken') return reject(new Error('the connection does not begin with a PROXY header'))
          if (reading.address !== null) connection.remoteAddress = reading.address
          resolve(came.subarray(reading.octets))
        },
        written() {},
        closed: () => reject(new Error('the balancer closed the connection')),
      })
      connection.resume()
    })
  } finally {
    clearTimeout(timer)
  }
}

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 25` CRLF. */
function parseV1(octets: Buffer): ProxyReading {
  const text = octets.toString('latin1', 0, maxV1Octets)
  const end = text.indexOf('\r\n')
  if (end === -1) return octets.length < maxV1Octets ? { kind: 'more' } : { kind: 'broken' }
  const [, family, source, ...rest] = text.slice(0, end).split(' ')
  if (family === 'UNKNOWN') return { kind: 'header', address: null, octets: end + 2 }
  if ((family !== 'TCP4' && family !== 'TCP6') || !source || rest.length !== 3) return { kind: 'broken' }
  return { kind: 'header', address: source, octets: end + 2 }
}

function parseV2(octets: Buffer): ProxyReading {
  if (octets.length < 16) return { kind: 'more' }
  const [version, family, length] = [octets.readUInt8(12), octets.readUInt8(13), octets.readUInt16BE(14)]
  if (version >> 4 !== 2 || 16 + length > maxV2Octets) return { kind: 'broken' }
  if (octets.length < 16 + length) return { kind: 'more' }
  const local = (version & 15) === 0
  if (local) return { kind: 'header', address: null, octets: 16 + length }
  if ((version & 15) !== 1) return { kind: 'broken' }
  const v4 = family >> 4 === 1
  if ((!v4 && family >> 4 !== 2) || length < (v4 ? 12 : 36)) return { kind: 'broken' }
  return { kind: 'header', address: v4 ? ipv4(octets.subarray(16, 20)) : ipv6(octets.subarray(16, 32)), octets: 16 + length }
}

function ipv4(octets: Buffer): string {
  return [...octets].join('.')
}

function ipv6(octets: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(index * 2).toString(16)).join(':')
}
