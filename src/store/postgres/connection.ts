/**
 * How the database is reached: what `pg` is told, and what people are told, in which no password stands.
 */
import { readFile } from 'node:fs/promises'
import { Client, type PoolConfig, types } from 'pg'
import { StoreUnavailable } from '../store-unavailable.ts'

export type ConnectionSettings = {
  /** `postgres://user@host:5432/database`, with `sslmode` and the like behind a question mark. */
  readonly url: string
  /** Holds the password, when the URL does not; read for each connection, so that it can be changed. */
  readonly passwordFile: string | null
  /** Longest time for a connection, a statement, a lock. */
  readonly timeoutMs: number
}

export type Connection = {
  /** Host, port and database, for people. */
  readonly place: string
  /** What `pg` is told; the password file is read anew. Rejects when it cannot be read. */
  config(): Promise<PoolConfig>
}

/** The server's own time-out ends a statement first; ours is for a server that does not answer at all. */
const graceMs = 500
const int8 = 20

/** Reads the settings. @throws {StoreUnavailable} the URL is none. */
export function readConnection({ url, passwordFile, timeoutMs }: ConnectionSettings): Connection {
  const { host, port, database } = parse(url)
  return {
    place: `${database} on ${host.includes(':') ? `[${host}]` : host}:${port}`,
    config: async () => ({
      connectionString: passwordFile === null ? url : withPassword(url, (await readFile(passwordFile, 'utf8')).trimEnd()),
      application_name: 'rebond',
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs,
      lock_timeout: timeoutMs,
      // A node that hangs in the middle of a transaction keeps no locks.
      idle_in_transaction_session_timeout: 2 * timeoutMs,
      query_timeout: timeoutMs + graceMs,
      keepAlive: true,
      // Statements of one transaction travel together; see database.ts.
      pipeline: true,
      // Counters, times and sequence numbers are safe integers.
      types: { getTypeParser: (oid, format) => (oid === int8 ? Number : types.getTypeParser(oid, format)) },
    }),
  }
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url)
  changed.password = encodeURIComponent(password)
  return changed.href
}

function parse(url: string): Client {
  try {
    if (/^postgres(?:ql)?:\/\//.test(url)) return new Client({ connectionString: url })
  } catch {
    // What the parser says may hold the URL, and the URL a password.
  }
  throw new StoreUnavailable('store.url must be a URL such as postgres://rebond@db.example.com:5432/rebond, and is none')
}
