/**
 * Kept returns through today's rules: what would change, and the change (`rebond rejudge`).
 *
 * Page by page, newest first: each call does one page and gives the cursor of the next, so that it can be stopped and gone on with at any time; what
 * was answered is durable. Reports are read again from their octets; where these are gone the return stays as it is.
 */
import { classifyReply } from '../classify/classify-reply.ts'
import type { Report } from '../report/report.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { BounceFilter } from '../store/filters.ts'
import type { Message } from '../store/message-records.ts'
import type { PageRequest } from '../store/page.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Changes } from '../store/update.ts'
import { returnWords } from './audit-words.ts'
import { cleanWords } from './clean-words.ts'
import { idOf } from './judge.ts'
import type { ClassifyingDeps, JudgeReturnsDeps } from './judge-returns.ts'
import { ourAddresses } from './our-addresses.ts'
import { rejudgeReturn } from './rejudge-return.ts'
import { eventsOf } from './report-judge.ts'
import type { ReturnEvent } from './return-event.ts'
import { talliesOfReturn } from './tallies.ts'

export type RejudgeDeps = JudgeReturnsDeps &
  ClassifyingDeps & {
    /** Reads a mail; rejects when that fails. */
    readonly parse: (raw: Buffer) => Promise<Report>
    /** Upstream's host name, for rules that know its provider. */
    readonly host?: string | null
  }

export type RejudgeRequest = {
  readonly filter: BounceFilter
  readonly page: PageRequest
  readonly dryRun: boolean
  readonly by: string | null
  readonly why: string
}

type Was = Pick<Bounce, 'category' | 'type' | 'rule' | 'counted' | 'why'>

/** A return whose verdict changes. `blocks`, `restores`: what that does to its address. */
export type RejudgedReturn = Pick<Bounce, 'id' | 'address' | 'receivedAt'> & {
  readonly from: Was
  readonly to: Was
  readonly effect: 'blocks' | 'restores' | 'none'
}

/** `gone`: it cannot be read again. `other`: not a failure, or our own refusal: no rule speaks of it. */
export const rejudgeOutcomes = ['changed', 'same', 'decided', 'tooOld', 'gone', 'other'] as const
export type RejudgeOutcome = (typeof rejudgeOutcomes)[number]

export type RejudgedPage = {
  readonly counts: Readonly<Record<RejudgeOutcome | 'blocks' | 'restores', number>>
  readonly changed: readonly RejudgedReturn[]
  /** null: that was the last page. */
  readonly next: string | null
}

export type Rejudge = (request: RejudgeRequest) => Promise<RejudgedPage>

/** Makes the judge of kept returns. It rejects with StoreUnavailable, and BadCursor. */
export function createRejudge(deps: RejudgeDeps): Rejudge {
  return async request => {
    const { items, next } = await deps.store.bounces(request.filter, request.page)
    const counts = { changed: 0, same: 0, decided: 0, tooOld: 0, gone: 0, other: 0, blocks: 0, restores: 0 }
    const changed: RejudgedReturn[] = []
    for (const bounce of items) {
      const done = await rejudgeOne(deps, bounce, request)
      counts[done.outcome]++
      if (!('item' in done)) continue
      changed.push(done.item)
      if (done.item.effect !== 'none') counts[done.item.effect]++
    }
    return { counts, changed, next }
  }
}

type Done = { readonly outcome: Exclude<RejudgeOutcome, 'changed'> } | { readonly outcome: 'changed'; readonly item: RejudgedReturn }

async function rejudgeOne(deps: RejudgeDeps, bounce: Bounce, { dryRun, by, why }: RejudgeRequest): Promise<Done> {
  if (bounce.source === 'relay' || bounce.kind === 'complaint' || bounce.action !== 'failed') return { outcome: 'other' }
  const message = bounce.messageId === null ? null : await deps.store.message(bounce.messageId)
  if (message === null) return { outcome: 'gone' }
  const event = bounce.source === 'reply' ? replyAgain(deps, bounce, message) : await reportAgain(deps, bounce, message)
  if (event === null) return { outcome: 'gone' }
  const { store, policy } = deps
  const now = deps.now()
  return store.update<Done>({ keys: [bounce.key], bounceIds: [bounce.id] }, facts => {
    const prior = facts.bounces.get(bounce.id) ?? bounce
    const record = facts.addresses.get(bounce.key) ?? null
    const done = rejudgeReturn({ record, prior, seq: facts.seq }, event, policy, now)
    if (done.outcome !== 'changed') return { changes: {}, result: { outcome: done.outcome } }
    const blocked = record?.block ?? null
    const blocks = done.address?.block ?? null
    const effect =
      blocked === null && blocks !== null ? 'blocks' : blocked !== null && blocks === null && done.address ? 'restores' : 'none'
    const { id, address, receivedAt } = prior
    const item: RejudgedReturn = { id, address, receivedAt, from: wasOf(prior), to: wasOf(done.bounce), effect }
    const audit: AuditEntry = {
      at: now,
      op: 'rejudge',
      actor: 'hand',
      by,
      key: bounce.key,
      why: cleanWords(returnWords(id, { rule: prior.rule, ruleNow: done.bounce.rule, why })),
    }
    const changes: Changes = {
      ...(done.address ? { addresses: [done.address] } : {}),
      bounces: [done.bounce],
      audit: [audit],
      tallies: talliesOfReturn(prior, done.bounce, prior.mail?.list ?? null),
    }
    return { changes: dryRun ? {} : changes, result: { outcome: 'changed', item } }
  })
}

function wasOf({ category, type, rule, counted, why }: Bounce): Was {
  return { category, type, rule, counted, why }
}

/** The return as it came, with the verdict of today. */
function again(bounce: Bounce, message: Message, event: Pick<ReturnEvent, 'verdict' | 'match' | 'evidence'>): ReturnEvent {
  const { source, kind, action, receivedAt, reportId, grade, status, replyCode, remoteMta, reportingMta } = bounce
  return {
    ...event,
    source: source === 'reply' ? 'reply' : 'dsn',
    kind,
    action,
    receivedAt,
    reportId,
    messageId: message.id,
    message,
    grade,
    status,
    replyCode,
    remoteMta,
    reportingMta,
  }
}

function replyAgain({ rules, returnPath, host = null }: RejudgeDeps, bounce: Bounce, message: Message): ReturnEvent | null {
  const recipient = message.recipients.find(({ key, verdict }) => key === bounce.key && verdict === 'refused')
  if (!recipient) return null
  const given = { phase: 'rcpt', host, ours: ourAddresses(message, returnPath), recipient: recipient.address, rules: rules() } as const
  const verdict = classifyReply(recipient.reply, given)
  const event = again(bounce, message, { verdict, match: { fate: 'recipient', recipient }, evidence: bounce.evidence })
  return idOf(event) === bounce.id ? event : null
}

async function reportAgain(deps: RejudgeDeps, bounce: Bounce, message: Message): Promise<ReturnEvent | null> {
  const { store } = deps
  const stored = bounce.reportId === null ? null : await store.report(bounce.reportId)
  const raw = stored && (await store.rawReport(stored.id))
  if (!stored || !raw) return null
  const report = await deps.parse(raw).catch(() => null)
  const found =
    report &&
    eventsOf(deps, stored, report, { id: message.id, message, by: stored.foundBy ?? null }).events.find(event => idOf(event) === bounce.id)
  return found ? again(bounce, message, found) : null
}
