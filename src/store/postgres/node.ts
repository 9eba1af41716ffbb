/**
 * This node among the others: it says that it lives, and holds work while it does (doc/adr/0009).
 *
 * Work that nodes share (reports to judge, mails owed, rounds) has a holder. A node that was not seen for a while is dead: what it held is
 * free. There is no leader and nothing to configure; a node that was only slow may find that another has done its work, which does no harm:
 * all of it may be done twice.
 */
import { randomBytes } from 'node:crypto'
import type { Log } from '../../observe/log.ts'
import type { Database } from './database.ts'

export type Node = {
  readonly id: string
  /** A node not seen for so long is dead. */
  readonly timeoutMs: number
  /** Says at once that this node lives. @throws {StoreUnavailable} */
  appear(): Promise<void>
  /** Says whether this node is the one that does some work; it stays the one while it lives. @throws {StoreUnavailable} */
  claim(work: string): Promise<boolean>
  /** Says that it does not. */
  leave(): Promise<void>
}

/** A dead node's row is of no use after so long. */
const forgetAfter = '1 day'

const seen = {
  name: 'node seen',
  text: `with old as (delete from nodes where seen_at < now() - interval '${forgetAfter}')
    insert into nodes (id, seen_at) values ($1, now()) on conflict (id) do update set seen_at = excluded.seen_at`,
}

const claimed = {
  name: 'claim',
  text: `insert into leases (name, holder) values ($1, $2)
    on conflict (name) do update set holder = excluded.holder where ${free('leases', 2)} returning holder`,
}

export function createNode(database: Database, timeoutMs: number, log: Log): Node {
  const id = randomBytes(8).toString('hex')
  let timer: NodeJS.Timeout | null = null

  async function appear(): Promise<void> {
    await database.run(seen, [id])
  }

  return {
    id,
    timeoutMs,
    async appear() {
      await appear()
      timer ??= setInterval(() => {
        appear().catch(err => log.debug({ err }, 'this node could not say that it lives'))
      }, timeoutMs / 4).unref()
    },
    async claim(work) {
      const [mine] = await database.run<{ holder: string }>(claimed, [work, id, timeoutMs])
      return mine !== undefined
    },
    async leave() {
      if (timer) clearInterval(timer)
      await database.run({ text: 'delete from nodes where id = $1' }, [id])
    },
  }
}

/** In SQL: the row's `holder` is nobody, the node of parameter `own`, or dead; parameter `own + 1` is the time-out. */
export function free(table: string, own: number): string {
  return `(${table}.holder is null or ${table}.holder = $${own} or not exists (
    select from nodes where nodes.id = ${table}.holder and nodes.seen_at > now() - $${own + 1} * interval '1 ms'))`
}
