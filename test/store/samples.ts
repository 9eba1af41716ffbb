/**
 * Records for tests of the store: complete, plausible, and different wherever a test names a difference.
 */
import { createHash } from 'node:crypto'
import { makeId } from '../../src/return-path/time-id.ts'
import { type AddressKey, addressKeyOf } from '../../src/smtp/path.ts'
import type { AddressRecord, Block } from '../../src/store/address-record.ts'
import type { JournalRecipient, Message } from '../../src/store/message-records.ts'
import type { OutboxItem } from '../../src/store/outbox-record.ts'
import type { Bounce, StoredReport } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import type { Changes } from '../../src/store/update.ts'

/** The moment at which the samples begin. */
export const start = Date.parse('2026-11-24T10:00:00Z')
export const minute = 60_000
export const day = 86_400_000

let made = 0

/** A fresh id of a moment. */
export function idAt(at: number): string {
  const random = Buffer.alloc(4)
  random.writeUInt32BE(++made)
  return makeId(at, random)
}

export function keyOf(address: string): AddressKey {
  const key = addressKeyOf(address)
  if (key === null) throw new RangeError(`${address} is no address`)
  return key
}

export function recipient(address: string, more: Partial<JournalRecipient> = {}): JournalRecipient {
  return { address, key: keyOf(address), name: 'Jean Dupont', verdict: 'relayed', reply: { code: 250, text: ['Ok'] }, ...more }
}

export function message(more: Partial<Message> = {}): Omit<Message, 'seq' | 'outcome'> {
  const { seq: _, outcome: __, ...fields } = more
  const at = more.at ?? start
  return {
    id: idAt(at),
    at,
    reversePath: 'crm@example.com',
    recipients: [recipient('jean@example.org')],
    from: { name: 'Sales', address: 'sales@example.com' },
    subject: 'Your order',
    template: 'order',
    list: null,
    headerMessageId: '<1@crm.example.com>',
    size: 1024,
    ...fields,
  }
}

export function block(address: string, more: Partial<Block> = {}): Block {
  return {
    address,
    since: start,
    until: null,
    category: 'invalid_address',
    type: 'hard',
    fault: 'recipient',
    rule: 'rfc3463-x.1.1',
    evidence: '550 5.1.1 User unknown',
    bounceId: null,
    messageId: null,
    by: null,
    ...more,
  }
}

export function address(of: string, more: Partial<AddressRecord> = {}): AddressRecord {
  const counts = { hard: 0, soft: 0, uncounted: 0 }
  const nothing = { block: null, lastHard: null, lastUnblock: null, lastDelivered: null, awaiting: [] }
  return { key: keyOf(of), address: of, ...nothing, counts, ...more }
}

export function bounce(of: string, more: Partial<Bounce> = {}): Bounce {
  const messageId = more.messageId ?? idAt(more.receivedAt ?? start)
  return {
    id: `${messageId}-${createHash('sha256').update(of).digest('hex').slice(0, 8)}`,
    receivedAt: start,
    source: 'dsn',
    kind: 'bounce',
    action: 'failed',
    reportId: null,
    messageId,
    address: of,
    key: keyOf(of),
    category: 'invalid_address',
    fault: 'recipient',
    type: 'hard',
    rule: 'rfc3463-x.1.1',
    confirm: null,
    evidence: '550 5.1.1 User unknown',
    status: '5.1.1',
    replyCode: 550,
    remoteMta: 'mx.example.org',
    reportingMta: 'mail.example.com',
    grade: 'proven',
    counted: true,
    why: 'blacklisted',
    mail: null,
    ...more,
  }
}

export function report(more: Partial<StoredReport> = {}): StoredReport {
  const receivedAt = more.receivedAt ?? start
  const client = { address: '127.0.0.1', host: null }
  return {
    id: idAt(receivedAt),
    messageId: idAt(start),
    receivedAt,
    sender: '',
    client,
    fromReporter: true,
    size: 100,
    judged: null,
    ...more,
  }
}

export function owed(dueAt: number, more: Partial<OutboxItem> = {}): OutboxItem {
  return {
    id: idAt(start),
    reportId: idAt(start),
    to: 'crm@example.com',
    since: start,
    dueAt,
    attempts: 0,
    lastError: null,
    inDoubt: false,
    deadAt: null,
    ...more,
  }
}

/** Commits changes whose request names all that they change. */
export function commit(store: Store, changes: Changes): Promise<void> {
  const keys = (changes.addresses ?? []).map(({ key }) => key)
  const bounceIds = (changes.bounces ?? []).map(({ id }) => id)
  return store.update({ keys, bounceIds }, () => ({ changes, result: undefined }))
}

export function blockAddress(store: Store, of: string, more: Parameters<typeof block>[1] = {}): Promise<void> {
  return commit(store, { addresses: [address(of, { block: block(of, more) })] })
}

/** Something of every kind. */
export async function fill(store: Store): Promise<void> {
  const mails = [
    message({ list: 'autumn', recipients: [recipient('a@example.org'), recipient('b@example.org')] }),
    message({ at: start - day }),
  ]
  for (const mail of mails) await store.appendMessage(mail, [])
  store.settleMessage(
    mails[0]?.id ?? '',
    { outcome: 'accepted', at: start, reply: null, upstreamId: 'Q1' },
    { list: 'autumn', at: start, adds: { sent: 1 } },
  )
  await store.keepMailboxPosition('imap.example.com/INBOX', { uidValidity: '7', lastUid: 42 })
  await blockAddress(store, 'erased@example.org')
  await store.erase(keyOf('erased@example.org'))
  const stored = report()
  for (const one of [stored, report({ receivedAt: start + 1 })]) await store.acceptReport(one, Buffer.from([0, 255, 10]))
  const returned = bounce('a@example.org', { mail: null })
  await commit(store, {
    addresses: [address('a@example.org', { block: block('a@example.org') }), address('c@example.org')],
    bounces: [returned, bounce('b@example.org', { receivedAt: start - day })],
    report: { ...stored, judged: { at: start, kind: 'bounce', bounceIds: [returned.id], problem: null } },
    outbox: [owed(start), owed(start, { id: idAt(start), deadAt: start })],
    audit: [{ at: start, op: 'block', actor: 'hand', by: 'ops', key: keyOf('a@example.org'), why: 'no\0' }],
    windows: new Map([['big.example', { steps: [], incidents: {}, silentUntil: {} }]]),
    incidents: [
      {
        ...{ id: idAt(start), operator: 'big.example', rule: 'r', category: 'invalid_address', openedAt: start, lastAt: start },
        ...{ held: 1, blacklisted: 0, closed: null },
      },
    ],
    members: [{ group: 'g', bounceId: returned.id }],
    tallies: [{ list: null, at: start, adds: { 'hard.invalid_address': 1 }, domain: 'example.org' }],
    feed: [{ at: start, kind: 'blacklisted', key: keyOf('a@example.org'), address: 'a@example.org', block: null, by: null, why: '' }],
    deliveries: [
      {
        ...{
          id: '1',
          endpoint: 'crm',
          event: 'mail.returned',
          at: start,
          data: {},
          bounceId: null,
          since: start,
          dueAt: start,
          attempts: 0,
        },
        ...{ lastStatus: null, lastError: null, ended: null },
      },
    ],
    endpointStops: new Map([['crm-2', { at: start, why: '410' }]]),
  })
}
