/**
 * A reader of reports that follow no standard: one shape of notice in, recipients out.
 *
 * Pure.
 */
import type { Notice } from '../notice.ts'
import type { Action } from '../report.ts'

/** A recipient as the words of a mail system name it. */
export type NamedRecipient = {
  readonly address: string | null
  /** The address it was expanded from, when the words say so. */
  readonly originalAddress: string | null
  /** The words about it, not yet cleaned; empty when there are none. */
  readonly said: string
  /** What became of it, when the shape says it; null: what the notice as a whole says. */
  readonly action: Action | null
  /** Status that stands apart from the words. */
  readonly status?: string | null
}

export type Reader = {
  /** Named for the software or the shape. */
  readonly name: string
  /** Gives the recipients; empty when the notice has another shape. Never throws. */
  readonly read: (notice: Notice) => readonly NamedRecipient[]
}
