/**
 * What is never forwarded, so that mail cannot go in a circle and a stranger's token is no way into somebody's mailbox (bounces.md, "The
 * return path" and "After the verdict").
 */
import type { ReturnPath } from '../return-path/return-path.ts'
import { domainKey, parseMailbox } from '../smtp/path.ts'
import type { OutboxItem } from '../store/outbox-record.ts'
import { postmaster, type StoredReport } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { loopField } from './forward-mail.ts'

/**
 * `loop`: we forwarded it before; `own-return-path`: it would come back to us; `budget`: people have written to this token often enough;
 * `wait`: that cannot be said before earlier mail has been read.
 */
export type Withheld = 'loop' | 'own-return-path' | 'budget' | 'wait'

/** Mails that people may send to one token and that are passed on. */
const lettersPerToken = 3
/** Octets that are searched for our own mark: it stands on top, or in the headers of a mail that is returned. */
const searchedOctets = 1_048_576
const mark = new RegExp(`^[ \\t>]*${loopField}:[ \\t]*([0-9a-v]{16})\\b`, 'gim')

export type GuardDeps = {
  readonly store: Pick<Store, 'report' | 'reportsOf'>
  readonly returnPath: Pick<ReturnPath, 'read' | 'owns'>
  readonly now: () => number
}

/** Says why a mail must not be forwarded; null: it may. @throws {StoreUnavailable} */
export async function whyWithheld(deps: GuardDeps, item: OutboxItem, report: StoredReport, raw: Buffer): Promise<Withheld | null> {
  if (isOurs(deps, item.to)) return 'own-return-path'
  if (await carriesMark(deps, raw)) return 'loop'
  return isLetter(report) ? await whyNoLetter(deps, report) : null
}

/** Says whether mail to this address would come to our own bounce listener. */
function isOurs({ returnPath, now }: GuardDeps, address: string): boolean {
  const parsed = parseMailbox(address)
  if (!parsed.ok) return false
  const { mailbox } = parsed
  const read = returnPath.read(mailbox, now())
  if (read.ok || read.why !== 'foreign') return true
  return returnPath.owns(domainKey(mailbox.domain))
}

/** Says whether we put our mark on this mail, or on the one that it returns. A mark of another rebond's is none of ours. */
async function carriesMark({ store }: GuardDeps, raw: Buffer): Promise<boolean> {
  const text = raw.toString('latin1', 0, searchedOctets)
  const ids = new Set([...text.matchAll(mark)].slice(0, 100).map(([, id = '']) => id.toLowerCase()))
  for (const id of ids) if (await store.report(id)) return true
  return false
}

/** Mail to a token that somebody wrote, or pretends to have written: nothing a mail server would send. */
function isLetter({ messageId, judged, sender }: StoredReport): boolean {
  return messageId !== postmaster && judged?.kind === 'other' && sender !== ''
}

/** The first letters to a token are passed on. One that has not been read yet may be among them. */
async function whyNoLetter({ store }: GuardDeps, report: StoredReport): Promise<'budget' | 'wait' | null> {
  const before = (await store.reportsOf(report.messageId)).filter(({ id }) => id < report.id)
  const letters = before.filter(isLetter).length
  const unread = before.filter(({ judged, sender }) => judged === null && sender !== '').length
  if (letters >= lettersPerToken) return 'budget'
  return letters + unread >= lettersPerToken ? 'wait' : null
}
