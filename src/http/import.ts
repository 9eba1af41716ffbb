/**
 * `POST /v1/blacklist/import`: a list of addresses becomes blocks, and every line is told what became of it.
 *
 * Both ways are streams: a million lines take the memory of a few hundred, and who reads the answer slowly is sent no faster. The answer is one
 * JSON object a line, in the order of the list; the last one is the summary, and without it the import did not come to its end.
 */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Listed, Listing } from '../block-file/listing.ts'
import { createListReader, type ListReader } from '../block-file/read-list.ts'
import { noReason } from '../judge/audit-words.ts'
import { createImporter, type Importer, type ImportOptions, type ImportOutcome, importOutcomes } from '../judge/import-blocks.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import { formatKey } from './address-key.ts'
import type { App, HttpDeps } from './app.ts'
import { piecesOf } from './body-deadline.ts'
import { by, why } from './deed-fields.ts'
import { problem, problemResponses, sendProblem } from './problem.ts'
import { sendPieces } from './stream-reply.ts'

/** Addresses blocked as one unit: few enough that a relay beside it does not wait. */
const unitSize = 200

const flag = (does: string) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .optional()
    .transform(text => text === 'true')
    .describe(does)

const query = z.strictObject({
  dryRun: flag('true: only say what would become of each line'),
  complaints: flag('true: block people who complained, too'),
  unsubscribes: flag('true: block people who unsubscribed, too'),
  overrideUnblocks: flag('true: block again what a person has unblocked'),
  why,
  by,
})

const ndjson = 'application/x-ndjson'
const lineSchema = z
  .union([
    z.object({
      line: z.number().int(),
      address: z.string().nullable(),
      outcome: z.enum(importOutcomes),
      why: z.string().optional(),
    }),
    z.object({
      summary: z.object({
        list: z.string().nullable(),
        dryRun: z.boolean(),
        lines: z.number().int(),
        counts: z.record(z.string(), z.number()),
      }),
    }),
    z.object({ problem: z.unknown() }),
  ])
  .meta({
    id: 'ImportLine',
    description: 'One line of the answer: what became of a line; at the end the summary, or the problem that ended it',
  })

/** Adds the route. */
export function importRoutes(app: App, { store, policy, now, metrics, log }: HttpDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/blacklist/import',
    config: { access: 'admin', streamsBody: true },
    schema: {
      tags: ['addresses'],
      summary: 'Block what a list holds: our own export, a plain list, or the list of a mailing service; text/csv or application/x-ndjson',
      consumes: ['text/csv', ndjson],
      querystring: query,
      response: {
        200: { description: 'what became of each line', content: { [ndjson]: { schema: lineSchema } } },
        ...problemResponses('invalid-request', 'unsupported-media-type'),
      },
    },
    handler: async (request, reply) => {
      const type = /^(text\/csv|application\/x-ndjson)\b/i.exec(request.headers['content-type'] ?? '')?.[1]
      if (type === undefined)
        return sendProblem(reply, 'unsupported-media-type', 'The body must be sent with Content-Type: text/csv or application/x-ndjson.')
      const reader = createListReader(type.toLowerCase() === ndjson ? 'ndjson' : 'csv')
      const pieces = piecesOf(request.raw)
      const first = await readFirst(pieces, reader)
      if (reader.refused !== null) {
        request.raw.resume()
        reply.header('connection', 'close')
        return sendProblem(reply, 'invalid-request', reader.refused, { errors: [{ in: 'body', field: '', detail: reader.refused }] })
      }
      const { why, by, ...flags } = request.query
      const options = { ...flags, list: reader.title, why: why || noReason, by: by || request.caller }
      const importer = createImporter({ store, policy, now }, options)
      return sendPieces(reply, ndjson, answer(request, { first, pieces, reader, importer, options }))
    },
  })

  /** Nothing of the list stands in the log. */
  async function* answer(request: FastifyRequest, run: Run): AsyncGenerator<string> {
    const counts = Object.fromEntries(importOutcomes.map(name => [name, 0])) as Record<ImportOutcome, number>
    try {
      for await (const lines of results(run)) {
        for (const { outcome } of lines) counts[outcome]++
        const blocked = lines.filter(({ outcome }) => outcome === 'blocked').length
        if (!run.options.dryRun) metrics.blacklistChanges.inc({ op: 'block', actor: 'import' }, blocked)
        yield lines.map(line => `${JSON.stringify(line)}\n`).join('')
      }
    } catch (err) {
      if (!(err instanceof StoreUnavailable)) throw err
      log.warn({ err, request: request.id }, 'an import was ended by the store')
      yield `${JSON.stringify({ problem: problem('store-unavailable', 'The store does not answer now; send the list again, which does no harm.') })}\n`
      return
    }
    const lines = Object.values(counts).reduce((sum, count) => sum + count, 0)
    log.info({ request: request.id, list: run.reader.title, dryRun: run.options.dryRun, lines, counts }, 'a list was imported')
    yield `${JSON.stringify({ summary: { list: run.reader.title, dryRun: run.options.dryRun, lines, counts } })}\n`
  }
}

type Run = {
  readonly first: readonly Listed[]
  readonly pieces: AsyncGenerator<Buffer>
  readonly reader: ListReader
  readonly importer: Importer
  readonly options: ImportOptions
}

type Result = { readonly line: number; readonly address: string | null; readonly outcome: ImportOutcome; readonly why?: string }

/** Reads until the list is known, or has ended. */
async function readFirst(pieces: AsyncGenerator<Buffer>, reader: ListReader): Promise<Listed[]> {
  const lines: Listed[] = []
  while (reader.refused === null && reader.title === null && lines.length < unitSize) {
    const next = await pieces.next()
    if (next.done) break
    lines.push(...reader.read(next.value))
  }
  return lines
}

async function* results({ first, pieces, reader, importer }: Run): AsyncGenerator<readonly Result[]> {
  yield* inUnits(first, importer)
  for await (const piece of pieces) yield* inUnits(reader.read(piece), importer)
  yield* inUnits(reader.end(), importer)
}

async function* inUnits(lines: readonly Listed[], importer: Importer): AsyncGenerator<readonly Result[]> {
  for (let at = 0; at < lines.length; at += unitSize) {
    const unit = lines.slice(at, at + unitSize)
    const listings = unit.flatMap(line => (line.ok ? [line.listing] : []))
    const outcomes = await importer.take(listings)
    let next = 0
    yield unit.map((line): Result => {
      if (!line.ok) return { line: line.line, address: line.address, outcome: 'invalid', why: line.why }
      const { listing } = line
      const outcome = outcomes[next++] ?? 'invalid'
      return { line: line.line, address: formatKey(listing.key), outcome, ...whyOf(listing, outcome) }
    })
  }
}

function whyOf({ category, evidence }: Listing, outcome: ImportOutcome): { why?: string } {
  if (outcome === 'alive') return { why: category === 'manual' ? evidence : `${category}: ${evidence}`.slice(0, 200) }
  return {}
}
