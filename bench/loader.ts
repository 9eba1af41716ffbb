/**
 * The load generator and the sink as this run has them: ours (load.ts), or the program that SMTPBENCH names.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, type Running, start } from './processes.ts'

const ours = [
  process.execPath,
  '--import',
  join(import.meta.dirname, '../test/support/typescript.mjs'),
  join(import.meta.dirname, 'load.ts'),
]
/** Only ours speaks TLS. */
const generator = (tls: boolean) => (process.env.SMTPBENCH && !tls ? [process.env.SMTPBENCH] : [...ours]) as [string, ...string[]]

export type Load = {
  readonly sessions: number
  readonly octets: number
  readonly recipients?: number
  readonly blacklisted?: number
  readonly perConnection?: number
  readonly pipelined?: boolean
  readonly tls?: boolean
}
export type Loaded = {
  readonly ok: number
  readonly fail: number
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly fewest: number
  readonly most: number
}

/** Starts a sink. `megabytesPerSecond`: how fast it reads data at most; null: as fast as it comes. */
export async function startSink(megabytesPerSecond: number | null = null, tls = false): Promise<Running> {
  const [command, ...before] = generator(tls)
  const port = await freePort()
  const slow = megabytesPerSecond === null ? [] : ['-R', String(megabytesPerSecond)]
  return await start(command, [...before, 'sink', '-p', String(port), ...slow, ...(tls ? ['--tls'] : [])], port)
}

/** Loads a port for so long. */
export async function load(port: number, what: Load, seconds: number): Promise<Loaded> {
  const { sessions, octets, recipients = 1, blacklisted = 0, perConnection = 0, pipelined = false, tls = false } = what
  const [command, ...before] = generator(tls)
  const flags = { p: port, c: sessions, s: octets, r: recipients, b: blacklisted, m: perConnection, t: seconds, n: 1_000_000 }
  const args = Object.entries(flags).flatMap(([flag, value]) => [`-${flag}`, String(value)])
  if (pipelined) args.push('-P')
  if (tls) args.push('--tls')
  // It ends with 1 when a message failed: the figures say so too.
  const { stdout } = await promisify(execFile)(command, [...before, 'load', ...args]).catch(err => err as { stdout: string })
  const value = (name: string) => Number(new RegExp(`\\b${name}=([\\d.]+)`).exec(stdout)?.[1] ?? 0)
  return {
    ok: value('ok'),
    fail: value('fail'),
    rate: value('rate'),
    p50: value('p50'),
    p99: value('p99'),
    fewest: value('fewest'),
    most: value('most'),
  }
}

/**
 * Opens sessions that stand still, idle or half-way through a message of `octets`; resolves, when all stand, with what lets them end.
 * @throws {Error} they do not stand within 2 minutes.
 */
export async function hold(port: number, sessions: number, octets: number | null): Promise<() => void> {
  const [command, ...before] = generator(false)
  const mode = octets === null ? ['idle'] : ['hold', '-s', String(octets)]
  const child = spawn(command, [...before, ...mode, '-p', String(port), '-c', String(sessions), '-t', '60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [said] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(120_000) })
    if (!String(said).includes('held=')) throw new Error(`the sessions do not stand: ${said}`)
  } catch (err) {
    child.kill('SIGKILL')
    throw err
  }
  return () => void child.kill('SIGKILL')
}
