/**
 * `returnPath`: the envelope sender that mail leaves with.
 *
 * Pure.
 */
import { z } from 'zod'
import { tokenLength } from '../return-path/return-path.ts'
import { addressKeyOf, domainKey } from '../smtp/path.ts'
import { days, domain, path } from './fields.ts'

/** RFC 5321 §4.5.3.1.1. */
const maxLocalOctets = 64
const returnPathAddress = z
  .string()
  .refine(text => text.slice(0, text.lastIndexOf('@')).split('{token}').length === 2, {
    error: 'must hold {token} once, before its @, such as b-{token}@{domain}',
    abort: true,
  })
  .refine(text => addressKeyOf(text.replace('{token}', 't').replace('{domain}', 'example.com')) !== null, {
    error: 'must be a mail address when {token} and {domain} are filled in',
    abort: true,
  })
  .refine(text => Buffer.byteLength(text.slice(0, text.lastIndexOf('@')).replace('{token}', '')) + tokenLength <= maxLocalOctets, {
    error: `must have at most ${maxLocalOctets - tokenLength} characters beside {token} before its @`,
  })

const senderDomain = z.strictObject({
  senders: z.array(domain).min(1).describe("domains of the CRM's MAIL FROM, each with those below it"),
  domain,
  address: returnPathAddress.nullable().default(null).describe('null: returnPath.address'),
})

function eachSenderOnce(domains: readonly z.output<typeof senderDomain>[], ctx: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, { senders }] of domains.entries())
    for (const [at, sender] of senders.entries()) {
      const key = domainKey(sender)
      if (seen.has(key)) {
        const message = 'must be a sender domain of one entry only'
        ctx.addIssue({ code: 'custom', path: [index, 'senders', at], message, input: sender })
      }
      seen.add(key)
    }
}

/** The section. */
export const returnPath = z
  .strictObject({
    mode: z
      .enum(['rewrite', 'keep'])
      .default('rewrite')
      .describe(
        "rewrite: mail leaves with a return path of ours; keep: with the CRM's own, and returns are fetched (intake.imap) or handed in",
      ),
    address: returnPathAddress.default('b-{token}@{domain}').describe('or "crm+b-{token}@example.com": a sub-address or a catch-all'),
    domain: domain.default('bounces.sandbox.test').describe('its MX must lead to the bounce listener, its SPF must allow upstream'),
    domains: z
      .array(senderDomain)
      .default([])
      .describe('[{ senders, domain, address }]: other domains for the mail of some senders; the most specific entry decides')
      .superRefine(eachSenderOnce),
    keyFile: path
      .nullable()
      .default(null)
      .describe('base64 of 32 bytes or more; null: made on first start in the data directory, mode 0600'),
    previousKeyFiles: z.array(path).default([]).describe('keys that signed before: they verify, and sign no more'),
    maxAgeDays: days.default(30).describe('older tokens are refused'),
  })
  .prefault({})
