/**
 * Records as an erasure leaves them: a pseudonym (erased.ts) stands where the address stood, and what is left of the record is about nobody.
 *
 * Pure.
 */
import { type AddressKey, addressKeyOf } from '../smtp/path.ts'
import type { AddressEvent, AddressRecord, Block } from './address-record.ts'
import type { AuditEntry } from './audit-record.ts'
import type { Change } from './change-records.ts'
import type { Delivery } from './delivery-records.ts'
import { withoutAddress } from './erased.ts'
import type { JournalRecipient, Message } from './message-records.ts'
import type { Bounce, StoredReport } from './return-records.ts'

/** What is left of an erased address, as whoever asks with the address sees it. */
export function underAddress(record: AddressRecord, address: AddressKey): AddressRecord {
  return { ...record, key: address, address, block: record.block && { ...record.block, address } }
}

/** The record of an address with its pseudonym in the place of the address. */
export function underPseudonym(record: AddressRecord, pseudonym: AddressKey): AddressRecord {
  const { key, block, lastUnblock, events, folded } = record
  const blockOf = (one: Block): Block => ({ ...one, address: pseudonym, evidence: withoutAddress(one.evidence, key) })
  const unblockOf = (one: AddressRecord['lastUnblock']) => one && { ...one, why: withoutAddress(one.why, key) }
  const eventOf = (event: AddressEvent): AddressEvent =>
    event.kind === 'unblock' ? { ...event, why: withoutAddress(event.why, key) } : { ...event, block: blockOf(event.block) }
  return {
    ...record,
    key: pseudonym,
    address: pseudonym,
    block: block && blockOf(block),
    lastUnblock: unblockOf(lastUnblock),
    ...(events ? { events: events.map(eventOf) } : {}),
    ...(folded ? { folded: { ...folded, block: folded.block && blockOf(folded.block), lastUnblock: unblockOf(folded.lastUnblock) } } : {}),
  }
}

/** What is kept of an address whose block holds: no returns, nothing that waits. */
export function bareAddress({ key, block, lastHard, lastUnblock, lastDelivered, counts }: AddressRecord): AddressRecord {
  return { key, address: key, block, lastHard, lastUnblock, lastDelivered, awaiting: [], counts }
}

/** A mail without one of its recipients; the others stay as they are. */
export function erasedMessage<M extends Pick<Message, 'recipients'>>(mail: M, key: AddressKey, pseudonym: AddressKey): M {
  const recipients = mail.recipients.map((one): JournalRecipient => {
    if (one.key !== key) return one
    const [first, ...more] = one.reply.text.map(line => withoutAddress(line, key))
    return { ...one, address: pseudonym, key: pseudonym, name: null, reply: { ...one.reply, text: [first ?? '', ...more] } }
  })
  return { ...mail, recipients }
}

/** A report of a mail to the address; its octets go with it. */
export function erasedReport(report: StoredReport, key: AddressKey): StoredReport {
  const { judged, sender } = report
  return {
    ...report,
    sender: addressKeyOf(sender) === key ? '' : sender,
    judged: judged && { ...judged, problem: judged.problem && withoutAddress(judged.problem, key) },
  }
}

export function erasedBounce(bounce: Bounce, key: AddressKey, pseudonym: AddressKey): Bounce {
  return {
    ...bounce,
    key: pseudonym,
    address: pseudonym,
    evidence: withoutAddress(bounce.evidence, key),
    remoteMta: bounce.remoteMta && withoutAddress(bounce.remoteMta, key),
    mail: bounce.mail && { ...bounce.mail, recipientName: null },
  }
}

export function erasedEntry(entry: AuditEntry, key: AddressKey, pseudonym: AddressKey): AuditEntry {
  return { ...entry, key: pseudonym, why: withoutAddress(entry.why, key) }
}

export function erasedChange<C extends Change>(change: C, key: AddressKey, pseudonym: AddressKey): C {
  const block = change.block && { ...change.block, evidence: withoutAddress(change.block.evidence, key) }
  return { ...change, key: pseudonym, address: null, why: withoutAddress(change.why, key), block }
}

/** Says whether a webhook tells of an address: it cannot be told without it, and is dropped. */
export function tellsOf(delivery: Delivery, key: AddressKey): boolean {
  return JSON.stringify(delivery.data).toLowerCase().includes(JSON.stringify(key).slice(1, -1))
}
