/**
 * Returned mail that is to be forwarded, as the API and the page show it, and asking for it again.
 */
import { z } from 'zod'
import { cleanWords } from '../judge/clean-words.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import { type OutboxItem, outboxState, outboxStates } from '../store/outbox-record.ts'
import { postmaster } from '../store/return-records.ts'
import type { HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'

export const outboxStateQuery = z
  .enum(outboxStates, { error: `must be ${outboxStates.join(' or ')}` })
  .describe('waiting: it will be tried; dead: it was given up')

export const owedMailSchema = z
  .object({
    id: z.string().describe('id of the returned mail'),
    state: z.enum(outboxStates),
    to: z.string().describe('who is to get it'),
    messageId: z.string().nullable().describe('id of the mail that it is about; null: it came to postmaster@, or is not known'),
    since: timeSchema.describe('when it became owed, or was last asked for again'),
    attempts: z.number().int().describe('tries since then'),
    nextAt: timeSchema.nullable().describe('the next try; null: none'),
    deadAt: timeSchema.nullable().describe('when it was given up'),
    lastError: z.string().nullable().describe("the server's words at the last try, or ours, and what to do about it"),
    inDoubt: z.boolean().describe('a try ended without an answer: it may have arrived already'),
  })
  .meta({ id: 'OwedMail', description: 'A returned mail that is to be forwarded' })

export type OwedMail = z.output<typeof owedMailSchema>

/** Makes the item. @throws {StoreUnavailable} */
export async function owedMail({ store }: Pick<HttpDeps, 'store'>, item: OutboxItem): Promise<OwedMail> {
  const messageId = (await store.report(item.reportId))?.messageId ?? null
  const state = outboxState(item)
  return {
    id: item.id,
    state,
    to: item.to,
    messageId: messageId === postmaster ? null : messageId,
    since: formatTime(item.since),
    attempts: item.attempts,
    nextAt: state === 'dead' ? null : formatTime(item.dueAt),
    deadAt: formatTime(item.deadAt),
    lastError: item.lastError,
    inDoubt: item.inDoubt,
  }
}

/**
 * Owes mails anew, from now on. `subject`: what the audit calls them. The audit comes first: nothing is done that it does not know of.
 * @throws {StoreUnavailable}
 */
export async function oweAgain(
  { store, now, log, wakeForwarder }: Pick<HttpDeps, 'store' | 'now' | 'log' | 'wakeForwarder'>,
  items: readonly OutboxItem[],
  subject: string,
  { by, why }: { readonly by: string | null; readonly why: string },
): Promise<readonly OutboxItem[]> {
  if (items.length === 0) return []
  const at = now()
  const audit: AuditEntry = { at, op: 'retry', actor: 'hand', by, key: null, subject, why: cleanWords(why) }
  await store.update({ keys: [] }, () => ({ changes: { audit: [audit] }, result: null }))
  const again = items.map(item => ({ ...item, since: at, dueAt: at, attempts: 0, deadAt: null }))
  await Promise.all(again.map(item => store.settleOutbox(item, false)))
  log.info({ reports: again.map(({ reportId }) => reportId), by }, 'returned mails are to be forwarded again')
  wakeForwarder()
  return again
}
