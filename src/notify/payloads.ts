/**
 * The bodies of webhooks, and the items of the change feed: what doc/webhooks.md promises, in one place.
 *
 * Standard Webhooks: `{ type, timestamp, data }`. Times are RFC 3339 in UTC; what is not known is null. Fields may be added, never taken away.
 * Pure.
 */

import type { Block } from '../store/address-record.ts'
import type { Change } from '../store/change-records.ts'
import type { Delivery } from '../store/delivery-records.ts'
import type { Bounce, BouncedMail } from '../store/return-records.ts'
import type { Incident } from '../store/surge-records.ts'

type Data = Readonly<Record<string, unknown>>

/** A change of an address: `address.blacklisted` when a block is in force from now on, else `address.unblocked`. */
export function changeData({ kind, address, block, by, why }: Change) {
  return {
    change: kind,
    address,
    blacklisted: block !== null,
    since: block ? timeText(block.since) : null,
    until: block?.until == null ? null : timeText(block.until),
    reason: block && reasonData(block),
    by,
    why,
  }
}

function reasonData({ category, type, fault, rule, evidence, bounceId, messageId }: Omit<Block, 'address'>) {
  return { category, type, fault, rule, evidence, bounceId, messageId }
}

/** `mail.returned` and `return.unclassified`; `mail` is added at the time of sending. */
export function returnData(bounce: Bounce): Data {
  const { id, receivedAt, source, kind, messageId, address, category, fault, type, rule, evidence, status, replyCode, remoteMta } = bounce
  return {
    ...{ bounceId: id, receivedAt: timeText(receivedAt), source, kind, messageId, address, category, fault, type, rule, evidence },
    ...{ status, replyCode, remoteMta, counted: bounce.counted, why: bounce.why },
  }
}

/** `incident.opened` and `incident.closed`. */
export function incidentData({ id, operator, rule, category, openedAt, held, blacklisted, closed }: Incident): Data {
  return {
    ...{ incidentId: id, operator, rule, category, openedAt: timeText(openedAt), held, blacklisted },
    closed: closed && { ...closed, at: timeText(closed.at) },
  }
}

/** The mail that came back. */
function mailData({ from, subject, template, list, headerMessageId, recipientName, sentAt }: BouncedMail): Data {
  return { from, subject, template, list, headerMessageId, recipientName, sentAt: timeText(sentAt) }
}

/** The body of a delivery. `bounce`: the return that it is about, as it is kept now; `publicUrl`: where people find the page. */
export function webhookBody({ event, at, data }: Delivery, bounce: Bounce | null, publicUrl: string | null): string {
  const about = bounce && {
    mail: bounce.mail && mailData(bounce.mail),
    link: publicUrl && `${publicUrl.replace(/\/$/, '')}/r/${bounce.id}`,
  }
  return JSON.stringify({ type: event, timestamp: timeText(at), data: { ...data, ...about } })
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
