/**
 * How far mailboxes have been read, in PostgreSQL: a row of `meta` for each.
 */
import type { MailboxPosition } from '../return-records.ts'
import type { Store } from '../store.ts'
import type { Database } from './database.ts'

const nameOf = (mailbox: string) => `mailbox ${mailbox}`

const keep = {
  name: 'keep mailbox position',
  text: 'insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value',
}

/** The statement that notes a position, and its values. */
export function keepMailbox(mailbox: string, position: MailboxPosition): [typeof keep, unknown[]] {
  return [keep, [nameOf(mailbox), JSON.stringify(position)]]
}

export function createMailboxes({ run }: Database): Pick<Store, 'mailboxPosition' | 'keepMailboxPosition'> {
  return {
    async mailboxPosition(mailbox) {
      const text = 'select value from meta where name = $1'
      const [row] = await run<{ value: string }>({ name: 'mailbox position', text }, [nameOf(mailbox)])
      return row ? (JSON.parse(row.value) as MailboxPosition) : null
    },
    async keepMailboxPosition(mailbox, position) {
      await run(...keepMailbox(mailbox, position))
    },
  }
}
