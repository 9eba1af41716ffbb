/**
 * Judges a report: each recipient it speaks of is matched, classified and judged, and all of it is committed together with the report's
 * being judged and the mail that is owed to the original sender (bounces.md, "Judgement" and "After the verdict").
 *
 * Judged from the store, so that a crash before the commit loses nothing; judging again afterwards changes nothing more.
 */
import { classifyRecipient } from '../classify/classify-recipient.ts'
import type { BounceConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Report, ReportedRecipient } from '../report/report.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { Message } from '../store/message-records.ts'
import type { OutboxItem } from '../store/outbox-record.ts'
import { type FoundBy, postmaster, type StoredReport } from '../store/return-records.ts'
import { findMessage } from './find-message.ts'
import { countJudgements } from './judge-metrics.ts'
import { type ClassifyingDeps, type JudgeReturnsDeps, judgeReturns } from './judge-returns.ts'
import { ourAddresses } from './our-addresses.ts'
import { matchRecipient, type RecipientMatch } from './recipient-match.ts'
import { gradeOf, type ReturnEvent } from './return-event.ts'
import { talliesOfReport } from './tallies.ts'

export type ReportJudgeDeps = JudgeReturnsDeps &
  ClassifyingDeps & {
    readonly returnPath: Pick<ReturnPath, 'address' | 'readEnvelopeId'>
    readonly metrics: Metrics
    readonly log: Log
    /** Who gets reports afterwards. */
    readonly forwarding: Pick<BounceConfig, 'forwardTo' | 'postmaster'>
  }

/** Judges a stored report as it was read; `problem` says what kept it from being read, where the report itself does not. @throws {StoreUnavailable} */
export type ReportJudge = (
  stored: StoredReport,
  report: Report,
  problem?: string | null,
) => Promise<{ readonly bounceIds: readonly string[] }>

/** Strangers that one report may name and that are kept: who sends more is filling the store. */
const maxStrangers = 20

/** Makes the judge of reports. */
export function createReportJudge(deps: ReportJudgeDeps): ReportJudge {
  return (stored, report, problem = null) => judgeReport(deps, stored, report, problem)
}

/** Judges one report; see `ReportJudge`. */
export async function judgeReport(
  deps: ReportJudgeDeps,
  stored: StoredReport,
  report: Report,
  problem: string | null = null,
): Promise<{ readonly bounceIds: readonly string[] }> {
  const { store, metrics, log, now, forwarding } = deps
  const { judged = null } = (await store.report(stored.id)) ?? stored
  if (judged) return { bounceIds: judged.bounceIds }

  const subject = await subjectOf(deps, stored, report)
  const { message } = subject
  const { events, left } = eventsOf(deps, stored, report, subject)
  const at = now()
  const says = problem ?? report.problem ?? (left > 0 ? `${left} more recipients that the mail did not have were left out` : null)
  const { judgements, bounceIds } = await judgeReturns(deps, events, ids => ({
    report: { ...stored, judged: { at, kind: report.kind, bounceIds: ids, problem: says } },
    outbox: forwardOf(stored, message, forwarding, at),
    tallies: talliesOfReport(report.kind, message, stored.receivedAt),
  }))
  countJudgements(metrics, judgements)
  log.info({ report: stored.id, message: subject.id, kind: report.kind, whys: judgements.map(({ why }) => why) }, 'judged a report')
  return { bounceIds }
}

/** The message that a report is about, and how it was found; by null: by the token it came to. */
export type Subject = { readonly id: string; readonly message: Message | null; readonly by: FoundBy | null }

async function subjectOf({ store, returnPath }: ReportJudgeDeps, stored: StoredReport, report: Report): Promise<Subject> {
  if (cameToToken(stored)) return { id: stored.messageId, message: await store.message(stored.messageId), by: stored.foundBy ?? null }
  const found = await findMessage({ store, returnPath }, report, stored.receivedAt)
  return found ?? { id: stored.messageId, message: null, by: null }
}

/** Else nothing but the mail itself says what it is about. */
function cameToToken({ id, messageId }: StoredReport): boolean {
  return messageId !== id
}

/** One event for each recipient reported on, except strangers past `maxStrangers`; `left`: how many those are. */
export function eventsOf(
  deps: ClassifyingDeps,
  stored: StoredReport,
  report: Report,
  subject: Subject,
): { events: ReturnEvent[]; left: number } {
  const grade = gradeOf(stored.fromReporter, subject.message, subject.by)
  const events: ReturnEvent[] = []
  let strangers = 0
  for (const reported of report.recipients) {
    const event = eventOf(deps, stored, report, reported, subject, grade)
    if (event.match.fate !== 'not-a-recipient' || ++strangers <= maxStrangers) events.push(event)
  }
  return { events, left: Math.max(0, strangers - maxStrangers) }
}

function eventOf(
  deps: ClassifyingDeps,
  stored: StoredReport,
  report: Report,
  reported: ReportedRecipient,
  { id, message }: Subject,
  grade: ReturnEvent['grade'],
): ReturnEvent {
  const verdict = classifyRecipient(reported, report, { ours: ourAddresses(message, deps.returnPath), rules: deps.rules() })
  const { action, status, replyCode, diagnostic, remoteMta } = reported
  return {
    source: 'dsn',
    kind: report.kind,
    action,
    receivedAt: stored.receivedAt,
    reportId: stored.id,
    messageId: id,
    message,
    match: matchOf(message, {
      ...reported,
      // A domain that was guessed must not keep a name from meaning the recipient who has it.
      address: reported.localName ?? reported.address,
      moved: verdict.category === 'moved_address',
    }),
    grade,
    verdict,
    evidence: diagnostic ?? status ?? '',
    status,
    replyCode,
    remoteMta,
    reportingMta: report.reportingMta,
  }
}

function matchOf(message: Message | null, reported: Parameters<typeof matchRecipient>[1]): RecipientMatch {
  if (message) return matchRecipient(message, reported)
  return { fate: 'not-a-recipient', address: reported.originalAddress ?? reported.address }
}

/** The mail owed to whoever is to read the report; none when nobody is. One report is owed once: the item has its id. */
function forwardOf(stored: StoredReport, message: Message | null, forwarding: ReportJudgeDeps['forwarding'], at: number): OutboxItem[] {
  const to = readerOf(stored, message, forwarding)
  if (to === null) return []
  return [{ id: stored.id, reportId: stored.id, to, since: at, dueAt: at, attempts: 0, lastError: null, inDoubt: false, deadAt: null }]
}

function readerOf(stored: StoredReport, message: Message | null, forwarding: ReportJudgeDeps['forwarding']): string | null {
  const { forwardTo } = forwarding
  if (stored.messageId === postmaster) return forwarding.postmaster
  // A provider's event was no mail: whoever wants such by mail asks the provider for it.
  if (stored.foundBy === 'provider') return null
  if (forwardTo === 'none') return null
  // What was found in a mailbox, or handed in, has reached whoever the mail's own sender is: it would come round again.
  if (forwardTo === 'original' && (stored.foundBy !== undefined || !cameToToken(stored))) return null
  // A mail sent from <> has nobody who waits for its returns.
  return forwardTo === 'original' ? message?.reversePath || null : forwardTo
}
