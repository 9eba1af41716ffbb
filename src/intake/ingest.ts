/**
 * From a stored report to a judged one, in the background: pending reports are taken from the store, oldest first, read and judged.
 *
 * The store is the queue: what was pending when the process died is pending at the next start, and the judge may be asked about one report
 * twice. A report that cannot be read is judged as `other` with its problem recorded; one that the judge cannot take is set aside the same
 * way. Neither blocks those behind it. When the store is unavailable the loop waits, longer each time, and goes on.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { type Report, unreadableReport } from '../report/report.ts'
import type { StoredReport } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'

/** Reads a mail; rejects, with a sentence as its message, when that fails, and with `ERR_PARSER_CLOSED` when it was not read at all. */
export type Parse = (raw: Buffer) => Promise<Report>

/** Judges a report and commits that it is judged; `problem` says why it could not be read (then it is an empty report of kind `other`). */
export type JudgeReport = (stored: StoredReport, report: Report, problem: string | null) => Promise<unknown>

export type IngestDeps = {
  readonly store: Store
  readonly parse: Parse
  readonly judgeReport: JudgeReport
  /** Whether mail is being accepted at this moment: it goes first, the backlog is on disk and can wait a little. Never, unless told. */
  readonly isMailComing?: () => boolean
  /** Called when a report was judged. */
  readonly onJudged?: () => void
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** Reports read and judged at the same time. */
  readonly concurrency?: number
  /** First wait when the store is unavailable; doubles up to 30 s. */
  readonly backOffMs?: number
}

export type Ingest = {
  /** Says that there may be something to do. */
  wake(): void
  /** Resolves when no report is pending. */
  idle(): Promise<void>
  /** Lets what is being judged finish, and begins nothing more. */
  stop(): Promise<void>
}

const batchSize = 256
const maxBackOffMs = 30_000
const maxProblem = 200
/** Before each report, while mail comes in: so a flood of returns is taken as fast as it comes, and judging goes on all the same. */
const yieldMs = 20
/** Another node may have died and left reports pending: the store is asked at least this often. */
const longestSleepMs = 10_000

/** Starts the loop; the first look at the store comes at once. */
export function createIngest(deps: IngestDeps): Ingest {
  const { store, log, metrics, now, concurrency = 8, backOffMs = 250, isMailComing = () => false } = deps
  const waiting: (() => void)[] = []
  let stopped = false
  let asked = true
  let rouse: () => void = () => {}

  /** Waits for `ms` to pass, or for `stop`, or for `wake` unless the store is away: it is no better for it. */
  function sleep(ms: number, storeIsAway: boolean): Promise<void> {
    // `stop` may have come while the store was asked: nobody would wake us again.
    if (stopped) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      rouse = () => {
        if (storeIsAway && !stopped) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function run(): Promise<void> {
    let backOff = backOffMs
    while (!stopped) {
      try {
        asked = false
        const pending = await store.pendingReports(batchSize)
        if (pending.length > 0) await judgeAll(pending)
        else if (!asked) {
          for (const resolve of waiting.splice(0)) resolve()
          await sleep(longestSleepMs, false)
        }
        backOff = backOffMs
      } catch (err) {
        const unavailable = err instanceof StoreUnavailable
        log[unavailable ? 'warn' : 'error']({ err, waitMs: backOff }, unavailable ? 'reports wait for the store' : 'reports wait')
        await sleep(backOff, true)
        backOff = Math.min(backOff * 2, maxBackOffMs)
      }
    }
  }

  /** Judges them all, some at a time; fails when the store does, after those under way have ended. */
  async function judgeAll(pending: readonly StoredReport[]): Promise<void> {
    let next = 0
    const worker = async () => {
      for (let stored = pending[next++]; stored && !stopped; stored = pending[next++]) {
        if (isMailComing()) {
          await delay(yieldMs)
          if (stopped) return
        }
        await judgeOne(stored)
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: Math.min(concurrency, pending.length) }, worker))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }

  async function judgeOne(stored: StoredReport): Promise<void> {
    const { report, problem } = await read(stored)
    try {
      await deps.judgeReport(stored, report, problem)
      metrics.reports.inc({ kind: report.kind })
    } catch (err) {
      if (err instanceof StoreUnavailable) throw err
      log.error({ err, report: stored.id }, 'a report could not be judged and was set aside')
      await setAside(stored, `could not be judged: ${sentenceOf(err)}`)
      metrics.reports.inc({ kind: 'other' })
    }
    deps.onJudged?.()
  }

  async function read(stored: StoredReport): Promise<{ report: Report; problem: string | null }> {
    const raw = await store.rawReport(stored.id)
    if (!raw) return { report: unreadableReport, problem: 'its octets are gone' }
    try {
      const report = await deps.parse(raw)
      return { report, problem: report.problem ?? null }
    } catch (err) {
      // Nothing is wrong with the mail: it stays pending.
      if (err instanceof Error && 'code' in err && err.code === 'ERR_PARSER_CLOSED') throw err
      log.warn({ err, report: stored.id }, 'a report could not be read')
      return { report: unreadableReport, problem: sentenceOf(err) }
    }
  }

  async function setAside(stored: StoredReport, problem: string): Promise<void> {
    const judged = { at: now(), kind: 'other', bounceIds: [], problem } as const
    await store.update({ keys: [] }, () => ({ changes: { report: { ...stored, judged } }, result: null }))
  }

  const running = run()
  const wake = () => {
    asked = true
    rouse()
  }
  return {
    wake,
    idle() {
      const reached = new Promise<void>(resolve => waiting.push(resolve))
      wake()
      return reached
    },
    async stop() {
      stopped = true
      rouse()
      await running
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

function sentenceOf(err: unknown): string {
  return (err instanceof Error ? err.message : String(err)).slice(0, maxProblem)
}
