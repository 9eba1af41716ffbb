/**
 * What a form that changes something carries: who, and why. On the page a reason must be given: the next one who looks will ask for it.
 *
 * Pure.
 */
import { asFields } from './filters.ts'
import type { DeedErrors, DeedValues } from './form-parts.ts'
import type { View } from './view.ts'

const longestWhy = 500
const longestBy = 100

export type TypedDeed =
  | { readonly ok: true; readonly why: string; readonly by: string | null }
  | { readonly ok: false; readonly errors: DeedErrors; readonly values: DeedValues }

/** Reads who and why from a form. Who has logged in is who does it. */
export function readDeed({ words, person }: View, body: unknown): TypedDeed {
  const fields = asFields(body)
  const [why, by] = [fields.why?.trim() ?? '', fields.by?.trim() ?? '']
  const { whyMissing, whyLong, byLong } = words.form
  const errors = {
    ...(why === '' ? { why: whyMissing } : why.length > longestWhy ? { why: whyLong } : {}),
    ...(by.length > longestBy ? { by: byLong } : {}),
  }
  if (Object.keys(errors).length > 0)
    return { ok: false, errors, values: { why: why.slice(0, 2 * longestWhy), by: by.slice(0, 2 * longestBy) } }
  return { ok: true, why, by: person ?? (by || null) }
}
