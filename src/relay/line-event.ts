/**
 * A line of the CRM's → what the machine is told: a command with its envelope, a line of a log-in, or the reply to what is neither.
 */
import type { ReturnPath } from '../return-path/return-path.ts'
import { parseCommand } from '../smtp/command.ts'
import type { Event, Input } from '../smtp/dialogue.ts'
import type { Line } from '../smtp/lines.ts'
import { ourReplies } from '../smtp/our-replies.ts'
import { makeEnvelope } from './envelope.ts'

export type LineDeps = {
  readonly returnPath: ReturnPath
  readonly makeId: () => string
  readonly now: () => number
}

/** `bad`: what was wrong with the line, for the log; null: nothing. */
export type LineEvent = { readonly event: Event; readonly bad: string | null }

/** Reads one line, in the state that `input` says. */
export function eventOfLine(line: Line, input: Input, { returnPath, makeId, now }: LineDeps): LineEvent {
  if (input !== 'command') {
    // A log-in that cannot be read is cancelled, as RFC 4954 §4 has it.
    return line.ok ? good({ type: 'auth-line', line: line.text }) : { event: { type: 'auth-line', line: '*' }, bad: line.why }
  }
  if (!line.ok) {
    const why = line.why === 'too-long' ? ourReplies.lineTooLong : ourReplies.controlCharacter
    return { event: { type: 'bad-line', why }, bad: line.why }
  }
  const parsed = parseCommand(line.text)
  if (!parsed.ok) return { event: { type: 'bad-line', why: parsed.why }, bad: 'syntax' }
  const { command } = parsed
  if (command.verb !== 'MAIL') return good({ type: 'command', command, envelope: null })
  const made = makeEnvelope(command, returnPath, makeId, now())
  return good(made.ok ? { type: 'command', command, envelope: made.envelope } : { type: 'bad-line', why: made.why })
}

function good(event: Event): LineEvent {
  return { event, bad: null }
}
