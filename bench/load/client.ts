/**
 * Sessions that send mail as fast as their server answers, and what came of it.
 *
 * Promise: a message counts as delivered only when the server's reply to its final dot was a 250; everything else is in `fail`.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

export type LoadOptions = {
  readonly port: number
  readonly sessions: number
  /** Octets of a message, header and terminator included, about. */
  readonly octets: number
  readonly recipients: number
  /** How many of them are on the blacklist. */
  readonly blacklisted: number
  /** Messages of one connection; 0: no limit. */
  readonly perConnection: number
  /** MAIL, RCPT and DATA leave in one write. */
  readonly pipelined: boolean
  /** TLS from the first octet; whose certificate it is, is not looked at. */
  readonly tls: boolean
  readonly seconds: number
}

export type LoadResult = {
  ok: number
  fail: number
  seconds: number
  /** Milliseconds of each message, from its MAIL (from its connect, with a connection each) to its last reply. */
  times: number[]
  /** Messages delivered by each session. */
  bySession: number[]
  /** The first reply or trouble that was not hoped for. */
  why: string
}

const blacklistSize = 100_000

/** Runs the load until its time is over and every message under way has ended. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = {
    ok: 0,
    fail: 0,
    seconds: 0,
    times: [],
    bySession: Array.from({ length: options.sessions }, () => 0),
    why: '',
  }
  const body = Buffer.from(makeMessage(options.octets), 'latin1')
  const from = performance.now()
  const until = from + options.seconds * 1000
  await Promise.all(result.bySession.map((_, index) => keepSending(options, body, until, result, index)))
  result.seconds = (performance.now() - from) / 1000
  return result
}

/** Sessions that connect in one step: all at once would overflow the accept queue, and a connection lost there is never greeted. */
const connectsAtOnce = 50
const stepMs = 50
/** Such a connection is given up, and made again. */
const greetingMs = 10_000

async function keepSending(options: LoadOptions, body: Buffer, until: number, result: LoadResult, index: number): Promise<void> {
  await sleep(Math.floor(index / connectsAtOnce) * stepMs)
  while (performance.now() < until) {
    const from = performance.now()
    const talk = new Talk(options.port, options.tls)
    try {
      const greeting = await Promise.race([talk.next(), sleep(greetingMs, null, { ref: false })])
      if (greeting === null) continue
      if (greeting !== 220 || (await talk.ask('EHLO bench.client.example\r\n')) !== 250) throw new Error(talk.last)
      for (let sent = 0; performance.now() < until && (options.perConnection === 0 || sent < options.perConnection); sent++) {
        const begun = options.perConnection === 1 ? from : performance.now()
        const ok = await (options.pipelined ? sendPipelined(talk, options, body) : sendStepwise(talk, options, body))
        if (ok) {
          result.ok++
          result.bySession[index] = (result.bySession[index] ?? 0) + 1
        } else result.fail++
        if (!ok && result.why === '') result.why = talk.last
        result.times.push(performance.now() - begun)
      }
      await talk.ask('QUIT\r\n')
    } catch (err) {
      result.fail++
      if (result.why === '') result.why = String((err as Error).message)
      if (result.fail > 1000) return
    } finally {
      talk.close()
    }
  }
}

async function sendStepwise(talk: Talk, options: LoadOptions, body: Buffer): Promise<boolean> {
  if ((await talk.ask(mailLine)) !== 250) return false
  let accepted = 0
  for (let i = 0; i < options.recipients; i++) if ((await talk.ask(rcptLine(i, options))) === 250) accepted++
  if (accepted === 0) return (await talk.ask('RSET\r\n')) === 250
  if ((await talk.ask('DATA\r\n')) !== 354) return false
  return (await talk.ask(body)) === 250
}

async function sendPipelined(talk: Talk, options: LoadOptions, body: Buffer): Promise<boolean> {
  let batch = mailLine
  for (let i = 0; i < options.recipients; i++) batch += rcptLine(i, options)
  talk.say(`${batch}DATA\r\n`)
  let accepted = (await talk.next()) === 250
  for (let i = 0; i < options.recipients; i++) await talk.next()
  accepted &&= (await talk.next()) === 354
  return accepted && (await talk.ask(body)) === 250
}

const mailLine = 'MAIL FROM:<crm@sender.example>\r\n'

function rcptLine(index: number, { blacklisted }: LoadOptions): string {
  const some = Math.floor(Math.random() * blacklistSize)
  return index < blacklisted ? `RCPT TO:<b${some}@bad.example>\r\n` : `RCPT TO:<u${some}.${index}@good.example>\r\n`
}

/** A message in wire form, with its terminator. */
export function makeMessage(octets: number): string {
  const header =
    'Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nFrom: CRM <crm@sender.example>\r\nTo: someone@good.example\r\n' +
    'Subject: load test message\r\nMessage-ID: <1.1@bench.client.example>\r\nMIME-Version: 1.0\r\n' +
    'Content-Type: text/plain; charset=us-ascii\r\n\r\n'
  const line = `${'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ABCDEFGHIJKL'.slice(0, 76)}\r\n`
  const lines = Math.max(0, Math.floor((octets - header.length - 3) / line.length))
  return `${header}${line.repeat(lines)}.\r\n`
}

/** One connection seen as questions and replies. */
export class Talk {
  /** The last line of the last reply. */
  last = ''
  readonly #socket: Socket
  readonly #codes: { readonly code: number; readonly line: string }[] = []
  #held = ''
  #waiting: ((code: number) => void) | null = null
  #closed = false

  constructor(port: number, tls = false) {
    const at = { host: '127.0.0.1', port, noDelay: true }
    this.#socket = tls ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at)
    this.#socket.on('data', chunk => this.#read(chunk))
    this.#socket.on('error', err => this.#end(err.message))
    this.#socket.on('close', () => this.#end('the connection was lost'))
  }

  say(words: string | Buffer): void {
    if (typeof words === 'string') this.#socket.write(words, 'latin1')
    else this.#socket.write(words)
  }

  ask(words: string | Buffer): Promise<number> {
    this.say(words)
    return this.next()
  }

  /** The code of the next reply; 0 when none comes any more. */
  next(): Promise<number> {
    const first = this.#codes.shift()
    if (first) {
      this.last = first.line
      return Promise.resolve(first.code)
    }
    if (this.#closed) return Promise.resolve(0)
    return new Promise(resolve => {
      this.#waiting = resolve
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#held += chunk.toString('latin1')
    for (let end = this.#held.indexOf('\r\n'); end !== -1; end = this.#held.indexOf('\r\n')) {
      const line = this.#held.slice(0, end)
      this.#held = this.#held.slice(end + 2)
      if (line[3] === '-') continue
      this.#give(Number(line.slice(0, 3)), line)
    }
  }

  #give(code: number, line: string): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (!waiting) {
      this.#codes.push({ code, line })
      return
    }
    this.last = line
    waiting(code)
  }

  #end(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#give(0, why)
  }
}
