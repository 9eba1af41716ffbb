/**
 * `policy`: what a return may do to the address it is about, per category and per rule, and what protects against a bad day (bounces.md,
 * "Judgement").
 *
 * Pure.
 */
import { z } from 'zod'
import { categories, categoryFacts } from '../classify/verdict.ts'
import { addressKeyOf } from '../smtp/path.ts'

const days = z.number().positive().max(36_500)
const times = z.int().min(1).max(50)

/** Mails that may be asked for before an address is blacklisted; so many returns of an address are remembered. */
const verdictPolicy = z.strictObject({
  count: times.optional().describe('soft returns, each of another mail, that blacklist; absent: soft returns never do'),
  withinDays: z.int().min(1).max(365).optional().describe('these soft returns lie within so many days; 30 unless told'),
  distinctDays: times.optional().describe('and on so many different days (UTC); 1 unless told'),
  expiresAfterDays: days.nullable().optional().describe('a block ends by itself after so long; null: never, whatever the rule says'),
  confirm: z
    .strictObject({ mails: times, distinctDays: times })
    .optional()
    .describe('hard returns that are asked for before the address is blacklisted: of so many mails, on so many days'),
})

/** What an operator wants of a category or rule. */
export type VerdictPolicy = z.output<typeof verdictPolicy>

/** Whoever else is at fault, the address is not: no number of such returns may blacklist it. */
const neverCounted: ReadonlySet<string> = new Set(['sender', 'content', 'unknown'])

const byCategory = z
  .partialRecord(z.enum(categories), verdictPolicy)
  .default({})
  .superRefine((given, ctx) => {
    for (const category of categories) {
      const one = given[category]
      const { fault, type } = categoryFacts[category]
      const wrong = (key: 'count' | 'confirm', why: string) =>
        ctx.addIssue({ code: 'custom', path: [category, key], message: `must be absent (${why})`, input: one?.[key] })
      if (one?.confirm !== undefined && type === 'soft') wrong('confirm', 'its returns are soft: say count')
      if (one?.count === undefined) continue
      if (type === 'hard') wrong('count', 'its returns are hard: say confirm')
      else if (neverCounted.has(fault)) wrong('count', 'such a return is not the fault of the address')
    }
  })
  .describe('per category; soft escalation and expiry are off unless they are asked for')

const surgeGuard = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false: an outage that answers "no such user" for everybody blacklists everybody'),
    windowMinutes: z.int().min(5).max(1440).default(60).describe('the time looked at'),
    addresses: z.int().min(2).max(10_000).default(10).describe('addresses of one operator, ok before, that turn hard by one rule'),
    percent: z
      .number()
      .positive()
      .max(100)
      .default(30)
      .describe("their part of the operator's addresses that were ok before and were judged"),
    youngDays: z.int().min(0).max(365).default(30).describe('a journal younger than this knows few addresses that were ok'),
    youngAddresses: z.int().min(2).max(10_000).default(50).describe('then so many addresses'),
    youngPercent: z
      .number()
      .positive()
      .max(100)
      .default(60)
      .describe("and so large a part of all the operator's addresses that were judged"),
    holdHours: z.number().positive().max(720).default(24).describe('a hard return this long after the one that was held blacklists'),
    closeAfterDays: z.number().positive().max(90).default(7).describe('an incident without news closes itself; what it held then passes'),
  })
  .prefault({})

/** One that is neither would protect nobody, and nobody would notice. */
const never = z.string().superRefine((text, ctx) => {
  const entry = text.trim()
  const domain = entry.startsWith('@') ? entry.slice(1) : entry.includes('@') ? null : entry
  if (addressKeyOf(domain === null ? entry : `a@${domain}`) !== null) return
  const message = 'must be an address (jean@example.com), a domain with its sub-domains (example.com), or without them (@example.com)'
  ctx.addIssue({ code: 'custom', message, input: text })
})

export const policy = z
  .strictObject({
    mode: z
      .enum(['enforce', 'observe'])
      .default('enforce')
      .describe('observe: everything is judged and shown, nothing is refused: for the first week at a new site'),
    okAfterHours: z.number().positive().default(72).describe('an accepted mail makes an address ok when nothing came back for so long'),
    judgeWithinDays: days.default(10).describe('a return of older mail is recorded, and does not blacklist'),
    never: z
      .array(never)
      .max(100_000)
      .default([])
      .describe('addresses and domains that no return may blacklist; @example.com: without its sub-domains'),
    categories: byCategory,
    rules: z.record(z.string().min(1).max(100), verdictPolicy).default({}).describe('per id of a rule, before what its category says'),
    surgeGuard: surgeGuard.describe('what a provider with an outage does not blacklist'),
    refusal: z
      .strictObject({
        scope: z
          .enum(['recipient', 'message'])
          .default('recipient')
          .describe(
            'recipient: the others get the mail; message: nobody does, DATA gets 554 5.1.1 and the names of those who are blacklisted',
          ),
        code: z.int().min(550).max(559).default(550).describe('reply code; 550 is what every CRM takes for a dead address'),
        enhancedStatus: z
          .string()
          .regex(/^5\.\d{1,3}\.\d{1,3}$/, { error: 'must be an enhanced status of class 5, such as 5.1.1' })
          .default('5.1.1')
          .describe('5.1.1: bad destination mailbox address (RFC 3463)'),
        language: z.enum(['en', 'fr']).default('en').describe('language of the reason'),
        template: z
          .string()
          .min(1)
          .max(300)
          .regex(/^[\x20-\x7e]*$/, { error: 'must be one line of ASCII: an SMTP reply is' })
          .regex(/\{address\}/, { error: 'must hold {address}: the CRM must read who is blacklisted' })
          .nullable()
          .default(null)
          .describe('the text of the reply, with {address} {since} {what} {says} {ref} {link}; null: the one of the language'),
      })
      .prefault({})
      .describe('the refusal a CRM sees'),
  })
  .prefault({})
