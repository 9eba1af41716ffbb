/**
 * Writing mails that pass into the journal in PostgreSQL, the relay's hot path: those of many sessions are one statement, so one round trip and
 * one commit. Outcomes go their own way (outcomes.ts).
 *
 * One statement is under way at a time: what comes while it waits for the disk makes the next one larger, and costs less than a second
 * commit beside it. A mail that has more to it than itself (refused recipients, an id that is known already) goes through careful-append.ts.
 */
import type { Log } from '../../observe/log.ts'
import { domainOfKey, localOfKey } from '../../smtp/path.ts'
import type { Message } from '../message-records.ts'
import type { Store } from '../store.ts'
import { createBatches } from './batches.ts'
import { type Append, createCarefulAppend } from './careful-append.ts'
import type { Database } from './database.ts'
import { createOutcomeWriter, type OutcomeWriter } from './outcomes.ts'
import { hourOfId } from './partitions.ts'
import { listedSql, TallySums } from './tallies.ts'
import { arrayText, dataOf, headerOf, recipientsOf, sendersOf } from './writes.ts'

const maxBatch = 250

export type Journal = Pick<Store, 'appendMessage'> &
  OutcomeWriter & {
    /** Resolves when nothing waits; what the database refuses is lost. */
    idle(): Promise<void>
  }

export type JournalDeps = { readonly database: Database; readonly slot: () => number; readonly log: Log }

export function createJournal({ database, slot, log }: JournalDeps): Journal {
  const careful = createCarefulAppend({ database, slot: slot() })
  const outcomes = createOutcomeWriter({ database, slot: slot(), log })
  const own = slot()
  const simple = createBatches<Append, Message | null>({
    work: appends => appendMails(database, own, appends),
    atOnce: 1,
    maxItems: maxBatch,
  })

  return {
    ...outcomes,
    async appendMessage(message, refusals, tally) {
      database.assertOpen()
      const append = { message, refusals, tally }
      return (isSimple(append) ? await simple.add(append) : null) ?? careful.add(append)
    },
    async idle() {
      await simple.idle()
      await careful.idle()
      await outcomes.drain().catch(() => {})
    },
  }
}

function isSimple({ message, refusals, tally }: Append): boolean {
  const counts = tally !== undefined && Object.keys(tally.adds).length > 0
  return refusals.length === 0 && !counts && !message.recipients.some(({ verdict }) => verdict === 'refused')
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
    counted as (
      insert into counts (name, slot, hour, value)
      select 'messages', $10, hour, count(*) from mails join given using (id) group by hour
      on conflict (name, hour, slot) do update set value = counts.value + excluded.value),
    ${listedSql(10, 11)}
    select id, seq from mails`,
}

/** Writes mails by one statement; gives them as they are stored, null for one whose id was known before. */
async function appendMails(database: Database, slot: number, appends: readonly Append[]): Promise<(Message | null)[]> {
  const mails = [...new Map(appends.map(({ message }) => [message.id, message])).values()]
  const recipients = mails.flatMap(mail => recipientsOf(mail, 0))
  const lists = new TallySums()
  for (const mail of mails) lists.see(mail)
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
    slot,
    ...lists.listRows(),
  ])
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]))
  const written = new Set<unknown>(mails)
  return appends.map(({ message }) => {
    const seq = seqs.get(message.id)
    // Of two with one id, one was written.
    if (seq === undefined || !written.has(message)) return null
    return { ...message, seq, outcome: null }
  })
}
