/**
 * Connects to a host: all of its addresses in turn, in the order the resolver gives them.
 */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { ChunkReader } from './chunk-reader.ts'
import { Connection } from './connection.ts'
import type { TlsClient } from './tls.ts'

export type Dial = {
  readonly host: string
  readonly port: number
  /** For each address. */
  readonly timeoutMs: number
  /** TLS from the first octet; null: plain. */
  readonly implicitTls: TlsClient | null
  /** The connection may become TLS later, so it reads by events. */
  readonly mayUpgrade: boolean
}

/** Opens a connection. @throws {Error} what the last address said when none answered. */
export async function dial(options: Dial): Promise<Connection> {
  const { host } = options
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(found => found.address)
  let failure: unknown = new Error(`${host} has no address`)
  for (const address of addresses) {
    try {
      return await dialAddress(address, options)
    } catch (err) {
      failure = err
    }
  }
  throw failure
}

async function dialAddress(address: string, { port, timeoutMs, implicitTls, mayUpgrade }: Dial): Promise<Connection> {
  const reader = new ChunkReader()
  const events = mayUpgrade || implicitTls !== null
  const socket: Socket = implicitTls
    ? connectTls({ host: address, port, ...(await implicitTls.options()) })
    : connect({ host: address, port, noDelay: true, ...(events ? {} : { onread: reader.onread }) })
  // `once` alone does not see a socket that is destroyed without an error.
  const timer = setTimeout(() => socket.destroy(new Error(`${address} did not answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    await once(socket, implicitTls ? 'secureConnect' : 'connect')
  } finally {
    clearTimeout(timer)
  }
  if (socket instanceof TLSSocket) {
    socket.setNoDelay(true)
    implicitTls?.keep(socket)
  }
  const connection = new Connection(socket, reader)
  if (events) reader.readEvents(socket)
  return connection
}
