/**
 * Those who want the bounce listener to fall over, each from networks of its own on loopback (127.x.y.z), each again as soon as it was thrown out.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../support/program.ts'

/** What one attacker does on one connection: called when it stands. Nothing: it is silent. */
export type Attack = (say: (octets: string | Buffer) => void, ended: () => boolean) => unknown

/** How many of these come at once, from which addresses, and again how often. */
export type Crowd = {
  readonly name: string
  readonly attack: Attack
  readonly from: (index: number) => string
  readonly atOnce: number
  readonly connections: number
}

/** Counts of what became of them. */
export type Toll = { connections: number; octets: number; replies: Map<string, number> }

const hello = 'EHLO attacker.example\r\nMAIL FROM:<>\r\n'
const dots = Buffer.from('..\r\n'.repeat(16_384))

export const attacks = {
  silent: () => {},
  drips: async (say, ended) => {
    for (const octet of `${hello}NOOP `.repeat(50)) {
      if (ended()) return
      say(octet)
      await sleep(20)
    }
  },
  'never ends a line': async (say, ended) => {
    for (let piece = 0; piece < 1_000 && !ended(); piece++) {
      say('x'.repeat(10_000))
      await sleep(1)
    }
  },
  'says TLS': say => say(Buffer.from('160301020001000100fc0303'.repeat(50), 'hex')),
  'says anything': say => say(Buffer.from(Array.from({ length: 50_000 }, () => Math.floor(Math.random() * 256)))),
} satisfies Readonly<Record<string, Attack>>

/** Those who own a valid return path: others made up from it, ten megabytes of dots, the same report again and again, parts within parts. */
export const withToken = (token: string) => {
  const begin = `${hello}RCPT TO:<${token}>\r\nDATA\r\n`
  const nested = Array.from({ length: 900 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')
  const forged = `RCPT TO:<${token.replace(/.@/, last => (last === '0@' ? '1@' : '0@'))}>\r\n`
  return {
    forges: say => say(hello + forged.repeat(2_000)),
    dots: async (say, ended) => {
      say(begin)
      for (let sent = 0; sent < 10_000_000 && !ended(); sent += dots.length) {
        say(dots)
        await sleep(1)
      }
      say('.\r\n')
    },
    replays: say => say(`${begin}Subject: again\r\n\r\nx\r\n.\r\n`.repeat(20)),
    nests: say => say(`${begin}${nested}${'<b>'.repeat(100_000)}\r\n.\r\n`),
  } satisfies Readonly<Record<string, Attack>>
}

/** Lets a crowd loose until all its connections were made, or `over`. */
export async function letLoose(at: Address, crowd: Crowd, over: () => boolean, toll: Toll): Promise<void> {
  let made = 0
  async function one(): Promise<void> {
    while (!over() && made < crowd.connections) await attackOnce(at, crowd, made++, over, toll)
  }
  await Promise.all(Array.from({ length: crowd.atOnce }, one))
}

async function attackOnce(at: Address, crowd: Crowd, index: number, over: () => boolean, toll: Toll): Promise<void> {
  const socket: Socket = connect({ ...at, localAddress: crowd.from(index) })
  let closed = false
  const gone = new Promise<void>(resolve => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    toll.octets += chunk.length
    for (const [code] of chunk.toString('latin1').matchAll(/^\d{3}(?= )/gm)) toll.replies.set(code, (toll.replies.get(code) ?? 0) + 1)
  })
  socket.on('close', () => {
    closed = true
  })
  socket.once('connect', () => toll.connections++)
  // After the greeting, or whatever is said in its place: who talks before is thrown out for that alone.
  socket.once('data', async () => {
    if (!closed)
      await crowd.attack(
        octets => socket.write(octets),
        () => closed || over(),
      )
  })
  const watch = setInterval(() => over() && socket.destroy(), 50)
  await gone
  clearInterval(watch)
}
