/**
 * `/v1/lists`: what was counted for each mailing list or campaign; `/v1/statistics`: over all mail, with the domains that fail most.
 */
import { z } from 'zod'
import type { PageRequest } from '../store/page.ts'
import type { Store } from '../store/store.ts'
import type { ListRecord } from '../store/tally.ts'
import type { App, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { countsItem, countsShape, type Period, periodItem, periodOf, periodQuery, periodShape } from './counted.ts'
import { formatTime } from './fields.ts'
import { linkNext, pageQuery, pageRequest, pageSchema } from './paging.ts'
import { problemResponses, sendProblem } from './problem.ts'

const listSchema = z
  .object({
    list: z.string().describe('its id, as the header or subject names it (lists in the configuration)'),
    template: z.string().nullable().describe('of its latest mail'),
    subject: z.string().nullable().describe('of its latest mail'),
    firstAt: timeSchema.describe('its first mail'),
    lastAt: timeSchema.describe('its latest mail'),
    ...countsShape,
  })
  .meta({ id: 'List', description: 'A mailing list or campaign, and what was counted for it' })

const none = z
  .object(countsShape)
  .describe(
    'mail that names no list; and every refusal of a recipient in a transaction that never reached DATA, whose list nobody can know',
  )

const statisticsSchema = z
  .object({
    ...periodShape,
    totals: z.object(countsShape),
    domains: z
      .array(z.object({ domain: z.string(), hard: z.number().int(), soft: z.number().int() }))
      .describe('recipients’ domains with the most returns on these days'),
  })
  .meta({ id: 'Statistics' })

const failingDomains = 20
/** A list's id as the journal keeps it. */
const listParam = z
  .string({ error: 'must be the id of a list' })
  .min(1, { error: 'must be the id of a list' })
  .max(500, { error: 'must be the id of a list' })

/** Adds the routes. */
export function listRoutes(app: App, { store, now }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/lists',
    config: { access: 'read' },
    schema: {
      tags: ['lists'],
      summary: 'Mailing lists and campaigns with their counters, the one that began latest first',
      querystring: z.strictObject(pageQuery),
      response: { 200: z.object({ ...pageSchema(listSchema).shape, none }), ...problemResponses('invalid-request', 'bad-cursor') },
    },
    handler: async (request, reply) => {
      const page = await listsOf(store, pageRequest(request.query))
      linkNext(request, reply, page.next)
      return page
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/lists/:id',
    config: { access: 'read' },
    schema: {
      tags: ['lists'],
      summary: 'One list: its counters in all, and by the hour or day',
      params: z.strictObject({ id: listParam }),
      querystring: z.strictObject(periodQuery),
      response: {
        200: z.object({ ...listSchema.shape, ...periodShape }),
        ...problemResponses('invalid-request', 'not-found'),
      },
    },
    handler: async (request, reply) => {
      const { id } = request.params
      const period = periodOf(request.query, now())
      if (typeof period === 'string') return sendProblem(reply, 'invalid-request', period)
      const list = await listDetail(store, id, period)
      return list ?? sendProblem(reply, 'not-found', 'No mail with this list or campaign is known.')
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/statistics',
    config: { access: 'read' },
    schema: {
      tags: ['lists'],
      summary: 'All mail, by the hour or day: passed, refused, returned; and the domains that fail most',
      querystring: z.strictObject(periodQuery),
      response: { 200: statisticsSchema, ...problemResponses('invalid-request') },
    },
    handler: async (request, reply) => {
      const period = periodOf(request.query, now())
      if (typeof period === 'string') return sendProblem(reply, 'invalid-request', period)
      return statisticsOf(store, period)
    },
  })
}

export type ListItem = z.output<typeof listSchema>

/** Loads lists, the one that began latest first, and what was counted of mail that names none. @throws {StoreUnavailable} */
export async function listsOf(store: Store, request: PageRequest) {
  const [page, rest] = await Promise.all([store.lists(request), store.list(null)])
  return { items: page.items.map(listItem), next: page.next, none: countsItem(rest?.counts ?? {}) }
}

/** Loads one list, in all and by steps; null: none has this id. @throws {StoreUnavailable} */
export async function listDetail(store: Store, id: string, period: Period) {
  const list = await store.list(id)
  return list && { ...listItem(list), ...(await periodItem(store, { list: id }, period)).period }
}

/** Loads what was counted over all mail in a time, and the domains that failed most. @throws {StoreUnavailable} */
export async function statisticsOf(store: Store, period: Period): Promise<z.output<typeof statisticsSchema>> {
  const [{ period: counted, totals }, domains] = await Promise.all([
    periodItem(store, 'all', period),
    store.failingDomains(period.since, period.until, failingDomains),
  ])
  return { ...counted, totals, domains: [...domains] }
}

function listItem({ list, template, subject, firstAt, lastAt, counts }: ListRecord): ListItem {
  return { list: list ?? '', template, subject, firstAt: formatTime(firstAt), lastAt: formatTime(lastAt), ...countsItem(counts) }
}
