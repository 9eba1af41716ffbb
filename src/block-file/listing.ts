/**
 * One line of a list of addresses that somebody else, or an earlier export of ours, says no mail may go to.
 *
 * Pure.
 */
import type { BounceType, Category, Fault } from '../classify/verdict.ts'
import type { AddressKey } from '../smtp/path.ts'

/**
 * What the list says of the address. `dead`: mail to it came back for good. `complaint`, `unsubscribed`: a person wants no mail, and the address
 * is alive. `alive`: the line says nothing that blocks (a full mailbox, a refusal of the sender).
 */
export type Fate = 'dead' | 'complaint' | 'unsubscribed' | 'alive'

export type Listing = {
  readonly fate: Fate
  /** As it stands in the list. */
  readonly address: string
  readonly key: AddressKey
  /** When it came to be; null: the list does not say. */
  readonly since: number | null
  /** When it ends; null: never, or the list does not say. */
  readonly until: number | null
  readonly category: Category | 'manual'
  readonly type: BounceType
  readonly fault: Fault
  readonly rule: string | null
  /** The words of a server or a person, as they stand in the list; empty: none. */
  readonly evidence: string
  readonly bounceId: string | null
  readonly messageId: string | null
  /** Who blocked it by hand; null: the list does not say. */
  readonly by: string | null
}

/** One line of the file: what it lists, or why it cannot be read. */
export type Listed = { readonly line: number } & (
  | { readonly ok: true; readonly listing: Listing }
  | { readonly ok: false; readonly address: string | null; readonly why: string }
)

/** Parses what a line says of an address; `cells` by the normal form of their column's name. */
export type Read = (cells: Cells) => { readonly ok: true; readonly listing: Listing } | { readonly ok: false; readonly why: string }

/** Values by column; the names in lower case, letters and digits only. A column that is not there is undefined. */
export type Cells = Readonly<Record<string, string | undefined>>

/** The name of a column without what exporters vary: case, spaces, underscores. */
export function columnName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '')
}
