/**
 * `rebond ingest [FILE|-]`: one returned mail, from a pipe or a file, to the running server (`POST /v1/reports`).
 *
 * Exit statuses of sysexits.h, which Postfix, Exim, procmail and sieve understand. Whatever is not the mail's own fault is 75: the mail server keeps the
 * mail and tries again, so that a wrong token or a stopped rebond loses nothing.
 */
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { openApi } from './api-client.ts'
import { ingestManual } from './manual/ingest.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import { type CommandIo, wrongUsage } from './run-command.ts'

/** EX_USAGE, EX_DATAERR, EX_NOINPUT and EX_TEMPFAIL of sysexits.h. */
const exit = { usage: 64, data: 65, noInput: 66, tryAgain: 75 } as const
/** What the server says of this very mail. */
const ofTheMail: ReadonlySet<unknown> = new Set([400, 413, 415, 422])

/** Runs the command. */
export async function runIngest(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(ingestManual, args, io)
  if (!read.ok) return read.status === wrongUsage ? exit.usage : read.status
  const { values, positionals } = read
  const [file = '-', ...more] = positionals
  const { recipient, sender } = values
  // Postfix gives an empty address for mail that it made itself.
  const client = values.client || (values.local ? 'local' : undefined)
  const wrong =
    more.length > 0
      ? `one mail at a time, not also ${more.join(' ')}`
      : values.client && isIP(values.client) === 0
        ? `--client must be an IP address, or empty, not ${JSON.stringify(values.client)}`
        : null
  if (wrong !== null) {
    refuseUsage(ingestManual, wrong, io)
    return exit.usage
  }
  let octets: Buffer
  try {
    octets = file === '-' ? await buffer(io.stdin) : await readFile(file)
  } catch (err) {
    return fail(io, `${file}: ${(err as Error).message}`, exit.noInput)
  }
  const opened = await openApi(values, io.env)
  if (!opened.ok) return fail(io, opened.why, exit.tryAgain)
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ recipient, sender, client })) if (value !== undefined) query.set(name, value)
  const answer = await opened.api.call('POST', `/v1/reports${query.size > 0 ? `?${query}` : ''}`, { type: 'message/rfc822', octets })
  if (values.json && answer.body !== null) io.stdout.write(`${JSON.stringify(answer.body)}\n`)
  if (answer.ok) return 0
  const status = (answer.body as { status?: unknown } | null)?.status
  return fail(io, answer.why, ofTheMail.has(status) ? exit.data : exit.tryAgain)
}

function fail({ stderr }: CommandIo, why: string, status: number): number {
  stderr.write(`rebond ingest: ${why}\n`)
  return status
}
