/**
 * The processes of a benchmark: ours, started from their sources, and the load generator.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const runTypeScript = ['--import', '@tapjs/typescript/import']

export type Use = { readonly residentMb: number; readonly processorMs: number }
export type Child = {
  /** The line it said when it was ready. */
  readonly ready: string
  /** Asks for its use of memory and processor. */
  ask(): Promise<Use>
  stop(): void
}

export type Load = {
  readonly sessions: number
  readonly octets: number
  readonly recipients?: number
  readonly blacklisted?: number
  readonly perConnection?: number
  readonly pipelined?: boolean
}
export type Loaded = { readonly ok: number; readonly rate: number; readonly p50: string; readonly p99: string }

/** Starts a script of bench/ and waits for its first line. */
export async function startNode(script: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [...runTypeScript, join(here, script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ready = String((await lines.next()).value)
  return {
    ready,
    async ask() {
      child.stdin.write('\n')
      return JSON.parse(String((await lines.next()).value)) as Use
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

/** The port in `ready PORT`. */
export function inputPort({ ready }: Child): number {
  return Number(ready.split(' ')[1])
}

/** Starts a sink, and gives what loads a port. */
export async function loader(): Promise<{
  sinkPort: number
  load(port: number, load: Load, seconds: number): Promise<Loaded>
  stop(): void
}> {
  const tool = process.env.SMTPBENCH
  if (!tool) {
    const sink = await startNode('smtp-load.ts', ['sink'])
    const load = async (port: number, what: Load, seconds: number) => {
      const { sessions, octets, recipients = 1, blacklisted = 0, perConnection = 0, pipelined = false } = what
      const numbers = [port, sessions, octets, recipients, blacklisted, perConnection, Number(pipelined), seconds].map(String)
      return parse(await run(process.execPath, [...runTypeScript, join(here, 'smtp-load.ts'), 'load', ...numbers]))
    }
    return { sinkPort: inputPort(sink), load, stop: sink.stop }
  }
  const sinkPort = await freePort()
  const sink = spawn(tool, ['sink', '-p', String(sinkPort)], { stdio: 'inherit' })
  await new Promise(resolve => setTimeout(resolve, 300))
  const load = async (port: number, what: Load, seconds: number) => {
    const { sessions, octets, recipients = 1, blacklisted = 0, perConnection = 0, pipelined = false } = what
    const flags = {
      '-p': port,
      '-c': sessions,
      '-s': octets,
      '-r': recipients,
      '-b': blacklisted,
      '-m': perConnection,
      '-t': seconds,
      '-n': 1e6,
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)])
    return parse(await run(tool, ['load', ...args, ...(pipelined ? ['-P'] : [])]))
  }
  return { sinkPort, load, stop: () => void sink.kill() }
}

async function run(file: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(file, [...args])).stdout
}

function parse(output: string): Loaded {
  const value = (name: string) => new RegExp(`\\b${name}=([\\d.]+)`).exec(output)?.[1] ?? '0'
  return { ok: Number(value('ok')), rate: Number(value('rate')), p50: value('p50'), p99: value('p99') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
