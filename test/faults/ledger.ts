/**
 * The ledger of an ordeal: what each numbered mail was, and what its sender was told; the same of returns, blocks and unblocks.
 *
 * It is written by those outside rebond only, at the moment they learn something. accounts.ts compares it with what is there afterwards.
 */

/** A mail of the CRM's. */
export type Mail = {
  readonly number: number
  /** Its octets between DATA and the final dot, as latin1. */
  readonly wire: string
  /** Recipients whose RCPT was answered 2yz. */
  readonly recipients: string[]
  /** The last reply that mattered: of the dot, or that which ended the mail before; null: the connection ended without one. */
  told: string | null
}

/** A mail that upstream took over, with the envelope it came in. */
export type Kept = { readonly number: number; readonly wire: string; readonly returnPath: string; readonly recipients: readonly string[] }

/** A return that was brought, about one recipient of one mail. */
export type Brought = { readonly who: string; readonly number: number; acknowledged: boolean }

/** What an address may be now, as far as whoever blocks and unblocks it was told. */
export type Handled = {
  readonly who: string
  /** More than one: a request ended without an answer. */
  may: readonly ('blacklisted' | 'unknown')[]
  /** Acknowledged changes, each from a state that was known. */
  blocks: number
  unblocks: number
}

export type Ledger = {
  readonly mails: Map<number, Mail>
  readonly kept: Map<number, Kept[]>
  readonly brought: Map<string, Brought>
  /** Replies of class 5 to honest returns: there must be none. */
  readonly returnsRefused: string[]
  readonly handled: Map<string, Handled>
  /** Forwarded mails that upstream took, whole. */
  readonly forwarded: string[]
  /** So much was acknowledged so far: mails, returns, blocks and unblocks together. */
  acknowledged: number
  /** Called behind each acknowledgement, before anything else happens. */
  onAcknowledged: (of: 'mail' | 'return' | 'block' | 'unblock') => void
}

export function openLedger(): Ledger {
  return {
    mails: new Map(),
    kept: new Map(),
    brought: new Map(),
    returnsRefused: [],
    handled: new Map(),
    forwarded: [],
    acknowledged: 0,
    onAcknowledged: () => {},
  }
}

/** Notes an acknowledgement. */
export function acknowledge(ledger: Ledger, of: 'mail' | 'return' | 'block' | 'unblock'): void {
  ledger.acknowledged++
  ledger.onAcknowledged(of)
}
