/**
 * What `rebond address` prints for people: an address and why it is blacklisted, or the block that was lifted.
 *
 * Promises: what other people wrote (subjects, diagnostics) cannot steer the terminal: control and direction characters become spaces.
 * Pure.
 */
import { z } from 'zod'
import { categoryFacts } from '../classify/verdict.ts'
import { addressSchema, blockSchema } from '../http/address-detail.ts'
import { printable } from './printable.ts'
import { type Style, unstyled } from './style.ts'
import { formatTable } from './table.ts'

const liftedSchema = z.object({ address: z.string(), lifted: blockSchema })

type Block = z.output<typeof blockSchema>
type Reason = Block['reason']
type Return = z.output<typeof addressSchema>['bounces'][number]

/** Prints the answer to `show` and `block`. @throws {ZodError} what answered is not this version of rebond. */
export function printAddress(answer: unknown, style: Style = unstyled): string {
  const { address, status, since, until, reason, counts, lastUnblock, bounces } = addressSchema.parse(answer)
  const lines = [`${style.bold(printable(address))}: ${painted(status, style)}${since === null ? '' : ` since ${since}, ${ending(until)}`}`]
  if (reason) lines.push(...reasonLines(reason))
  if (lastUnblock)
    lines.push(
      `  last unblocked ${lastUnblock.at}${lastUnblock.by ? ` by ${printable(lastUnblock.by)}` : ''}: ${printable(lastUnblock.why)}`,
    )
  lines.push(`  returns so far: ${counts.hard} hard, ${counts.soft} soft, ${counts.uncounted} not counted`)
  if (bounces.length > 0) lines.push(...returnLines(bounces, style))
  if (status === 'blacklisted') lines.push(`lift it: rebond address unblock ${quoted(address)} --why "…"`)
  return `${lines.join('\n')}\n`
}

/** Prints the answer to `unblock`. @throws {ZodError} what answered is not this version of rebond. */
export function printLifted(answer: unknown, style: Style = unstyled): string {
  const { address, lifted } = liftedSchema.parse(answer)
  return `${[`${style.bold(printable(address))}: ${style.green('unblocked')}; it was blacklisted since ${lifted.since}`, ...reasonLines(lifted.reason)].join('\n')}\n`
}

/** The latest returns: a table on a terminal, else plain lines that `cut` and `awk` can take apart. */
function returnLines(bounces: readonly Return[], style: Style): string[] {
  const rows = bounces.map(one => [one.receivedAt, one.type ?? one.kind, one.category ?? '-', one.why, printable(one.subject ?? '-')])
  if (!style.onTerminal) return rows.map(row => `  ${row.join('  ')}`)
  const paint = (type: string | undefined) => (type === 'hard' ? style.red : style.yellow)
  const cells = rows.map(row => row.map((text, column) => (column === 1 ? { text, paint: paint(row[1]) } : { text })))
  return ['', ...formatTable(['received', 'type', 'category', 'what it did', 'subject'], cells, style), '']
}

function painted(status: string, style: Style): string {
  return status === 'blacklisted' ? style.red(status) : status === 'ok' ? style.green(status) : style.yellow(status)
}

function ending(until: string | null): string {
  return until === null ? 'until somebody lifts it' : `until ${until}`
}

function reasonLines({ category, type, fault, rule, evidence, by, bounceId, messageId }: Reason): string[] {
  if (category === 'manual') return [`  by hand${by ? ` (${printable(by)})` : ''}: ${printable(evidence)}`]
  const lines = [`  ${categoryFacts[category].label.en} (${type}, fault: ${fault}), rule ${rule ?? '-'}`, `  "${printable(evidence)}"`]
  if (bounceId) lines.push(`  return ${bounceId}${messageId ? `, mail ${messageId}` : ''}`)
  return lines
}

/** An address as a shell takes it. */
function quoted(address: string): string {
  return /^[\w.@+=-]+$/.test(address) ? address : `'${printable(address).replaceAll("'", `'\\''`)}'`
}
