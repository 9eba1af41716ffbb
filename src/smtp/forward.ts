/**
 * Queued commands → upstream: in one batch when it takes batches, one at a time when it does not (RFC 2920).
 *
 * Pure.
 */
import { refuseData } from './data-refusal.ts'
import type { Draft } from './dialogue.ts'
import { ourReplies } from './our-replies.ts'
import type { Reply, SpokenReply } from './reply.ts'
import { answered, ownAnswer } from './slots.ts'

/** Sends every queued command whose turn has come. A command waits for the lookups before it, so that upstream sees the CRM's order. */
export function forwardQueued(draft: Draft): void {
  if (draft.upstream !== 'ready') return
  let outstanding = false
  for (const [index, slot] of draft.slots.entries()) {
    if (slot.at === 'screening' || slot.at === 'checking') return
    if (slot.at === 'sent') outstanding = true
    if (slot.at !== 'queued') continue
    const ours = slot.subject.verb === 'DATA' ? dataRefusal(draft, index) : null
    if (ours) {
      draft.slots[index] = answered(slot, ownAnswer(ours))
      continue
    }
    if (outstanding && !draft.pipelining) return
    draft.slots[index] = { ...slot, at: 'sent' }
    draft.effects.push({ type: 'send', line: slot.line, verb: slot.subject.verb })
    outstanding = true
  }
}

/**
 * Our answer to the DATA at `index`: one of its recipients is blacklisted and nobody is to get the mail, or it has recipients and every one was
 * turned away by us. null: upstream decides.
 */
function dataRefusal(draft: Draft, index: number): SpokenReply | null {
  const { refuseData: words } = draft.rules
  let ours: Reply[] = []
  let theirs = false
  for (const { byUs, reply } of draft.transaction?.recipients ?? []) {
    if (byUs) ours.push(reply)
    else theirs = true
  }
  for (const slot of draft.slots.slice(0, index)) {
    if (slot.subject.verb === 'MAIL') {
      ours = []
      theirs = false
    }
    if (slot.subject.verb !== 'RCPT') continue
    if (slot.at === 'answered' && slot.answer.by === 'us') ours.push(slot.answer.refusal ?? slot.answer.spoken.reply)
    else theirs = true
  }
  const refusals = words ? ours.filter(({ code }) => code >= 500) : []
  if (words && refusals.length > 0) return refuseData(words, refusals)
  if (theirs || ours.length === 0) return null
  return ours.every(({ code }) => code < 500) ? ourReplies.noRecipientsNow : ourReplies.noValidRecipients
}
