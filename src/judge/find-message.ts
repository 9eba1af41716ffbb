/**
 * The message that a report is about, where the address it came to holds no token (returnPath.mode: keep): by the envelope id that it gives back
 * (RFC 3464 §2.2.1), which must carry our signature; else by the Message-ID of the mail it returns, or the id that upstream gave that mail
 * (Amazon SES puts its own in place of the Message-ID).
 *
 * Only the first says more than that somebody saw the mail: what is found by the others is *claimed* (bounces.md, "Judgement").
 */
import type { Report } from '../report/report.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { Message } from '../store/message-records.ts'
import type { FoundBy } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { matchRecipient } from './recipient-match.ts'

export type FindDeps = {
  readonly store: Pick<Store, 'message' | 'messages'>
  readonly returnPath: Pick<ReturnPath, 'readEnvelopeId'>
}

export type Found = {
  readonly id: string
  /** null: the envelope id is ours, and its message is no longer in the journal. */
  readonly message: Message | null
  readonly by: FoundBy
}

export type Clues = Pick<Report, 'originalEnvelopeId' | 'originalMessageId' | 'recipients'>

/** Mails with the same Message-ID that are looked at: a CRM may send one text to many, each in a mail of its own. */
const maxCandidates = 100

/** Finds it; `receivedAt` is when the report came. null: nothing in it is known here. @throws {StoreUnavailable} */
export async function findMessage({ store, returnPath }: FindDeps, clues: Clues, receivedAt: number): Promise<Found | null> {
  const reading = clues.originalEnvelopeId === null ? null : returnPath.readEnvelopeId(clues.originalEnvelopeId, receivedAt)
  if (reading?.ok) return { id: reading.id, message: await store.message(reading.id), by: 'envelope-id' }
  if (clues.originalMessageId === null) return null
  const page = { limit: maxCandidates, cursor: null }
  const same = await store.messages({ headerMessageId: clues.originalMessageId }, page)
  if (same.items.length > 0) return foundAmong(same.items, clues, 'message-id')
  for (const upstreamId of upstreamIds(clues.originalMessageId)) {
    const { items } = await store.messages({ upstreamId }, page)
    if (items.length > 0) return foundAmong(items, clues, 'upstream-id')
  }
  return null
}

/** The one that had a recipient whom the report names; else the latest. */
function foundAmong(messages: readonly Message[], { recipients }: Clues, by: FoundBy): Found | null {
  const named = (fate: 'recipient' | 'via-forward') =>
    messages.find(message => recipients.some(one => matchRecipient(message, one).fate === fate))
  const message = named('recipient') ?? named('via-forward') ?? messages[0]
  return message ? { id: message.id, message, by } : null
}

/** The ids under which a server may have queued the mail that it gave this Message-ID: `<id@its.name>`, or all of it. */
function upstreamIds(messageId: string): string[] {
  const bare = messageId.trim().replace(/^<|>$/g, '')
  const local = bare.slice(0, Math.max(0, bare.lastIndexOf('@')))
  return local === '' ? [bare] : [local, bare]
}
