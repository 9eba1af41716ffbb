/**
 * The PostgreSQL database under the engine: a pool, statements, transactions, and a life of its own when the server fails.
 *
 * Promises: every call ends within the time-outs of its settings, whatever the server does. When the server cannot be used, all calls are
 * refused at once with `StoreUnavailable` while it is tried again in the background, with back-off, over fresh connections only: those that
 * were open may lead to a server that is gone. Statements of one transaction travel together where they do not need each other's answers
 * (`pg` pipelines them).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Pool, type PoolClient, type PoolConfig, type QueryResultRow } from 'pg'
import type { Log } from '../../observe/log.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Connection } from './connection.ts'
import { codeOf, DatabaseError, troubleOf, unavailable } from './trouble.ts'

/** A statement; one with a name is prepared once a connection. */
export type Statement = { readonly text: string; readonly name?: string }

/** Runs a statement and gives its rows. */
export type Run = <R extends QueryResultRow>(statement: Statement, values?: readonly unknown[]) => Promise<R[]>

/** What a transaction does: it awaits what it reads, and hands over its writes, which the commit follows without waiting for them. */
export type Work<R> = (run: Run) => Promise<{ readonly result: R; readonly writes: readonly Promise<unknown>[] }>

export type DatabaseOptions = {
  readonly connection: Connection
  /** Connections at most. */
  readonly connections: number
  readonly log: Log
  /** 0 to below 1. */
  readonly random: () => number
  /** First and longest wait between two tries to reach a server that failed. */
  readonly retryAfterMs: readonly [first: number, longest: number]
  /** Called for each call that failed, and again when the server can be used again. */
  readonly onFailure: () => void
  readonly onReturn: () => void
}

export type Database = {
  /** Runs one statement by itself. @throws {StoreUnavailable} */
  readonly run: Run
  /** Runs a transaction whose statements each see what was committed before them (read committed). @throws {StoreUnavailable} */
  transaction<R>(work: Work<R>): Promise<R>
  /**
   * Runs a serializable transaction, again when another one was first (`40001`, `40P01`): `work` must be able to run again. Resolves
   * when it is durable. @throws {StoreUnavailable}
   */
  serializable<R>(work: Work<R>): Promise<R>
  /** A connection of its own, outside the pool, whose statements may take as long as they need. @throws {StoreUnavailable} */
  session<R>(work: (run: Run) => Promise<R>): Promise<R>
  /** Host, port and database, for people. */
  readonly place: string
  /** @throws {StoreUnavailable} when the server cannot be used now, or the store is closed. */
  assertOpen(): void
  isClosed(): boolean
  close(): Promise<void>
}

/** Tries of a transaction. From the third on it goes alone. */
const maxTries = 12
const aloneFrom = 3
const firstRetryMs = 4

// A sequential scan of a small table would lock all of it against other nodes' judges (predicate locks), for nothing.
const begin = 'begin isolation level serializable; set local enable_seqscan = off; lock table turns in '
const together: Statement = { text: `${begin} row share mode` }
// No snapshot is taken before the lock is had: whoever goes alone sees all that was committed.
const alone: Statement = { text: `${begin} exclusive mode` }
const commit: Statement = { text: 'commit' }
const rollback: Statement = { text: 'rollback' }

/** Makes the pool; nothing is connected yet. @throws {StoreUnavailable} the password file cannot be read. */
export async function createDatabase(options: DatabaseOptions): Promise<Database> {
  const { connection, connections, log, random, retryAfterMs } = options
  const { place } = connection
  let config = await connection.config().catch(cause => {
    throw unavailable(place, cause)
  })
  let pool = openPool()
  let down: StoreUnavailable | null = null
  let closed = false
  let trying: Promise<void> | null = null
  const stop = new AbortController()

  function openPool(): Pool {
    const opened = new Pool({ ...config, max: connections })
    // An idle connection that breaks tells early that the server is gone; the next call would find out by itself.
    opened.on('error', err => log.debug({ code: codeOf(err) }, 'a connection to the database ended'))
    return opened
  }

  function assertOpen(): void {
    if (closed) throw new StoreUnavailable(`the store in ${place} is closed`)
    if (down) throw down
  }

  /** What a failed call gives its caller; the server is tried again in the background when nothing can be asked of it. */
  function failed(from: Pool, cause: unknown): Error {
    const trouble = troubleOf(cause)
    if (trouble === 'record') return new TypeError('the database cannot store this record', { cause })
    options.onFailure()
    const error = unavailable(place, cause)
    if (trouble === 'down' && from === pool && !down && !closed) {
      down = error
      log.error({ err: error }, 'store unavailable')
      trying = comeBack()
    }
    return error
  }

  async function comeBack(): Promise<void> {
    void pool.end().catch(() => {})
    let waitMs = retryAfterMs[0]
    for (let tries = 0; !stop.signal.aborted; tries++) {
      if (tries > 0) await sleep(waitMs * (0.5 + random() / 2), undefined, { signal: stop.signal }).catch(() => {})
      try {
        config = await connection.config()
        await lend(config, assertPrimary)
      } catch (err) {
        log.warn({ err: unavailable(place, err) }, 'store still unavailable')
        if (tries > 0) waitMs = Math.min(waitMs * 2, retryAfterMs[1])
        continue
      }
      pool = openPool()
      down = null
      log.info('store available again')
      options.onReturn()
      return
    }
  }

  /** Lends a connection to `work`. What fails at the database comes out as `StoreUnavailable`, a conflict as it is. */
  async function attempt<R>(work: (run: Run) => Promise<R>): Promise<R> {
    assertOpen()
    const from = pool
    const client = await from.connect().catch((cause: unknown) => {
      throw failed(from, cause)
    })
    client.on('error', ignore)
    let broken = false
    try {
      return await work(runner(client))
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      broken = error.trouble === 'down' || error.trouble === 'slow'
      throw error.trouble === 'conflict' ? error : failed(from, error.cause)
    } finally {
      client.off('error', ignore)
      client.release(broken)
    }
  }

  /** Tries again what lost against another transaction, a little later each time. */
  async function untilFirst<R>(work: (tries: number) => Promise<R>): Promise<R> {
    for (let tries = 1; ; tries++) {
      try {
        return await work(tries)
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        if (tries === maxTries) throw failed(pool, error.cause)
        await sleep(firstRetryMs * tries * random())
      }
    }
  }

  return {
    place,
    run: (statement, values) => untilFirst(() => attempt(run => run(statement, values))),
    transaction: work => untilFirst(() => attempt(run => inTransaction(run, { text: 'begin' }, work))),
    serializable: work => untilFirst(tries => attempt(run => inTransaction(run, tries < aloneFrom ? together : alone, work))),
    async session(work) {
      try {
        return await lend({ ...config, statement_timeout: 0, query_timeout: 0 }, work)
      } catch (error) {
        throw error instanceof StoreUnavailable || error instanceof TypeError ? error : unavailable(place, error)
      }
    },
    assertOpen,
    isClosed: () => closed,
    async close() {
      closed = true
      stop.abort()
      await trying
      await pool.end().catch(() => {})
    },
  }
}

/** Opens a connection for this work only. */
async function lend<R>(config: PoolConfig, work: (run: Run) => Promise<R>): Promise<R> {
  const client = new Client(config)
  client.on('error', ignore)
  try {
    await client.connect()
    return await work(runner(client))
  } finally {
    void client.end().catch(ignore)
  }
}

/** Fails when the server takes no writes. */
export async function assertPrimary(run: Run): Promise<void> {
  const [row] = await run<{ transaction_read_only: string }>({ text: 'show transaction_read_only' })
  if (row?.transaction_read_only !== 'off') throw Object.assign(new Error('the server takes no writes'), { code: '25006' })
}

function runner(client: Client | PoolClient): Run {
  return async <R extends QueryResultRow>(statement: Statement, values?: readonly unknown[]) => {
    const query = { ...statement, ...(values === undefined ? {} : { values: [...values] }) }
    const result = await client.query<R>(query).catch((cause: unknown) => {
      throw new DatabaseError(cause)
    })
    return result.rows
  }
}

async function inTransaction<R>(run: Run, opening: Statement, work: Work<R>): Promise<R> {
  const opened = run(opening)
  // Its failure comes out below; until then it must not count as unhandled.
  opened.catch(ignore)
  try {
    const { result, writes } = await work(run)
    // A commit behind a write that failed is a rollback.
    await Promise.all([opened, ...writes, run(commit)])
    return result
  } catch (error) {
    await run(rollback).catch(ignore)
    throw error
  }
}

function ignore(): void {}
