/**
 * Question and answer on a connection to upstream, before it belongs to a session: one command, one reply, in time.
 */

import type { Reply } from '../smtp/reply.ts'
import type { ReplyReader } from '../smtp/reply-reader.ts'
import type { Connection } from '../wire/connection.ts'

export class Asker {
  readonly #connection: Connection
  readonly #replies: ReplyReader
  readonly #timeoutMs: number
  #answer: { resolve(reply: Reply): void; reject(error: Error): void } | null = null
  #failure: Error | null = null

  /** `timeoutMs`: for each reply. */
  constructor(connection: Connection, replies: ReplyReader, timeoutMs: number) {
    this.#connection = connection
    this.#replies = replies
    this.#timeoutMs = timeoutMs
    connection.bind({
      chunk: chunk => {
        replies.push(chunk)
        this.#read()
      },
      written() {},
      closed: error => this.#fail(error ?? new Error('the connection was closed')),
    })
  }

  /** Says a line, without CRLF, and gives its reply. @throws {Error} no reply came, or none that is one. */
  async ask(line: string): Promise<Reply> {
    this.#connection.say(`${line}\r\n`)
    this.#connection.flush()
    return await this.next()
  }

  /** Gives the next reply. @throws {Error} as `ask`. */
  async next(): Promise<Reply> {
    const timer = setTimeout(() => this.#fail(new Error(`no reply within ${this.#timeoutMs} ms`)), this.#timeoutMs)
    try {
      return await new Promise<Reply>((resolve, reject) => {
        this.#answer = { resolve, reject }
        this.#read()
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the asking. @throws {Error} upstream said more than it was asked: whatever it means, replies would be taken for others. */
  done(): void {
    if (this.#failure) throw this.#failure
    if (this.#replies.buffered > 0) throw new Error('more was said than was asked for')
  }

  #read(): void {
    const answer = this.#answer
    if (!answer) return
    if (this.#failure) {
      this.#answer = null
      answer.reject(this.#failure)
      return
    }
    const reading = this.#replies.next()
    if (!reading) return
    this.#answer = null
    if (reading.ok) answer.resolve(reading.spoken.reply)
    else answer.reject(new Error(`that is no reply (${reading.why})`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#read()
  }
}
