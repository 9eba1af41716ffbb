/**
 * Reply slots: one for each command that was taken and not yet answered, in the order of the commands (RFC 2920 §3.2).
 *
 * Local replies and upstream's wait in the same line, so the CRM reads one reply per command in the order it sent them. What is forwarded
 * keeps that order too: a command waits for the lookups of those before it.
 * Pure.
 */
import type { AuthCommand, MailCommand, PlainVerb, RcptCommand } from './command.ts'
import type { Reply, SpokenReply } from './reply.ts'

/** Replies outstanding at most; beyond it no command is taken. */
export const maxSlots = 64

/** The reverse-path as the relay sends it on. */
export type Envelope = {
  /** Names the message; its return path carries it. */
  readonly id: string
  /** The CRM's own reverse-path, without brackets; empty for `<>`. */
  readonly reversePath: string
  /** The line that goes upstream. */
  readonly line: string
  /** ENVID to put behind it where upstream offers DSN (RFC 3461 §4.4); null: none of ours. */
  readonly envelopeId: string | null
  /** The CRM's reverse-path was a valid return path of ours: the message is one that we know. */
  readonly known: boolean
  /** SIZE as declared; null when it was not. */
  readonly declaredOctets: number | null
}

/** What a slot is about: the command, with what its reply will change. */
export type Subject =
  | { readonly verb: 'MAIL'; readonly command: MailCommand; readonly envelope: Envelope }
  | { readonly verb: 'RCPT'; readonly command: RcptCommand }
  | { readonly verb: 'AUTH'; readonly command: AuthCommand | null }
  | { readonly verb: Exclude<PlainVerb, 'VRFY' | 'EXPN' | 'HELP'> }
  /** The message, its final dot being the command. */
  | { readonly verb: 'message' }
  /** A command answered by us that changes nothing. */
  | { readonly verb: 'none' }
  /** Our last words: the session ends with them. */
  | { readonly verb: 'farewell' }

/** Why we answered in upstream's place, where it matters later. */
export type Cause = 'blacklisted' | 'deferred' | 'indeterminate'

export type Slot =
  /** A recipient whose lookup is under way. */
  | { readonly at: 'screening'; readonly number: number; readonly subject: Subject; readonly line: string }
  /** Waits to be sent: for upstream, or for commands before it. */
  | { readonly at: 'queued'; readonly number: number; readonly subject: Subject; readonly line: string }
  | { readonly at: 'sent'; readonly number: number; readonly subject: Subject; readonly line: string }
  /** A log-in that is being checked by us. */
  | { readonly at: 'checking'; readonly number: number; readonly subject: Subject }
  | { readonly at: 'answered'; readonly number: number; readonly subject: Subject; readonly answer: Answer }
  /** Answered, at the head, and kept back until what it concludes has been judged. */
  | { readonly at: 'concluding'; readonly number: number; readonly subject: Subject; readonly answer: Answer }

export type Answer = {
  readonly spoken: SpokenReply
  /** null: upstream said it. */
  readonly by: 'us' | null
  readonly cause: Cause | null
  /** What a recipient was refused with, when the refusal waits for DATA. */
  readonly refusal?: Reply
  readonly concluded: boolean
}

/** An answer of upstream's. */
export function upstreamAnswer(spoken: SpokenReply): Answer {
  return { spoken, by: null, cause: null, concluded: false }
}

/** An answer of our own. */
export function ownAnswer(spoken: SpokenReply, cause: Cause | null = null): Answer {
  return { spoken, by: 'us', cause, concluded: false }
}

/** Index of the slot that upstream's next reply belongs to; -1 when none is awaited. */
export function firstSent(slots: readonly Slot[]): number {
  return slots.findIndex(slot => slot.at === 'sent')
}

/** Gives the slot an answer; the slot keeps its place. */
export function answered({ number, subject }: Slot, answer: Answer): Slot {
  return { at: 'answered', number, subject, answer }
}
