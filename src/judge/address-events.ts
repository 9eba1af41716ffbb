/**
 * The way to an address's state: hard returns, blocks and unblocks, one after another in the store's order (bounces.md, "Judgement").
 *
 * A record keeps its latest events, and what was in force before them; so the state can be folded again without those that were undone, and
 * what came later, from servers and from people, stands.
 * Pure.
 */
import type { AddressEvent, AddressRecord, AddressState, Block } from '../store/address-record.ts'

/** Events that a record keeps; older ones become part of `folded`. */
export const maxEvents = 50

const nothing: AddressState = { block: null, lastHard: null, lastUnblock: null }

/** Adds an event to a record, and its effect. The record is as of now: an expired block is taken away already. */
export function addEvent(record: AddressRecord, event: AddressEvent): AddressRecord {
  const { events = [], folded = events.length === 0 ? stateOf(record) : nothing } = record
  const kept = [...events, event]
  const [oldest] = kept
  const full = kept.length > maxEvents && oldest !== undefined
  return {
    ...record,
    ...applyEvent(stateOf(record), event),
    events: full ? kept.slice(1) : kept,
    folded: full ? applyEvent(folded, oldest) : folded,
  }
}

/** Folds a record's events again. */
export function refold(record: AddressRecord): AddressRecord {
  const { events = [], folded } = record
  if (events.length === 0) return record
  return { ...record, ...events.reduce(applyEvent, folded ?? nothing) }
}

/** What an event makes of a state. A return that is void makes nothing. */
export function applyEvent(state: AddressState, event: AddressEvent): AddressState {
  const { seq, at } = event
  switch (event.kind) {
    case 'return':
      return event.void === null ? { ...state, block: strongerBlock(state.block, event.block), lastHard: { seq, at } } : state
    case 'block':
      return { ...state, block: event.block }
    case 'unblock':
      return { ...state, block: null, lastUnblock: { seq, at, by: event.by, why: event.why } }
  }
}

function stateOf({ block, lastHard, lastUnblock }: AddressRecord): AddressState {
  return { block, lastHard, lastUnblock }
}

/** A block in force stays, with its reason; one that would end earlier than the new one, or has ended, gives way. */
function strongerBlock(block: Block | null, next: Block): Block {
  if (block === null) return next
  const longer = block.until !== null && (next.until === null || next.until > block.until)
  return longer ? next : block
}
