/**
 * `GET /v1/backup`: everything the store holds, as it is at one moment, while the server goes on. `rebond backup` makes a data directory of it.
 */
import { z } from 'zod'
import { formatEnd, formatRow, type SnapshotEntry, SnapshotSum } from '../store/snapshot.ts'
import type { App, HttpDeps } from './app.ts'
import { problemResponses, sendProblem } from './problem.ts'
import { sendPieces } from './stream-reply.ts'

const ndjson = 'application/x-ndjson'

const lineSchema = z
  .object({
    key: z.string().optional(),
    value: z.string().optional().describe('base64'),
    end: z
      .object({ rows: z.number().int(), sha256: z.string().describe('over all keys and values, each behind its length in four octets') })
      .optional(),
  })
  .meta({ id: 'BackupLine', description: 'A row of the store; the last line counts them' })

/** Adds the route. */
export function backupRoutes(app: App, { store, log }: HttpDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/backup',
    config: { access: 'admin' },
    schema: {
      tags: ['backup'],
      summary: 'Everything the store holds at this moment, for rebond backup; without a last line with end it is not the whole',
      response: {
        200: { description: 'one row a line, in the order of the keys', content: { [ndjson]: { schema: lineSchema } } },
        ...problemResponses('not-on-this-store'),
      },
    },
    handler: async (request, reply) => {
      if (store.snapshot === null)
        return sendProblem(
          reply,
          'not-on-this-store',
          `This server keeps its store in PostgreSQL: back that up with its own tools (pg_dump), and copy the return path's key file beside it.`,
        )
      const rows = await store.snapshot()
      log.info({ request: request.id, by: request.caller }, 'a backup is being taken')
      return sendPieces(
        reply,
        ndjson,
        lines(rows, err => log.error({ err, request: request.id }, 'a backup broke off: the store cannot be read')),
      )
    },
  })
}

/** `onError` is told why it breaks off: whoever reads sees the connection end. */
async function* lines(rows: AsyncIterable<readonly SnapshotEntry[]>, onError: (err: unknown) => void): AsyncGenerator<string> {
  const sum = new SnapshotSum()
  try {
    for await (const entries of rows) {
      for (const entry of entries) sum.add(entry)
      yield entries.map(formatRow).join('')
    }
  } catch (err) {
    onError(err)
    throw err
  }
  yield formatEnd(sum.total())
}
