/**
 * The relay's side of a session as a pure machine: `step(state, event) → { state, effects }` (RFC 5321 §3 and §4.1.4, pipelining RFC 2920).
 *
 * Promises, whatever the CRM and upstream send: one reply per command, in the order of the commands; nothing that was refused goes upstream;
 * at most `maxSlots` replies are outstanding; after `close` nothing is said. The session (relay/session.ts) performs the effects, in order.
 * Pure.
 */
import { rcptNoted } from './data-refusal.ts'
import type { Draft, Effect, Event, Rules, State } from './dialogue.ts'
import { forwardQueued } from './forward.ts'
import { ourReplies } from './our-replies.ts'
import { finishLogin, takeLoginLine } from './own-login.ts'
import { releaseAnswers, releaseConcluded } from './release.ts'
import type { SpokenReply } from './reply.ts'
import { answered, firstSent, maxSlots, ownAnswer, upstreamAnswer } from './slots.ts'
import { answer, endWith, forward, takeBadLine, takeCommand } from './take-command.ts'

export type Step = { readonly state: State; readonly effects: readonly Effect[] }

/** The state of a session just accepted, its upstream being opened. */
export function openState(rules: Rules, secure: boolean): State {
  return {
    rules,
    input: 'command',
    slots: [],
    nextNumber: 0,
    upstream: 'opening',
    facts: { verified: false, mayAuth: false },
    farewell: ourReplies.upstreamUnavailable,
    pipelining: false,
    offersDsn: false,
    greeted: false,
    secure,
    authenticated: false,
    offersRequireTls: false,
    mechanisms: [],
    login: null,
    transaction: null,
    asked: 0,
    errors: 0,
    closing: false,
    stopping: false,
  }
}

/** Says whether the CRM's next line may be taken now. */
export function takesLines({ input, slots }: State): boolean {
  return (input === 'command' || input === 'auth' || input === 'own-auth') && slots.length < maxSlots
}

/** Takes one event. A line is to be given only while `takesLines`. */
export function step(state: State, event: Event): Step {
  if (state.input === 'over') return { state, effects: [] }
  const draft = draftOf(state)
  take(draft, event)
  forwardQueued(draft)
  releaseAnswers(draft)
  return { state: draft, effects: draft.effects }
}

/** A copy to change, field by field (measured: 0.03 µs; 0.5 µs by spread, and 6 µs with `effects` taken off again by rest). */
function draftOf(state: State): Draft {
  return {
    rules: state.rules,
    input: state.input,
    slots: state.slots.slice(),
    nextNumber: state.nextNumber,
    upstream: state.upstream,
    facts: state.facts,
    farewell: state.farewell,
    pipelining: state.pipelining,
    offersDsn: state.offersDsn,
    greeted: state.greeted,
    secure: state.secure,
    authenticated: state.authenticated,
    offersRequireTls: state.offersRequireTls,
    mechanisms: state.mechanisms,
    login: state.login,
    transaction: state.transaction,
    asked: state.asked,
    errors: state.errors,
    closing: state.closing,
    stopping: state.stopping,
    effects: [],
  }
}

function take(draft: Draft, event: Event): void {
  switch (event.type) {
    case 'command':
      return takeCommand(draft, event.command, event.envelope)
    case 'auth-line':
      if (draft.input === 'own-auth') return takeLoginLine(draft, event.line)
      return forward(draft, { verb: 'AUTH', command: null }, event.line, true)
    case 'bad-line':
      return takeBadLine(draft, event.why)
    case 'screened':
      return takeScreened(draft, event.number, event.found)
    case 'verified':
      return finishLogin(draft, event.as)
    case 'ready':
      draft.upstream = 'ready'
      draft.facts = event.facts
      return
    case 'reply':
      return takeReply(draft, event.spoken)
    case 'lost':
      return loseUpstream(draft, event.farewell, event.retry)
    case 'message-sent':
      draft.input = 'command'
      draft.slots.push({ at: 'sent', number: draft.nextNumber++, subject: { verb: 'message' }, line: '' })
      return
    case 'message-failed':
      draft.input = 'command'
      answer(draft, event.answer, { verb: 'message' })
      dropUpstream(draft)
      if (event.close) draft.closing = true
      return
    case 'concluded':
      return releaseConcluded(draft)
    case 'secured':
      draft.secure = true
      draft.input = 'command'
      draft.effects.push({ type: 'open-upstream' })
      return
    case 'end':
      return endNow(draft, event.farewell)
    case 'client-left':
      return leave(draft)
    case 'stop':
      draft.stopping = true
  }
}

function takeScreened(draft: Draft, number: number, found: SpokenReply | null | 'unavailable'): void {
  const index = draft.slots.findIndex(slot => slot.number === number)
  const slot = draft.slots[index]
  if (slot?.at !== 'screening') return
  if (found === null) draft.slots[index] = { ...slot, at: 'queued' }
  else if (found === 'unavailable') draft.slots[index] = answered(slot, ownAnswer(ourReplies.storeUnavailable, 'deferred'))
  else if (draft.rules.refuseData === null) draft.slots[index] = answered(slot, ownAnswer(found, 'blacklisted'))
  else draft.slots[index] = answered(slot, { ...ownAnswer(rcptNoted, 'blacklisted'), refusal: found.reply })
}

function takeReply(draft: Draft, spoken: SpokenReply): void {
  if (draft.upstream !== 'ready') return
  const { code } = spoken.reply
  const index = firstSent(draft.slots)
  const slot = draft.slots[index]
  if (!slot) return takeUnasked(draft, spoken)
  const awaits = slot.subject.verb === 'AUTH' ? 334 : slot.subject.verb === 'DATA' ? 354 : 0
  if (code >= 300 && code < 400 && code !== awaits) return violate(draft, 'unexpected-3yz')
  // Data without a transaction that we know of: nobody could say whose message it is.
  if (code === 354 && !draft.transaction && !draft.slots.some(({ subject }) => subject.verb === 'MAIL'))
    return violate(draft, 'data-without-mail')
  draft.slots[index] = answered(slot, upstreamAnswer(spoken))
  if (code !== 421) return
  // RFC 5321 §3.8: whatever it answers, the server closes.
  draft.slots.splice(index + 1)
  draft.closing = true
  draft.input = 'wait'
  dropUpstream(draft)
}

/** A reply that no command asked for: a refusal in the middle of a message, or a goodbye. */
function takeUnasked(draft: Draft, spoken: SpokenReply): void {
  const { code } = spoken.reply
  if (draft.input === 'body' && code >= 400) {
    dropUpstream(draft)
    draft.effects.push({ type: 'discard', answer: spoken })
  } else if (code === 421) loseUpstream(draft, spoken, false)
  else violate(draft, 'unasked-reply')
}

function violate(draft: Draft, why: string): void {
  draft.effects.push({ type: 'violation', why })
  loseUpstream(draft, ourReplies.upstreamLost, false)
}

/** Upstream is gone: the first command that waits for it is told, and the session ends, except that a message has its own answer. */
function loseUpstream(draft: Draft, farewell: SpokenReply, retry: boolean): void {
  if (draft.upstream === 'gone') return
  if (retry && !draft.greeted) {
    draft.slots = draft.slots.map(slot => (slot.at === 'sent' ? { ...slot, at: 'queued' } : slot))
    draft.upstream = 'opening'
    draft.effects.push({ type: 'drop-upstream', idle: false }, { type: 'open-upstream' })
    return
  }
  dropUpstream(draft)
  draft.farewell = farewell
  const index = draft.slots.findIndex(slot => slot.at !== 'answered' && slot.at !== 'concluding')
  const slot = draft.slots[index]
  if (!slot) {
    if (draft.input === 'body') draft.effects.push({ type: 'discard', answer: ourReplies.lostBeforeDot })
    else if (draft.greeted) endWith(draft, farewell)
    return
  }
  const after = draft.slots.splice(index)
  if (slot.at === 'sent' && slot.subject.verb === 'message') {
    draft.slots.push(answered(slot, ownAnswer(ourReplies.lostAfterDot, 'indeterminate')))
    if (after.length > 1) endWith(draft, farewell)
    return
  }
  if (slot.subject.verb === 'QUIT') {
    draft.closing = true
    answer(draft, ourReplies.bye, { verb: 'QUIT' })
    return
  }
  endWith(draft, farewell)
}

function dropUpstream(draft: Draft, idle = false): void {
  if (draft.upstream === 'gone') return
  draft.upstream = 'gone'
  draft.farewell = ourReplies.upstreamLost
  draft.effects.push({ type: 'drop-upstream', idle })
}

/** Ends the session at once: what is not answered yet never will be. */
function endNow(draft: Draft, farewell: SpokenReply): void {
  const slot = draft.slots[firstSentMessage(draft)]
  draft.slots = slot ? [answered(slot, ownAnswer(ourReplies.lostAfterDot, 'indeterminate'))] : []
  if (draft.input === 'body') settleAborted(draft)
  dropUpstream(draft)
  draft.closing = false
  endWith(draft, farewell)
}

/** The CRM is gone. A message that went upstream whole still gets its result; all else ends without a terminator. */
function leave(draft: Draft): void {
  const idle = draft.input !== 'body' && firstSent(draft.slots) === -1
  if (draft.input === 'body') settleAborted(draft)
  draft.closing = true
  draft.input = 'wait'
  const index = firstSentMessage(draft)
  draft.slots = index === -1 ? [] : draft.slots.slice(index, index + 1)
  if (index === -1) dropUpstream(draft, idle)
}

function settleAborted(draft: Draft): void {
  const { transaction } = draft
  if (transaction) draft.effects.push({ type: 'settle', transaction, result: 'aborted', reply: null, await: false })
  draft.transaction = null
}

function firstSentMessage(draft: Draft): number {
  return draft.slots.findIndex(slot => slot.at === 'sent' && slot.subject.verb === 'message')
}
