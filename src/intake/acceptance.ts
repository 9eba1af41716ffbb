/**
 * The moment at which a returned mail becomes ours, however it came: within what its token may still bring, it is stored, durable.
 *
 * The listener, `POST /v1/reports` and every other way in end here, so that all of them keep the same bounds and none can judge by itself.
 */
import { randomBytes } from 'node:crypto'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { makeId } from '../return-path/time-id.ts'
import { postmaster, type StoredReport } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { createAllowance } from './allowance.ts'
import { createTokenBudget } from './token-budget.ts'

/** Stands for the message id of a mail that has no token: the report's own id takes its place. */
export const unmatched = Symbol('unmatched')

/** Where a mail goes: the id in its token, `postmaster`, or nowhere known. */
export type Destination = string | typeof unmatched

export type Arrival = Pick<StoredReport, 'sender' | 'client' | 'fromReporter' | 'smtpUtf8' | 'via' | 'foundBy' | 'eventId'> & {
  readonly raw: Buffer
  /** Its id, where it must be the same when the same mail is taken again, and when it came; else both are made now. */
  readonly identity?: Pick<StoredReport, 'id' | 'receivedAt'>
}

export type Accepted =
  /** Those that are new: one whose id is known was taken before. */
  | { readonly ok: true; readonly reports: readonly StoredReport[] }
  /** Nothing was kept: this destination has had enough mail for now. */
  | { readonly ok: false; readonly spent: 'token' | 'postmaster' | 'unmatched' }

export type Acceptance = {
  /** Says whether a token may bring another report. @throws {StoreUnavailable} */
  mayBring(messageId: string): Promise<boolean>
  /** Keeps a mail, once for each destination: all of them, or none. Durable when it resolves. @throws {StoreUnavailable} */
  accept(destinations: readonly Destination[], arrival: Arrival): Promise<Accepted>
  /** Whether a mail is being stored at this moment. */
  isUnderWay(): boolean
}

export type AcceptanceDeps = {
  readonly store: Store
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** Says whether a token is one of our own canaries, which has come back then: it is counted there and not kept (canary.ts). */
  readonly isCanary?: (messageId: string) => boolean
  /** Called when a report was stored. */
  readonly onAccepted: () => void
}

/** Mail to postmaster@ in an hour, from everybody together. */
const postmasterPerHour = { mails: 100, octets: 10_000_000 }
/** Mail without a token in an hour: it is handed in by those who may, and yet anybody may have written it. */
const unmatchedPerHour = { mails: 1_000, octets: 100_000_000 }

/** Makes it. */
export function createAcceptance({ store, log, metrics, now, isCanary = () => false, onAccepted }: AcceptanceDeps): Acceptance {
  const budget = createTokenBudget(store, now)
  const postmasterMail = createAllowance(postmasterPerHour.mails, postmasterPerHour.octets, now)
  const unmatchedMail = createAllowance(unmatchedPerHour.mails, unmatchedPerHour.octets, now)
  let underWay = 0

  async function spend(destination: Destination, octets: number): Promise<{ giveBack(): void } | null> {
    if (destination === unmatched) return unmatchedMail.spend(octets)
    return destination === postmaster ? postmasterMail.spend(octets) : budget.spend(destination, octets)
  }

  return {
    isUnderWay: () => underWay > 0,
    mayBring: messageId => budget.allows(messageId),
    async accept(named, { raw, identity, ...arrival }) {
      const destinations = named.filter(one => one === unmatched || !isCanary(one))
      if (destinations.length === 0) return { ok: true, reports: [] }
      const spent: { giveBack(): void }[] = []
      let kept = false
      underWay++
      try {
        for (const destination of destinations) {
          const one = await spend(destination, raw.length)
          if (!one) {
            metrics.reportsRejected.inc({ why: 'rate' })
            return { ok: false, spent: destination === unmatched ? 'unmatched' : destination === postmaster ? 'postmaster' : 'token' }
          }
          spent.push(one)
        }
        const receivedAt = identity?.receivedAt ?? now()
        const reports = destinations.map((destination): StoredReport => {
          const id = identity?.id ?? makeId(receivedAt, randomBytes(4))
          const messageId = destination === unmatched ? id : destination
          return { id, messageId, receivedAt, ...arrival, size: raw.length, judged: null }
        })
        const stored = await Promise.all(reports.map(report => store.acceptReport(report, raw)))
        const fresh = reports.filter((_, index) => stored[index])
        if (fresh.length === 0) return { ok: true, reports: [] }
        kept = true
        metrics.lastReturn.set(receivedAt / 1000)
        onAccepted()
        log.info({ reports: fresh.map(({ id }) => id), size: raw.length, ...(arrival.via ? { via: arrival.via } : {}) }, 'report accepted')
        return { ok: true, reports: fresh }
      } finally {
        underWay--
        if (!kept) for (const one of spent) one.giveBack()
      }
    },
  }
}
