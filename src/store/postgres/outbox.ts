/**
 * The outbox in PostgreSQL: mail we owe, each held by the node that is sending it, and dead letters.
 */

import type { OutboxFilter } from '../filters.ts'
import type { OutboxItem } from '../outbox-record.ts'
import type { PageRequest } from '../page.ts'
import type { Store } from '../store.ts'
import type { Database } from './database.ts'
import { conditions, type Listing, when } from './listing.ts'
import { free, type Node } from './node.ts'

// What is not due by the clock is only looked at: another node may be the first to be free then.
const due = {
  name: 'due outbox',
  text: `with due as (
      select id, due_at, data, holder from outbox where dead_at is null and due_at <= $1 and ${free('outbox', 3)}
      order by due_at, id limit $2 for update skip locked),
    taken as (update outbox set holder = $3 from due where outbox.id = due.id and due.due_at <= $5 and due.holder is distinct from $3)
    select data from due order by due_at, id`,
}

// The time it is due tells a try that goes on from one that is put off: only the first stays with its node.
const settle = {
  name: 'settle outbox',
  text: `update outbox set data = $2, due_at = $3, dead_at = $4,
      holder = case when due_at = $3 and $4::bigint is null and dead_at is null then holder end
    where id = $1`,
}

export function createOutbox(database: Database, node: Node, now: () => number): Pick<Store, 'dueOutbox' | 'settleOutbox' | 'outboxItem'> {
  return {
    async dueOutbox(at, limit) {
      return (await database.run<{ data: OutboxItem }>(due, [at, limit, node.id, node.timeoutMs, now()])).map(({ data }) => data)
    },
    async settleOutbox(item, sent) {
      if (sent) await database.run({ name: 'sent', text: 'delete from outbox where id = $1' }, [item.id])
      else await database.run(settle, [item.id, JSON.stringify(item), item.dueAt, item.deadAt])
    },
    async outboxItem(id) {
      const [row] = await database.run<{ data: OutboxItem }>({ name: 'outbox item', text: 'select data from outbox where id = $1' }, [id])
      return row?.data ?? null
    },
  }
}

/** The list of what is owed: dead letters by the time they were given up, all else by its id. */
export function outboxListing(filter: OutboxFilter, page: PageRequest): Listing<OutboxItem> {
  const { state } = filter
  return {
    name: 'outbox',
    filter,
    page,
    table: 'outbox',
    place: state === 'dead' ? ['dead_at', 'id'] : ['id'],
    columns: ['data', ...(state === 'dead' ? [] : ['dead_at'])],
    indexed: conditions(state === 'dead' ? when('dead_at is not null') : null),
    tested: conditions(state === 'waiting' ? when('dead_at is null') : null),
    select: 'walked.data',
    read: row => row.data as OutboxItem,
  }
}

const counts = {
  name: 'outbox counts',
  text: 'select count(*) filter (where dead_at is null) as waiting, count(*) filter (where dead_at is not null) as dead from outbox',
}

/** How many mails wait, and how many were given up. */
export async function countOutbox(database: Database): Promise<{ readonly waiting: number; readonly dead: number }> {
  const [row] = await database.run<{ waiting: number; dead: number }>(counts)
  return row ?? { waiting: 0, dead: 0 }
}
