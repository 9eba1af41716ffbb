/**
 * What every change by a person or key carries: who does it, and why.
 *
 * Pure.
 */
import { z } from 'zod'
import { noReason } from '../judge/audit-words.ts'

const text = (name: string, most: number) =>
  z
    .string({ error: `must be text: ${name}` })
    .trim()
    .max(most, { error: `must have at most ${most} characters` })

export const why = text('the reason', 500).nullish().describe('the reason, for whoever asks later')
export const by = text('who does it', 100).nullish().describe("who does it; the token's name unless told")

export const bodyError = { error: 'must be a JSON object' }

/** The body of a change that needs no more. */
export const deedBody = z.strictObject({ why, by }, bodyError).prefault({})

/** Who does it and why, as the judge wants them. */
export function deedOf(
  body: { readonly why?: string | null | undefined; readonly by?: string | null | undefined },
  caller: string | null,
): { readonly by: string | null; readonly why: string } {
  return { by: body.by || caller, why: body.why || noReason }
}
