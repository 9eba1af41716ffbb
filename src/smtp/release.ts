/**
 * The head of the slots, once answered: what its reply changes, and the reply to the CRM.
 *
 * Replies leave in the order of the commands, so the transaction is kept here: at the moment a reply leaves, every one before it is known.
 * Pure.
 */
import type { Draft, MessageResult, Recipient, RecipientVerdict } from './dialogue.ts'
import { type Extensions, formatOffer, mechanismsOffered, type Offer, parseExtensions } from './ehlo.ts'
import { ourReplies } from './our-replies.ts'
import type { Reply } from './reply.ts'
import type { Answer, Subject } from './slots.ts'

const none: Extensions = new Map()
/** A MAIL refused because of the sender: the enhanced statuses and words that servers use when they bind reverse-paths to logins or domains. */
const aboutSender =
  /not owned by|5\.7\.60|send as this sender|sender (?:address )?(?:is )?(?:not allowed|rejected|denied|not authori[sz]ed)/i

/** Says every reply whose turn has come; ends the session after the last one when it is closing. */
export function releaseAnswers(draft: Draft): void {
  for (;;) {
    const head = draft.slots[0]
    if (head?.at !== 'answered') break
    if (!head.answer.concluded && concludes(draft, head.subject, head.answer)) {
      draft.slots[0] = { ...head, at: 'concluding' }
      break
    }
    draft.slots.shift()
    apply(draft, head.subject, head.answer)
  }
  if (draft.stopping && isIdle(draft)) {
    draft.effects.push({ type: 'say', wire: ourReplies.stopping.wire })
    draft.closing = true
  }
  if (draft.closing && draft.slots.length === 0 && draft.input !== 'over') {
    endTransaction(draft)
    draft.input = 'over'
    draft.effects.push({ type: 'close' })
  }
}

/** The slot that waits for a judgement may be said. */
export function releaseConcluded(draft: Draft): void {
  const head = draft.slots[0]
  if (head?.at === 'concluding') draft.slots[0] = { ...head, at: 'answered', answer: { ...head.answer, concluded: true } }
}

/** Ends an open transaction that never came to a message. */
export function endTransaction(draft: Draft): boolean {
  const { transaction } = draft
  draft.transaction = null
  draft.asked = 0
  if (!transaction || transaction.recipients.length === 0) return false
  const { recipients, refused = false } = transaction
  const has = (verdict: RecipientVerdict) => recipients.some(recipient => recipient.verdict === verdict)
  const refusedWhole = refused && has('blacklisted')
  const result: MessageResult = refusedWhole ? 'refused' : has('relayed') ? 'aborted' : has('deferred') ? 'deferred' : 'refused'
  const wait = has('refused')
  draft.effects.push({ type: 'journal', transaction, result, await: wait })
  return wait
}

function isIdle(draft: Draft): boolean {
  return draft.slots.length === 0 && draft.input === 'command' && !draft.transaction && !draft.closing
}

/** Concludes what this answer ends; true when the CRM must not read the answer before that has been judged. */
function concludes(draft: Draft, subject: Subject, { spoken, cause }: Answer): boolean {
  const { code } = spoken.reply
  switch (subject.verb) {
    case 'message':
      return settle(draft, cause === 'indeterminate' ? 'indeterminate' : resultOf(code), cause === null ? spoken.reply : null)
    case 'EHLO':
    case 'HELO':
    case 'RSET':
      return isPositive(code) && endTransaction(draft)
    case 'MAIL':
      if (isPositive(code)) endTransaction(draft)
      return false
    case 'STARTTLS':
    case 'QUIT':
      endTransaction(draft)
      return false
    default:
      return false
  }
}

function settle(draft: Draft, result: MessageResult, reply: Reply | null): boolean {
  const { transaction } = draft
  draft.transaction = null
  draft.asked = 0
  if (!transaction) return false
  const wait = transaction.recipients.some(recipient => recipient.verdict === 'refused')
  draft.effects.push({ type: 'settle', transaction, result, reply, await: wait })
  return wait
}

/** What an answer changes, and its octets for the CRM. */
function apply(draft: Draft, subject: Subject, answer: Answer): void {
  const { code } = answer.spoken.reply
  const { wire } = answer.spoken
  switch (subject.verb) {
    case 'EHLO':
      if (draft.input === 'wait') draft.input = 'command'
      if (answer.by === null && code === 250) return greet(draft, parseExtensions(answer.spoken.reply), true)
      break
    case 'HELO':
      if (draft.input === 'wait') draft.input = 'command'
      if (answer.by === null && code === 250) greet(draft, none, false)
      break
    case 'MAIL':
      if (isPositive(code)) draft.transaction = { envelope: subject.envelope, recipients: [] }
      else if (code >= 500 && aboutSender.test(wire)) draft.effects.push({ type: 'return-path-refused', reply: answer.spoken.reply })
      break
    case 'RCPT':
      recordRecipient(draft, subject, answer)
      break
    case 'DATA':
      draft.input = code === 354 ? 'body' : 'command'
      if (answer.by === 'us' && draft.rules.refuseData && draft.transaction) draft.transaction = { ...draft.transaction, refused: true }
      break
    case 'AUTH':
      draft.input = code === 334 ? 'auth' : 'command'
      if (isPositive(code)) draft.authenticated = true
      break
    case 'STARTTLS':
      draft.input = 'wait'
      draft.greeted = false
      draft.upstream = 'opening'
      draft.effects.push({ type: 'say', wire }, { type: 'drop-upstream', idle: true }, { type: 'start-tls' })
      return
    case 'QUIT':
      draft.closing = true
      if (answer.by === 'us' && draft.upstream === 'ready') {
        draft.upstream = 'gone'
        draft.effects.push({ type: 'return-upstream' })
      }
      break
  }
  draft.effects.push({ type: 'say', wire })
  if (draft.input === 'body' && subject.verb === 'DATA' && draft.transaction) {
    draft.effects.push({ type: 'receive', transaction: draft.transaction })
  }
}

/** Takes over upstream's extensions; an EHLO is answered with our offer of them. */
function greet(draft: Draft, theirs: Extensions, extended: boolean): void {
  const { rules, facts, secure } = draft
  const mayAuth = extended && (secure || rules.clearAuth)
  const auth = !mayAuth ? 'none' : (rules.ownMechanisms ?? (facts.mayAuth ? 'theirs' : 'none'))
  draft.greeted = true
  draft.pipelining = theirs.has('PIPELINING')
  draft.offersDsn = theirs.has('DSN')
  draft.mechanisms = mechanismsOffered(theirs, auth)
  draft.offersRequireTls = secure && facts.verified && theirs.has('REQUIRETLS')
  if (!extended) return
  const ours: Offer = {
    hostname: rules.hostname,
    maxMessageBytes: rules.maxMessageBytes,
    maxRecipients: rules.maxRecipients,
    startTls: rules.startTls && !secure,
    requireTls: draft.offersRequireTls,
    auth,
  }
  draft.effects.push({ type: 'say', wire: formatOffer(theirs, ours).wire })
}

function recordRecipient(draft: Draft, { command }: Subject & { verb: 'RCPT' }, { spoken, by, cause, refusal }: Answer): void {
  const verdict = cause === 'blacklisted' ? 'blacklisted' : verdictOf(spoken.reply.code)
  draft.effects.push({ type: 'recipient', verdict })
  if (!draft.transaction) return
  const recipient: Recipient = { address: command.address, key: command.key, verdict, reply: refusal ?? spoken.reply, byUs: by === 'us' }
  draft.transaction = { ...draft.transaction, recipients: [...draft.transaction.recipients, recipient] }
}

function isPositive(code: number): boolean {
  return code >= 200 && code < 300
}

function verdictOf(code: number): RecipientVerdict {
  return code < 400 ? 'relayed' : code < 500 ? 'deferred' : 'refused'
}

function resultOf(code: number): MessageResult {
  return code < 400 ? 'accepted' : code < 500 ? 'deferred' : 'refused'
}
