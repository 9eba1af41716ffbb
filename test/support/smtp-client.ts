/**
 * An SMTP client that sends exactly the octets it is told to, and reads whole replies.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'

export class SmtpClient {
  socket: Socket
  #held = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    this.listen(socket)
  }

  /** Reads from another socket from now on: the same connection in TLS. */
  listen(socket: Socket): void {
    this.socket = socket
    socket.on('data', chunk => {
      this.#held += chunk.toString('latin1')
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Sends octets as they are (latin1). */
  write(octets: string): void {
    this.socket.write(octets, 'latin1')
  }

  /** Sends octets one by one, each in a packet of its own as far as the system does it. */
  async trickle(octets: string): Promise<void> {
    this.socket.setNoDelay(true)
    for (const octet of octets) {
      this.write(octet)
      await new Promise(setImmediate)
    }
  }

  /** Gives the next whole reply, its lines joined by LF, without the last line end; `(closed)` at the end of the connection. */
  async read(): Promise<string> {
    for (;;) {
      const lines = /^(?:\d{3}-[^\n]*\r\n)*\d{3}(?: [^\n]*)?\r\n/.exec(this.#held)?.[0]
      if (lines !== undefined) {
        this.#held = this.#held.slice(lines.length)
        return lines.trimEnd().replaceAll('\r\n', '\n')
      }
      if (this.#ended) return '(closed)'
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** Sends a line and gives its reply. */
  async ask(line: string): Promise<string> {
    this.write(`${line}\r\n`)
    return await this.read()
  }

  /** What came and was not read. */
  get unread(): string {
    return this.#held
  }

  async closed(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

/** Connects; the connection ends with the test. */
export async function smtpClient(t: Test, { port, host = '127.0.0.1' }: { port: number; host?: string }): Promise<SmtpClient> {
  const socket = connect({ port, host })
  t.teardown(() => socket.destroy())
  const client = new SmtpClient(socket)
  await once(socket, 'connect')
  return client
}
