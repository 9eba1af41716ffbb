/**
 * TLS on both legs: 1.2 and up (RFC 8996), SNI, certificates verified where we are the client (RFC 8314, RFC 9325).
 *
 * Certificates of ours are read from files when asked, so that a reload takes new ones for new sessions.
 */
import { readFile } from 'node:fs/promises'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'

const minVersion = 'TLSv1.2'

/** Options of a TLS connection that we open. */
export type ClientTls = Pick<ConnectionOptions, 'servername' | 'ca' | 'rejectUnauthorized' | 'minVersion' | 'checkServerIdentity'>

/** Reads our certificate and key. @throws {Error} with the file in its message when one cannot be read or they do not fit together. */
export async function readServerContext(certFile: string, keyFile: string): Promise<SecureContext> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
  try {
    return createSecureContext({ cert, key, minVersion })
  } catch (cause) {
    throw new Error(`${certFile} and ${keyFile} are no certificate and key that fit together`, { cause })
  }
}

/** The options for a server of that name. `verify` false: whatever certificate it shows is taken (opportunistic TLS, RFC 7435). */
export async function readClientTls(name: string, caFile: string | null, verify: boolean): Promise<ClientTls> {
  return {
    ...(isIP(name) ? {} : { servername: name }),
    ...(caFile === null ? {} : { ca: await readFile(caFile) }),
    rejectUnauthorized: verify,
    minVersion,
  }
}

/** Our side of a session that becomes TLS, as its server. */
export function secureServer(context: SecureContext): (plain: Socket) => TLSSocket {
  return plain => new TLSSocket(plain, { isServer: true, secureContext: context })
}

/** Our side of a session that becomes TLS, as its client. */
export function secureClient(options: ClientTls): (plain: Socket) => TLSSocket {
  return plain => connect({ socket: plain, ...options })
}
