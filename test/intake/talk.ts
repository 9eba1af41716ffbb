/**
 * A client that says what it is told, octet for octet, and hears whole replies: conversations with a mail server, good manners or bad.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { Test } from 'tap'

export class Talk {
  #socket: net.Socket
  #heard = ''
  #ended = false
  #waiting: (() => void) | null = null

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.#listen(socket)
  }

  #listen(socket: net.Socket): void {
    const ended = () => {
      if (socket !== this.#socket) return
      this.#ended = true
      this.#waiting?.()
    }
    socket.on('data', chunk => {
      this.#heard += chunk.toString('latin1')
      this.#waiting?.()
    })
    socket.on('error', ended)
    socket.on('end', ended)
    socket.on('close', ended)
  }

  /** The next whole reply without its last line end; null when the server has hung up. */
  async hear(): Promise<string | null> {
    for (;;) {
      const reply = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#heard)
      if (reply) {
        this.#heard = this.#heard.slice(reply[0].length)
        return reply[0].trimEnd()
      }
      if (this.#ended) return null
      await new Promise<void>(resolve => {
        this.#waiting = resolve
      })
    }
  }

  /** Sends a line and gives its reply. */
  async say(line: string): Promise<string | null> {
    this.send(`${line}\r\n`)
    return this.hear()
  }

  /** Sends octets as they are. */
  send(octets: string | Buffer): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
  }

  /** Sends a chunk and waits until the kernel has it; false when the server has hung up. */
  pour(octets: Buffer): Promise<boolean> {
    if (this.#ended || this.#socket.destroyed) return Promise.resolve(false)
    return new Promise(resolve => {
      this.#socket.write(octets, err => resolve(!err))
    })
  }

  /** Begins TLS on the connection. */
  async secure(): Promise<tls.TLSSocket> {
    const plain = this.#socket
    plain.removeAllListeners('data')
    const secured = tls.connect({ socket: plain, rejectUnauthorized: false })
    this.#socket = secured
    this.#listen(secured)
    await new Promise((resolve, reject) => {
      secured.once('secureConnect', resolve)
      secured.once('error', reject)
    })
    return secured
  }

  hangUp(): void {
    this.#socket.destroy()
  }
}

/** Connects, and gives the conversation before its greeting. */
export async function talkTo(t: Test, { host, port }: { host: string; port: number }): Promise<Talk> {
  const socket = net.connect({ host, port })
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const talk = new Talk(socket)
  t.teardown(() => talk.hangUp())
  return talk
}
