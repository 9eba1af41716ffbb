/**
 * The journal record of a transaction: written durably before the final dot goes on, its outcome added behind it (doc/data-path.md).
 */
import { refusalBounces } from '../judge/refusals.ts'
import { tallyOfMail, tallyOfOutcome } from '../judge/tallies.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { MessageResult, Transaction } from '../smtp/dialogue.ts'
import type { AddressKey } from '../smtp/path.ts'
import { queueIdOf } from '../smtp/queue-id.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Block } from '../store/address-record.ts'
import { isPseudonym, withoutAddress } from '../store/erased.ts'
import type { JournalRecipient, Message } from '../store/message-records.ts'
import type { Store } from '../store/store.ts'
import type { ListReader } from './list-names.ts'
import { type MessageHeader, noHeader, readMessageHeader } from './message-header.ts'

/** How long a CRM waits at most for its recipients' refusals to be judged. */
const judgeMs = 5_000

export type JournalDeps = {
  readonly store: Pick<Store, 'appendMessage' | 'settleMessage'>
  readonly readNames: ListReader
  readonly judgeReplies: (message: Message) => Promise<void>
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
}

/** One transaction's record. */
export class JournalEntry {
  readonly #deps: JournalDeps
  readonly #transaction: Transaction
  readonly #blocks: ReadonlyMap<AddressKey, Block>
  #recorded: Promise<Message | null> | null = null
  #judged: Promise<void> | null = null

  /** `blocks`: those that refused recipients of this session's lately. */
  constructor(deps: JournalDeps, transaction: Transaction, blocks: ReadonlyMap<AddressKey, Block>) {
    this.#deps = deps
    this.#transaction = transaction
    this.#blocks = blocks.size === 0 ? blocks : blocksOf(transaction, blocks)
  }

  /**
   * Writes the record, once; resolves when it is durable, with null when the store could not take it. `head`: the message's, null when there
   * was none; `octets`: its size when known.
   */
  record(head: Buffer | null, octets: number | null): Promise<Message | null> {
    this.#recorded ??= this.#append(head === null ? noHeader : readMessageHeader(head, this.#deps.readNames), octets)
    return this.#recorded
  }

  /** Starts judging what upstream refused; to be called when the record is durable. */
  judge(message: Message): void {
    if (this.#judged || !message.recipients.some(({ verdict }) => verdict === 'refused')) return
    this.#judged = this.#deps.judgeReplies(message).catch(err => {
      this.#deps.log.error({ err, message: message.id }, 'the refusals of a message could not be judged')
    })
  }

  /** Adds the outcome, after the record; resolves when what was refused has been judged, or has taken too long. */
  async settle(result: MessageResult, reply: Reply | null): Promise<void> {
    const { store, metrics, now, log } = this.#deps
    metrics.messages.inc({ outcome: result })
    const message = await this.record(null, null)
    if (message === null) return
    this.judge(message)
    try {
      const at = now()
      // Counted with this transaction's recipients: those of the record may hold an earlier one's, whose return path came back.
      const outcome = { outcome: result, at, reply, upstreamId: reply && queueIdOf(reply) }
      store.settleMessage(message.id, outcome, tallyOfOutcome(message.list, this.#transaction.recipients, outcome))
    } catch (err) {
      log.error({ err, message: message.id }, 'the outcome of a message could not be recorded')
    }
    if (this.#judged) await inTime(this.#judged, judgeMs)
  }

  async #append(header: MessageHeader, octets: number | null): Promise<Message | null> {
    const { store, now, log } = this.#deps
    const { envelope, recipients } = this.#transaction
    const { names, from, subject, template, list, headerMessageId } = header
    // Field by field: an object that is spread into another costs V8 a new shape each time, 12 µs a mail.
    const message = {
      id: envelope.id,
      at: now(),
      reversePath: envelope.reversePath,
      recipients: recipients.map(({ address, key, verdict, reply }): JournalRecipient => {
        const block = verdict === 'blacklisted' ? this.#blocks.get(key) : undefined
        const name = names.get(key) ?? null
        return block && isPseudonym(block.address)
          ? erasedRecipient(block.address as AddressKey, { key, verdict, reply })
          : { address, key, name, verdict, reply }
      }),
      from,
      subject,
      template,
      list,
      headerMessageId,
      size: octets ?? envelope.declaredOctets,
    }
    try {
      const refusals = this.#blocks.size === 0 ? [] : refusalBounces(message, this.#blocks)
      return await store.appendMessage(message, refusals, tallyOfMail(message))
    } catch (err) {
      log.error({ err, message: envelope.id }, 'a message could not be recorded')
      return null
    }
  }
}

async function inTime(done: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}

/** An address that was erased does not come back because a CRM writes to it again. */
function erasedRecipient(
  pseudonym: AddressKey,
  { key, verdict, reply }: Pick<JournalRecipient, 'key' | 'verdict' | 'reply'>,
): JournalRecipient {
  const [first, ...more] = reply.text.map(line => withoutAddress(line, key))
  return { address: pseudonym, key: pseudonym, name: null, verdict, reply: { ...reply, text: [first ?? '', ...more] } }
}

/** The blocks that refused recipients of this transaction; of erased addresses also under what stands in the journal for them. */
function blocksOf({ recipients }: Transaction, blocks: ReadonlyMap<AddressKey, Block>): ReadonlyMap<AddressKey, Block> {
  const found = new Map<AddressKey, Block>()
  for (const { key, verdict } of recipients) {
    const block = verdict === 'blacklisted' ? blocks.get(key) : undefined
    if (block) found.set(key, block)
    if (block && isPseudonym(block.address)) found.set(block.address as AddressKey, block)
  }
  return found
}
