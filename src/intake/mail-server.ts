/**
 * A mail server (RFC 5321, or LMTP, RFC 2033) for rooms that take mail: smtp-server with handlers that answer in `Reply` values and get a message whole.
 *
 * What it adds is in mail-session.ts; here are who may come in, the deadlines, the octets kept in memory, and an end that does not wait for
 * idle clients. TLS 1.2 or newer, by our certificate only; no AUTH, no VRFY; no names are looked up.
 * Private seams of smtp-server used here: `_acceptSocket`, `_upgrade`, `_pendingSockets` (test/intake/seams.test.ts).
 */
import type net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type tls from 'node:tls'
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection'
import type { Log } from '../observe/log.ts'
import { formatReply, type Reply, reply } from '../smtp/reply.ts'
import { backlog, WideDoor } from '../wire/wide-door.ts'
import { type CutReason, MailSession, type SessionRules, type Visitor } from './mail-session.ts'
import { Octets } from './octets.ts'
import { answerBy, type ReplyCallback } from './reply-callback.ts'

export type MailServerOptions = {
  /** Our name in the greeting. */
  readonly hostname: string
  readonly log: Log
  /** LMTP (RFC 2033): LHLO instead of EHLO, and a reply for each recipient after the dot. Default: smtp. */
  readonly protocol?: 'smtp' | 'lmtp'
  readonly tls: 'none' | 'starttls' | 'implicit'
  /** PEM; needed unless `tls` is none. */
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | null
  readonly maxMessageBytes: number
  /** Octets of a message that are given to `message`; the rest is read and dropped. Default: all. */
  readonly keepBytes?: number
  readonly maxRecipients: number
  /** RFC 3461. */
  readonly offersDsn: boolean
  /** A silent client. */
  readonly idleMs: number
  /** Between two messages of a session. */
  readonly sessionMs: number
  /** For the whole of a message. */
  readonly dataMs: number
  /** Messages in flight when the server stops. */
  readonly stopMs: number
  /** Without a message among them. */
  readonly maxCommands: number
}

/** null: accepted. A handler that rejects is a bug: the session ends with 421 4.3.0. */
export type Answer = Reply | null | Promise<Reply | null>

export type Admission = { readonly ok: true; readonly leave: () => void } | { readonly ok: false; readonly reply: Reply }

export type MailHandlers = {
  /** Asked for every connection before anything is read; `leave` is called once, when it has ended. */
  readonly admit?: (address: string) => Admission
  readonly trusts?: (address: string) => boolean
  readonly isFront?: (address: string) => boolean
  /** Addresses come without brackets, quoted as they were, domains in Unicode; empty for `<>`. */
  readonly mail?: (reversePath: SMTPServerAddress, visitor: Visitor) => Answer
  readonly rcpt: (forwardPath: SMTPServerAddress, visitor: Visitor) => Answer
  /** A whole message, dot-stuffing removed; `size` counts all of its octets. LMTP: a reply for each RCPT that was accepted, in their order. */
  readonly message: (octets: Buffer, size: number, visitor: Visitor) => Promise<Reply | readonly Reply[]>
  /** Asked before memory is taken for a message: gives what frees it, called once; null: there is none, and the session is cut. */
  readonly hold?: (visitor: Visitor, octets: number) => (() => void) | null
  /** A session was cut, or MAIL refused for its SIZE. */
  readonly cut?: (why: CutReason, visitor: Visitor) => void
}

/** The address could not be listened on. */
export class ListenFailed extends Error {
  readonly code = 'ERR_LISTEN_FAILED'
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'another program listens there already' : cause.message
    super(`cannot listen on ${host}:${port}: ${why}`, { cause })
    this.name = 'ListenFailed'
  }
}

const internalError = reply(421, '4.3.0', 'internal error; closing')
const shuttingDown = reply(421, '4.3.2', 'shutting down; try again in a moment')
/** Longest command line in octets: RFC 5321 §4.5.3.1.4 and the parameters of RFC 3461 and RFC 6531 added. */
const maxCommandOctets = 2048

export class MailServer extends SMTPServer {
  readonly #options: MailServerOptions
  readonly #handlers: MailHandlers
  readonly #rules: SessionRules
  readonly #open = new Map<SMTPServerSession, MailSession>()
  readonly #leaving = new WeakMap<net.Socket, () => void>()
  readonly door: WideDoor
  #stopping = false

  constructor(options: MailServerOptions, handlers: MailHandlers) {
    super({
      name: options.hostname,
      lmtp: options.protocol === 'lmtp',
      heloResponse: '%s',
      logger: false,
      disableReverseLookup: true,
      disabledCommands: ['AUTH', 'XCLIENT', 'WIZ', 'SHELL', 'KILL', ...(options.tls === 'starttls' ? [] : ['STARTTLS'])],
      useXForward: true,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: !options.offersDsn,
      // Reverse-paths of the field break the grammar (a dot before the @, for one), and their reports are still reports.
      lenientAddressParsing: true,
      size: options.maxMessageBytes,
      maxRecipients: options.maxRecipients,
      maxCommandLength: maxCommandOctets,
      socketTimeout: options.idleMs,
      closeTimeout: options.stopMs,
      secure: options.tls === 'implicit',
      ...tlsOptions(options.certificate),
    })
    this.#options = options
    this.#handlers = handlers
    this.#rules = {
      perRecipient: options.protocol === 'lmtp',
      sessionMs: options.sessionMs,
      maxCommands: options.maxCommands,
      trusts: handlers.trusts ?? (() => false),
      isFront: handlers.isFront ?? (() => false),
      onCut: (why, visitor) => handlers.cut?.(why, visitor),
      onClose: () => {},
    }
    this.door = new WideDoor(this.server, {}, options.log)
    // Resets, failed handshakes: a peer's trouble, not ours.
    this.on('error', err => options.log.debug({ err }, 'a mail session failed'))
  }

  /** Listens, and gives the address with its real port. `fd`: a socket that listens already stands for it. @throws {ListenFailed} */
  open(host: string, port: number, fd?: number): Promise<{ host: string; port: number }> {
    return new Promise((resolve, reject) => {
      const failed = (err: Error) => reject(new ListenFailed(host, port, err))
      this.server.once('error', failed)
      this.listen(fd === undefined ? { host, port, backlog } : { fd, backlog }, () => {
        this.server.off('error', failed)
        const at = this.server.address()
        if (at === null || typeof at === 'string') return resolve({ host, port })
        resolve({ host: fd === undefined ? host : at.address, port: at.port })
      })
    })
  }

  /** Takes no more sessions, ends idle ones with 421, lets messages in flight finish for `stopMs`, and then ends them too. */
  async stop(): Promise<void> {
    this.#stopping = true
    const closed = new Promise<void>(resolve => this.close(resolve))
    const left = Promise.race([this.door.close(), sleep(this.#options.stopMs, undefined, { ref: false })])
    for (const session of this.#open.values()) if (!session._dataStream) this.#dismiss(session)
    await Promise.all([closed, left])
    for (const session of this.#open.values()) session._socket.destroy()
  }

  /** Takes a new certificate for later handshakes. */
  renew(certificate: { readonly cert: Buffer; readonly key: Buffer }): void {
    this.updateSecureContext(tlsOptions(certificate))
  }

  override connect(socket: net.Socket | tls.TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    // STARTTLS takes our listeners off the socket: the session itself says when it is over.
    const leave = this.#leaving.get(socket)
    const onClose = (ended: MailSession) => {
      this.#open.delete(ended.session)
      leave?.()
    }
    const session = new MailSession(this, socket, socketOptions ?? null, { ...this.#rules, onClose })
    this.#open.set(session.session, session)
    this.connections.add(session)
    session.on('error', (err: Error) => this._onError(err))
    session.init()
  }

  override _acceptSocket(socket: net.Socket, handshake: boolean): (() => void) | false {
    const admission = this.#handlers.admit?.(socket.remoteAddress ?? '') ?? { ok: true, leave: () => {} }
    if (!admission.ok) {
      socket.on('error', () => {})
      if (handshake) socket.destroy()
      else socket.end(formatReply(admission.reply), () => socket.destroy())
      return false
    }
    // Small replies to pipelined commands: without it each waits for the client's delayed acknowledgement of the one before (40 ms).
    socket.setNoDelay(true)
    const leave = once(admission.leave)
    this.#leaving.set(socket, leave)
    socket.once('close', leave)
    const release = super._acceptSocket(socket, handshake)
    if (!release || !handshake) return release
    // Each octet restarts the idle timeout, so a handshake has a deadline of its own. The socket on top must be the one that goes.
    const deadline = setTimeout(() => (this._pendingSockets.get(socket) ?? socket).destroy(), this.#options.idleMs).unref()
    return () => {
      clearTimeout(deadline)
      release()
    }
  }

  override _upgrade(socket: net.Socket, callback: Parameters<SMTPServer['_upgrade']>[1]): void {
    super._upgrade(socket, (err, secured) => {
      const leave = this.#leaving.get(socket)
      if (secured && leave) this.#leaving.set(secured, leave)
      callback(err, secured)
    })
  }

  override onMailFrom(address: SMTPServerAddress, session: SMTPServerSession, callback: (err?: Error | null) => void): void {
    this.#answer(session, visitor => this.#handlers.mail?.(address, visitor) ?? null, callback)
  }

  override onRcptTo(address: SMTPServerAddress, session: SMTPServerSession, callback: (err?: Error | null) => void): void {
    this.#answer(session, visitor => this.#handlers.rcpt(address, visitor), callback)
  }

  override onData(stream: SMTPServerDataStream, of: SMTPServerSession, callback: ReplyCallback): void {
    const session = this.#open.get(of)
    if (!session) {
      answerBy(callback, internalError)
      return
    }
    const { hold, message } = this.#handlers
    const holds: (() => void)[] = []
    const kept = new Octets(this.#options.keepBytes ?? this.#options.maxMessageBytes, by => {
      const letGo = hold ? hold(session, by) : () => {}
      if (letGo) holds.push(letGo)
      return letGo !== null
    })
    const release = once(() => {
      for (const letGo of holds) letGo()
    })
    let size = 0
    let ended = false
    session.arm({ dataMs: this.#options.dataMs })
    stream.on('data', (piece: Buffer) => {
      size += piece.length
      if (!kept.push(piece)) session.cut('no-room')
    })
    // The client went away in the middle: nothing to answer, nothing to keep.
    stream.on('error', () => {})
    stream.on('close', () => !ended && release())
    stream.on('end', () => {
      ended = true
      session.arm(null)
      this.#answer(
        of,
        async visitor => message(kept.kept, size, visitor),
        (refusal, said) => {
          release()
          callback(refusal, said)
          session.messageDone()
          if (this.#stopping) this.#dismiss(session)
        },
      )
    })
  }

  /** Runs a handler and answers by smtp-server's callback. */
  #answer(of: SMTPServerSession, ask: (visitor: Visitor) => Answer | Promise<Reply | readonly Reply[]>, callback: ReplyCallback): void {
    const session = this.#open.get(of)
    if (!session) {
      answerBy(callback, internalError)
      return
    }
    const bug = (err: unknown) => {
      this.#options.log.error({ err, session: session.id }, 'a mail session met a bug and was ended')
      return internalError
    }
    void Promise.resolve(session)
      .then(ask)
      .catch(bug)
      .then(said => answerBy(callback, said))
      .catch(bug)
  }

  #dismiss(session: MailSession): void {
    session.dismiss(shuttingDown)
    session._socket.destroySoon()
  }
}

function tlsOptions(certificate: MailServerOptions['certificate']): tls.TlsOptions {
  return { minVersion: 'TLSv1.2', ...(certificate ?? {}) }
}

function once(does: () => void): () => void {
  let done = false
  return () => {
    if (!done) does()
    done = true
  }
}
