/**
 * An upstream that takes everything (RFC 5321, PIPELINING): the far end of every measurement.
 *
 * It looks for the end of data and keeps nothing. `STAT` is answered with counts: messages, octets of their data, sessions open now.
 */
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

const offer = '250-sink\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250 DSN\r\n'
const endOfData = '\r\n.\r\n'
/** A slow sink reads in steps of this. */
const stepMs = 10

export type SinkOptions = {
  readonly port: number
  /** Octets of data read a second, by all sessions together; null: as they come. */
  readonly octetsPerSecond: number | null
  /** TLS from the first octet, with this certificate; null: in clear. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null
}

/** Listens on loopback until the process ends; resolves with its port. */
export function startSink({ port, octetsPerSecond, tls }: SinkOptions): Promise<number> {
  const counts = { msgs: 0, bytes: 0, cur: 0 }
  let allowance = Number.POSITIVE_INFINITY
  const waiting = new Set<Socket>()
  if (octetsPerSecond !== null) {
    allowance = 0
    setInterval(() => {
      allowance = Math.min(allowance, 0) + (octetsPerSecond * stepMs) / 1000
      if (allowance <= 0) return
      for (const socket of waiting) socket.resume()
      waiting.clear()
    }, stepMs)
  }

  function serve(socket: Socket): void {
    let inData = false
    let held = ''
    /** The last octets of the data, where its end may have begun; it counts as begun with the CRLF of DATA. */
    let tail = ''
    counts.cur++
    socket.on('error', () => {})
    socket.on('close', () => {
      counts.cur--
      waiting.delete(socket)
    })
    socket.on('data', (chunk: Buffer) => {
      let replies = ''
      let at = 0
      while (at < chunk.length) {
        if (inData) {
          const joined = tail + chunk.toString('latin1', at, at + endOfData.length)
          const early = joined.indexOf(endOfData)
          const end = early !== -1 ? at + early + endOfData.length - tail.length : pastEnd(chunk, at)
          counts.bytes += (end === -1 ? chunk.length : end) - at
          if (end === -1) {
            tail = (tail + chunk.toString('latin1', Math.max(at, chunk.length - 4))).slice(-4)
            break
          }
          inData = false
          at = end
          replies += `250 2.0.0 Ok: queued as SINK${(++counts.msgs).toString(16).toUpperCase()}\r\n`
          continue
        }
        const lineEnd = chunk.indexOf(10, at)
        held += chunk.toString('latin1', at, lineEnd === -1 ? chunk.length : lineEnd + 1)
        if (lineEnd === -1) break
        at = lineEnd + 1
        const verb = held.slice(0, 4).toUpperCase()
        held = ''
        replies += answerTo(verb)
        if (verb === 'DATA') {
          inData = true
          tail = '\r\n'
        }
        if (verb === 'QUIT') {
          socket.end(replies, 'latin1')
          return
        }
      }
      if (replies !== '') socket.write(replies, 'latin1')
      if (octetsPerSecond === null || !inData) return
      allowance -= chunk.length
      if (allowance > 0) return
      socket.pause()
      waiting.add(socket)
    })
    socket.write('220 sink ESMTP\r\n')
  }

  function answerTo(verb: string): string {
    switch (verb) {
      case 'EHLO':
        return offer
      case 'DATA':
        return '354 End data with <CR><LF>.<CR><LF>\r\n'
      case 'QUIT':
        return '221 2.0.0 Bye\r\n'
      case 'STAT':
        return `250 msgs=${counts.msgs} bytes=${counts.bytes} cur=${counts.cur}\r\n`
      default:
        return '250 2.0.0 Ok\r\n'
    }
  }

  return new Promise((resolve, reject) => {
    const server = tls ? createTlsServer({ ...tls, noDelay: true }, serve) : createServer({ noDelay: true }, serve)
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => {
      const at = server.address()
      resolve(typeof at === 'object' && at ? at.port : port)
    })
  })
}

function pastEnd(chunk: Buffer, from: number): number {
  const found = chunk.indexOf(endOfData, from, 'latin1')
  return found === -1 ? -1 : found + endOfData.length
}
