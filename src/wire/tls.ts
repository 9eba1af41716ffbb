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
type ClientTls = Pick<ConnectionOptions, 'servername' | 'ca' | 'rejectUnauthorized' | 'minVersion' | 'secureContext' | 'session'>

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

/**
 * TLS to one server, connection after connection. What is dear is kept from one to the next: the authorities we trust (parsing them costs more than
 * the handshake), and the session that the server lets us resume (RFC 8446 §2.2, RFC 5077).
 */
export class TlsClient {
  readonly #read: () => ReturnType<typeof readClientTls>
  #trusted: { readonly ca: string; readonly secureContext: SecureContext } | null = null
  #session: Buffer | null = null

  /** See `readClientTls`. */
  constructor(name: string, caFile: string | null, verify: boolean) {
    this.#read = () => readClientTls(name, caFile, verify)
  }

  /** For the next connection. A file of authorities that has changed counts from here on. @throws {Error} it cannot be read. */
  async options(): Promise<ClientTls> {
    const { ca, ...options } = await this.#read()
    const pem = String(ca ?? '')
    if (this.#trusted?.ca !== pem) {
      this.#trusted = { ca: pem, secureContext: createSecureContext({ minVersion, ...(ca === undefined ? {} : { ca }) }) }
      // Whoever it was vouched for by may be trusted no longer.
      this.#session = null
    }
    const { secureContext } = this.#trusted
    return { ...options, secureContext, ...(this.#session ? { session: this.#session } : {}) }
  }

  /** Keeps what a connection lets us resume; `socket` has ended its handshake. Only of a verified one: a resumed session's name is not looked at again. */
  keep(socket: TLSSocket): void {
    if (!socket.authorized) return
    const trusted = this.#trusted
    if (socket.getProtocol() === 'TLSv1.2') this.#session = socket.getSession() ?? null
    socket.on('session', session => {
      if (trusted === this.#trusted) this.#session = session
    })
  }
}

/** Our side of a session that becomes TLS, as its server. */
export function secureServer(context: SecureContext): (plain: Socket) => TLSSocket {
  return plain => new TLSSocket(plain, { isServer: true, secureContext: context })
}

/** Our side of a session that becomes TLS, as its client; `secured` is given the socket when its handshake has ended. */
export function secureClient(options: ClientTls, secured: (socket: TLSSocket) => void): (plain: Socket) => TLSSocket {
  return plain => {
    const socket = connect({ socket: plain, ...options })
    return socket.once('secureConnect', () => secured(socket))
  }
}
