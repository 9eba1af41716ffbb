/**
 * A small load generator and an upstream that takes everything, for where no better one is at hand (bench/README.md).
 *
 * node --import @tapjs/typescript/import bench/smtp-load.ts sink [BYTES-PER-SECOND]
 *   prints `ready PORT`.
 * … bench/smtp-load.ts load PORT SESSIONS OCTETS RECIPIENTS BLACKLISTED MESSAGES-PER-CONNECTION PIPELINED SECONDS
 *   prints `ok=… rate=… p50=… p99=…` (milliseconds). 0 messages per connection: no limit.
 */
import { connect, createServer, type Socket } from 'node:net'

const [mode, ...args] = process.argv.slice(2)
const numbers = args.map(Number)
if (mode === 'sink') sink(numbers[0] ?? 0)
else await load()

function sink(bytesPerSecond: number): void {
  const server = createServer({ noDelay: true }, socket => {
    let inData = false
    let tail = ''
    socket.write('220 sink\r\n')
    socket.on('error', () => socket.destroy())
    socket.on('data', chunk => {
      if (bytesPerSecond > 0 && inData) slow(socket, chunk.length, bytesPerSecond)
      let text = tail + chunk.toString('latin1')
      let out = ''
      for (;;) {
        const end = inData ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n')
        if (end === -1) break
        const line = text.slice(0, end)
        text = text.slice(end + (inData ? 5 : 2))
        if (inData) {
          inData = false
          out += '250 2.0.0 Ok: queued as SINK\r\n'
        } else if (/^EHLO/i.test(line)) out += '250-sink\r\n250-PIPELINING\r\n250-SIZE 1048576000\r\n250 8BITMIME\r\n'
        else if (/^DATA/i.test(line)) {
          inData = true
          text = `\r\n${text}`
          out += '354 go\r\n'
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else out += '250 2.1.0 Ok\r\n'
      }
      tail = inData ? text.slice(-4) : text
      if (out !== '') socket.write(out)
    })
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${(server.address() as { port: number }).port}\n`))
}

function slow(socket: Socket, octets: number, bytesPerSecond: number): void {
  socket.pause()
  setTimeout(() => socket.resume(), (octets / bytesPerSecond) * 1000)
}

async function load(): Promise<void> {
  const [port = 2525, sessions = 20, octets = 1024, recipients = 1, blacklisted = 0, perConnection = 0, pipelined = 0, seconds = 5] =
    numbers
  const line = `${'x'.repeat(76)}\r\n`
  const body = `From: CRM <crm@sender.test>\r\nTo: <someone@good.example>\r\nSubject: load\r\n\r\n${line.repeat(Math.max(1, Math.ceil(octets / line.length)))}.\r\n`
  const until = performance.now() + seconds * 1000
  const latencies: number[] = []
  let refused = 0

  const rcpt = (i: number) =>
    i < blacklisted ? `RCPT TO:<b${Math.floor(Math.random() * 1000)}@bad.example>\r\n` : `RCPT TO:<u${i}@good.example>\r\n`

  async function session(): Promise<void> {
    while (performance.now() < until) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const read = replies(socket)
      const ask = async (text: string) => {
        socket.write(text, 'latin1')
        return await read()
      }
      await read()
      await ask('EHLO bench.test\r\n')
      for (let sent = 0; performance.now() < until && (perConnection === 0 || sent < perConnection); sent++) {
        const from = performance.now()
        const rcpts = Array.from({ length: recipients }, (_, i) => rcpt(i))
        if (pipelined) {
          socket.write(`MAIL FROM:<crm@sender.test>\r\n${rcpts.join('')}DATA\r\n`, 'latin1')
          for (let i = 0; i < recipients + 2; i++) if ((await read()) >= 500) refused++
        } else {
          await ask('MAIL FROM:<crm@sender.test>\r\n')
          for (const one of rcpts) if ((await ask(one)) >= 500) refused++
          await ask('DATA\r\n')
        }
        await ask(body)
        latencies.push(performance.now() - from)
      }
      await ask('QUIT\r\n')
      socket.destroy()
    }
  }

  const began = performance.now()
  await Promise.all(Array.from({ length: sessions }, session))
  const rate = latencies.length / ((performance.now() - began) / 1000)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => (latencies[Math.floor(share * (latencies.length - 1))] ?? 0).toFixed(3)
  process.stdout.write(`ok=${latencies.length} rate=${rate.toFixed(1)} p50=${at(0.5)} p99=${at(0.99)} refused=${refused}\n`)
}

/** Gives a function that waits for the next whole reply and gives its code. */
function replies(socket: Socket): () => Promise<number> {
  let held = ''
  let wake = () => {}
  socket.on('data', chunk => {
    held += chunk.toString('latin1')
    wake()
  })
  socket.on('error', err => {
    throw err
  })
  return async () => {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*(\d{3}) [^\n]*\n/.exec(held)
      if (whole) {
        held = held.slice(whole[0].length)
        return Number(whole[1])
      }
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
}
