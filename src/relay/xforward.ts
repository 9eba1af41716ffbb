/**
 * XFORWARD before each mail (postfix.org/XFORWARD_README.html): upstream logs the CRM as the client. It forgets at the end of each transaction.
 *
 * The commands are ours, and so are their replies: this counts which is whose. Where upstream takes no batches, MAIL waits for the reply.
 */
import type { Extensions } from '../smtp/ehlo.ts'
import type { Subject } from '../smtp/slots.ts'
import { formatAttributes, formatClientAddress, unavailable, xtext } from './client-attributes.ts'

export class Xforward {
  readonly #address: string
  readonly #offered: string
  readonly #pipelining: boolean
  #protocol = 'ESMTP'
  #helo = unavailable
  /** Whose reply comes next, oldest command first. */
  readonly #owed: ('ours' | 'theirs')[] = []
  #held = ''

  constructor(address: string, extensions: Extensions) {
    this.#address = formatClientAddress(address)
    this.#offered = extensions.get('XFORWARD') ?? ''
    this.#pipelining = extensions.has('PIPELINING')
  }

  /** Gives what is to be said now for a command of the CRM's, in wire form. */
  say(line: string, verb: Subject['verb']): string {
    if (verb === 'EHLO' || verb === 'HELO') {
      this.#protocol = verb === 'EHLO' ? 'ESMTP' : 'SMTP'
      this.#helo = xtext(line.slice(5).trim())
    }
    if (verb !== 'MAIL') {
      this.#owed.push('theirs')
      return `${line}\r\n`
    }
    const ours = `XFORWARD ${this.#attributes()}\r\n`
    this.#owed.push('ours')
    if (!this.#pipelining) {
      this.#held = line
      return ours
    }
    this.#owed.push('theirs')
    return `${ours}${line}\r\n`
  }

  /** A message went upstream: its reply is the CRM's. */
  messageSent(): void {
    this.#owed.push('theirs')
  }

  /** A reply came. null: it is the CRM's; else it is ours, and this is to be said now. */
  takeReply(): string | null {
    if (this.#owed.shift() !== 'ours') return null
    if (this.#held === '') return ''
    const line = `${this.#held}\r\n`
    this.#held = ''
    this.#owed.push('theirs')
    return line
  }

  #attributes(): string {
    return formatAttributes(this.#offered, {
      NAME: unavailable,
      ADDR: this.#address,
      PORT: unavailable,
      PROTO: this.#protocol,
      HELO: this.#helo,
      SOURCE: 'REMOTE',
    })
  }
}
