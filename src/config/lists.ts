/**
 * `lists`: how a mail says which mailing list or campaign it is of, and which template ("email type").
 *
 * Pure.
 */
import { z } from 'zod'
import { presetNames } from './list-presets.ts'
import { parseWildcard } from './wildcard.ts'

const headerName = z.string().regex(/^[\x21-\x39\x3b-\x7e]+$/, { error: 'must be the name of a header field, without the colon' })

const subjectPattern = z
  .string()
  .min(1)
  .max(200)
  .superRefine((text, ctx) => {
    const parsed = parseWildcard(text)
    if (!parsed.ok) ctx.addIssue({ code: 'custom', message: `must be a pattern such as "[{id}] *" (it ${parsed.why})`, input: text })
  })

export const lists = z
  .strictObject({
    idHeaders: z
      .array(headerName)
      .default(['X-Rebond-List', 'X-Campaign-Id', 'X-Mailing-Id', 'List-Id'])
      .describe('the first that a mail has names its mailing list or campaign'),
    templateHeaders: z
      .array(headerName)
      .default(['X-Rebond-Template', 'X-Template', 'X-Template-Id'])
      .describe('the first that a mail has names its template ("email type")'),
    presets: z
      .array(z.enum(presetNames))
      .default(['odoo', 'mautic', 'brevo'])
      .describe(
        "headers of these programs, after one's own: odoo, mautic, brevo, which name the campaign; suitecrm, espocrm, which mark mass mail: its subject names the campaign",
      ),
    subjectPatterns: z
      .array(
        z
          .strictObject({
            match: subjectPattern.describe('the whole subject, without regard to case; * stands for anything, {id} for the id'),
            list: z.string().trim().min(1).max(100).optional().describe('the id, when {id} is not in match'),
          })
          .refine(({ match, list }) => match.includes('{id}') !== (list !== undefined), {
            error: 'must have either {id} in match, or list',
          }),
      )
      .max(100)
      .default([])
      .describe('mail that no header names a list for; the first that matches'),
  })
  .prefault({})
