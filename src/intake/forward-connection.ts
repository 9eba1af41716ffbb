/**
 * One connection for forwarded mail, kept open between mails and opened again when it is gone (nodemailer's SMTPConnection).
 *
 * BODY=8BITMIME (RFC 6152) is said where the mail needs it and the server offers it; a server that does not gets the octets as they are, for
 * they may not be changed. SMTPUTF8 (RFC 6531) is said for an address that needs it, and a server that does not offer it cannot have the mail;
 * and for a mail that came with it. TLS as the route says; no secret goes over a connection that is neither verified nor to this machine.
 * Private seams of nodemailer 10.6.0 used here: `_sendCommand`, `_supportedExtensions` (test/intake/forward.test.ts).
 */
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection'
import { isLoopback } from '../config/network.ts'
import { readClientTls } from '../wire/tls.ts'
import { type ForwardFailure, forwardFailure, type SmtpTrouble } from './forward-failure.ts'
import { createForwardLogin } from './forward-login.ts'
import { isEightBit } from './forward-mail.ts'
import type { ForwardRoute } from './forward-route.ts'

export type ForwardEnvelope = {
  /** Without brackets; empty for `<>`. */
  readonly from: string
  readonly to: string
  /** The mail came with SMTPUTF8. */
  readonly smtpUtf8: boolean
}

export type ForwardResult = { readonly ok: true; readonly reply: string } | { readonly ok: false; readonly failure: ForwardFailure }

export type ForwardConnection = {
  /** Reads the secrets of the log-in. @throws {ForwardLoginInvalid} */
  check(): Promise<void>
  /** Sends one mail, in wire form without dot-stuffing; one at a time. Never rejects for what the server does. */
  send(envelope: ForwardEnvelope, mail: Buffer): Promise<ForwardResult>
  /** Says QUIT if nothing is sent for a while. */
  rest(): void
  /** Ends the connection at once. */
  close(): void
}

type Seams = { _supportedExtensions: string[]; _sendCommand(line: string, logged?: string): void }
type Open = { readonly smtp: SMTPConnection; readonly seams: Seams; utf8: boolean }

/** RFC 5321 §4.5.3.2, as far as nodemailer tells waits apart: the final dot has ten minutes. */
const timeouts = { connectionTimeout: 30_000, greetingTimeout: 60_000, socketTimeout: 600_000, socketCloseTimeout: 1_000 }
const idleMs = 5_000
/** The message is given in pieces: nodemailer makes an object of every line that begins with a dot. */
const pieceOctets = 65_536

export function createForwardConnection(route: ForwardRoute, hostname: string): ForwardConnection {
  const login = createForwardLogin(route)
  let open: Open | null = null
  /** The latest connection, which may not be greeted yet. */
  let latest: SMTPConnection | null = null
  let idle: NodeJS.Timeout | undefined

  function close(): void {
    clearTimeout(idle)
    latest?.close()
    latest = null
    open = null
  }

  async function connect(tls = route.tls): Promise<Open> {
    const { host, port } = route.address()
    const options = tls === 'none' ? {} : await readClientTls(route.serverName ?? host, route.caFile, tls !== 'opportunistic')
    const smtp = new SMTPConnection({
      ...timeouts,
      host,
      port,
      name: isIP(hostname) ? `[${hostname}]` : hostname,
      secure: tls === 'implicit',
      ignoreTLS: tls === 'none',
      requireTLS: tls === 'starttls',
      opportunisticTLS: tls === 'opportunistic',
      tls: options,
    })
    latest = smtp
    smtp.on('error', () => {}) // each step hears of it by itself
    const opened = withSeams(smtp)
    try {
      await step<void>(smtp, done => smtp.connect(done))
      if (login) {
        if (!isSafe(smtp, tls))
          throw new Error(`${route.key}.auth needs verified TLS (tls: starttls or implicit), or a server on this machine`)
        const credentials = await login.credentials()
        await step<unknown>(smtp, done => smtp.login(credentials, done))
      }
      return opened
    } catch (err) {
      const ofTls = smtp.upgrading === true || (err as SmtpTrouble).code === 'ETLS'
      smtp.close()
      // RFC 7435: TLS where it can be had, and mail where it cannot.
      if (tls === 'opportunistic' && ofTls && latest === smtp) return await connect('none')
      throw err
    }
  }

  function isSafe(smtp: SMTPConnection, tls: ForwardRoute['tls']): boolean {
    const remote = smtp._socket ? (smtp._socket.remoteAddress ?? '') : ''
    return tls === 'starttls' || tls === 'implicit' || isLoopback(remote) || route.allowCleartextAuth
  }

  async function sendOver({ smtp, seams }: Open, envelope: ForwardEnvelope, mail: Buffer, given: () => void): Promise<string> {
    const { from, to } = envelope
    const { size, use8BitMime } = { size: mail.length, use8BitMime: isEightBit(mail) }
    if (needsUtf8(from, to) && !seams._supportedExtensions.includes('SMTPUTF8'))
      throw Object.assign(new Error('the server does not offer SMTPUTF8, which the address needs'), { code: 'EENVELOPE' })
    const pieces = Readable.from(piecesOf(mail, given), { objectMode: false })
    const info = await step<SMTPConnectionSendInfo>(smtp, done => smtp.send({ from, to: [to], size, use8BitMime }, pieces, done))
    return info.response
  }

  async function trySend(envelope: ForwardEnvelope, mail: Buffer, reused: boolean): Promise<ForwardResult> {
    let bodyGiven = false
    try {
      open ??= await connect()
      open.utf8 = envelope.smtpUtf8
      const reply = await sendOver(open, envelope, mail, () => {
        bodyGiven = true
      })
      return { ok: true, reply }
    } catch (err) {
      const failure = forwardFailure(err as SmtpTrouble, bodyGiven, envelope.from)
      await (failure.of === 'mail' ? reset() : close())
      // An old connection may have died, or have had enough: that says nothing of a fresh one.
      if (reused && failure.of === 'route' && !failure.inDoubt) return await trySend(envelope, mail, false)
      return { ok: false, failure }
    }
  }

  /** Ends a transaction that failed, so that the next mail can begin one. */
  async function reset(): Promise<void> {
    const smtp = open?.smtp
    if (!smtp || smtp.destroyed) return close()
    await step<unknown>(smtp, done => smtp.reset(done)).catch(close)
  }

  return {
    async check() {
      await login?.check()
    },
    async send(envelope, mail) {
      clearTimeout(idle)
      if (open?.smtp.destroyed) close()
      return await trySend(envelope, mail, open !== null)
    },
    rest() {
      clearTimeout(idle)
      idle = setTimeout(() => {
        open?.smtp.quit()
        open = null
      }, idleMs).unref()
    },
    close,
  }
}

/** Makes MAIL say SMTPUTF8 for a mail that came with it: nodemailer looks at the addresses only. */
function withSeams(smtp: SMTPConnection): Open {
  const seams = smtp as unknown as Seams
  const opened: Open = { smtp, seams, utf8: false }
  const say = seams._sendCommand.bind(smtp)
  seams._sendCommand = (line, logged) => {
    const adds =
      opened.utf8 && line.startsWith('MAIL FROM:') && !/ SMTPUTF8\b/.test(line) && seams._supportedExtensions.includes('SMTPUTF8')
    say(adds ? `${line} SMTPUTF8` : line, logged)
  }
  return opened
}

/** Runs one step of nodemailer's to its callback, or to the end of the connection: it does not call back after every end. */
function step<R>(smtp: SMTPConnection, run: (done: (err?: Error | null, result?: R) => void) => void): Promise<R> {
  return new Promise((resolve, reject) => {
    // What the callback has to say comes right behind the event, and says more.
    const ended = () => void setImmediate(() => settle(new Error('the connection was closed')))
    const failed = (err: Error) => settle(err)
    const settle = (err?: Error | null, result?: R) => {
      smtp.off('end', ended)
      smtp.off('error', failed)
      if (err) reject(err)
      else resolve(result as R)
    }
    smtp.once('end', ended)
    smtp.once('error', failed)
    run(settle)
  })
}

/** Gives the mail in pieces, and says when the last one was taken. */
function* piecesOf(mail: Buffer, given: () => void): Generator<Buffer> {
  for (let at = 0; at < mail.length; at += pieceOctets) {
    if (at + pieceOctets >= mail.length) given()
    yield mail.subarray(at, at + pieceOctets)
  }
}

function needsUtf8(...addresses: readonly string[]): boolean {
  return addresses.some(address => /[^\0-\x7f]/.test(address))
}
