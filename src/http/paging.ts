/**
 * Lists in pages: `?limit=&cursor=` in, `{ items, next }` and a `Link` header (RFC 8288) out.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PageRequest } from '../store/page.ts'

const limitError = 'must be a whole number from 1 to 500'

/** The fields of a query that ask for a page. */
export const pageQuery = {
  limit: z
    .string({ error: limitError })
    .regex(/^\d{1,3}$/, { error: limitError })
    .transform(Number)
    .refine(limit => limit >= 1 && limit <= 500, { error: limitError })
    .optional()
    .describe('items of a page, at most 500; 50 unless told'),
  cursor: z
    .string({ error: 'must be the next of an earlier page' })
    .min(1, { error: 'must be the next of an earlier page' })
    .max(2000, { error: 'must be the next of an earlier page' })
    .optional()
    .describe('the next of the page before'),
}

const defaultLimit = 50

/** The answer of a list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).describe('may be fewer than limit; only next: null ends the list'),
    next: z.string().nullable().describe('cursor of the next page'),
  })
}

/** What the store is asked for. */
export function pageRequest(query: { readonly limit?: number | undefined; readonly cursor?: string | undefined }): PageRequest {
  return { limit: query.limit ?? defaultLimit, cursor: query.cursor ?? null }
}

/** Adds the `Link` to the next page: the same query with its cursor. */
export function linkNext(request: FastifyRequest, reply: FastifyReply, next: string | null): void {
  if (next === null) return
  // As it came, not as the schema read it: the values must pass the schema again.
  const { originalUrl } = request
  const at = originalUrl.indexOf('?')
  const query = new URLSearchParams(at === -1 ? '' : originalUrl.slice(at + 1))
  query.set('cursor', next)
  reply.header('link', `<${request.routeOptions.url}?${query}>; rel="next"`)
}
