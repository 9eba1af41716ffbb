/**
 * Reading the journal in LevelDB: one mail, mails by filter, and when upstream last accepted one for an address.
 */

import { type AddressKey, addressKeyOf } from '../../smtp/path.ts'
import type { Moment } from '../address-record.ts'
import type { MessageFilter } from '../filters.ts'
import { idBound, textPart } from '../key-parts.ts'
import { acceptanceOf, bareMessageId } from '../message-facts.ts'
import type { Message, MessageOutcome } from '../message-records.ts'
import type { Page, PageRequest } from '../page.ts'
import { decodeOr } from './codec.ts'
import type { Engine } from './engine.ts'
import { primary } from './indexes.ts'
import { domainFirst, key } from './keys.ts'
import { chunkFor, type IndexRange, indexPositions, maxRows, walk } from './walk.ts'

/** Mails read at once when the latest acceptance is looked for: nearly always the first or second is it. */
const acceptanceChunk = 8

/** Reads a mail with its outcome. */
export function readMessage(engine: Engine, id: string): Message | null {
  const message = engine.read(primary.message(id))
  return message === undefined ? null : join(message, engine.read(primary.outcome(id)))
}

async function readMessages(engine: Engine, ids: readonly string[]): Promise<(Message | null)[]> {
  const texts = await engine.readMany(ids.flatMap(id => [primary.message(id), primary.outcome(id)]))
  return ids.map((_, index) => join(texts[2 * index], texts[2 * index + 1]))
}

/** The outcome is a record of its own: in the mail's it is always null. */
function join(message: string | undefined, outcome: string | undefined): Message | null {
  const stored = decodeOr<Message>(message)
  return stored && { ...stored, outcome: decodeOr<MessageOutcome>(outcome) }
}

/** The index key of a mail's queue id at upstream. */
export function upstreamIndex(upstreamId: string, id: string): string {
  return key('mu', textPart(upstreamId), id)
}

/** Gives a page of mails, newest id first. */
export function listMessages(engine: Engine, filter: MessageFilter, page: PageRequest): Promise<Page<Message>> {
  const range = messageRange(filter)
  const everyRowCounts = Object.keys(filter).length < 2
  return walk<Message>(engine, {
    name: 'messages',
    filter,
    page,
    positions: before => indexPositions(engine, range, before, chunkFor(page, everyRowCounts)),
    load: async ids => (await readMessages(engine, ids)).map(message => (message && wanted(message, filter) ? message : null)),
  })
}

/** The index that leads to the fewest rows; the positions in it are ids. A CRM has few senders: an index of them would lead nowhere. */
function messageRange(filter: MessageFilter): IndexRange {
  const bounds = {
    ...(filter.since === undefined ? {} : { from: idBound(filter.since) }),
    ...(filter.until === undefined ? {} : { below: idBound(filter.until) }),
  }
  if (filter.headerMessageId !== undefined) return { parts: ['mh', textPart(bareMessageId(filter.headerMessageId))], ...bounds }
  if (filter.upstreamId !== undefined) return { parts: ['mu', textPart(filter.upstreamId)], ...bounds }
  if (filter.key !== undefined) return { parts: ['ma', domainFirst(filter.key)], ...bounds }
  return { parts: ['me'], ...bounds }
}

/** Tests all conditions but the times, which are bounds of every index. */
function wanted(message: Message, filter: MessageFilter): boolean {
  const { key, headerMessageId, upstreamId, from } = filter
  if (key !== undefined && !message.recipients.some(recipient => recipient.key === key)) return false
  if (headerMessageId !== undefined && bareMessageId(message.headerMessageId ?? '') !== bareMessageId(headerMessageId)) return false
  if (upstreamId !== undefined && message.outcome?.upstreamId !== upstreamId) return false
  if (from === undefined) return true
  return [message.from?.address, message.reversePath].some(sender => sender && folded(sender) === folded(from))
}

function folded(address: string): string {
  return addressKeyOf(address) ?? address.toLowerCase()
}

/** When upstream accepted the latest mail for this address, at `before` or earlier, among its latest 10,000 mails. */
export async function latestAcceptance(engine: Engine, address: AddressKey, before: number): Promise<Moment | null> {
  const range = { parts: ['ma', domainFirst(address)], below: idBound(before + 1) }
  let rows = 0
  for await (const ids of indexPositions(engine, range, null, acceptanceChunk)) {
    // So few, and nearly always the first: read in this tick, which costs less than a thread's answer.
    for (const id of ids) {
      const message = readMessage(engine, id)
      const accepted = message && acceptanceOf(message, address)
      if (accepted && accepted.at <= before) return accepted
    }
    rows += ids.length
    if (rows >= maxRows) break
  }
  return null
}
