/**
 * Outcomes of mails in PostgreSQL: nobody waits for them, so those of up to 50 ms are one statement, with all that they count.
 *
 * They are kept, at most 10,000, while the database is away. What a failed statement may have written is in doubt: its outcomes are written
 * again, and count again only where they are not found.
 */
import type { Log } from '../../observe/log.ts'
import { textPart } from '../key-parts.ts'
import type { MessageOutcome } from '../message-records.ts'
import type { Store } from '../store.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Tally } from '../tally.ts'
import type { Database } from './database.ts'
import { TallySums, tallySql } from './tallies.ts'

const deferForMs = 50
const maxWaiting = 10_000

/** An outcome, and what it counts; `inDoubt`: a statement with it failed, and may have been committed. */
type Ended = { readonly outcome: MessageOutcome; readonly tallies: readonly Tally[]; readonly inDoubt: boolean }
type Outcomes = Map<string, Ended>

export type OutcomeDeps = { readonly database: Database; readonly slot: number; readonly log: Log }

export type OutcomeWriter = Pick<Store, 'settleMessage'> & {
  /** Resolves when every outcome so far is durable. @throws {StoreUnavailable} */
  drain(): Promise<void>
  /** Says that the database can be used again; gives the number of outcomes that were lost meanwhile. */
  resume(): number
}

export function createOutcomeWriter({ database, slot, log }: OutcomeDeps): OutcomeWriter {
  let waiting: Outcomes = new Map()
  let writing: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let failed = false
  let lost = 0

  /** Takes an outcome in; a mail that is settled again counts for both. */
  function take(id: string, one: Ended): void {
    const before = waiting.get(id)
    waiting.set(id, before ? { ...one, tallies: [...before.tallies, ...one.tallies], inDoubt: before.inDoubt } : one)
  }

  function writeLater(): void {
    if (waiting.size === 0 || writing || failed) return
    // Its failure has its own way to be told; what it did not write is kept.
    timer ??= setTimeout(() => write().catch(() => {}), deferForMs)
  }

  /** Writes all that waits now. */
  function write(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    const taken = waiting
    waiting = new Map()
    writing = writeOutcomes(taken)
      .then(
        () => {
          failed = false
        },
        (error: unknown) => {
          failed = true
          const newer = waiting
          waiting = new Map([...taken].map(([id, one]) => [id, { ...one, inDoubt: true }]))
          for (const [id, one] of newer) take(id, one)
          throw error
        },
      )
      .finally(() => {
        writing = null
        writeLater()
      })
    return writing
  }

  /** One that the database cannot store is lost alone, and said to be: the others are not to suffer for it. */
  async function writeOutcomes(outcomes: Outcomes): Promise<void> {
    await forgetCounted(database, outcomes)
    try {
      await putOutcomes(database, slot, outcomes)
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error
      if (outcomes.size > 1) for (const one of outcomes) await writeOutcomes(new Map([one]))
      else log.error({ err: error, message: [...outcomes.keys()][0] }, 'the outcome of a message could not be recorded')
    }
  }

  return {
    settleMessage(id, outcome, tally) {
      if (database.isClosed()) throw new StoreUnavailable(`the store in ${database.place} is closed`)
      if (waiting.size >= maxWaiting && failed) {
        const [oldest] = waiting.keys()
        if (oldest !== undefined) waiting.delete(oldest)
        lost++
      }
      take(id, { outcome, tallies: tally ? [tally] : [], inDoubt: false })
      writeLater()
    },
    async drain() {
      await writing?.catch(() => {})
      // What is under way now was begun after this call, by another one that waited too: it has all there was.
      if (writing) return writing
      if (waiting.size === 0) return
      database.assertOpen()
      await write()
    },
    resume() {
      const count = lost
      lost = 0
      failed = false
      writeLater()
      return count
    },
  }
}

/** What is in doubt counts again only if it is not in the database. */
async function forgetCounted(database: Database, outcomes: Outcomes): Promise<void> {
  const doubted = [...outcomes].flatMap(([id, { inDoubt }]) => (inDoubt ? [id] : []))
  if (doubted.length === 0) return
  const text = 'select id, data from message_outcomes where id = any($1)'
  for (const { id, data } of await database.run<{ id: string; data: MessageOutcome }>({ text }, [doubted])) {
    const one = outcomes.get(id)
    if (one && data.at === one.outcome.at && data.outcome === one.outcome.outcome) outcomes.set(id, { ...one, tallies: [] })
  }
}

const put = {
  name: 'outcomes',
  text: `with
    ended as (
      insert into message_outcomes (id, outcome, at, upstream_id, data)
      select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::json[])
      on conflict (id) do update set outcome = excluded.outcome, at = excluded.at, upstream_id = excluded.upstream_id, data = excluded.data),
    ${tallySql(6, 7)}
    select`,
}

async function putOutcomes(database: Database, slot: number, outcomes: Outcomes): Promise<void> {
  const tallies = new TallySums()
  for (const one of outcomes.values()) for (const tally of one.tallies) tallies.take(tally)
  const ended = [...outcomes].map(([id, { outcome }]) => [id, outcome] as const)
  await database.run(put, [
    ended.map(([id]) => id),
    ended.map(([, { outcome }]) => outcome),
    ended.map(([, { at }]) => at),
    ended.map(([, { upstreamId }]) => (upstreamId === null ? null : textPart(upstreamId))),
    ended.map(([, outcome]) => JSON.stringify(outcome)),
    slot,
    ...tallies.values(),
  ])
}
