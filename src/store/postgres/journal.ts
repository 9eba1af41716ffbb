/**
 * Writing the journal in PostgreSQL: mails that pass, and their outcomes, the relay's hot path.
 *
 * Appends and outcomes of many sessions are one statement, so one round trip and one commit. A mail that has more to it than itself (refused
 * recipients, an id that is known already) goes through careful-append.ts instead. Outcomes wait up to 50 ms for an append to travel with,
 * and are kept, at most 10,000, while the database is away.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { domainOfKey, localOfKey } from '../../smtp/path.ts'
import { textPart } from '../key-parts.ts'
import type { Message, MessageOutcome } from '../message-records.ts'
import type { Store } from '../store.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Tally } from '../tally.ts'
import { type Append, createCarefulAppend } from './careful-append.ts'
import type { Database } from './database.ts'
import { hourOfId } from './partitions.ts'
import { TallySums, tallySql } from './tallies.ts'
import { arrayText, dataOf, headerOf, recipientsOf, sendersOf } from './writes.ts'

const maxBatch = 250
const deferForMs = 50
const maxOutcomes = 10_000
/** Statements under way at once: one is being made while the other waits for the disk. */
const maxAtOnce = 2

/** An outcome, and what it counts; `inDoubt`: a statement with it failed, and may have been committed. */
type Ended = { readonly outcome: MessageOutcome; readonly tallies: readonly Tally[]; inDoubt: boolean }
type Outcomes = Map<string, Ended>
type Waiting = { readonly append: Append; readonly resolve: (message: Message | null) => void; readonly reject: (error: unknown) => void }

export type Journal = Pick<Store, 'appendMessage' | 'settleMessage'> & {
  /** Resolves when every outcome so far is durable. @throws {StoreUnavailable} */
  drain(): Promise<void>
  /** Says that the database can be used again; gives the number of outcomes that were lost meanwhile. */
  resume(): number
  /** Resolves when nothing waits; what the database refuses is lost. */
  idle(): Promise<void>
}

export type JournalDeps = { readonly database: Database; readonly slot: () => number }

export function createJournal({ database, slot }: JournalDeps): Journal {
  const careful = createCarefulAppend({ database, slot: slot() })
  const slotsFree = Array.from({ length: maxAtOnce }, slot)
  const lanes = new Set<Promise<void>>()
  let queue: Waiting[] = []
  let outcomes: Outcomes = new Map()
  let underWay = 0
  let dropped = 0
  let timer: NodeJS.Timeout | null = null
  let failure: unknown = null

  async function lane(own: number): Promise<void> {
    await nextTurn()
    while (queue.length > 0 || outcomes.size > 0) {
      if (!(await write(own))) return
    }
  }

  /** Writes what waits; false: the outcomes were refused and wait for better times. */
  async function write(own: number): Promise<boolean> {
    const batch = takeBatch()
    const ended = outcomes
    outcomes = new Map()
    underWay++
    try {
      await writeAll(own, batch, ended)
      failure = null
      return true
    } catch (error) {
      failure = error
      for (const one of ended.values()) one.inDoubt = true
      const newer = outcomes
      outcomes = ended
      for (const [id, one] of newer) settle(id, one)
      for (const { reject } of batch) reject(error)
      return false
    } finally {
      underWay--
    }
  }

  /** A mail that the database cannot store is refused alone: the others of its batch are not to suffer for it. */
  async function writeAll(own: number, batch: readonly Waiting[], ended: Outcomes): Promise<void> {
    try {
      await forgetCounted(database, ended)
      const known = await writeBatch(database, own, batch, ended)
      for (const { append, resolve } of batch) resolve(known.get(append.message.id) ?? null)
    } catch (error) {
      if (error instanceof StoreUnavailable || batch.length === 0) throw error
      if (batch.length === 1 && ended.size === 0) return batch[0]?.reject(error)
      await writeAll(own, [], ended)
      for (const one of batch) await writeAll(own, [one], new Map())
    }
  }

  /** The next appends, each id once. */
  function takeBatch(): Waiting[] {
    const batch = new Map<string, Waiting>()
    const later: Waiting[] = []
    for (const waiting of queue) {
      const { id } = waiting.append.message
      if (batch.size < maxBatch && !batch.has(id)) batch.set(id, waiting)
      else later.push(waiting)
    }
    queue = later
    return [...batch.values()]
  }

  function open(): void {
    if (timer) clearTimeout(timer)
    timer = null
    const own = slotsFree.pop()
    if (own === undefined) return
    const opened: Promise<void> = lane(own).finally(() => {
      lanes.delete(opened)
      slotsFree.push(own)
      if (queue.length > 0) open()
      else openLater()
    })
    lanes.add(opened)
  }

  function openLater(): void {
    if (outcomes.size === 0 || failure !== null) return
    timer ??= setTimeout(open, deferForMs)
  }

  /** Takes an outcome in; a mail that is settled again counts for both. */
  function settle(id: string, one: Ended): void {
    const before = outcomes.get(id)
    outcomes.set(id, before ? { outcome: one.outcome, tallies: [...before.tallies, ...one.tallies], inDoubt: before.inDoubt } : one)
  }

  async function drain(): Promise<void> {
    while (outcomes.size > 0 || underWay > 0) {
      database.assertOpen()
      failure = null
      open()
      await Promise.race(lanes)
      if (failure !== null) throw failure
    }
  }

  async function append(given: Append): Promise<Message> {
    database.assertOpen()
    const { message, refusals, tally } = given
    const counts = tally !== undefined && Object.keys(tally.adds).length > 0
    const simple = refusals.length === 0 && !counts && !message.recipients.some(({ verdict }) => verdict === 'refused')
    const appended = simple
      ? await new Promise<Message | null>((resolve, reject) => {
          queue.push({ append: given, resolve, reject })
          open()
        })
      : null
    return appended ?? careful.add(given)
  }

  return {
    appendMessage: (message, refusals, tally) => append({ message, refusals, tally }),
    settleMessage(id, outcome, tally) {
      if (database.isClosed()) throw new StoreUnavailable(`the store in ${database.place} is closed`)
      if (outcomes.size >= maxOutcomes && failure !== null) {
        const [oldest] = outcomes.keys()
        if (oldest !== undefined) outcomes.delete(oldest)
        dropped++
      }
      settle(id, { outcome, tallies: tally ? [tally] : [], inDoubt: false })
      openLater()
    },
    drain,
    resume() {
      const lost = dropped
      dropped = 0
      failure = null
      openLater()
      return lost
    },
    async idle() {
      await drain().catch(() => {})
      while (lanes.size > 0) await Promise.all(lanes)
      await careful.idle()
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
  for (const id of doubted) {
    const one = outcomes.get(id)
    if (one) one.inDoubt = false
  }
}

// Mails whose id is known stay as they are here, with nothing of theirs written: they are not among the rows that come back.
const journal = {
  name: 'journal',
  text: `with
    given as materialized (
      select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::json[]) as given (id, hour, header, senders, data)),
    mails as (
      insert into messages (id, seq, header_message_id, senders, data)
      select id, nextval('seq'), header, senders::text[], data from given
      on conflict (id) do nothing returning id, seq),
    recipients as (
      insert into message_recipients (domain, local, id, seq, relayed)
      select domain, local, id, seq, relayed
      from unnest($6::text[], $7::text[], $8::text[], $9::boolean[]) as given (domain, local, id, relayed) join mails using (id)
      on conflict do nothing),
    ended as (
      insert into message_outcomes (id, outcome, at, upstream_id, data)
      select * from unnest($10::text[], $11::text[], $12::bigint[], $13::text[], $14::json[])
      on conflict (id) do update set outcome = excluded.outcome, at = excluded.at, upstream_id = excluded.upstream_id, data = excluded.data),
    counted as (
      insert into counts (name, slot, hour, value)
      select 'messages', $15, hour, count(*) from mails join given using (id) group by hour
      on conflict (name, hour, slot) do update set value = counts.value + excluded.value),
    ${tallySql(15, 16)}
    select id, seq from mails`,
}

/** Writes mails and outcomes by one statement; gives the mails that were not known before, by id. */
async function writeBatch(database: Database, slot: number, batch: readonly Waiting[], outcomes: Outcomes): Promise<Map<string, Message>> {
  const mails = batch.map(({ append }) => append.message)
  const recipients = mails.flatMap(mail => recipientsOf(mail, 0))
  const ended = [...outcomes].map(([id, { outcome }]) => [id, outcome] as const)
  const tallies = new TallySums()
  for (const mail of mails) tallies.see(mail)
  for (const one of outcomes.values()) for (const tally of one.tallies) tallies.take(tally)
  const rows = await database.run<{ id: string; seq: number }>(journal, [
    mails.map(({ id }) => id),
    mails.map(({ id }) => hourOfId(id)),
    mails.map(headerOf),
    mails.map(mail => arrayText(sendersOf(mail))),
    mails.map(dataOf),
    recipients.map(({ key }) => domainOfKey(key)),
    recipients.map(({ key }) => localOfKey(key)),
    recipients.map(({ id }) => id),
    recipients.map(({ relayed }) => relayed),
    ended.map(([id]) => id),
    ended.map(([, { outcome }]) => outcome),
    ended.map(([, { at }]) => at),
    ended.map(([, { upstreamId }]) => (upstreamId === null ? null : textPart(upstreamId))),
    ended.map(([, outcome]) => JSON.stringify(outcome)),
    slot,
    ...tallies.values(),
  ])
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]))
  return new Map(
    mails.flatMap(mail => {
      const seq = seqs.get(mail.id)
      return seq === undefined ? [] : [[mail.id, { ...mail, seq, outcome: null }]]
    }),
  )
}
