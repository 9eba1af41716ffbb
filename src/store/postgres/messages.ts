/**
 * Reading the journal in PostgreSQL: one mail, mails by filter, and when upstream last accepted one for an address.
 */
import type { QueryResultRow } from 'pg'
import { type AddressKey, domainOfKey, localOfKey } from '../../smtp/path.ts'
import type { Moment } from '../address-record.ts'
import type { MessageFilter } from '../filters.ts'
import { idBound, textPart } from '../key-parts.ts'
import { bareMessageId } from '../message-facts.ts'
import type { Message, MessageOutcome } from '../message-records.ts'
import type { PageRequest } from '../page.ts'
import type { Run } from './database.ts'
import { conditions, given, type Listing, maxRows, when } from './listing.ts'
import { folded } from './writes.ts'

type MessageRow = { readonly seq: number; readonly data: Omit<Message, 'seq' | 'outcome'>; readonly outcome: MessageOutcome | null }

const byIds = {
  name: 'messages',
  text: `select m.seq, m.data, o.data as outcome from messages m left join message_outcomes o on o.id = m.id where m.id = any($1)`,
}

const toMessage = ({ seq, data, outcome }: MessageRow): Message => ({ ...data, seq, outcome })

/** Reads mails with their outcomes, in any order. */
export async function readMessages(run: Run, ids: readonly string[]): Promise<Message[]> {
  return (await run<MessageRow>(byIds, [ids])).map(toMessage)
}

/** The list of mails by a filter, newest id first. */
export function messageListing(filter: MessageFilter, page: PageRequest): Listing<Message> {
  const { key, headerMessageId, upstreamId, from, since, until } = filter
  const header = headerMessageId === undefined ? undefined : textPart(bareMessageId(headerMessageId))
  const upstream = upstreamId === undefined ? undefined : textPart(upstreamId)
  const times = conditions(
    since === undefined ? null : when('id >= ?', idBound(since)),
    until === undefined ? null : when('id < ?', idBound(until)),
  )
  const byHeader = given('header_message_id = ?', header)
  const byUpstream = given('upstream_id = ?', upstream)
  const byKey = key === undefined ? null : when('domain = ? and local = ?', domainOfKey(key), localOfKey(key))
  // The index that leads to the fewest rows. A CRM has few senders: an index of them would lead nowhere.
  const [table, leading] = byHeader
    ? ['messages', byHeader]
    : byUpstream
      ? ['message_outcomes', byUpstream]
      : byKey
        ? ['message_recipients', byKey]
        : ['messages', null]
  return {
    name: 'messages',
    filter,
    page,
    table,
    place: ['id'],
    indexed: [...conditions(leading), ...times],
    joined: `
      left join lateral (select * from messages where messages.id = walked.id limit 1) as m on true
      left join lateral (select upstream_id, data from message_outcomes where message_outcomes.id = walked.id limit 1) as o on true`,
    tested: conditions(
      when('m.id is not null'),
      given('m.header_message_id is not distinct from ?', header),
      given('o.upstream_id is not distinct from ?', upstream),
      from === undefined ? null : when('? = any(m.senders)', folded(from)),
      key === undefined
        ? null
        : when(
            'exists (select from message_recipients r where r.domain = ? and r.local = ? and r.id = walked.id)',
            domainOfKey(key),
            localOfKey(key),
          ),
    ),
    select: 'm.seq, m.data, o.data as outcome',
    read: row => toMessage(row as QueryResultRow & MessageRow),
  }
}

// The limits keep the planner to the indexes, one mail after the other: nearly always the first or second is it.
const acceptances = {
  name: 'acceptances',
  text: `select asked.n, found.seq, found.at
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) with ordinality as asked (domain, local, below, before, n)
    cross join lateral (
      select mail.seq, o.at
      from (
        select id, seq, relayed from message_recipients r
        where r.domain = asked.domain and r.local = asked.local and r.id < asked.below order by id desc limit ${maxRows}
      ) as mail
      cross join lateral (
        select at from message_outcomes where message_outcomes.id = mail.id and outcome = 'accepted' and at <= asked.before limit 1
      ) as o
      where mail.relayed order by mail.id desc limit 1
    ) as found`,
}

/** When upstream accepted the latest mail for each of these addresses, at `before` or earlier, in their order; null where it did not. */
export async function readAcceptances(
  run: Run,
  asked: readonly { readonly key: AddressKey; readonly before: number }[],
): Promise<(Moment | null)[]> {
  const found: (Moment | null)[] = asked.map(() => null)
  if (asked.length === 0) return found
  const rows = await run<{ n: number; seq: number; at: number }>(acceptances, [
    asked.map(({ key }) => domainOfKey(key)),
    asked.map(({ key }) => localOfKey(key)),
    asked.map(({ before }) => idBound(before + 1)),
    asked.map(({ before }) => Math.min(Math.floor(before), Number.MAX_SAFE_INTEGER)),
  ])
  for (const { n, seq, at } of rows) found[n - 1] = { seq, at }
  return found
}
