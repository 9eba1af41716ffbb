/**
 * Our own refusals, as records beside the returns: a mail that a blacklisted recipient kept from leaving is shown as a failure.
 *
 * Pure.
 */

import type { AddressKey } from '../smtp/path.ts'
import { formatEnhancedStatus } from '../smtp/reply.ts'
import type { Block } from '../store/address-record.ts'
import type { JournalRecipient, Message } from '../store/message-records.ts'
import type { Bounce } from '../store/return-records.ts'
import { bounceId } from './bounce-id.ts'

/** Makes one `relay` record for each recipient of a mail that was refused because of the block given for its key. Ids are stable. */
export function refusalBounces(
  message: Pick<Message, 'id' | 'at' | 'recipients'>,
  blocks: ReadonlyMap<AddressKey, Block>,
): readonly Bounce[] {
  const refused = new Map(message.recipients.filter(({ verdict }) => verdict === 'blacklisted').map(one => [one.key, one]))
  return [...refused.values()].flatMap(recipient => {
    const block = blocks.get(recipient.key)
    return block ? [refusalOf(message, recipient, block)] : []
  })
}

function refusalOf({ id, at }: Pick<Message, 'id' | 'at'>, { address, key, reply }: JournalRecipient, block: Block): Bounce {
  return {
    id: bounceId(id, key, 'refused'),
    receivedAt: at,
    source: 'relay',
    kind: 'bounce',
    action: 'failed',
    reportId: null,
    messageId: id,
    address,
    key,
    // A person's reason is in none of the categories of returns.
    category: block.category === 'manual' ? 'unclassified' : block.category,
    fault: block.fault,
    type: block.type,
    rule: block.rule ?? 'manual',
    confirm: null,
    evidence: block.evidence,
    status: reply.enhanced ? formatEnhancedStatus(reply.enhanced) : null,
    replyCode: reply.code,
    remoteMta: null,
    reportingMta: null,
    grade: 'proven',
    counted: false,
    why: 'refused-by-us',
    mail: null,
  }
}
