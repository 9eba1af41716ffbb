/**
 * Forgetting by age while the server runs: kind after kind, in small batches with rests between them, once an hour.
 *
 * Promises: one of the nodes does it; the relay never waits longer than for one batch; what was cut off by a crash is done by the next round; a store that fails ends a round.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { trimMail } from '../report/trim-mail.ts'
import type { Forgettable } from '../store/forgetting.ts'
import type { Store } from '../store/store.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import { liftExpired } from './lift-expired.ts'

export type RetentionDeps = {
  readonly store: Store
  readonly config: Config['retention']
  /** Days for which a return path is taken: so long its budget is remembered. */
  readonly maxAgeDays: number
  readonly log: Log
  readonly metrics: Pick<Metrics, 'forgotten' | 'lastRetention'>
  readonly now: () => number
  /** Rest after a batch that took `tookMs`. */
  readonly restMs?: (tookMs: number) => number
}

export type Retention = {
  /** Does all that is due now, if this node is the one that does it; rejects when the store fails. */
  round(): Promise<Forgotten>
  /** Begins rounds by themselves. */
  start(): void
  /** Waits for the batch under way; starts no more. */
  stop(): Promise<void>
}

/** What a round did, by kind; only what happened stands there. */
export type Forgotten = Readonly<Partial<Record<Forgettable | 'expired' | 'trimmed', number>>>

const dayMs = 86_400_000
const firstAfterMs = 60_000
const everyMs = 60 * 60_000
const batchSize = 200
/** Mails trimmed at once: each may have megabytes. */
const trimBatch = 20

/** Kinds of which `forget` counts what it looked at, not only what went. */
const walked: ReadonlySet<Forgettable> = new Set<Forgettable>(['addresses', 'tallies', 'lists', 'windows'])

/** Half of the time is left to others. */
const restAsLong = (tookMs: number) => Math.max(20, tookMs)

/** Makes the job; nothing runs before `start` or `round`. */
export function createRetention(deps: RetentionDeps): Retention {
  const { store, config, log, metrics, now, restMs = restAsLong } = deps
  const stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null

  const ages: readonly (readonly [Forgettable, number | null])[] = [
    ['raw', config.rawDays],
    ['messages', config.journalDays],
    ['tokens', deps.maxAgeDays],
    ['bounces', config.returnsDays],
    ['reports', config.returnsDays],
    ['incidents', config.returnsDays],
    ['windows', config.returnsDays],
    ['tallies', config.listDays],
    ['lists', config.listDays],
    ['deadLetters', config.deadLetterDays],
    ['audit', config.auditDays],
    ['changes', config.changesDays],
    ['webhooks', config.webhookDays],
    ['addresses', config.addressDays],
  ]

  async function round(): Promise<Forgotten> {
    if (!(await store.claim('retention'))) return {}
    const done: Partial<Record<Forgettable | 'expired' | 'trimmed', number>> = {}
    const count = (kind: keyof Forgotten, more: number) => {
      if (more === 0) return
      done[kind] = (done[kind] ?? 0) + more
      metrics.forgotten.inc({ kind }, more)
    }
    await paced(async () => {
      const lifted = await liftExpired(store, now(), batchSize)
      count('expired', lifted)
      return lifted > 0
    })
    for (const [kind, days] of ages) {
      if (days === null) continue
      await paced(async () => {
        const dealtWith = await store.forget(kind, now() - days * dayMs, batchSize)
        if (!walked.has(kind)) count(kind, dealtWith)
        return dealtWith > 0
      })
    }
    if (config.trimForwarded) {
      let after = ''
      await paced(async () => {
        const whole = await store.wholeReports(after, trimBatch)
        after = whole.at(-1)?.id ?? after
        for (const { id } of whole) {
          const raw = await store.rawReport(id)
          if (raw) await store.trimReport(id, trimMail(raw))
        }
        count('trimmed', whole.length)
        return whole.length > 0
      })
    }
    metrics.lastRetention.set(now() / 1000)
    return done
  }

  /** Runs batches until one says that it was the last; rests after each. */
  async function paced(batch: () => Promise<boolean>): Promise<void> {
    for (let more = true; more && !stopping.signal.aborted; ) {
      const from = performance.now()
      more = await batch()
      if (more) await sleep(restMs(performance.now() - from), undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  async function roundInTime(): Promise<void> {
    try {
      const done = await round()
      if (Object.keys(done).length > 0) log.info(done, 'forgot what was too old')
    } catch (err) {
      const unavailable = err instanceof StoreUnavailable
      log[unavailable ? 'warn' : 'error']({ err }, 'forgetting what is too old did not come to its end; it is tried again in an hour')
    }
    if (!stopping.signal.aborted) schedule(everyMs)
  }

  function schedule(afterMs: number): void {
    timer = setTimeout(() => {
      running = roundInTime()
    }, afterMs)
    timer.unref()
  }

  return {
    round,
    start: () => schedule(firstAfterMs),
    async stop() {
      stopping.abort()
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
