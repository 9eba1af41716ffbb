/**
 * One session of the mail server (mail-server.ts): smtp-server's connection with what an internet-facing listener lacks put right.
 *
 * It reads data in linear time and refuses look-alikes of its end (data-reader.ts), cuts a message at the limit instead of reading on, says
 * enhanced statuses of our own (RFC 2034), and ends in bounded time: a deadline for the whole of DATA, one between messages, and a bound on
 * commands without a message. Private seams of smtp-server 3.21.6 used here: `_createParser`, `_feedDataStream`, `_endDataMode`,
 * `_countDataBytes`, `_dataStream`, `_socket`, `_onCommand`, `_onClose`, `_setListeners`, `_proxyCommandAllowed`, `_originalRemoteAddress`,
 * `_xForward`; test/intake/seams.test.ts holds them to it.
 */
import type net from 'node:net'
import type { SMTPServer, SMTPServerDataStream, SMTPServerEnvelope } from 'smtp-server'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection'
import { SMTPStream } from 'smtp-server/lib/smtp-stream'
import { formatEnhancedStatus, type Reply, reply } from '../smtp/reply.ts'
import { DataReader } from './data-reader.ts'

/** Why a session was ended in the middle of a message. */
export type CutReason = 'too-large' | 'look-alike' | 'nul' | 'slow' | 'no-room' | 'bug'

/** Who speaks, as handlers see it; one object for the whole session. */
export type Visitor = {
  readonly id: string
  /** The host that holds the connection. */
  readonly address: string
  /** What a front server says of its own client (XFORWARD); null when it said nothing. */
  readonly forwarded: { readonly address: string | null; readonly host: string | null; readonly local: boolean } | null
  readonly envelope: SMTPServerEnvelope
}

export type SessionRules = {
  /** What ends a message is said once for each of its recipients (LMTP, RFC 2033 §4.2). */
  readonly perRecipient: boolean
  /** Between two messages, and before the first. */
  readonly sessionMs: number
  readonly maxCommands: number
  /** Greeted without delay and free of `maxCommands`. */
  readonly trusts: (address: string) => boolean
  /** May say whose mail it passes on (XFORWARD). */
  readonly isFront: (address: string) => boolean
  readonly onCut: (why: CutReason, visitor: Visitor) => void
  readonly onClose: (session: MailSession) => void
}

const cutReplies: Readonly<Record<CutReason, Reply>> = {
  'too-large': reply(552, '5.3.4', 'the message is larger than this server takes'),
  'look-alike': reply(521, '5.5.2', 'a bare CR or LF stands beside a line of one dot'),
  nul: reply(521, '5.5.2', 'the message holds a NUL octet'),
  slow: reply(421, '4.4.2', 'too slow; closing'),
  'no-room': reply(452, '4.3.1', 'no room for the message now'),
  bug: reply(421, '4.3.0', 'internal error; closing'),
}

/** A reply of ours, which smtp-server must not put a status of its own in front of. */
const ownStatus = /^[245]\.\d{1,3}\.\d{1,3} /

/** Writes a reply's lines as smtp-server's `send` wants them, each with its enhanced status. */
export function linesOf({ enhanced, text }: Reply): string[] {
  return text.map(line => (enhanced ? `${formatEnhancedStatus(enhanced)} ${line}` : line))
}

export class MailSession extends SMTPConnection implements Visitor {
  readonly #rules: SessionRules
  #commands = 0
  /** RCPTs of this transaction that were accepted; smtp-server itself counts an address that came twice once. */
  #recipients = 0
  #deadline: NodeJS.Timeout | undefined

  constructor(server: SMTPServer, socket: net.Socket, options: SMTPConnectionOptions | null, rules: SessionRules) {
    super(server, socket, options)
    this.#rules = rules
    this.arm('session')
  }

  get address(): string {
    return this._originalRemoteAddress
  }

  get envelope(): SMTPServerEnvelope {
    return this.session.envelope
  }

  get forwarded(): Visitor['forwarded'] {
    if (this._xForward.size === 0) return null
    const text = (name: string) => {
      const value = this._xForward.get(name)
      return typeof value === 'string' && value !== '' ? value : null
    }
    return { address: text('ADDR'), host: text('NAME'), local: text('SOURCE')?.toUpperCase() === 'LOCAL' }
  }

  /** Says a reply and ends the session; what the client still sends is discarded for some seconds, so that it can read the reply. */
  dismiss(words: Reply): void {
    const awaited = this.#rules.perRecipient && this._dataStream ? this.#recipients : 1
    for (let said = 0; said < awaited; said++) this.send(words.code, linesOf(words))
    this.close()
  }

  /** Ends the session in the middle of a message. */
  cut(why: CutReason): void {
    if (this._closing || this._closed) return
    this.dismiss(cutReplies[why])
    if (this._dataStream) this._dataStream.destroy()
    this.#rules.onCut(why, this)
  }

  /** Sets the deadline for what is awaited now: the end of the data within `ms`, or the next message; null: the client owes us nothing. */
  arm(awaited: 'session' | { readonly dataMs: number } | null): void {
    clearTimeout(this.#deadline)
    if (awaited === null) return
    const timer =
      awaited === 'session'
        ? setTimeout(() => this.dismiss(cutReplies.slow), this.#rules.sessionMs)
        : setTimeout(() => this.cut('slow'), awaited.dataMs)
    this.#deadline = timer.unref()
  }

  /** To be called when a message was answered: the session begins anew. */
  messageDone(): void {
    this.#commands = 0
    this._xForward.clear()
    if (!this._closing && !this._closed) this.arm('session')
  }

  /** Smtp-server waits 100 ms to catch clients that talk before the greeting: not needed of hosts we know. */
  override init(): void {
    if (this.#rules.trusts(this.address)) this._setListeners(() => this.connectionReady())
    else super.init()
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const first = Array.isArray(data) ? data[0] : data
    if (context === 'MAIL_FROM_OK') this.#recipients = 0
    if (context === 'RCPT_TO_OK') this.#recipients++
    if (context === 'MESSAGE_TOO_BIG') this.#rules.onCut('too-large', this)
    this.#gather()
    super.send(code, data, first && ownStatus.test(first) ? false : context)
  }

  /** Replies to commands that came together leave together, in one write at the end of this turn of the event loop. */
  #gather(): void {
    const socket = this._socket
    if (socket.writableCorked > 0) return
    socket.cork()
    setImmediate(() => socket.uncork())
  }

  /** Called by the base class's constructor: nothing of this class is there yet. */
  override _createParser(): SMTPStream {
    const parser = new MailStream(this._server.options.maxCommandLength ?? 2048, why => this.cut(why))
    parser.oncommand = (command, callback) => this._onCommand(command, callback)
    parser.on('error', () => this.dismiss(reply(500, '5.5.2', 'the line is too long; closing')))
    return parser
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    const tooMany = ++this.#commands > this.#rules.maxCommands && !this.#rules.trusts(this.address)
    if (tooMany) this.dismiss(reply(421, '4.7.0', 'too many commands without a message; closing'))
    else super._onCommand(command, callback)
  }

  override _onClose(): void {
    clearTimeout(this.#deadline)
    super._onClose()
    this.#rules.onClose(this)
  }

  override _proxyCommandAllowed(command: string, option: 'useXClient' | 'useXForward'): boolean {
    return this.#rules.isFront(this.address) && super._proxyCommandAllowed(command, option)
  }

  override handler_VRFY(_command: Buffer, callback: () => void): void {
    this.send(502, '5.5.1 this server verifies no addresses')
    callback()
  }
}

/** The commands and the data of a session. */
class MailStream extends SMTPStream {
  readonly #cut: (why: CutReason) => void
  #reader = new DataReader()

  constructor(maxCommandLength: number, cut: (why: CutReason) => void) {
    super({ maxCommandLength })
    this.#cut = cut
  }

  override startDataMode(maxBytes?: number | string | null): SMTPServerDataStream {
    this.#reader = new DataReader()
    return super.startDataMode(maxBytes)
  }

  override _feedDataStream(chunk: Buffer, done: (err?: Error | null) => void): void {
    const stream = this._dataStream
    const read = this.#reader.read(chunk)
    if (stream === null || read.kind === 'refused') {
      this.#cut(read.kind === 'refused' ? read.why : 'bug')
      done()
      return
    }
    for (const octets of read.octets) this._countDataBytes(octets.length)
    if (this.dataBytes > this._maxBytes) {
      this.#cut('too-large')
      done()
      return
    }
    let full = false
    for (const octets of read.octets) if (octets.length > 0 && stream.writable) full = !stream.write(octets)
    if (read.kind === 'end') this._endDataMode(false, chunk.subarray(read.rest), done)
    else if (full && !stream.destroyed) onceEither(stream, 'drain', 'close', done)
    else done()
  }
}

function onceEither(stream: SMTPServerDataStream, one: 'drain', other: 'close', does: () => void): void {
  const go = () => {
    stream.off(one, go)
    stream.off(other, go)
    does()
  }
  stream.on(one, go)
  stream.on(other, go)
}
