/**
 * The processes of a benchmark: started, waited for, measured (Linux: /proc), stopped.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds of one tick of the kernel's accounting. */
const tickMs = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export type Running = {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** Starts a program and waits until it takes connections on `port`. @throws {Error} with what it said, when it does not within 30 s. */
export async function start(command: string, args: readonly string[], port: number, cwd?: string): Promise<Running> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      said = (said + chunk).slice(-4000)
    })
  }
  const ended = once(child, 'exit')
  const kill = () => void child.kill()
  process.once('exit', kill)
  for (let tries = 0; !(await answers(port)); tries++) {
    if (child.exitCode !== null || tries > 300) {
      child.kill('SIGKILL')
      throw new Error(`${command} does not answer on port ${port}: ${said}`)
    }
    await sleep(100)
  }
  return {
    pid: child.pid ?? 0,
    port,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(timer)
      process.off('exit', kill)
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Processor time of a process and its descendants so far, those that have ended included, in milliseconds. */
export function processorMs(pid: number): number {
  let ticks = 0
  for (const one of treeOf(pid)) {
    const fields = statOf(one)
    for (const index of [11, 12, 13, 14]) ticks += Number(fields?.[index] ?? 0)
  }
  return ticks * tickMs
}

/** Resident memory of a process and its descendants in megabytes; pages that several of them share count once. */
export function residentMb(pid: number): number {
  let kilobytes = 0
  for (const one of treeOf(pid)) {
    try {
      kilobytes += Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      // It has ended meanwhile.
    }
  }
  return (kilobytes * 1024) / 1e6
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = Number(/^\d+$/.test(name) ? (statOf(Number(name))?.[1] ?? 0) : 0)
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] ?? 0) ?? []))
  return tree
}

/** The fields of /proc/PID/stat behind the name, which may hold spaces; null when the process is gone. */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
