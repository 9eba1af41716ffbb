/**
 * Everything that is kept of an address, record by record (GDPR, article 15), in the memory of one page.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { NumberedChange } from '../store/change-records.ts'
import { tellsOf } from '../store/erased-records.ts'
import type { Message } from '../store/message-records.ts'
import type { Page, PageRequest } from '../store/page.ts'
import type { StoredReport } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'

const pageSize = 200

/** One record as the store keeps it. */
export type KeptRecord = {
  readonly kind: 'address' | 'mail' | 'report' | 'owed' | 'return' | 'audit' | 'change' | 'webhook'
  readonly record: object
}

/**
 * The records, each with its `kind`; other recipients of a mail are left out of it. `endpoints` are those whose webhooks are looked through.
 * @throws {StoreUnavailable}
 */
export async function* addressRecords(store: Store, key: AddressKey, endpoints: readonly string[]): AsyncGenerator<KeptRecord> {
  const address = await store.address(key)
  if (address) yield { kind: 'address', record: address }
  for await (const message of every<Message>(page => store.messages({ key }, page))) {
    yield { kind: 'mail', record: { ...message, recipients: message.recipients.filter(one => one.key === key) } }
    const alone = message.recipients.every(one => one.key === key)
    for (const report of await store.reportsOf(message.id)) {
      yield { kind: 'report', record: { ...report, octets: await octetsOf(store, report, alone) } }
      const item = await store.outboxItem(report.id)
      if (item) yield { kind: 'owed', record: item }
    }
  }
  for await (const bounce of every(page => store.bounces({ key }, page))) yield { kind: 'return', record: bounce }
  for await (const entry of every(page => store.audit({ key }, page))) yield { kind: 'audit', record: entry }
  for await (const change of everyChange(store)) if (change.key === key) yield { kind: 'change', record: change }
  for (const endpoint of endpoints)
    for await (const delivery of every(page => store.deliveries({ endpoint }, page)))
      if (tellsOf(delivery, key)) yield { kind: 'webhook', record: delivery }
}

/** Base64; null: forgotten, or about a mail that others received too, whose addresses are theirs. */
async function octetsOf(store: Store, { id }: StoredReport, alone: boolean): Promise<string | null> {
  return alone ? ((await store.rawReport(id))?.toString('base64') ?? null) : null
}

async function* everyChange(store: Store): AsyncGenerator<NumberedChange> {
  for (let after = 0; ; ) {
    const { items } = await store.changes({ after, limit: pageSize })
    const last = items.at(-1)
    if (!last) return
    yield* items
    after = last.n
  }
}

async function* every<T>(list: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  for (let cursor: string | null = null; ; ) {
    const page: Page<T> = await list({ limit: pageSize, cursor })
    yield* page.items
    if (page.next === null) return
    cursor = page.next
  }
}
