/**
 * What rebond remembers of one address: whether it is blacklisted and why, what returns and people made of it.
 *
 * Times are milliseconds since 1970 (UTC) and serve display, expiry and retention only. What came after what is decided by sequence
 * numbers, all taken from one sequence of the store: messages, unblocks, blocks by hand and hard returns.
 * Pure.
 */
import type { BounceType, Category, Fault } from '../classify/verdict.ts'
import type { AddressKey } from '../smtp/path.ts'

/** A moment in the store's one order. */
export type Moment = { readonly seq: number; readonly at: number }

/** `manual`: a person blocked it. */
export type BlockCategory = Category | 'manual'

/** A block in force; its presence makes an address blacklisted. */
export type Block = {
  readonly address: string
  readonly since: number
  /** null: until somebody lifts it. */
  readonly until: number | null
  readonly category: BlockCategory
  readonly type: BounceType
  readonly fault: Fault
  readonly rule: string | null
  /** The remote server's words, or the person's reason; cleaned of control characters, at most 500 characters. */
  readonly evidence: string
  readonly bounceId: string | null
  readonly messageId: string | null
  /** Who blocked by hand; null: a return did. */
  readonly by: string | null
}

/** Everything known of one address. The block stands in it too, so that one read under the key's lock gives all facts. */
export type AddressRecord = {
  readonly key: AddressKey
  /** As last written by a CRM or a person. */
  readonly address: string
  readonly block: Block | null
  readonly lastHard: Moment | null
  readonly lastUnblock: (Moment & { readonly by: string | null; readonly why: string }) | null
  /** Last report that mail for it was delivered. */
  readonly lastDelivered: Moment | null
  /** Hard returns that wait for their rule's `confirm`. */
  readonly awaiting: readonly { readonly rule: string; readonly messageId: string; readonly at: number }[]
  readonly counts: { readonly hard: number; readonly soft: number; readonly uncounted: number }
  /** Soft returns that may be the address's own fault, oldest first: for `policy` and for the list of suspects. Absent: none. */
  readonly soft?: readonly SoftReturn[]
  /** What made the block what it is, oldest first, at most 50; with `folded` it can be folded again. Absent: nothing since it is kept. */
  readonly events?: readonly AddressEvent[]
  /** What was in force before the oldest of `events`. Absent: nothing was. */
  readonly folded?: AddressState
  /** A hard return that the surge guard holds back. Absent or null: none. */
  readonly held?: Held | null
  /** When it was last counted for the surge guard, and whether as a hard return of an address that was ok. Absent: never. */
  readonly fed?: { readonly at: number; readonly hard: boolean } | null
}

/** What returns and people made of an address. */
export type AddressState = Pick<AddressRecord, 'block' | 'lastHard' | 'lastUnblock'>

/** One step of the way to an address's state. */
export type AddressEvent =
  | {
      readonly kind: 'return'
      readonly seq: number
      readonly at: number
      readonly bounceId: string
      readonly block: Block
      /** The revert that voided it; null: it stands. */
      readonly void: string | null
    }
  | { readonly kind: 'block'; readonly seq: number; readonly at: number; readonly block: Block }
  | { readonly kind: 'unblock'; readonly seq: number; readonly at: number; readonly by: string | null; readonly why: string }

export type SoftReturn = { readonly category: Category; readonly rule: string; readonly messageId: string; readonly at: number }

/** Soft returns, and different days (UTC) of them, that make an address a suspect. */
const suspectReturns = 5

const dayMs = 86_400_000

/** Says whether an address is worth a look: its mail has come back soft again and again, and it is not blacklisted. */
export function isSuspect({ block, soft = [] }: Pick<AddressRecord, 'block' | 'soft'>): boolean {
  const since = (soft.at(-1)?.at ?? 0) - 30 * dayMs
  const lately = soft.filter(({ at, category }) => at > since && category !== 'recipient_policy')
  return block === null && lately.length >= suspectReturns && new Set(lately.map(({ at }) => Math.floor(at / dayMs))).size >= suspectReturns
}

/** Where a held return is listed, and what it would have done. */
export type Held = { readonly incident: string; readonly bounceId: string; readonly messageId: string; readonly at: number }
