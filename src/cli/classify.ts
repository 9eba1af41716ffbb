/**
 * `rebond classify [--ndjson] FILE…` or `-`: what returned mails are, for whom, whose fault, by which rule, without a server (contract.md).
 *
 * In input order, in bounded memory: of each mail the first MiB is read, and those behind one that takes long wait for it, up to
 * `maxWaiting` and `maxWaitingOctets`. What a mail holds never changes the exit status; a file that cannot be read is reported on standard
 * error, and 1 is given at the end.
 */
import { once } from 'node:events'
import { closeSync, openSync, readSync } from 'node:fs'
import { classifyRecipient } from '../classify/classify-recipient.ts'
import { createReportParser } from '../intake/report-parser.ts'
import { maxMailOctets } from '../report/mail.ts'
import type { Report, ReportedRecipient } from '../report/report.ts'
import { classifyManual } from './manual/classify.ts'
import { printable } from './printable.ts'
import { openProgress } from './progress.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { type Style, styleOf } from './style.ts'

/** Longest time that one mail of broken structure may take. */
const timeLimitMs = 10_000
/** Mails whose lines wait for one before them, and their size. */
const maxWaiting = 1_000
const maxWaitingOctets = 16 * maxMailOctets

/** Runs the command. Gives the exit status: 0, 1 when a file could not be read, 2 for wrong usage. */
export async function runClassify(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(classifyManual, args, io)
  if (!read.ok) return read.status
  const { values, positionals: files } = read
  if (files.length === 0) return refuseUsage(classifyManual, 'needs a FILE, or - for standard input', io)
  const ndjson = values.ndjson ?? values.json ?? false
  const style = styleOf(io.stdout, io.env)
  // Mails of any size are read at once here: nobody waits for this event loop.
  const parser = createReportParser({ timeLimitMs, inlineOctets: Number.POSITIVE_INFINITY })
  const space = Buffer.allocUnsafe(maxMailOctets)
  const progress = openProgress(io, { label: 'classify', unit: 'mails', total: files.length })
  const write = async (text: string) => {
    if (!io.stdout.write(text)) await once(io.stdout, 'drain')
  }
  const waiting: { readonly text: Promise<string>; readonly octets: number }[] = []
  let octets = 0
  // The older half goes out, so that a thread still has the younger to read meanwhile.
  const writeOldest = async (count: number) => {
    const oldest = waiting.splice(0, count)
    for (const one of oldest) octets -= one.octets
    await write((await Promise.all(oldest.map(one => one.text))).join(''))
  }
  let status = 0
  try {
    for (const file of files) {
      const mail = file === '-' ? await readStream(io.stdin) : readFile(file, space)
      // Where verdicts go to the same terminal, they show how far it is.
      if (!style.onTerminal) progress.advance()
      if (typeof mail === 'string') {
        progress.hide()
        io.stderr.write(`rebond classify: ${file}: ${mail}\n`)
        status = 1
        continue
      }
      waiting.push({ text: parser.parse(mail).then(report => textOf(file, report, ndjson ? null : style)), octets: mail.length })
      octets += mail.length
      if (waiting.length >= maxWaiting || octets >= maxWaitingOctets) await writeOldest(Math.ceil(waiting.length / 2))
    }
    await writeOldest(waiting.length)
  } finally {
    progress.end()
    await parser.close()
  }
  return status
}

/** One mail's output: for people in a style, else NDJSON. */
function textOf(file: string, report: Report, style: Style | null): string {
  const record = { file, kind: report.kind, recipients: report.recipients.map(one => recipientRecord(one, report)) }
  return style === null ? `${JSON.stringify(record)}\n` : humanText(record, style)
}

/** The first MiB of a file, in `space`, which the next call uses again; a sentence when it cannot be read. */
function readFile(file: string, space: Buffer): Buffer | string {
  let handle: number | null = null
  try {
    handle = openSync(file, 'r')
    let length = 0
    for (;;) {
      const read = length < space.length ? readSync(handle, space, length, space.length - length, null) : 0
      if (read === 0) return space.subarray(0, length)
      length += read
    }
  } catch (err) {
    return err instanceof Error ? err.message : String(err)
  } finally {
    if (handle !== null) closeSync(handle)
  }
}

/** The first MiB of a stream; the rest is read and dropped, so that its writer does not fail. */
async function readStream(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    if (length >= maxMailOctets) continue
    const octets = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    chunks.push(octets)
    length += octets.length
  }
  return Buffer.concat(chunks).subarray(0, maxMailOctets)
}

type RecipientRecord = ReturnType<typeof recipientRecord>
type MailRecord = { readonly file: string; readonly kind: string; readonly recipients: readonly RecipientRecord[] }

function recipientRecord(one: ReportedRecipient, report: Report) {
  const judged = one.action === 'failed' || one.action === 'delayed' ? classifyRecipient(one, report) : null
  const { address, originalAddress, action, status, replyCode, diagnostic, remoteMta } = one
  return {
    address,
    originalAddress,
    action,
    status,
    replyCode,
    diagnostic,
    remoteMta,
    category: judged?.category ?? null,
    fault: judged?.fault ?? null,
    type: judged === null ? null : action === 'delayed' ? 'soft' : judged.type,
    rule: judged?.rule ?? null,
  }
}

function humanText({ file, kind, recipients }: MailRecord, style: Style): string {
  const lines = recipients.flatMap(one => {
    const colour = one.type === 'hard' ? style.red : style.yellow
    const verdict = one.category === null ? '' : `: ${colour(`${one.type}, ${one.category}`)} (fault: ${one.fault}; rule: ${one.rule})`
    const said = one.diagnostic === null ? [] : one.diagnostic.split('\n').map(line => `    ${style.dim(printable(line))}`)
    const whom = one.address === null ? '(no address)' : printable(one.address)
    return [`  ${whom} ${one.action}${one.status === null ? '' : ` ${one.status}`}${verdict}`, ...said]
  })
  return `${[`${file}: ${style.bold(kind)}`, ...lines].join('\n')}\n`
}
