/**
 * What `rebond address` prints for people: an address and why it is blacklisted, or the block that was lifted.
 *
 * Promises: what other people wrote (subjects, diagnostics) cannot steer the terminal: control and direction characters become spaces.
 * Pure.
 */
import { z } from 'zod'
import { categoryFacts } from '../classify/verdict.ts'
import { addressSchema, blockSchema } from '../http/address-detail.ts'

const liftedSchema = z.object({ address: z.string(), lifted: blockSchema })

type Block = z.output<typeof blockSchema>
type Reason = Block['reason']

/** Prints the answer to `show` and `block`. @throws {ZodError} what answered is not this version of rebond. */
export function printAddress(answer: unknown): string {
  const { address, status, since, until, reason, counts, lastUnblock, bounces } = addressSchema.parse(answer)
  const lines = [`${clean(address)}: ${status}${since === null ? '' : ` since ${since}, ${ending(until)}`}`]
  if (reason) lines.push(...reasonLines(reason))
  if (lastUnblock)
    lines.push(`  last unblocked ${lastUnblock.at}${lastUnblock.by ? ` by ${clean(lastUnblock.by)}` : ''}: ${clean(lastUnblock.why)}`)
  lines.push(`  returns so far: ${counts.hard} hard, ${counts.soft} soft, ${counts.uncounted} not counted`)
  for (const one of bounces) {
    lines.push(`  ${one.receivedAt}  ${one.type ?? one.kind}  ${one.category ?? '-'}  ${one.why}  ${clean(one.subject ?? '-')}`)
  }
  if (status === 'blacklisted') lines.push(`lift it: rebond address unblock ${quoted(address)} --why "…"`)
  return `${lines.join('\n')}\n`
}

/** Prints the answer to `unblock`. @throws {ZodError} what answered is not this version of rebond. */
export function printLifted(answer: unknown): string {
  const { address, lifted } = liftedSchema.parse(answer)
  return `${[`${clean(address)}: unblocked; it was blacklisted since ${lifted.since}`, ...reasonLines(lifted.reason)].join('\n')}\n`
}

function ending(until: string | null): string {
  return until === null ? 'until somebody lifts it' : `until ${until}`
}

function reasonLines({ category, type, fault, rule, evidence, by, bounceId, messageId }: Reason): string[] {
  if (category === 'manual') return [`  by hand${by ? ` (${clean(by)})` : ''}: ${clean(evidence)}`]
  const lines = [`  ${categoryFacts[category].label.en} (${type}, fault: ${fault}), rule ${rule ?? '-'}`, `  "${clean(evidence)}"`]
  if (bounceId) lines.push(`  return ${bounceId}${messageId ? `, mail ${messageId}` : ''}`)
  return lines
}

/** Control characters (C0, C1) and those that change the direction of text. */
const steering = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function clean(text: string): string {
  return text.replace(steering, ' ')
}

/** An address as a shell takes it. */
function quoted(address: string): string {
  return /^[\w.@+=-]+$/.test(address) ? address : `'${clean(address).replaceAll("'", `'\\''`)}'`
}
