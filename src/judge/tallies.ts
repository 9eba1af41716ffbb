/**
 * What mails and returns count for their list (bounces.md, "Lists and campaigns"; `store/tally.ts` says what each counter means).
 *
 * A refusal counts for a list only if the mail's header was seen: the journal knows no list before that, and all else counts for none.
 * Pure.
 */
import type { ReportKind } from '../report/report.ts'
import { domainOfKey } from '../smtp/path.ts'
import type { JournalRecipient, Message, MessageOutcome } from '../store/message-records.ts'
import type { Bounce } from '../store/return-records.ts'
import { addCounts, type Counter, type Tally } from '../store/tally.ts'

/** What a mail counts as it is journalled: the recipients of this transaction that it was not relayed to. */
export function tallyOfMail({ list, at, recipients }: Pick<Message, 'list' | 'at' | 'recipients'>): Tally {
  return { list, at, adds: addCounts({ refusedByUs: those(recipients, 'blacklisted'), refusedByUpstream: those(recipients, 'refused') }) }
}

/** What its outcome counts. A mail that upstream refused for good was refused for each recipient. */
export function tallyOfOutcome(
  list: string | null,
  recipients: readonly Pick<JournalRecipient, 'verdict'>[],
  { outcome, at, reply }: Pick<MessageOutcome, 'outcome' | 'at' | 'reply'>,
): Tally {
  const relayed = those(recipients, 'relayed')
  if (outcome === 'accepted') return { list, at, adds: addCounts({ sent: 1, recipients: relayed }) }
  // Without a reply of upstream's we refused it.
  return { list, at, adds: outcome === 'refused' && reply ? addCounts({ refusedByUpstream: relayed }) : {} }
}

function those(recipients: readonly Pick<JournalRecipient, 'verdict'>[], verdict: JournalRecipient['verdict']): number {
  let count = 0
  for (const one of recipients) if (one.verdict === verdict) count++
  return count
}

/** What a return's record counts after the one before it, if there was one: that is taken back, at its own time. */
export function talliesOfReturn(prior: Bounce | null, next: Bounce, list: string | null): readonly Tally[] {
  const was = prior && countedAs(prior)
  const is = countedAs(next)
  if (was === is && prior?.receivedAt === next.receivedAt) return []
  const domain = domainOfKey(next.key)
  return [
    ...(prior && was ? [{ list, domain, at: prior.receivedAt, adds: { [was]: -1 } }] : []),
    ...(is ? [{ list, domain, at: next.receivedAt, adds: { [is]: 1 } }] : []),
  ]
}

/** Returns about recipients of our mails, whether they did anything or not. */
function countedAs({ kind, action, type, category, why }: Bounce): Counter | null {
  if (kind === 'complaint' || action !== 'failed') return null
  return why === 'unknown-message' || why === 'not-a-recipient' || why === 'refused-by-us' ? null : `${type}.${category}`
}

/** What a report counts beside its returns: complaints and automatic replies often name nobody. */
export function talliesOfReport(kind: ReportKind, message: Pick<Message, 'list'> | null, at: number): readonly Tally[] {
  const counter = kind === 'complaint' ? 'complaints' : kind === 'auto_reply' ? 'autoReplies' : null
  return message && counter ? [{ list: message.list, at, adds: { [counter]: 1 } }] : []
}
