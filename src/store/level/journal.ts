/**
 * Writing the journal in LevelDB: mails that pass, and their outcomes.
 *
 * A mail is one record, written once (again when a return path of ours comes back with more recipients), and its outcome another beside it,
 * so that the outcome needs no read. This is the relay's hot path: an entry for the mail, one for each recipient, one for its Message-ID.
 */

import { bouncedMail } from '../message-facts.ts'
import type { Message } from '../message-records.ts'
import type { Bounce } from '../return-records.ts'
import type { Store } from '../store.ts'
import type { Tally } from '../tally.ts'
import { bouncesOfMessage, putBounce } from './bounces.ts'
import { encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { messageIndexes, primary } from './indexes.ts'
import type { KeyLocks } from './key-locks.ts'
import { readMessage, upstreamIndex } from './messages.ts'
import { Unit } from './unit.ts'

/** Name of the lock of a mail and of all returns that belong to it. */
export function messageLock(id: string): string {
  return `m${id}`
}

export function createJournal(engine: Engine, locks: KeyLocks): Pick<Store, 'appendMessage' | 'settleMessage'> {
  async function append(given: Omit<Message, 'seq' | 'outcome'>, refusals: readonly Bounce[], tally?: Tally): Promise<Message> {
    const known = readMessage(engine, given.id)
    const message: Message = known
      ? { ...known, recipients: [...known.recipients, ...given.recipients] }
      : { ...given, seq: engine.nextSeq(), outcome: null }
    const unit = new Unit()
    unit.put(primary.message(message.id), encode(known ? { ...message, outcome: null } : message))
    for (const index of messageIndexes(given)) unit.mark(index)
    if (!known) unit.add('messages', 1)
    for (const refusal of refusals) putBounce(unit, refusal, engine.read(primary.bounce(refusal.id)))
    if (tally) unit.count(tally)
    const { list, template, subject, at } = given
    if (list !== null) unit.seen = { list, template, subject, at }
    if (given.recipients.some(({ verdict }) => verdict === 'refused')) await completeBounces(unit, message)
    await engine.commit(unit)
    return message
  }

  /** Returns by upstream's replies to RCPT were recorded before the mail's header was known. */
  async function completeBounces(unit: Unit, message: Message): Promise<void> {
    for (const bounce of await bouncesOfMessage(engine, message.id))
      if (!bounce.mail) putBounce(unit, { ...bounce, mail: bouncedMail(message, bounce.key) }, encode(bounce))
  }

  return {
    appendMessage: (message, refusals, tally) => locks.hold([messageLock(message.id)], () => append(message, refusals, tally)),

    settleMessage(id, outcome, tally) {
      const unit = new Unit()
      unit.put(primary.outcome(id), encode(outcome))
      if (outcome.upstreamId !== null) unit.mark(upstreamIndex(outcome.upstreamId, id))
      if (tally) unit.count(tally)
      engine.defer(unit)
    },
  }
}
