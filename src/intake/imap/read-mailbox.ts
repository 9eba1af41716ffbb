/**
 * One pass over a mailbox: the heads of what has come since the last, in batches; the body of what may be a return; a return of ours is stored, durable, and then
 * moved away. Everything else is left where it is, unread.
 *
 * At least once, and judged once: the position is kept behind what was stored, and a mail's report id is made of its octets, so that a mail met again after a
 * crash, or after the server gave new uids, is known. Memory: the uids, one head, one mail. A mail that breaks the connection, or that the server cannot give,
 * keeps the others back for three tries only (`Footing`).
 */
import { createHash } from 'node:crypto'
import { type FindDeps, findMessage } from '../../judge/find-message.ts'
import type { Log } from '../../observe/log.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { ReturnPath } from '../../return-path/return-path.ts'
import { makeId } from '../../return-path/time-id.ts'
import type { FoundBy } from '../../store/return-records.ts'
import type { Store } from '../../store/store.ts'
import { StoreUnavailable } from '../../store/store-unavailable.ts'
import type { Acceptance } from '../acceptance.ts'
import type { Parse } from '../ingest.ts'
import { tokenInMail } from '../token-in-mail.ts'
import type { Mailbox, MailHead } from './mailbox.ts'
import { maybeReturn } from './return-signs.ts'

export type ReadMailboxDeps = {
  readonly store: Pick<Store, 'mailboxPosition' | 'keepMailboxPosition' | 'report' | 'rawReport'> & FindDeps['store']
  readonly acceptance: Acceptance
  readonly returnPath: Pick<ReturnPath, 'read' | 'domains' | 'readEnvelopeId'>
  readonly parse: Parse
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly maxMessageBytes: number
  /** Older mail is not looked for when a mailbox is read for the first time: its tokens have expired. */
  readonly maxAgeDays: number
}

export type MailboxNames = { readonly name: string; readonly folder: string; readonly processedFolder: string | null }

/** What became of one mail. */
type Fate = 'taken' | 'left' | 'too_large' | 'failed'

/**
 * What a mailbox's passes tell each other. After one that ended in the middle of a batch, mails up to `until` are taken one by one; `tries`: how often a pass
 * ended at one of them.
 */
export type Footing = { until: number; readonly tries: Map<number, number> }

/** Makes that of a mailbox that has not been read yet. */
export function firmFooting(): Footing {
  return { until: 0, tries: new Map() }
}

const batchSize = 200
const maxTries = 3
/** Stands for the tries of a mail that failed while others did not. */
const givenUp = Number.POSITIVE_INFINITY
const dayMs = 86_400_000

/** Reads what is new; `stopped` is asked between mails. @throws {StoreUnavailable} or the connection's error; the next pass begins where this one ended. */
export async function readMailbox(
  deps: ReadMailboxDeps,
  mailbox: Mailbox,
  names: MailboxNames,
  stopped: () => boolean,
  footing: Footing = firmFooting(),
): Promise<void> {
  const { store, now, maxAgeDays } = deps
  const place = `${names.name} ${names.folder}`
  const { uidValidity } = mailbox
  const kept = await store.mailboxPosition(place)
  const known = kept?.uidValidity === uidValidity ? kept : null
  const uids = await mailbox.uidsAfter(known?.lastUid ?? 0, known ? null : now() - maxAgeDays * dayMs)
  let passedOver: number[] = []
  for (let at = 0; at < uids.length && !stopped(); ) {
    const isSlow = (uids[at] ?? 0) <= footing.until
    const batch = uids.slice(at, at + (isSlow ? 1 : batchSize))
    const [first, last] = [batch[0], batch.at(-1)]
    if (first === undefined || last === undefined) return
    at += batch.length
    const tries = footing.tries.get(first) ?? 0
    if (isSlow && tries >= maxTries && at < uids.length) {
      passedOver.push(first)
      continue
    }
    try {
      await readBatch(deps, mailbox, names, batch, stopped)
    } catch (err) {
      if (err instanceof StoreUnavailable) throw err
      if (isSlow) footing.tries.set(first, tries + 1)
      footing.until = Math.max(footing.until, last)
      throw err
    }
    if (stopped()) return
    // A mail behind them could be read, so the server gives mail again: they are tried a last time.
    for (const uid of passedOver) await tryLast(deps, mailbox, names, uid, footing)
    passedOver = []
    if (last >= footing.until) footing.tries.clear()
    await store.keepMailboxPosition(place, { uidValidity, lastUid: last })
  }
  if (uids.length === 0 && !known) await store.keepMailboxPosition(place, { uidValidity, lastUid: mailbox.uidNext - 1 })
}

/** Reads a mail that was passed over; when that fails it is given up, and the next pass leaves it behind. @throws the connection's error */
async function tryLast(deps: ReadMailboxDeps, mailbox: Mailbox, names: MailboxNames, uid: number, { tries }: Footing): Promise<void> {
  if (tries.get(uid) === givenUp) return
  try {
    await readBatch(deps, mailbox, names, [uid], () => false)
  } catch (err) {
    if (err instanceof StoreUnavailable) throw err
    tries.set(uid, givenUp)
    deps.metrics.imapMails.inc({ mailbox: names.name, outcome: 'failed' })
    deps.log.error({ err, mailbox: names.name, uid }, 'a mail could not be read in several tries, and is left behind')
    throw err
  }
}

async function readBatch(
  deps: ReadMailboxDeps,
  mailbox: Mailbox,
  names: MailboxNames,
  uids: readonly number[],
  stopped: () => boolean,
): Promise<void> {
  const { metrics, returnPath, now } = deps
  const count = (outcome: Fate) => metrics.imapMails.inc({ mailbox: names.name, outcome })
  const suspects: Omit<MailHead, 'header'>[] = []
  for await (const { header, ...mail } of mailbox.heads(uids)) {
    if (tokenInMail(header, returnPath, now())?.ok || maybeReturn(header)) suspects.push(mail)
    else count('left')
  }
  for (const mail of suspects) {
    if (stopped()) return
    count(await readOne(deps, mailbox, names, mail))
  }
}

async function readOne(deps: ReadMailboxDeps, mailbox: Mailbox, names: MailboxNames, head: Omit<MailHead, 'header'>): Promise<Fate> {
  const { log, metrics, now } = deps
  const where = { mailbox: names.name, uid: head.uid, octets: head.octets }
  if (head.octets > deps.maxMessageBytes) {
    metrics.reportsRejected.inc({ why: 'too_large' })
    log.warn(where, 'a mail that may be a return is larger than bounce.maxMessageBytes, and was left unread')
    return 'too_large'
  }
  const raw = await mailbox.octets(head.uid)
  const subject = raw && (await subjectOf(deps, raw))
  if (!raw || !subject) return 'left'
  const receivedAt = Math.min(head.arrivedAt ?? now(), now())
  const identity = { id: idOf(names.name, raw, receivedAt), receivedAt }
  if ((await deps.store.report(identity.id)) === null) {
    const { id, foundBy } = subject
    const client = { address: 'imap', host: names.name }
    const arrival = { raw, sender: '', client, fromReporter: false, via: 'imap', identity, ...(foundBy ? { foundBy } : {}) }
    const accepted = await deps.acceptance.accept([id], arrival)
    if (!accepted.ok) {
      log.warn(where, 'a return was left in its mailbox: its message has brought enough mail')
      return 'failed'
    }
  }
  return moveAway(deps, mailbox, names, head.uid)
}

/** The message that a mail is about; null: none of ours. */
async function subjectOf(deps: ReadMailboxDeps, raw: Buffer): Promise<{ readonly id: string; readonly foundBy?: FoundBy } | null> {
  const { returnPath, metrics, now } = deps
  const token = tokenInMail(raw, returnPath, now())
  if (token?.ok) return { id: token.id }
  const report = await deps.parse(raw)
  const found = await findMessage(deps, report, now())
  if (found?.message) return { id: found.id, foundBy: found.by }
  if (token) metrics.reportsRejected.inc({ why: token.why })
  return null
}

/** The same mail in the same mailbox has the same id, whatever its uid. */
function idOf(name: string, raw: Buffer, receivedAt: number): string {
  return makeId(receivedAt, createHash('sha256').update(name).update('\0').update(raw).digest())
}

/** The return is kept already: that it cannot be moved is a blemish, not a loss. */
async function moveAway({ log }: ReadMailboxDeps, mailbox: Mailbox, names: MailboxNames, uid: number): Promise<Fate> {
  if (names.processedFolder === null) return 'taken'
  try {
    await mailbox.move(uid, names.processedFolder)
    return 'taken'
  } catch (err) {
    log.warn({ err, mailbox: names.name, uid }, 'a return was kept, and could not be moved out of its folder')
    return 'failed'
  }
}
