/**
 * Upstream's 5yz to RCPT, judged like returns (relay.md, "Transaction"). They prove themselves: it was our own session, so that a hard one
 * blacklists at once.
 */
import { classifyReply } from '../classify/classify-reply.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { formatEnhancedStatus, formatReplyLine } from '../smtp/reply.ts'
import type { JournalRecipient, Message } from '../store/message-records.ts'
import { countJudgements } from './judge-metrics.ts'
import { type ClassifyingDeps, type JudgeReturnsDeps, judgeReturns } from './judge-returns.ts'
import { ourAddresses } from './our-addresses.ts'
import type { ReturnEvent } from './return-event.ts'

export type ReplyJudgeDeps = JudgeReturnsDeps &
  ClassifyingDeps & {
    readonly metrics: Metrics
    readonly log: Log
    /** Upstream's host name, for rules that know its provider; null or absent: not known. */
    readonly host?: string | null
  }

/** Judges the refusals in a mail that has been journalled; nothing to do for most mails, and then the store is not asked. */
export type ReplyJudge = (message: Message) => Promise<void>

/**
 * Makes the judge of replies. Its promise never rejects because of the store: a refusal that was not recorded is counted and logged, the CRM has
 * read it all the same, and upstream will say it again.
 */
export function createReplyJudge(deps: ReplyJudgeDeps): ReplyJudge {
  const { metrics, log, now } = deps
  return async message => {
    const refused = message.recipients.filter(({ verdict, reply }) => verdict === 'refused' && reply.code >= 500)
    if (refused.length === 0) return
    const at = now()
    try {
      const { judgements } = await judgeReturns(
        deps,
        refused.map(recipient => replyEvent(deps, message, recipient, at)),
      )
      countJudgements(metrics, judgements)
    } catch (err) {
      log.warn({ err, message: message.id, refused: refused.length }, "could not record upstream's refusals of recipients")
    }
  }
}

function replyEvent(
  { host = null, rules, returnPath }: ReplyJudgeDeps,
  message: Message,
  recipient: JournalRecipient,
  receivedAt: number,
): ReturnEvent {
  const { reply } = recipient
  const ours = ourAddresses(message, returnPath)
  return {
    source: 'reply',
    kind: 'bounce',
    action: 'failed',
    receivedAt,
    reportId: null,
    messageId: message.id,
    message,
    match: { fate: 'recipient', recipient },
    grade: 'proven',
    verdict: classifyReply(reply, { phase: 'rcpt', host, ours, recipient: recipient.address, rules: rules() }),
    evidence: formatReplyLine(reply),
    status: reply.enhanced ? formatEnhancedStatus(reply.enhanced) : null,
    replyCode: reply.code,
    remoteMta: host,
    reportingMta: null,
  }
}
