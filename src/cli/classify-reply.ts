/**
 * `rebond classify-reply`: SMTP replies from standard input, one a line, to verdicts, exactly one output line per input line.
 *
 * Streams: memory is bounded by one line, of which `maxLineBytes` are kept, and by what standard output has not yet taken.
 */
import { once } from 'node:events'
import { classifyReply, type ReplyContext } from '../classify/classify-reply.ts'
import type { Phase } from '../classify/verdict.ts'
import { classifyReplyManual } from './manual/classify.ts'
import { printable } from './printable.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'

/** Bytes of an input line that are read; the rest of a longer one is passed over. A legal reply line has 512 (RFC 5321 §4.5.3.1.5). */
const maxLineBytes = 65_536

/** The phases a reply can come in. */
const phases: readonly Phase[] = classifyReplyManual.options.phase.choices

/** Runs the command. */
export async function runClassifyReply(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(classifyReplyManual, args, io)
  if (!read.ok) return read.status
  const { values } = read
  const asked = values.phase ?? 'rcpt'
  const phase = phases.find(one => one === asked)
  if (!phase) return refuseUsage(classifyReplyManual, `--phase must be ${phases.join(', ')}, not ${JSON.stringify(asked)}`, io)
  const context: ReplyContext = { phase, host: values.host ?? null }
  const ndjson = values.ndjson ?? values.json ?? false
  const reader = new LineReader()
  const say = async (lines: readonly string[]) => {
    // Each piece is answered at once: the other side may wait for it before it writes the next.
    const text = lines.map(line => `${verdictLine(line, ndjson, context)}\n`).join('')
    if (text !== '' && !io.stdout.write(text)) await once(io.stdout, 'drain')
  }
  for await (const data of io.stdin) await say(reader.read(typeof data === 'string' ? Buffer.from(data) : data))
  await say(reader.end())
  return 0
}

function verdictLine(line: string, ndjson: boolean, context: ReplyContext): string {
  const { category, fault, type, rule } = classifyReply(line.replaceAll('\\n', '\n'), context)
  if (ndjson) return JSON.stringify({ reply: line, category, fault, type, rule }).replace(otherLineEnds, escapeUnit)
  return `${type}  ${category}  ${fault}  ${rule}  ${printable(line)}`
}

/** Line ends to some readers, though not to JSON. */
const otherLineEnds = /[\x85\u2028\u2029]/g

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Cuts a byte stream into lines without LF or CRLF, each at most `maxLineBytes`; the last one counts when it is not empty. */
class LineReader {
  #kept: Buffer[] = []
  #keptBytes = 0
  #endsInCr = false

  /** The lines that end in this chunk. */
  read(chunk: Buffer): string[] {
    const lines: string[] = []
    let from = 0
    for (let lf = chunk.indexOf(0x0a); lf !== -1; lf = chunk.indexOf(0x0a, from)) {
      this.#keep(chunk.subarray(from, lf))
      lines.push(this.#take())
      from = lf + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
    return lines
  }

  /** The line that no LF ended. */
  end(): string[] {
    return this.#keptBytes > 0 ? [this.#take()] : []
  }

  #keep(part: Buffer): void {
    const room = part.subarray(0, maxLineBytes - this.#keptBytes)
    if (room.length === 0) return
    // A copy: a piece of a chunk would hold on to all of it.
    this.#kept.push(Buffer.from(room))
    this.#keptBytes += room.length
    this.#endsInCr = room.length === part.length && room.at(-1) === 0x0d
  }

  #take(): string {
    const line = Buffer.concat(this.#kept).toString('utf8', 0, this.#endsInCr ? this.#keptBytes - 1 : this.#keptBytes)
    this.#kept = []
    this.#keptBytes = 0
    this.#endsInCr = false
    return line
  }
}
