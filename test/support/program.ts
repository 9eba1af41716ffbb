/**
 * The built program as a child process, on free ports and a data directory of its own: what a user runs, seen from outside.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { commands } from '../../src/cli/commands.ts'
import { runCommand } from '../../src/cli/run-command.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const main = join(root, 'dist', 'main.js')

export type Address = { readonly host: string; readonly port: number }

export type Program = {
  readonly relay: Address
  readonly bounce: Address
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly directory: string
  readonly config: string
  /** All that was logged so far. */
  log(): string
  /** Sends a signal and waits for the end; gives the exit status or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
  readonly pid: number
}

/**
 * Node as users start it, whatever the environment of the child: tap would have its own hooks loaded into every child, which costs more than the
 * program's start.
 */
export function plainNode(args: readonly string[]): [command: string, args: string[]] {
  return ['/usr/bin/env', ['-u', 'NODE_OPTIONS', process.execPath, ...args]]
}

/** Runs a command of the program to its end. */
export async function runRebond(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(...plainNode([main, ...args]), { stdio: 'pipe', env: { ...process.env, ...env } })
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)]
  child.stdin.on('error', () => {}) // a command that does not read its input may be gone already
  child.stdin.end(input)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout: stdout(), stderr: stderr() }
}

/** Runs a command in this process, to its end: for those that end by themselves, at a tenth of the cost of a process. What a server logs is not among it. */
export async function runHere(args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()]
  const [stdout, stderr] = [gather(out), gather(err)]
  const status = await runCommand(commands, args, { stdin: Readable.from([]), stdout: out, stderr: err, env: {} })
  return { status, stdout: stdout(), stderr: stderr() }
}

/** A directory that goes away with the test. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export type StartOptions = {
  /** That of an earlier start, to go on with its data. */
  readonly directory?: string
  readonly config?: object
  /** Runs as this user and group; for tests that run as root. */
  readonly uid?: number
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `rebond serve` and waits until it is ready. @throws {Error} it ended before; the message holds its log */
export async function startProgram(t: Test, options: StartOptions = {}): Promise<Program> {
  const { directory, config = {}, uid, nodeArgs = [], env = {} } = options
  const at = directory ?? (await temporaryDirectory(t))
  const file = join(at, 'rebond.yaml')
  await writeFile(file, stringify(merge(onFreePorts, config)))
  const child = spawn(...plainNode([...nodeArgs, main, 'serve', '--config', file]), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const log = gather(child.stderr)
  const closed = once(child, 'close')
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await closed
    return child.exitCode ?? child.signalCode
  }
  t.teardown(() => end('SIGKILL'))
  const listening = await readyLines(child, log)
  return { ...listening, directory: at, config: file, log, end, pid: child.pid ?? 0 }
}

const onFreePorts = {
  relay: { listen: [{ host: '127.0.0.1', port: 0 }] },
  bounce: { listen: [{ host: '127.0.0.1', port: 0 }] },
  http: { listen: { host: '127.0.0.1', port: 0 } },
  store: { path: 'data' },
}

/** Reads standard output up to `ready`. */
async function readyLines(child: ChildProcess, log: () => string): Promise<{ relay: Address; bounce: Address; url: string }> {
  const found = new Map<string, Address>()
  if (!child.stdout) throw new Error('standard output is not a pipe')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, host, port] = /^listening (relay|bounce|http) (.*):(\d+)$/.exec(line) ?? []
    if (name && host) found.set(name, { host, port: Number(port) })
    const [relay, bounce, http] = [found.get('relay'), found.get('bounce'), found.get('http')]
    if (line === 'ready' && relay && bounce && http) return { relay, bounce, url: `http://${http.host}:${http.port}` }
  }
  throw new Error(`rebond ended before it was ready:\n${log()}`)
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  return () => Buffer.concat(pieces).toString()
}

/** `more` over `base`, group by group. */
function merge(base: object, more: object): object {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(more)) {
    const below = merged[key]
    const groups = isGroup(below) && isGroup(value)
    merged[key] = groups ? merge(below, value) : value
  }
  return merged
}

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
