/**
 * What the tests of the judge are made of: a mail, its recipients, returns about it.
 */

import { verdictOf } from '../../src/classify/verdict.ts'
import { parseConfig } from '../../src/config/config.ts'
import type { PolicyConfig } from '../../src/config/schema.ts'
import { type JudgeFacts, type JudgePolicy, noSigns } from '../../src/judge/conditions.ts'
import type { ReturnEvent } from '../../src/judge/return-event.ts'
import type { Report, ReportedRecipient } from '../../src/report/report.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { type AddressKey, addressKeyOf } from '../../src/smtp/path.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { JournalRecipient, Message, RcptVerdict } from '../../src/store/message-records.ts'
import type { StoredReport } from '../../src/store/return-records.ts'

export const now = Date.parse('2026-11-24T10:00:00Z')
export const hour = 3_600_000
export const day = 24 * hour
export const policy: JudgePolicy = { judgeWithinDays: 10, never: [] }
export const wholePolicy: PolicyConfig = defaultPolicy()
function defaultPolicy(): PolicyConfig {
  const parsed = parseConfig({})
  if (!parsed.ok) throw new TypeError('an empty configuration is one')
  return parsed.config.policy
}

export const dead = verdictOf('invalid_address', 'rfc3463-x.1.1')
export const full = verdictOf('mailbox_full', 'rfc3463-x.2.2')

export function keyOf(address: string): AddressKey {
  const key = addressKeyOf(address)
  if (!key) throw new TypeError(`${address} is no address`)
  return key
}

export function recipient(address: string, verdict: RcptVerdict = 'relayed', name: string | null = null): JournalRecipient {
  const said = verdict === 'relayed' ? reply(250, '2.1.5', 'Ok') : reply(550, '5.1.1', 'User unknown')
  return { address, key: keyOf(address), name, verdict, reply: said }
}

export function mail(to: readonly (string | JournalRecipient)[], more: Partial<Message> = {}): Message {
  const at = more.at ?? now - hour
  return {
    id: makeId(at, Buffer.from([0, 0, 0, more.seq ?? 10])),
    seq: 10,
    at,
    reversePath: 'news@shop.example',
    recipients: to.map(one => (typeof one === 'string' ? recipient(one) : one)),
    from: { name: 'Shop', address: 'news@shop.example' },
    subject: 'Your order',
    template: null,
    list: null,
    headerMessageId: '<1@shop.example>',
    size: null,
    outcome: null,
    ...more,
  }
}

/** A failed recipient, proven and hard, of a mail to that recipient alone; `more` breaks one thing. */
export function returned(more: Partial<ReturnEvent> = {}): ReturnEvent {
  const message = more.message === undefined ? mail(['jean@example.com']) : more.message
  const [first] = message?.recipients ?? []
  return {
    source: 'dsn',
    kind: 'bounce',
    action: 'failed',
    receivedAt: now,
    reportId: 'report',
    messageId: message?.id ?? makeId(now - hour, Buffer.alloc(4)),
    match: first ? { fate: 'recipient', recipient: first } : { fate: 'not-a-recipient', address: 'jean@example.com' },
    grade: 'proven',
    verdict: dead,
    evidence: '550 5.1.1 User unknown',
    status: '5.1.1',
    replyCode: 550,
    remoteMta: 'mx.example.com',
    reportingMta: 'out.upstream.example',
    ...more,
    message,
  }
}

export function facts(more: Partial<JudgeFacts> = {}): JudgeFacts {
  return { address: null, prior: null, seq: 20, resolver: noSigns, ...more }
}

export function reported(address: string | null, more: Partial<ReportedRecipient> = {}): ReportedRecipient {
  return {
    address,
    originalAddress: null,
    action: 'failed',
    status: '5.1.1',
    replyCode: 550,
    diagnostic: '550 5.1.1 User unknown',
    remoteMta: 'mx.example.com',
    ...more,
  }
}

export function report(recipients: readonly ReportedRecipient[], more: Partial<Report> = {}): Report {
  return {
    kind: 'bounce',
    recipients,
    reportingMta: 'out.upstream.example',
    originalEnvelopeId: null,
    originalMessageId: null,
    from: null,
    subject: null,
    messageId: null,
    ...more,
  }
}

let reports = 0

export function stored(messageId: string, more: Partial<StoredReport> = {}): StoredReport {
  return {
    id: makeId(now, Buffer.from([1, 0, reports >> 8, reports++ & 255])),
    messageId,
    receivedAt: now,
    sender: '',
    client: { address: '127.0.0.1', host: null },
    fromReporter: true,
    size: 100,
    judged: null,
    ...more,
  }
}
