/**
 * `http.tokens`: who may ask what of the API and the page.
 *
 * Pure.
 */
import { z } from 'zod'

const token = z.strictObject({
  name: z.string().min(1).max(100),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, { error: 'must be 64 hexadecimal digits (rebond token new prints them)' }),
  scopes: z.array(z.enum(['read', 'unblock', 'admin', 'ingest'])).min(1),
})

/** The section. A name may stand twice while a token is replaced by another. */
export const httpTokens = z
  .array(token)
  .superRefine((tokens, ctx) => {
    const digests = tokens.map(({ sha256 }) => sha256.toLowerCase())
    for (const [index, digest] of digests.entries()) {
      if (digests.indexOf(digest) === index) continue
      ctx.addIssue({ code: 'custom', path: [index, 'sha256'], message: 'must be that of one token only', input: digest })
    }
  })
  .default([])
  .describe('none: loopback only, all scopes; read again at SIGHUP')
