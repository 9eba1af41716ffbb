/**
 * Two rebond nodes with one PostgreSQL database, a CRM that goes on sending, and an upstream that counts what it took: what `test:cluster` drives.
 */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Program, startProgram, temporaryDirectory } from '../support/program.ts'

export type Cluster = {
  readonly server: PostgresServer
  readonly url: string
  /** Starts a node on the shared database; `config` is laid over its own. */
  node(config?: object): Promise<Program>
  readonly upstream: Upstream
}

export type Upstream = {
  readonly port: number
  /** Subjects of the mails that were taken, with the return path each left with. */
  readonly mails: { readonly returnPath: string; readonly to: readonly string[]; readonly text: string }[]
  /** Answers mail from the null return path with silence: forwarded mail stays owed. */
  holdsForwards: boolean
}

/** Starts the database and the upstream. */
export async function startCluster(t: Test): Promise<Cluster | { readonly skipped: string }> {
  const server = await startPostgres(t, { durable: true })
  if ('skipped' in server) return server
  const url = await server.makeDatabase()
  const directory = await temporaryDirectory(t)
  const keyFile = join(directory, 'key')
  await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 })
  const upstream = await startUpstream(t)
  return {
    server,
    url,
    upstream,
    node: (config = {}) =>
      startProgram(t, {
        config: {
          upstream: { host: '127.0.0.1', port: upstream.port },
          returnPath: { domain: 'bounces.example.com', keyFile },
          store: { kind: 'postgres', url, timeoutSeconds: 1 },
          ...config,
        },
      }),
  }
}

async function startUpstream(t: Test): Promise<Upstream> {
  const upstream = { port: 0, mails: [] as Upstream['mails'], holdsForwards: false }
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onMailFrom({ address }, _session, done) {
      if (address || !upstream.holdsForwards) done()
    },
    onData(stream, session, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        upstream.mails.push({
          returnPath: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(pieces).toString(),
        })
        done()
      })
    },
  })
  // A node that is killed ends its connections as it goes.
  smtp.on('error', () => {})
  await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>(resolve => smtp.close(() => resolve())))
  upstream.port = (smtp.server.address() as { port: number }).port
  return upstream
}
