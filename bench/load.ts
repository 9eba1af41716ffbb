/**
 * A load generator and a sink in one program, with the command line and the output of a faster one in C that may take its place (SMTPBENCH).
 *
 * load.ts sink -p PORT [-R MB/s] [--tls]; load.ts load -p PORT [-c sessions] [-s octets] [-r recipients] [-b of them blacklisted] [-m messages a connection]
 * [-P] [-t seconds] [--tls]; load.ts idle|hold -p PORT [-c sessions] [-s octets] [-t seconds]. Results are one line of key=value.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { tlsFile } from '../test/support/tls-files.ts'
import { runLoad } from './load/client.ts'
import { holdSessions } from './load/hold.ts'
import { startSink } from './load/sink.ts'

const text = (short: string, value: string) => ({ type: 'string', short, default: value }) as const
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    port: text('p', '0'),
    sessions: text('c', '10'),
    octets: text('s', '1024'),
    recipients: text('r', '1'),
    blacklisted: text('b', '0'),
    messages: text('m', '0'),
    pipelined: { type: 'boolean', short: 'P', default: false },
    seconds: text('t', '5'),
    rate: text('R', '0'),
    limit: text('n', '0'),
    tls: { type: 'boolean', default: false },
  },
})
const port = Number(values.port)
const sessions = Number(values.sessions)
const seconds = Number(values.seconds)

switch (positionals[0]) {
  case 'sink': {
    const octetsPerSecond = Number(values.rate) > 0 ? Number(values.rate) * 1e6 : null
    process.stdout.write(`listening ${await startSink({ port, octetsPerSecond, tls: values.tls ? certificate() : null })}\n`)
    break
  }
  case 'load': {
    const { ok, fail, times, bySession, why, ...took } = await runLoad({
      port,
      sessions,
      octets: Number(values.octets),
      recipients: Number(values.recipients),
      blacklisted: Number(values.blacklisted),
      perConnection: Number(values.messages),
      pipelined: values.pipelined,
      tls: values.tls,
      seconds,
    })
    times.sort((a, b) => a - b)
    const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(3)
    process.stdout.write(
      `ok=${ok} fail=${fail} rate=${(ok / took.seconds).toFixed(1)} p50=${at(0.5)} p99=${at(0.99)} fewest=${Math.min(...bySession)} most=${Math.max(...bySession)} err="${why}"\n`,
    )
    break
  }
  case 'idle':
  case 'hold': {
    const octets = positionals[0] === 'idle' ? null : Number(values.octets)
    let held = () => {}
    const standing = new Promise<void>(resolve => {
      held = resolve
    })
    const release = standing.then(() => sleep(seconds * 1000))
    const sayHeld = () => {
      process.stdout.write(`held=${sessions}\n`)
      held()
    }
    await holdSessions({ port, sessions, octets }, sayHeld, release)
    break
  }
  default:
    process.stderr.write('usage: load.ts sink|load|idle|hold -p PORT …\n')
    process.exitCode = 2
}

function certificate(): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(tlsFile('server.pem')), key: readFileSync(tlsFile('server.key')) }
}
