/**
 * An upstream that says what the test wants: a real listener, every line it read kept in order.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { tlsFile } from './tls-files.ts'
import { until } from './until.ts'

/** What one connection said and got. */
export type UpstreamSession = {
  socket: Socket
  /** Command lines as they came, without CRLF. */
  readonly lines: string[]
  /** Messages in wire form, as latin1, without the final dot. */
  readonly messages: string[]
  /** Octets of a message that has not ended. */
  partial: string
  /** How the chunks came in which lines were read: lines of one chunk are one batch. */
  readonly batches: string[][]
  closed: boolean
}

/**
 * Gives a reply in wire form without the last CRLF; undefined: the usual one; null: none at all. `line` is a command, `.` the end of a message.
 */
export type Answer = (line: string, session: UpstreamSession) => string | null | undefined

export type ScriptedUpstream = {
  readonly host: string
  readonly port: number
  readonly sessions: UpstreamSession[]
  /** The only session, or the latest that said anything. */
  session(): UpstreamSession
  /** Waits until the latest session's lines are as wanted. */
  until(wanted: (session: UpstreamSession) => boolean): Promise<UpstreamSession>
  /** Ends every connection, and refuses new ones. */
  close(): void
  /** Listens again, at the same port. */
  reopen(): Promise<void>
}

export type Script = {
  /** TLS from the first octet, or after STARTTLS (which `keywords` must then offer). */
  readonly tls?: 'implicit' | 'starttls'
  readonly greeting?: string | null
  /** Keywords of the EHLO reply. */
  readonly keywords?: readonly string[]
  readonly answer?: Answer
  /** Called with each chunk of a message. */
  readonly onBody?: (session: UpstreamSession) => void
  /** Called for each connection, before anything is said. */
  readonly onConnect?: (session: UpstreamSession) => void
}

const usualKeywords = ['PIPELINING', 'SIZE 10485760', '8BITMIME', 'ENHANCEDSTATUSCODES', 'SMTPUTF8', 'DSN']

export async function scriptedUpstream(t: Test, script: Script = {}): Promise<ScriptedUpstream> {
  const sessions: UpstreamSession[] = []
  const accept = (socket: Socket) => void sessions.push(serve(socket, script))
  const server: Server = script.tls === 'implicit' ? createTlsServer(certificate(), accept) : createServer({ noDelay: true }, accept)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = () => {
    server.close()
    for (const { socket } of sessions) socket.destroy()
  }
  t.teardown(close)
  const session = () => {
    const found = sessions.findLast(one => one.lines.length > 0) ?? sessions.at(-1)
    if (!found) throw new Error('nobody has connected to the scripted upstream')
    return found
  }
  return {
    host: '127.0.0.1',
    port,
    sessions,
    session,
    until: wanted => until(async () => session(), wanted),
    close,
    async reopen() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
}

function certificate() {
  return { cert: readFileSync(tlsFile('server.pem')), key: readFileSync(tlsFile('server.key')) }
}

function serve(
  socket: Socket,
  { tls, greeting = '220 upstream.test ESMTP', keywords = usualKeywords, answer, onBody, onConnect }: Script,
): UpstreamSession {
  const session: UpstreamSession = { socket, lines: [], messages: [], partial: '', batches: [], closed: false }
  let inData = false
  let held = ''
  let body: string[] = []
  let carry = ''
  const say = (text: string | null) => text !== null && session.socket.writable && session.socket.write(`${text}\r\n`, 'latin1')
  const usual = (line: string): string => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO')
      return ['250-upstream.test greets you', ...keywords.map((word, i) => `250${i === keywords.length - 1 ? ' ' : '-'}${word}`)].join(
        '\r\n',
      )
    if (verb === 'STAR') return '220 2.0.0 go ahead'
    if (verb === 'HELO') return '250 upstream.test'
    if (verb === 'DATA') return '354 go ahead'
    if (verb === 'QUIT') return '221 2.0.0 upstream says goodbye'
    if (verb === 'MAIL') return '250 2.1.0 sender fine'
    if (verb === 'RCPT') return '250 2.1.5 recipient fine'
    return line === '.' ? '250 2.0.0 Ok: queued as UP1' : '250 2.0.0 fine'
  }
  const respond = (line: string) => {
    const said = answer?.(line, session)
    const text = said === undefined ? usual(line) : said
    say(text)
    if (line.toUpperCase() === 'QUIT') session.socket.end()
    if (line.toUpperCase() === 'STARTTLS' && tls === 'starttls' && text?.startsWith('2')) {
      session.socket.removeAllListeners('data')
      session.socket = new TLSSocket(socket, { isServer: true, ...certificate() })
      listen(session.socket)
    }
    return text
  }
  const takeData = () => {
    // Messages may be large: only the last octets are searched again.
    const text = carry + held
    const end = text.indexOf('\r\n.\r\n')
    const passed = end === -1 ? Math.max(0, text.length - 4) : end + 2
    body.push(text.slice(0, passed))
    carry = text.slice(passed)
    held = ''
    // The first two octets are the line end of DATA, in front so that a dot at once is found.
    if (body.length < 100) session.partial = (body.join('') + carry).slice(2)
    onBody?.(session)
    if (end === -1) return false
    session.messages.push(body.join('').slice(2))
    session.partial = ''
    held = carry.slice(3)
    inData = false
    respond('.')
    return true
  }
  const takeLine = (batch: string[]) => {
    const end = held.indexOf('\r\n')
    if (end === -1) return false
    const line = held.slice(0, end)
    held = held.slice(end + 2)
    session.lines.push(line)
    batch.push(line)
    const text = respond(line)
    if (line.toUpperCase() === 'DATA' && text?.startsWith('354')) {
      inData = true
      body = []
      carry = '\r\n'
    }
    return true
  }
  const listen = (from: Socket) => {
    from.on('data', chunk => {
      held += chunk.toString('latin1')
      const batch: string[] = []
      while (inData ? takeData() : takeLine(batch)) {}
      if (batch.length > 0) session.batches.push(batch)
    })
    from.on('error', () => {})
    from.on('close', () => {
      session.closed = true
    })
  }
  listen(socket)
  onConnect?.(session)
  say(greeting)
  return session
}
