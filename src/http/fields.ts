/**
 * The fields that requests carry, as zod schemas: text in, the value the store wants out, and one voice for what is wrong.
 *
 * A `+` in a query is read as a space by most libraries (application/x-www-form-urlencoded). Where a space makes no sense and a plus does
 * (addresses, times, ids), a space is read as the plus it was.
 * Pure.
 */
import { z } from 'zod'
import { categories } from '../classify/verdict.ts'
import { type AddressKey, addressKeyOf, domainOfKey } from '../smtp/path.ts'

/** Octets of an address before it is percent-encoded: RFC 5321's 64 + 1 + 255. */
export const maxAddressOctets = 320

const addressError = `must be a mail address (local@domain, at most ${maxAddressOctets} octets)`
const addressText = z.string({ error: addressError })

/** An address in the path, to its key. */
export const addressParam = addressText.transform(toKey).describe('a mail address, percent-encoded, matched in its normal form')

/** An address in the query, to its key. */
export const addressQuery = addressText.transform((text, ctx) => toKey(addressKeyOf(text) ? text : plusses(text), ctx))

export const domainQuery = z.string({ error: 'must be a domain' }).transform((text, ctx) => {
  const key = addressKeyOf(`a@${text}`)
  if (key !== null) return domainOfKey(key)
  ctx.issues.push({ code: 'custom', message: 'must be a domain, such as example.com', input: text })
  return z.NEVER
})

/** The beginning of an address or a domain. */
export const prefixQuery = z
  .string({ error: 'must be the beginning of an address or a domain' })
  .min(1, { error: 'must be the beginning of an address or a domain' })
  .max(maxAddressOctets, { error: `must have at most ${maxAddressOctets} characters` })
  .transform(plusses)
  .describe('beginning of the address or of its domain, without regard to case; @ first: of the domain only')

export const timeQuery = z.string({ error: timeError() }).transform((text, ctx) => toTime(plusses(text), ctx))

/** A moment in a body. */
export const timeField = z.string({ error: timeError() }).transform(toTime)

export const typeQuery = z.enum(['hard', 'soft'], { error: 'must be hard or soft' })
export const categoryQuery = z.enum(categories, { error: `must be one of ${categories.join(', ')}` })
export const blockCategoryQuery = z.enum([...categories, 'manual'], { error: `must be one of ${categories.join(', ')}, manual` })

/** An id of ours in the path. */
export const idParam = z.string({ error: 'must be an id' }).min(1, { error: 'must be an id' }).max(256, { error: 'must be an id' })

/** Any text in the query, such as a list's id. */
export const textQuery = z
  .string({ error: 'must be text, given once' })
  .min(1, { error: 'must not be empty' })
  .max(1000, { error: 'must have at most 1,000 characters' })

/** Reads a moment of RFC 3339, or a date, which is its beginning in UTC; NaN when it is neither. Milliseconds since 1970. */
export function parseTime(text: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/.exec(text)
  if (!match) return Number.NaN
  // V8 reads 30 February as 2 March.
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])))
  if (day.getUTCDate() !== Number(match[3])) return Number.NaN
  return Date.parse(text.replace(' ', 'T').toUpperCase())
}

/** Writes a moment as RFC 3339 in UTC; null stays null. */
export function formatTime(at: number): string
export function formatTime(at: number | null): string | null
export function formatTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

type Context = z.core.$RefinementCtx<string>

function toKey(text: string, ctx: Context): AddressKey {
  const key = Buffer.byteLength(text) <= maxAddressOctets ? addressKeyOf(text) : null
  if (key !== null) return key
  ctx.issues.push({ code: 'custom', message: addressError, input: text })
  return z.NEVER
}

function toTime(text: string, ctx: Context): number {
  const at = parseTime(text)
  if (!Number.isNaN(at)) return at
  ctx.issues.push({ code: 'custom', message: timeError(), input: text })
  return z.NEVER
}

function timeError(): string {
  return 'must be a time of RFC 3339, such as 2026-11-24T09:00:00Z, or a date'
}

function plusses(text: string): string {
  return text.replaceAll(' ', '+')
}
