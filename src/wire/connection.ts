/**
 * One TCP connection, plain or TLS, as the sessions see it: chunks in, lines and octets out.
 *
 * Promises: what is said within one event leaves in one write (`flush`); `closed` is told exactly once; after `destroy` or `finish` no chunk is
 * handed on.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ChunkReader } from './chunk-reader.ts'
import { writeTogether } from './write-together.ts'

/** How long a peer may take to close its side after we have closed ours: it may be sending still, and a reset would lose our last words. */
const lingerMs = 2_000

export type Handler = {
  chunk(chunk: Buffer): void
  /** Everything handed to `pass` has gone to the kernel, after a `pass` that gave false. */
  written(): void
  /** The connection is gone; `error` null: the peer closed it in good order. */
  closed(error: Error | null): void
}

const nobody: Handler = { chunk() {}, written() {}, closed() {} }

export class Connection {
  /** Canonical text form; an IPv4 address in IPv6 clothes is as the system gave it. */
  remoteAddress: string
  #socket: Socket
  readonly #reader: ChunkReader
  #handler: Handler = nobody
  #out = ''
  /** `#write` is among the writes that wait for the end of this turn. */
  #queued = false
  #waiting = false
  #closed = false
  #error: Error | null = null

  /** The socket is connected, and already reads through `reader`. */
  constructor(socket: Socket, reader: ChunkReader) {
    this.#socket = socket
    this.#reader = reader
    this.remoteAddress = socket.remoteAddress ?? ''
    this.#reader.onChunk = chunk => this.#handler.chunk(chunk)
    this.#watch()
  }

  /** Hands the connection's events to a new owner. */
  bind(handler: Handler): void {
    this.#handler = handler
  }

  get closed(): boolean {
    return this.#closed
  }

  get secure(): boolean {
    return this.#socket instanceof TLSSocket
  }

  /** TLS, with a certificate that was verified against the name asked for. */
  get verified(): boolean {
    return this.#socket instanceof TLSSocket && this.#socket.authorized
  }

  /** Octets that the kernel has not taken yet. */
  get unsent(): number {
    return this.#out.length + this.#socket.writableLength
  }

  /** Adds to what the next `flush` writes; latin1, one octet a character. */
  say(text: string): void {
    this.#out += text
  }

  /** Has what was said written in this turn of the event loop, in one system call. */
  flush(): void {
    if (this.#out === '' || this.#queued) return
    this.#queued = true
    writeTogether(this.#write)
  }

  readonly #write = (): void => {
    this.#queued = false
    if (this.#out === '') return
    const text = this.#out
    this.#out = ''
    if (!this.#socket.writable) return
    this.#socket.write(text, 'latin1')
  }

  /** Writes octets; true when the kernel has them all and their memory is free again, else `written` follows. */
  pass(octets: Buffer): boolean {
    this.#write()
    if (!this.#socket.writable) return true
    this.#socket.write(octets, this.#onWritten)
    this.#waiting = this.#socket.writableLength > 0
    return !this.#waiting
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume()
  }

  /** See ChunkReader. */
  useOwnBuffer(wanted: boolean): void {
    this.#reader.useOwnBuffer(wanted)
  }

  lends(chunk: Buffer): boolean {
    return this.#reader.lends(chunk)
  }

  /** Says what is left to say, closes our side, and drops what the peer still sends until it closes its own. */
  finish(): void {
    this.#write()
    const socket = this.#socket
    this.#reader.onChunk = () => {}
    if (this.#closed) return
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('close', () => clearTimeout(timer))
  }

  /** Ends the connection at once; nothing more is written. */
  destroy(): void {
    this.#reader.onChunk = () => {}
    this.#socket.destroy()
  }

  /**
   * Turns the connection into TLS. What was buffered is for the caller to forget first. Only for connections that read by events.
   * @throws {Error} the handshake failed, or took longer than `timeoutMs`; the connection is destroyed.
   */
  async upgrade(secure: (plain: Socket) => TLSSocket, event: 'secure' | 'secureConnect', timeoutMs: number): Promise<void> {
    this.#write()
    const plain = this.#socket
    plain.removeAllListeners()
    plain.on('error', () => {})
    const socket = secure(plain)
    this.#socket = socket
    this.#watch()
    const timer = setTimeout(() => socket.destroy(new Error(`no TLS handshake within ${timeoutMs} ms`)), timeoutMs)
    const closed = once(socket, 'close').then(() => {
      throw this.#error ?? new Error('the peer closed the connection during the TLS handshake')
    })
    try {
      await Promise.race([once(socket, event), closed])
    } finally {
      clearTimeout(timer)
      closed.catch(() => {})
    }
    this.#reader.readEvents(socket)
  }

  readonly #onWritten = (): void => {
    if (!this.#waiting || this.#socket.writableLength > 0) return
    this.#waiting = false
    this.#handler.written()
  }

  #watch(): void {
    this.#socket.on('error', error => {
      this.#error ??= error
    })
    this.#socket.on('close', () => {
      if (this.#closed) return
      this.#closed = true
      this.#handler.closed(this.#error)
    })
  }
}
