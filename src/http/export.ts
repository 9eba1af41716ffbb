/**
 * `GET /v1/blacklist/export`: the blocks in force as a file, as long as it may be. What it gives, `/v1/blacklist/import` takes.
 */
import { z } from 'zod'
import { csvHeader, formatCsv } from '../block-file/write-list.ts'
import type { Block } from '../store/address-record.ts'
import type { BlacklistFilter } from '../store/filters.ts'
import type { Store } from '../store/store.ts'
import { blockItem } from './address-detail.ts'
import type { App, HttpDeps } from './app.ts'
import { blockCategoryQuery, domainQuery, formatTime, timeQuery } from './fields.ts'
import { given } from './given.ts'
import { problemResponses } from './problem.ts'
import { sendPieces } from './stream-reply.ts'

const types = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' } as const
/** Blocks read at once. */
const pageSize = 500

const query = z.strictObject({
  format: z.enum(['csv', 'ndjson'], { error: 'must be csv or ndjson' }).default('csv'),
  category: blockCategoryQuery.optional(),
  domain: domainQuery.optional(),
  since: timeQuery.optional().describe('blocked at this time or later'),
  until: timeQuery.optional().describe('blocked before this time'),
})

/** Adds the route. */
export function exportRoutes(app: App, { store, now }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/blacklist/export',
    config: { access: 'read' },
    schema: {
      tags: ['addresses'],
      summary: 'The blacklist as a file, the latest block first; it can be imported again',
      querystring: query,
      response: {
        200: {
          description: 'one block a line',
          content: {
            'text/csv': { schema: z.string().describe('cells that a spreadsheet would take for a formula have an apostrophe in front') },
            'application/x-ndjson': { schema: z.string().describe('a Block a line') },
          },
        },
        ...problemResponses('invalid-request'),
      },
    },
    handler: async (request, reply) => {
      const { format, ...filter } = request.query
      const day = formatTime(now()).slice(0, 10)
      reply.header('content-disposition', `attachment; filename="blacklist-${day}.${format}"`)
      const pages = blocksOf(store, given(filter))
      // The first page is read before anything is sent: a store that is away is a 503, not half a file.
      const first = await pages.next()
      return sendPieces(reply, types[format], format === 'csv' ? csvOf(first, pages) : ndjsonOf(first, pages))
    },
  })
}

type Pages = AsyncGenerator<readonly Block[]>
type First = IteratorResult<readonly Block[]>

async function* blocksOf(store: Store, filter: BlacklistFilter): Pages {
  for (let cursor: string | null = null; ; ) {
    const { items, next }: { items: readonly Block[]; next: string | null } = await store.blacklist(filter, { limit: pageSize, cursor })
    yield items
    if (next === null) return
    cursor = next
  }
}

async function* csvOf(first: First, rest: Pages): AsyncGenerator<string> {
  yield csvHeader
  for await (const blocks of joined(first, rest)) {
    if (blocks.length === 0) continue
    yield formatCsv(
      blocks.map(block => {
        const { address, since, until, reason } = blockItem(block)
        return { address, since, until, ...reason }
      }),
    )
  }
}

async function* ndjsonOf(first: First, rest: Pages): AsyncGenerator<string> {
  for await (const blocks of joined(first, rest))
    if (blocks.length > 0) yield blocks.map(block => `${JSON.stringify(blockItem(block))}\n`).join('')
}

async function* joined(first: First, rest: Pages): Pages {
  if (!first.done) yield first.value
  yield* rest
}
