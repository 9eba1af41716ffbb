/**
 * What the database's errors mean: to the engine (try again, give up, go down) and to an operator.
 *
 * SQLSTATE classes are those of PostgreSQL's documentation, appendix A. No text here comes from a URL, so no password can.
 * Pure.
 */
import { type StoreErrorCode, StoreUnavailable } from '../store-unavailable.ts'

/** `conflict`: another transaction was first. `down`: nothing can be asked now. `slow`: this statement took too long. `record`: it cannot be stored. */
export type Trouble = 'conflict' | 'down' | 'slow' | 'record' | 'other'

/** What `pg` says when every connection was busy for too long. */
const poolIsBusy = 'timeout exceeded when trying to connect'

/** The SQLSTATE, or the system's error code; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error.cause === undefined ? '' : codeOf(error.cause)
}

/** Sorts an error of `pg`. */
export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error)
  if (code === '40001' || code === '40P01') return 'conflict'
  if (code === '57014' || code === '55P03' || wordsOf(error) === poolIsBusy) return 'slow'
  if (/^(?:22|54)...$/.test(code)) return 'record'
  // 25006: this server became a replica. 53: out of connections or memory, but a full disk lets reads pass.
  if (/^(?:08|57P|28|3D|25006)/.test(code) || (code.startsWith('53') && code !== '53100')) return 'down'
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? 'other' : 'down'
}

/** A statement failed; `cause` is the error of `pg`. It never leaves the engine. */
export class DatabaseError extends Error {
  readonly trouble: Trouble
  constructor(cause: unknown) {
    super('a statement failed', { cause })
    this.name = 'DatabaseError'
    this.trouble = troubleOf(cause)
  }
}

/** What an operator is told, and what to do. */
export function unavailable(place: string, cause: unknown): StoreUnavailable {
  if (cause instanceof StoreUnavailable) return cause
  if (cause instanceof DatabaseError) return unavailable(place, cause.cause)
  const code = codeOf(cause)
  const words = wordsOf(cause)
  return new StoreUnavailable(`the store in ${place} is unavailable (${words}); ${adviceOf(code, words)}`, { cause: bare(cause) })
}

/** Refuses a database of another schema, `found`, than this version's. */
export function wrongSchema(place: string, found: number, known: number): StoreUnavailable {
  const advice =
    found > known
      ? 'start the version that wrote it, or restore a backup made before the upgrade'
      : 'run rebond store migrate --config FILE once, when all nodes can be restarted with this version'
  const code: StoreErrorCode = 'ERR_STORE_SCHEMA'
  return new StoreUnavailable(`the store in ${place} has schema ${found}, and this version of rebond knows ${known}; ${advice}`, { code })
}

function adviceOf(code: string, words: string): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host in store.url has no address'
    case 'ECONNREFUSED':
      return 'no server answers there: start it, or correct store.url'
    case '28P01':
      return 'correct the user and password in store.url or store.passwordFile'
    case '28000':
      return 'pg_hba.conf of the server must let this user in from here'
    case '3D000':
      return 'create the database first: createdb --owner USER NAME'
    case '42501':
      return 'the user of store.url must own the database, or may create tables in its schema'
    case '25006':
      return 'it is a replica, or set to read only: store.url must lead to the primary'
    case '53100':
      return 'free space on its disk'
    case '53300':
      return 'raise max_connections, or lower store.connections'
    case '57014':
    case '55P03':
      return 'a statement took longer than store.timeoutSeconds'
    default:
      return /password/i.test(words) ? 'set the password in store.url or store.passwordFile' : 'see the reason, and the log of the server'
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return wordsOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

/** The error without what `pg` hangs on it: the client, with its connection parameters, and the row's values. */
function bare(cause: unknown): Error {
  const code = codeOf(cause)
  return Object.assign(new Error(wordsOf(cause)), code === '' ? {} : { code })
}
