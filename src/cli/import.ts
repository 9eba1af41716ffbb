/**
 * `rebond import FILE|-`: a list of addresses to the running server, which blocks them and says what became of each line.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { importOutcomes } from '../judge/import-blocks.ts'
import { openApi } from './api-client.ts'
import { importManual } from './manual/import.ts'
import { printable } from './printable.ts'
import { openProgress } from './progress.ts'
import { readArguments, refuseUsage, type ValuesOf } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { writeText } from './write-text.ts'

type Asked = { readonly file: string; readonly type: string }
type Given = ValuesOf<typeof importManual>

const answerLine = z.union([
  z.object({ line: z.number(), address: z.string().nullable(), outcome: z.enum(importOutcomes), why: z.string().optional() }),
  z.object({
    summary: z.object({
      list: z.string().nullable(),
      dryRun: z.boolean(),
      lines: z.number(),
      counts: z.record(z.enum(importOutcomes), z.number()),
    }),
  }),
  z.object({ problem: z.object({ detail: z.string() }) }),
])
type Line = Extract<z.output<typeof answerLine>, { line: number }>
type Summary = Extract<z.output<typeof answerLine>, { summary: object }>['summary']

/** Runs the command. */
export async function runImport(args: readonly string[], io: CommandIo): Promise<number> {
  const given = readArguments(importManual, args, io)
  if (!given.ok) return given.status
  const { values } = given
  const asked = parse(given.positionals, values)
  if (typeof asked === 'string') return refuseUsage(importManual, asked, io)
  const { file, type } = asked
  const { stdin, stdout, stderr, env } = io
  const opened = await openApi(values, env)
  const source = opened.ok ? await openSource(file, stdin) : opened
  if (!opened.ok || !source.ok) return failed(source.ok ? '' : source.why)

  const progress = openProgress(io, { label: 'import', unit: 'bytes', total: source.octets })
  async function* counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      progress.advance(piece.length)
      yield piece
    }
  }
  const exchanged = await opened.api.exchange('POST', `/v1/blacklist/import?${queryOf(values)}`, { type, pieces: counted(source.pieces) })
  if (!exchanged.ok) return failed(exchanged.why)

  let lines = 0
  let summary: Summary | null = null
  try {
    for await (const text of createInterface({ input: Readable.from(exchanged.answer), crlfDelay: Number.POSITIVE_INFINITY })) {
      const answer = answerLine.parse(JSON.parse(text))
      if (values.json) await writeText(stdout, `${text}\n`)
      if ('problem' in answer) return failed(`${answer.problem.detail} ${lines} lines were done.`)
      if ('summary' in answer) summary = answer.summary
      else {
        lines++
        const said = values.all || (answer.outcome !== 'blocked' && answer.outcome !== 'already-blocked')
        if (said && !values.json) {
          progress.hide()
          await writeText(stdout, printLine(answer))
        }
      }
    }
  } catch (err) {
    return failed(`the import was cut off after ${lines} lines (${(err as Error).message}); run it again, which does no harm`)
  } finally {
    progress.end()
  }
  if (summary === null) return failed(`the server ended the import after ${lines} lines; run it again, which does no harm`)
  if (!values.json) await writeText(stdout, printSummary(summary))
  return summary.counts.invalid ? 1 : 0

  function failed(why: string): number {
    stderr.write(`rebond import: ${why}\n`)
    return 1
  }
}

/** What is asked; a string is what is wrong with the arguments. */
function parse([file, ...more]: readonly string[], values: Given): Asked | string {
  if (file === undefined) return 'needs a FILE, or - for standard input'
  if (more.length > 0) return `one file at a time, not also ${more.join(' ')}`
  const format = values.format ?? (/\.(?:ndjson|jsonl|json)$/i.test(file) ? 'ndjson' : 'csv')
  if (format !== 'csv' && format !== 'ndjson') return `--format must be csv or ndjson, not ${format}`
  return { file, type: format === 'csv' ? 'text/csv' : 'application/x-ndjson' }
}

function queryOf(values: Given): string {
  const query = new URLSearchParams()
  if (values['dry-run']) query.set('dryRun', 'true')
  if (values.complaints) query.set('complaints', 'true')
  if (values.unsubscribes) query.set('unsubscribes', 'true')
  if (values['override-unblocks']) query.set('overrideUnblocks', 'true')
  if (values.why !== undefined) query.set('why', values.why)
  if (values.by !== undefined) query.set('by', values.by)
  return query.toString()
}

type Source = { readonly ok: true; readonly pieces: AsyncIterable<Buffer>; readonly octets: number | null }

async function openSource(file: string, stdin: CommandIo['stdin']): Promise<Source | { readonly ok: false; readonly why: string }> {
  if (file === '-') return { ok: true, pieces: octetsOf(stdin), octets: null }
  try {
    const { size } = await stat(file)
    const stream = createReadStream(file)
    await new Promise((resolve, reject) => stream.once('open', resolve).once('error', reject))
    return { ok: true, pieces: stream, octets: size }
  } catch (err) {
    return { ok: false, why: `${file}: ${(err as Error).message}` }
  }
}

async function* octetsOf(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  for await (const piece of stream) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

function printLine({ line, address, outcome, why }: Line): string {
  return `${printable(`line ${line}: ${address ?? '(no address)'}: ${outcome}${why ? `: ${why}` : ''}`)}\n`
}

function printSummary({ list, dryRun, lines, counts }: Summary): string {
  const parts = importOutcomes.flatMap(name => (counts[name] ? [`${counts[name]} ${name}`] : []))
  return `${list ?? 'empty list'}: ${lines} lines${parts.length > 0 ? `: ${parts.join(', ')}` : ''}${dryRun ? ' (dry run: nothing was changed)' : ''}\n`
}
