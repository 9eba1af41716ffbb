/**
 * `/v1/audit`: who did what, when and why. Append-only: nothing here changes it.
 */
import { z } from 'zod'
import { domainOfKey, formatMailbox, localOfKey } from '../smtp/path.ts'
import { type AuditEntry, auditActors, auditOps } from '../store/audit-record.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { addressQuery, formatTime, textQuery, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses } from './problem.ts'

const entrySchema = z
  .object({
    at: timeSchema,
    op: z.enum(auditOps),
    actor: z.enum(auditActors).describe('hand: a person or a key; return: a returned mail; rebond: rebond itself, as time went by'),
    by: z.string().nullable().describe('the name that was given, or that of the token'),
    address: z.string().nullable().describe('null: it was done to something else'),
    subject: z.string().nullable().describe('what that was, such as an incident or a webhook endpoint'),
    why: z.string(),
  })
  .meta({ id: 'AuditEntry', description: 'Something that was done' })

const listQuery = z.strictObject({
  ...pageQuery,
  address: addressQuery.optional(),
  actor: z.enum(auditActors, { error: `must be one of ${auditActors.join(', ')}` }).optional(),
  by: textQuery.optional(),
  op: z.enum(auditOps, { error: `must be one of ${auditOps.join(', ')}` }).optional(),
  since: timeQuery.optional().describe('done at this time or later'),
  until: timeQuery.optional().describe('done before this time'),
})

/** Adds the route. */
export function auditRoutes(app: App, { store }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/audit',
    config: { access: 'read' },
    schema: {
      tags: ['audit'],
      summary: 'Who did what, when and why, newest first',
      querystring: listQuery,
      response: { 200: pageSchema(entrySchema), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const { limit, cursor, address: key, ...filter } = request.query
      const page = await store.audit(given({ ...filter, ...(key ? { key } : {}) }), pageRequest({ limit, cursor }))
      linkNext(request, reply, page.next)
      return { items: page.items.map(auditItem), next: page.next }
    },
  })
}

function auditItem(entry: AuditEntry): z.output<typeof entrySchema> {
  const { at, op, actor, by, key, subject = null, why } = entry
  const address = key === null ? null : formatMailbox({ local: localOfKey(key), domain: domainOfKey(key) })
  return { at: formatTime(at), op, actor, by, address, subject, why }
}
