/**
 * A command of the CRM's: answered here, or given a slot on its way upstream.
 *
 * Pure.
 */
import type { AuthCommand, Command, MailCommand, RcptCommand } from './command.ts'
import { parameter } from './command.ts'
import type { Draft } from './dialogue.ts'
import { ourReplies } from './our-replies.ts'
import { startLogin } from './own-login.ts'
import type { SpokenReply } from './reply.ts'
import { type Envelope, ownAnswer, type Subject } from './slots.ts'

/** Commands that were no commands, and log-ins that failed; more of them end the session. */
const maxErrors = 20

/** Takes one command. MAIL comes with its envelope. */
export function takeCommand(draft: Draft, command: Command, envelope: Envelope | null): void {
  if (command.verb === 'QUIT') return takeQuit(draft, command.line)
  if (draft.upstream === 'gone') return endWith(draft, draft.farewell)
  switch (command.verb) {
    case 'EHLO':
    case 'HELO':
      return forward(draft, { verb: command.verb }, command.line, true)
    case 'RSET':
    case 'NOOP':
      return forward(draft, { verb: command.verb }, command.line, false)
    case 'STARTTLS':
      if (!draft.rules.startTls) return answer(draft, ourReplies.notImplemented)
      if (draft.secure) return answer(draft, ourReplies.alreadySecure)
      draft.input = 'wait'
      return answer(draft, ourReplies.readyForTls, { verb: 'STARTTLS' })
    case 'VRFY':
    case 'EXPN':
      return answer(draft, ourReplies.cannotVerify)
    case 'HELP':
      return answer(draft, ourReplies.help)
    case 'AUTH':
      // Log-ins that failed are errors too.
      return draft.errors > maxErrors ? endWith(draft, ourReplies.tooManyErrors) : takeAuth(draft, command)
  }
  const why = !draft.greeted ? ourReplies.sayHelloFirst : draft.rules.loginRequired && !draft.authenticated ? ourReplies.authRequired : null
  if (why) return answer(draft, why)
  if (command.verb === 'RCPT') return takeRcpt(draft, command)
  if (command.verb === 'MAIL') return takeMail(draft, command, envelope)
  forward(draft, { verb: 'DATA' }, command.line, true)
}

/** Answers a line that is no command; too many of them end the session. */
export function takeBadLine(draft: Draft, why: SpokenReply): void {
  draft.errors++
  if (draft.errors > maxErrors) endWith(draft, ourReplies.tooManyErrors)
  else answer(draft, why)
}

/** Puts the session's last words behind the replies still owed; nothing more is taken. */
export function endWith(draft: Draft, farewell: SpokenReply): void {
  if (draft.closing) return
  draft.closing = true
  draft.input = 'wait'
  answer(draft, farewell, { verb: 'farewell' })
}

/** Gives a command our own answer, in its turn. */
export function answer(draft: Draft, spoken: SpokenReply, subject: Subject = { verb: 'none' }): void {
  draft.slots.push({ at: 'answered', number: draft.nextNumber++, subject, answer: ownAnswer(spoken) })
}

/** Gives a command a slot on its way upstream. `alone`: nothing behind it is taken before its reply (RFC 2920 §3.1). */
export function forward(draft: Draft, subject: Subject, line: string, alone: boolean): void {
  if (alone) draft.input = 'wait'
  draft.slots.push({ at: 'queued', number: draft.nextNumber++, subject, line })
}

function takeQuit(draft: Draft, line: string): void {
  draft.input = 'wait'
  // A connection on which we have logged in ourselves outlives the session.
  if (draft.upstream === 'ready' && !draft.rules.ownMechanisms) return forward(draft, { verb: 'QUIT' }, line, true)
  draft.closing = true
  answer(draft, ourReplies.bye, { verb: 'QUIT' })
}

function takeMail(draft: Draft, command: MailCommand, envelope: Envelope | null): void {
  const why = mailRefusal(draft, command, envelope)
  if (why || !envelope) return answer(draft, why ?? ourReplies.bug)
  draft.asked = 0
  forward(draft, { verb: 'MAIL', command, envelope }, lineOf(draft, envelope), false)
}

/** The line for upstream; an envelope id only where it is understood. */
function lineOf({ offersDsn }: Draft, { line, envelopeId }: Envelope): string {
  return envelopeId !== null && offersDsn ? `${line.trimEnd()} ENVID=${envelopeId}` : line
}

/** Parameters of extensions that are not offered, where upstream would take them and we could not keep the promise. */
function mailRefusal(draft: Draft, { after }: MailCommand, envelope: Envelope | null): SpokenReply | null {
  if (after === '') return null
  const limit = draft.rules.maxMessageBytes
  if (limit !== null && (envelope?.declaredOctets ?? 0) > limit) return ourReplies.messageTooLarge
  if (parameter(after, 'BODY')?.toUpperCase() === 'BINARYMIME') return ourReplies.binaryNotOffered
  if (parameter(after, 'REQUIRETLS') !== null && !draft.offersRequireTls) return ourReplies.requireTlsNotOffered
  return null
}

function takeRcpt(draft: Draft, command: RcptCommand): void {
  if (draft.asked >= draft.rules.maxRecipients) return answer(draft, ourReplies.tooManyRecipients)
  draft.asked++
  const number = draft.nextNumber++
  draft.slots.push({ at: 'screening', number, subject: { verb: 'RCPT', command }, line: command.line })
  draft.effects.push({ type: 'screen', number, key: command.key, address: command.address })
}

function takeAuth(draft: Draft, command: AuthCommand): void {
  const why = authRefusal(draft, command)
  if (why) return answer(draft, why)
  if (draft.rules.ownMechanisms) return startLogin(draft, command)
  forward(draft, { verb: 'AUTH', command }, command.line, true)
}

function authRefusal(draft: Draft, { mechanism }: AuthCommand): SpokenReply | null {
  if (!draft.greeted) return ourReplies.sayHelloFirst
  if (draft.authenticated) return ourReplies.authAlready
  if (draft.transaction) return ourReplies.authInTransaction
  if (!draft.secure && !draft.rules.clearAuth) return draft.rules.startTls ? ourReplies.startTlsFirst : ourReplies.authNeedsTls
  return draft.mechanisms.includes(mechanism) ? null : ourReplies.authNotOffered
}
