/**
 * Erasing an address in PostgreSQL: its pseudonym takes its place in every record that an index, or a walk of what is small, leads to.
 *
 * A part of the records at a time, each part one transaction; the address itself goes last, so that an erasure that was cut off can be repeated and
 * finds the rest.
 */
import { type AddressKey, domainOfKey, localOfKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import type { AuditEntry } from '../audit-record.ts'
import type { Change } from '../change-records.ts'
import type { Delivery } from '../delivery-records.ts'
import {
  bareAddress,
  erasedBounce,
  erasedChange,
  erasedEntry,
  erasedMessage,
  erasedReport,
  tellsOf,
  underPseudonym,
} from '../erased-records.ts'
import { inForce } from '../in-force.ts'
import type { Message } from '../message-records.ts'
import type { Bounce, StoredReport } from '../return-records.ts'
import type { Erased, Store } from '../store.ts'
import { CountChanges } from './counters.ts'
import type { Database } from './database.ts'
import type { Pseudonym } from './erased-addresses.ts'
import { numberChanges } from './feed.ts'
import { addressTable, bounceTable, messageTable, putRows, recipientsOf, recipientTable } from './writes.ts'

/** Records that are changed by one transaction. */
const chunk = 100
/** Rows of a walk that are in memory at once. */
const walkChunk = 1000

export type EraseDeps = {
  readonly database: Database
  readonly pseudonym: Pseudonym
  readonly slot: number
  readonly now: () => number
  /** Resolves when what was journalled is in the database. */
  readonly drain: () => Promise<void>
}

export function createErase({ database, pseudonym, slot, now, drain }: EraseDeps): Pick<Store, 'erase'> {
  const { run } = database

  return {
    async erase(key) {
      await drain()
      await numberChanges(database)
      const [domain, local, other] = [domainOfKey(key), localOfKey(key), pseudonym(key)]
      const mails = await run<{ id: string }>({ text: 'select id from message_recipients where domain = $1 and local = $2' }, [
        domain,
        local,
      ])
      const mailIds = mails.map(({ id }) => id)
      const reports = await run<{ id: string; pending: boolean }>({ text: 'select id, pending from reports where message_id = any($1)' }, [
        mailIds,
      ])
      if (reports.some(({ pending }) => pending)) return 'busy'
      const messages = await inParts(mailIds, ids => eraseMessages(ids, key, other))
      const reported = await inParts(
        reports.map(({ id }) => id),
        ids => eraseReports(ids, key),
      )
      const returns = await run<{ id: string }>({ text: 'select id from bounces where key = $1' }, [key])
      const bounces = await inParts(
        returns.map(({ id }) => id),
        ids => eraseBounces(ids, key, other),
      )
      const counted = { messages, reports: reported, bounces, audit: await eraseAudit(key, other) }
      const walked = { changes: await eraseChanges(key, other), webhooks: await eraseWebhooks(key) }
      return { key: other, ...counted, ...walked, blocked: await eraseAddress(key, other) } satisfies Erased
    },
  }

  function eraseMessages(ids: readonly string[], key: AddressKey, other: AddressKey): Promise<number> {
    return database.transaction(async own => {
      const rows = await own<{ seq: number; data: Omit<Message, 'seq' | 'outcome'> }>(
        { text: 'select seq, data from messages where id = any($1) for update' },
        [ids],
      )
      const erased = rows.map(({ seq, data }): Message => erasedMessage({ ...data, seq, outcome: null }, key, other))
      const recipients = erased.flatMap(mail => recipientsOf(mail, mail.seq)).filter(one => one.key === other)
      const gone = 'delete from message_recipients where domain = $1 and local = $2 and id = any($3)'
      return {
        result: erased.length,
        writes: [
          ...putRows(own, messageTable, erased),
          own({ text: gone }, [domainOfKey(key), localOfKey(key), ids]),
          ...putRows(own, recipientTable, recipients),
        ],
      }
    })
  }

  /** Octets go, and what was owed of them. */
  function eraseReports(ids: readonly string[], key: AddressKey): Promise<number> {
    return database.transaction(async own => {
      const rows = await own<{ id: string; data: StoredReport }>({ text: 'select id, data from reports where id = any($1) for update' }, [
        ids,
      ])
      const update =
        'update reports set data = given.data from unnest($1::text[], $2::json[]) as given (id, data) where reports.id = given.id'
      return {
        result: rows.length,
        writes: [
          own({ text: update }, [rows.map(({ id }) => id), rows.map(({ data }) => JSON.stringify(erasedReport(data, key)))]),
          own({ text: 'delete from report_octets where id = any($1)' }, [ids]),
          own({ text: 'delete from outbox where id = any($1)' }, [ids]),
        ],
      }
    })
  }

  function eraseBounces(ids: readonly string[], key: AddressKey, other: AddressKey): Promise<number> {
    return database.transaction(async own => {
      const rows = await own<{ data: Bounce }>({ text: 'select data from bounces where id = any($1) and key = $2 for update' }, [ids, key])
      const erased = rows.map(({ data }) => erasedBounce(data, key, other))
      return { result: erased.length, writes: putRows(own, bounceTable, erased) }
    })
  }

  function eraseAudit(key: AddressKey, other: AddressKey): Promise<number> {
    return database.transaction(async own => {
      const rows = await own<{ seq: number; n: number; data: AuditEntry }>(
        { text: 'select seq, n, data from audit where key = $1 for update' },
        [key],
      )
      const text = `update audit set key = $4, data = given.data
        from unnest($1::bigint[], $2::integer[], $3::json[]) as given (seq, n, data) where audit.seq = given.seq and audit.n = given.n`
      const values = [
        rows.map(({ seq }) => seq),
        rows.map(({ n }) => n),
        rows.map(({ data }) => JSON.stringify(erasedEntry(data, key, other))),
        other,
      ]
      return { result: rows.length, writes: [own({ text }, values)] }
    })
  }

  async function eraseChanges(key: AddressKey, other: AddressKey): Promise<number> {
    let count = 0
    for (let place = 0; ; ) {
      const rows = await run<{ n: number; data: Change }>({ text: 'select n, data from feed where n > $1 order by n limit $2' }, [
        place,
        walkChunk,
      ])
      const last = rows.at(-1)
      if (!last) return count
      const hits = rows.filter(({ data }) => data.key === key)
      const text = 'update feed set data = given.data from unnest($1::bigint[], $2::json[]) as given (n, data) where feed.n = given.n'
      if (hits.length > 0)
        await run({ text }, [hits.map(({ n }) => n), hits.map(({ data }) => JSON.stringify(erasedChange(data, key, other)))])
      count += hits.length
      place = last.n
    }
  }

  async function eraseWebhooks(key: AddressKey): Promise<number> {
    let count = 0
    for (let place = ['', '']; ; ) {
      const text = 'select endpoint, id, data from deliveries where (endpoint, id) > ($1, $2) order by endpoint, id limit $3'
      const rows = await run<{ endpoint: string; id: string; data: Delivery }>({ text }, [...place, walkChunk])
      const last = rows.at(-1)
      if (!last) return count
      const hits = rows.filter(({ data }) => tellsOf(data, key))
      const gone = 'delete from deliveries where (endpoint, id) in (select * from unnest($1::text[], $2::text[]))'
      if (hits.length > 0) await run({ text: gone }, [hits.map(({ endpoint }) => endpoint), hits.map(({ id }) => id)])
      count += hits.length
      place = [last.endpoint, last.id]
    }
  }

  /** Gives whether a block holds on; then its record stands under the pseudonym. */
  function eraseAddress(key: AddressKey, other: AddressKey): Promise<boolean> {
    return database.serializable(async own => {
      const rows = await own<{ key: string; data: AddressRecord }>({ text: 'select key, data from addresses where key = any($1)' }, [
        [key, other],
      ])
      const recordOf = (name: string) => rows.find(row => row.key === name)?.data ?? null
      const [old, left] = [recordOf(key), recordOf(other)]
      const holds = (record: AddressRecord | null) => record?.block != null && inForce(record.block, now())
      const result = holds(old) || holds(left)
      if (!old) return { result, writes: [] }
      const counts = new CountChanges()
      counts.add('blocks', null, -Number(old.block !== null))
      const writes = [own({ text: 'delete from addresses where key = $1' }, [key])]
      if (holds(old)) {
        counts.add('blocks', null, 1 - Number((left?.block ?? null) !== null))
        writes.push(
          own({ text: `insert into meta values ('hashed', 'true') on conflict do nothing` }),
          ...(putRows(own, addressTable, [underPseudonym(bareAddress(old), other)]) as Promise<never>[]),
        )
      }
      return { result, writes: [...writes, ...counts.put(own, slot)] }
    })
  }
}

/** Works on ids part by part; sums what each part gives. */
async function inParts(ids: readonly string[], work: (ids: readonly string[]) => Promise<number>): Promise<number> {
  let count = 0
  for (let at = 0; at < ids.length; at += chunk) count += await work(ids.slice(at, at + chunk))
  return count
}
