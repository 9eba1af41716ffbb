/**
 * Takes many connections in one turn of the event loop, once many wait.
 *
 * A listening handle is given one connection a turn (libuv 1.45 and later). Beside a thousand busy sessions a turn takes 40 ms, and of a thousand that come at
 * once the last would be greeted after 40 s. Handles on the same socket are given one each. Node cannot duplicate a descriptor; the kernel does, when one is
 * passed to another process, so a child that lives for a moment at the start passes it back. Each handle that listens costs every connection 3 µs: they
 * listen from the first crowd on. One private field: `_handle` of a net.Server (test/wire/wire.test.ts).
 */
import { type SendHandle, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server, type ServerOpts } from 'node:net'
import type { Log } from '../observe/log.ts'

/** Connections that wait to be accepted: all the sessions of a CRM may come at once. The system's own limit may be lower (net.core.somaxconn). */
export const backlog = 4096

/** Further handles of one socket. */
const handles = 16
/** A crowd: a connection in each of so many turns, each of which took so long. */
const turnsInRow = 16
const longTurnMs = 3
const childMs = 30_000
const child = `process.on('message', (what, handle) => {
  if (what === 'last') process.disconnect()
  else for (let time = 0; time < what.times; time++) process.send(what.index, handle)
})`

type Handle = { close(): void }

export class WideDoor {
  readonly #server: Server
  readonly #options: ServerOpts
  readonly #log: Log
  /** Handles that do not listen yet. */
  #spare: readonly Handle[] = []
  #doors: Server[] = []
  #closed = false
  #row = 0
  #since = 0

  /** Widens `server` when there is a crowd, once it was given handles; `options` are what it was made with. */
  constructor(server: Server, options: ServerOpts, log: Log) {
    this.#server = server
    this.#options = options
    this.#log = log
  }

  get server(): Server {
    return this.#server
  }

  /** Takes handles of the server's socket, and opens them when there is a crowd. */
  give(handles: readonly Handle[]): void {
    this.#spare = handles
    if (this.#closed || !this.#server.listening) this.#drop()
    else this.#server.on('connection', this.#count)
  }

  /** Takes no more connections; the server itself is for its owner to close. Resolves when those that came this way have ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#server.off('connection', this.#count)
    this.#drop()
    await Promise.all(this.#doors.map(door => new Promise(resolve => door.close(resolve))))
  }

  #drop(): void {
    for (const handle of this.#spare) handle.close()
    this.#spare = []
  }

  readonly #count = (): void => {
    const now = performance.now()
    if (this.#row++ === 0) this.#since = now
    const row = this.#row
    if (row >= turnsInRow && (now - this.#since) / row >= longTurnMs) this.#open()
    else setImmediate(() => setImmediate(() => this.#turnPassed(row)))
  }

  /** The turn after the one that brought the connection `row` is over: a row ends with a turn that brought none. */
  #turnPassed(row: number): void {
    if (this.#row === row) this.#row = 0
  }

  #open(): void {
    this.#server.off('connection', this.#count)
    this.#doors = this.#spare.map(handle => {
      const door = createServer(this.#options, socket => this.#server.emit('connection', socket))
      door.on('error', err => this.#log.error({ err }, 'a connection could not be taken'))
      return door.listen(handle, backlog)
    })
    this.#spare = []
  }
}

/** Has the sockets of these servers, which listen, duplicated, and gives the handles to their doors. Without them the doors stay as narrow as they are. */
export async function giveHandles(doors: readonly WideDoor[], log: Log): Promise<void> {
  try {
    const given = await duplicate(
      doors.map(({ server }) => server),
      handles,
    )
    for (const [index, door] of doors.entries()) door.give(given[index] ?? [])
  } catch (err) {
    log.warn({ err }, 'connections are taken one at a time, however many wait: the listening sockets could not be duplicated')
  }
}

/**
 * Gives so many handles of each listening socket, which do not listen yet.
 * @throws {Error} there is no child, or it did not pass them back in time.
 */
export async function duplicate(servers: readonly Server[], times: number): Promise<readonly (readonly Handle[])[]> {
  const given: Handle[][] = servers.map(() => [])
  const passing = spawn(process.execPath, ['-e', child], { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const timer = setTimeout(() => passing.kill('SIGKILL'), childMs)
  try {
    const over = Promise.all([once(passing, 'exit'), once(passing, 'disconnect')])
    passing.on('message', (index, handle) => {
      if (handle) given[Number(index)]?.push(handle as unknown as Handle)
    })
    for (const [index, server] of servers.entries()) passing.send({ index, times }, handleOf(server), {}, () => {})
    passing.send('last', () => {})
    await over
    if (given.some(({ length }) => length < times)) throw new Error('a child passed fewer handles back than it was asked for')
    return given
  } catch (err) {
    for (const handle of given.flat()) handle.close()
    throw err
  } finally {
    clearTimeout(timer)
  }
}

function handleOf(server: Server): SendHandle | undefined {
  return (server as unknown as { readonly _handle?: SendHandle })._handle
}
