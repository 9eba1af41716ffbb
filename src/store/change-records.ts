/**
 * The change feed, as values: what became of an address, for CRMs that would rather ask than be told.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'
import type { Block } from './address-record.ts'

/**
 * `blacklisted`: a block began; `replaced`: a block in force gave way to another; `unblocked`: a person or key lifted it; `reverted`: the returns
 * behind it were undone, or let go; `expired`: it ended by itself; `erased`: the address was forgotten, its block may hold.
 */
export const changeKinds = ['blacklisted', 'replaced', 'unblocked', 'reverted', 'expired', 'erased'] as const

export type ChangeKind = (typeof changeKinds)[number]

export type Change = {
  readonly at: number
  readonly kind: ChangeKind
  readonly key: AddressKey
  /** As last written; null: it was erased. */
  readonly address: string | null
  /** The block in force from now on; null: none. */
  readonly block: Omit<Block, 'address'> | null
  /** Who did it; null: a return, or rebond itself. */
  readonly by: string | null
  readonly why: string
}

/** A change with its place in the feed: from 1, without gaps, in the order of the commits. */
export type NumberedChange = Change & { readonly n: number }

/** `oldest`: the lowest number that is kept, null when none is; `newest`: the highest number ever given, 0 when none was. */
export type ChangePage = { readonly items: readonly NumberedChange[]; readonly oldest: number | null; readonly newest: number }
