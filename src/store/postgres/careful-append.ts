/**
 * Mails that are more than themselves: our refusals are recorded with them, returns by upstream's replies learn their header, and a mail whose
 * id is known already (a return path of ours came back) gets recipients added.
 *
 * Serializable, as updates are: a return by RCPT reply and the mail's header find each other in either order, whichever node has which.
 */
import { bouncedMail } from '../message-facts.ts'
import type { Message } from '../message-records.ts'
import type { Bounce } from '../return-records.ts'
import type { Tally } from '../tally.ts'
import { type Batches, createBatches } from './batches.ts'
import { CountChanges } from './counters.ts'
import type { Database, Run } from './database.ts'
import { readMessages } from './messages.ts'
import { TallySums } from './tallies.ts'
import { bounceTable, messageTable, putRows, recipientsOf, recipientTable } from './writes.ts'

export type Append = {
  readonly message: Omit<Message, 'seq' | 'outcome'>
  readonly refusals: readonly Bounce[]
  readonly tally?: Tally | undefined
}

const maxBatch = 100

export function createCarefulAppend({ database, slot }: { readonly database: Database; readonly slot: number }): Batches<Append, Message> {
  return createBatches<Append, Message>({
    work: appends => database.serializable(run => appendAll(run, slot, appends)),
    atOnce: 1,
    maxItems: maxBatch,
  })
}

async function appendAll(run: Run, slot: number, appends: readonly Append[]): Promise<{ result: Message[]; writes: Promise<unknown>[] }> {
  const ids = [...new Set(appends.map(({ message }) => message.id))]
  const [stored, returned, seqs] = await Promise.all([readMessages(run, ids), readBouncesOf(run, ids), drawSeqs(run, appends.length)])
  const messages = new Map(stored.map(message => [message.id, message]))
  const bounces = new Map(returned.map(bounce => [bounce.id, bounce]))
  const changed = new Map<string, Bounce>()
  const counts = new CountChanges()
  const tallies = new TallySums()
  const result: Message[] = []
  for (const [index, { message: given, refusals, tally }] of appends.entries()) {
    tallies.see(given)
    if (tally) tallies.take(tally)
    const known = messages.get(given.id)
    const message: Message = known
      ? { ...known, recipients: [...known.recipients, ...given.recipients] }
      : { ...given, seq: seqs[index] ?? 0, outcome: null }
    if (!known) counts.add('messages', given.id, 1)
    messages.set(given.id, message)
    for (const refusal of refusals) {
      if (!bounces.has(refusal.id)) counts.add('bounces', refusal.id, 1)
      bounces.set(refusal.id, refusal)
      changed.set(refusal.id, refusal)
    }
    // Returns by upstream's replies to RCPT were recorded before the mail's header was known.
    if (given.recipients.some(({ verdict }) => verdict === 'refused'))
      for (const bounce of returned)
        if (!bounce.mail && bounce.messageId === message.id)
          changed.set(bounce.id, { ...(changed.get(bounce.id) ?? bounce), mail: bouncedMail(message, bounce.key) })
    result.push(message)
  }
  const written = [...messages.values()]
  const writes = [
    ...putRows(run, messageTable, written),
    ...putRows(
      run,
      recipientTable,
      written.flatMap(message => recipientsOf(message, message.seq)),
    ),
    ...putRows(run, bounceTable, [...changed.values()]),
    ...counts.put(run, slot),
    ...tallies.put(run, slot),
  ]
  return { result, writes }
}

const bouncesOf = {
  name: 'bounces of mails',
  text: `select b.data from unnest($1::text[]) as mail (id)
    cross join lateral (select data from bounces where bounces.id >= mail.id || '-' and bounces.id < mail.id || '.' order by id) as b`,
}

/** The returns of mails, in the order of their ids. */
export async function readBouncesOf(run: Run, ids: readonly string[]): Promise<Bounce[]> {
  return (await run<{ data: Bounce }>(bouncesOf, [ids])).map(({ data }) => data)
}

/** Draws sequence numbers, rising. */
export async function drawSeqs(run: Run, count: number): Promise<number[]> {
  const rows = await run<{ seq: number }>({ name: 'draw', text: `select nextval('seq') as seq from generate_series(1, $1)` }, [count])
  return rows.map(({ seq }) => seq)
}
