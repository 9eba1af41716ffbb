/**
 * Where the CRM connects: who may, and how many at once (RFC 5321 §3.1: 554 to whom no service is given, 421 to whom it is not given now).
 */
import { createServer, type Server, type Socket } from 'node:net'
import { networkMatcher } from '../config/network.ts'
import type { RelayConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { formatReply, reply } from '../smtp/reply.ts'
import { ChunkReader, readInto } from '../wire/chunk-reader.ts'
import { Connection } from '../wire/connection.ts'
import { backlog, WideDoor } from '../wire/wide-door.ts'
import { readProxyHeader } from './proxy-header.ts'

export type Address = { readonly host: string; readonly port: number }
type Listen = RelayConfig['listen'][number]

export type ListenerDeps = {
  readonly config: RelayConfig
  /** Descriptors of listening sockets that stand for entries of `listen`, by index. */
  readonly inherited: readonly (number | undefined)[]
  readonly log: Log
  readonly metrics: Metrics
  /** Makes the connection TLS before anything is said. */
  readonly secure: (crm: Connection) => Promise<void>
  /** Takes an accepted connection, with octets that came already. */
  readonly accepted: (crm: Connection, listen: Listen, early: Buffer) => void
}

const notAllowed = formatReply(reply(554, '5.7.1', 'This relay does not serve your network'))
const tooMany = formatReply(reply(421, '4.7.0', 'Too many sessions; try again later'))
const noOctets = Buffer.alloc(0)
const socketOptions = { noDelay: true, pauseOnConnect: true }

export class Listener {
  readonly #deps: ListenerDeps
  readonly #servers: Server[] = []
  /** One of each open address. */
  readonly doors: WideDoor[] = []
  readonly #mayConnect: (address: string) => boolean
  readonly #isBalancer: (address: string) => boolean
  /** Sessions open now, by client address. */
  readonly #open = new Map<string, number>()
  #total = 0

  constructor(deps: ListenerDeps) {
    this.#deps = deps
    this.#mayConnect = networkMatcher(deps.config.clients)
    this.#isBalancer = networkMatcher(deps.config.proxyProtocolFrom)
  }

  /** Opens every configured address. @throws {Error} what the system says of the first that cannot be had; the others are closed. */
  async listen(): Promise<readonly Address[]> {
    try {
      const addresses: Address[] = []
      for (const [index, listen] of this.#deps.config.listen.entries())
        addresses.push(await this.#listenAt(listen, this.#deps.inherited[index]))
      return addresses
    } catch (err) {
      this.close()
      throw err
    }
  }

  /** Takes no more connections; those that are open stay. */
  close(): void {
    for (const server of this.#servers) server.close()
    for (const door of this.doors) void door.close()
  }

  /** A session has ended. */
  left(address: string): void {
    this.#total--
    const open = (this.#open.get(address) ?? 1) - 1
    if (open > 0) this.#open.set(address, open)
    else this.#open.delete(address)
    this.#deps.metrics.sessions.set({ listener: 'relay' }, this.#total)
  }

  #listenAt(listen: Listen, fd: number | undefined): Promise<Address> {
    const server = createServer(socketOptions, socket => this.#accept(socket, listen))
    this.#servers.push(server)
    this.doors.push(new WideDoor(server, socketOptions, this.#deps.log))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(fd === undefined ? { host: listen.host, port: listen.port, backlog } : { fd, backlog }, () => {
        server.off('error', reject)
        server.on('error', err => this.#deps.log.error({ err }, 'the relay cannot take a connection'))
        const at = server.address()
        if (typeof at !== 'object' || !at) return resolve(listen)
        resolve({ host: fd === undefined ? listen.host : at.address, port: at.port })
      })
    })
  }

  #accept(socket: Socket, listen: Listen): void {
    const reader = new ChunkReader()
    const connection = new Connection(socket, reader)
    // A connection that may become TLS is read by events: TLS takes the socket over.
    if (listen.tls !== 'none' || !readInto(socket, reader)) reader.readEvents(socket)
    if (this.#isBalancer(connection.remoteAddress)) {
      readProxyHeader(connection).then(
        early => this.#admit(connection, listen, early),
        (err: Error) => this.#turnAway(connection, 'proxy-header', '', err),
      )
    } else this.#admit(connection, listen, noOctets)
  }

  #admit(connection: Connection, listen: Listen, early: Buffer): void {
    const { config } = this.#deps
    const address = connection.remoteAddress
    if (connection.closed) return
    if (!this.#mayConnect(address)) return this.#turnAway(connection, 'network', notAllowed)
    const open = this.#open.get(address) ?? 0
    if (this.#total >= config.maxSessions) return this.#turnAway(connection, 'sessions', tooMany)
    if (open >= config.maxSessionsPerClient) return this.#turnAway(connection, 'sessions-per-client', tooMany)
    this.#total++
    this.#open.set(address, open + 1)
    this.#deps.metrics.sessions.set({ listener: 'relay' }, this.#total)
    if (listen.tls !== 'implicit') return this.#deps.accepted(connection, listen, early)
    this.#deps.secure(connection).then(
      () => this.#deps.accepted(connection, listen, noOctets),
      (err: Error) => {
        this.left(address)
        this.#turnAway(connection, 'tls', '', err)
      },
    )
  }

  #turnAway(connection: Connection, why: string, words: string, err?: Error): void {
    this.#deps.metrics.sessionsRefused.inc({ listener: 'relay', why })
    this.#deps.log.info({ why, client: connection.remoteAddress, ...(err ? { reason: err.message } : {}) }, 'a client was turned away')
    connection.say(words)
    connection.finish()
  }
}
