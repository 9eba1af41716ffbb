/**
 * `rebond export`: the blacklist of the running server on standard output, as CSV or NDJSON.
 */
import { openApi } from './api-client.ts'
import { exportManual } from './manual/export.ts'
import { openProgress } from './progress.ts'
import { readArguments, refuseUsage, type ValuesOf } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { writeText } from './write-text.ts'

/** Runs the command. */
export async function runExport(args: readonly string[], io: CommandIo): Promise<number> {
  const given = readArguments(exportManual, args, io)
  if (!given.ok) return given.status
  const { values } = given
  const query = queryOf(values)
  if (typeof query === 'string') return refuseUsage(exportManual, query, io)
  const { stdout, stderr, env } = io
  const opened = await openApi(values, env)
  if (!opened.ok) return failed(opened.why)
  const exchanged = await opened.api.exchange('GET', `/v1/blacklist/export?${query}`)
  if (!exchanged.ok) return failed(exchanged.why)
  const progress = openProgress(io, { label: 'export', unit: 'lines', total: null })
  let lines = 0
  try {
    for await (const piece of exchanged.answer) {
      const more = linesIn(piece)
      lines += more
      await writeText(stdout, piece)
      progress.advance(more)
    }
  } catch (err) {
    return failed(`the export was cut off after ${lines} lines (${(err as Error).message}): what was written is not the whole`)
  } finally {
    progress.end()
  }
  return 0

  function failed(why: string): number {
    stderr.write(`rebond export: ${why}\n`)
    return 1
  }
}

/** The query of the call; a string is what is wrong with the options. */
function queryOf(values: ValuesOf<typeof exportManual>): URLSearchParams | string {
  const format = values.format ?? (values.json ? 'ndjson' : 'csv')
  if (format !== 'csv' && format !== 'ndjson') return `--format must be csv or ndjson, not ${format}`
  const query = new URLSearchParams({ format })
  for (const name of ['category', 'domain', 'since', 'until'] as const) if (values[name] !== undefined) query.set(name, values[name])
  return query
}

function linesIn(piece: Buffer): number {
  let lines = 0
  for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, at + 1)) lines++
  return lines
}
