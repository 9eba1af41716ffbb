/**
 * What can be forgotten by age, and the times that say how old a record is. doc/adr/0002 has a column about it.
 *
 * Pure.
 */
import type { AddressRecord } from './address-record.ts'
import type { SurgeWindow } from './surge-records.ts'

/**
 * `raw`: the octets of returned mail; `messages`: the journal; `bounces`: returns; `reports`: what is known of a returned mail beside its octets;
 * `tokens`: what return paths have brought; `deadLetters`: mails given up, with their octets; `changes`: the feed; `webhooks`: the log of
 * deliveries that ended; `incidents`: with the returns that they and reverts list; `tallies`: what was counted in an hour or a day; `lists`: their
 * records and totals, when their last mail is older; `windows`: what the surge guard knows of an operator that nothing came from since; `addresses`:
 * nothing in force, and nothing happened since.
 */
export const forgettable = [
  'raw',
  'messages',
  'bounces',
  'reports',
  'tokens',
  'deadLetters',
  'audit',
  'changes',
  'webhooks',
  'incidents',
  'tallies',
  'lists',
  'windows',
  'addresses',
] as const

export type Forgettable = (typeof forgettable)[number]

/** When the surge guard last heard of an operator; what a person told it to be silent about counts until then. */
export function lastUseOf({ steps, incidents, silentUntil }: SurgeWindow): number {
  return Math.max(0, ...steps.map(({ at }) => at), ...Object.values(incidents).map(({ lastAt }) => lastAt), ...Object.values(silentUntil))
}

/** When something last happened to an address; what is in force now does not count. */
export function lastChangeOf(record: AddressRecord): number {
  const { lastHard, lastUnblock, lastDelivered, awaiting, soft = [], events = [], held, fed } = record
  const times = [lastHard, lastUnblock, lastDelivered, held, fed].map(one => one?.at ?? 0)
  return Math.max(...times, ...awaiting.map(({ at }) => at), ...soft.map(({ at }) => at), ...events.map(({ at }) => at))
}
