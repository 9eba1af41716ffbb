/**
 * Forwards what was returned to whoever is to read it (bounces.md, "After the verdict"): the outbox is worked off in the background, one
 * mail at a time over one connection.
 *
 * The store is the queue: a mail is owed until the server said 250, so nothing is lost by a crash, and a try that a crash cut short is made
 * again; such duplicates are counted (`rebond_forwards_total{outcome="resent"}`). What fails for now is tried again, later each time; what is
 * refused for good, or was not taken for `bounce.forwardForDays`, becomes a dead letter: kept, shown (`/v1/outbox`), sent again when asked.
 * While the server cannot be reached at all, nothing but a probe is tried.
 */
import type { BounceConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import { domainKey, formatMailbox, parseMailbox } from '../smtp/path.ts'
import type { OutboxItem } from '../store/outbox-record.ts'
import type { StoredReport } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import { createForwardConnection, type ForwardResult } from './forward-connection.ts'
import { type ForwardFailure, restAfterMs, retryAfterMs } from './forward-failure.ts'
import { whyWithheld } from './forward-guard.ts'
import { composeForward } from './forward-mail.ts'
import type { ForwardRoute } from './forward-route.ts'

export type ForwarderDeps = {
  readonly config: Pick<BounceConfig, 'forwardFrom' | 'forwardForDays'>
  readonly route: ForwardRoute
  /** Our name in EHLO and `Received:`. */
  readonly hostname: string
  readonly store: Store
  readonly returnPath: Pick<ReturnPath, 'read' | 'owns'>
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** 0 to below 1; spreads the tries. `Math.random` unless told. */
  readonly random?: () => number
}

export type Forwarder = {
  /** Begins to work off the outbox. @throws {ForwardLoginInvalid} the log-in cannot be made; nothing runs then. */
  start(): Promise<void>
  /** Says that there may be something to do. */
  wake(): void
  /** Resolves when nothing can be done now: nothing is due, or the server cannot be reached. */
  idle(): Promise<void>
  /** Begins no more, and waits for the mail in flight, at most `graceMs`; one that has not ended then is in doubt. */
  stop(graceMs?: number): Promise<void>
}

const dayMs = 86_400_000
const batchSize = 64
/** The clock may be set, and another node may have died and left something owed: the store is asked at least this often. */
const longestSleepMs = 10_000
const storeRestMs = 2_000
const guardWaitMs = 5_000
const adviceEveryMs = 60_000
const later = Number.MAX_SAFE_INTEGER

export function createForwarder(deps: ForwarderDeps): Forwarder {
  const { config, route, store, log, metrics, now, random = Math.random } = deps
  const from = toAscii(config.forwardFrom ?? '')
  const connection = createForwardConnection(route, deps.hostname)
  /** Sent, but the store did not take that in: settled before anything else, and not sent again. */
  const sent = new Set<string>()
  const waiting: (() => void)[] = []
  let running: Promise<void> | null = null
  let stopped = false
  let asked = false
  let rouse: () => void = () => {}
  let failures = 0
  let restSince = 0
  let restUntil = 0
  let routeWords = ''
  let advisedAt = Number.NEGATIVE_INFINITY

  async function run(): Promise<void> {
    while (!stopped) {
      asked = false
      let sleepMs: number
      try {
        const due = await store.dueOutbox(now(), batchSize)
        if (await workOff(due)) continue
        sleepMs = await untilNext()
      } catch (err) {
        const unavailable = err instanceof StoreUnavailable
        log[unavailable ? 'warn' : 'error']({ err }, unavailable ? 'forwarding waits for the store' : 'forwarding met a bug')
        asked = false
        sleepMs = storeRestMs
      }
      connection.rest()
      if (!asked) for (const resolve of waiting.splice(0)) resolve()
      await sleep(sleepMs)
    }
  }

  /** Does what can be done with mails that are due; says whether any of them was settled. */
  async function workOff(due: readonly OutboxItem[]): Promise<boolean> {
    let settled = false
    for (const item of due) {
      if (stopped) return settled
      if (!rests()) await forward(item).catch(err => setAside(item, err))
      else if (isTooOld(item, now())) await bury(item, item.lastError ?? routeWords)
      else continue
      settled = true
    }
    return settled
  }

  async function untilNext(): Promise<number> {
    const [next] = await store.dueOutbox(later, 1)
    const at = next === undefined ? later : Math.max(next.dueAt, rests() ? restUntil : 0)
    return Math.min(Math.max(at - now(), 1), longestSleepMs)
  }

  async function forward(item: OutboxItem): Promise<void> {
    if (sent.has(item.id)) return await settleSent(item)
    const [report, raw] = await Promise.all([store.report(item.reportId), store.rawReport(item.reportId)])
    if (!report || !raw) return await bury(item, 'the mail has been forgotten (retention)')
    const withheld = await whyWithheld(deps, item, report, raw)
    if (withheld === 'wait') return await store.settleOutbox({ ...item, dueAt: now() + guardWaitMs }, false)
    if (withheld) {
      await store.settleOutbox(item, true)
      metrics.forwards.inc({ outcome: 'withheld' })
      log.info({ report: item.reportId, why: withheld }, 'a returned mail was not forwarded')
      return
    }
    const mail = composeForward({ report, deliveredTo: await originalOf(report, item), hostname: deps.hostname }, raw)
    const tried = { ...item, attempts: item.attempts + 1 }
    await store.settleOutbox({ ...tried, inDoubt: true }, false)
    const to = toAscii(item.to)
    await take(tried, await connection.send({ from, to, smtpUtf8: report.smtpUtf8 ?? false }, mail))
  }

  /** A mail that meets a bug must not keep those behind it waiting. @throws {StoreUnavailable} */
  async function setAside(item: OutboxItem, err: unknown): Promise<void> {
    if (err instanceof StoreUnavailable) throw err
    log.error({ err, report: item.reportId }, 'forwarding a returned mail met a bug')
    const attempts = item.attempts + 1
    await store.settleOutbox({ ...item, attempts, dueAt: now() + retryAfterMs(attempts, random), lastError: 'internal error' }, false)
  }

  /** Records how a try ended. */
  async function take(item: OutboxItem, result: ForwardResult): Promise<void> {
    if (result.ok) {
      routeAnswered()
      sent.add(item.id)
      metrics.forwards.inc({ outcome: item.inDoubt ? 'resent' : 'sent' })
      log.info({ report: item.reportId, attempts: item.attempts }, 'forwarded a returned mail')
      return await settleSent(item)
    }
    const { failure } = result
    if (failure.of === 'mail') routeAnswered()
    else routeFailed(failure)
    const failed = { ...item, lastError: failure.words, inDoubt: item.inDoubt || failure.inDoubt }
    if (failure.advice !== null) advise(failure)
    const dueAt = now() + retryAfterMs(item.attempts, random)
    if (failure.permanent || isTooOld(item, dueAt)) return await bury(failed, failure.words)
    await store.settleOutbox({ ...failed, dueAt }, false)
    metrics.forwards.inc({ outcome: 'deferred' })
    log.info({ report: item.reportId, attempts: item.attempts, code: failure.code }, 'a returned mail could not be forwarded now')
  }

  async function settleSent(item: OutboxItem): Promise<void> {
    await store.settleOutbox(item, true)
    sent.delete(item.id)
  }

  /** Makes a dead letter of it. */
  async function bury(item: OutboxItem, lastError: string): Promise<void> {
    await store.settleOutbox({ ...item, lastError, deadAt: now() }, false)
    metrics.forwards.inc({ outcome: 'dead' })
    log.warn({ report: item.reportId, attempts: item.attempts }, 'gave up forwarding a returned mail; /v1/outbox says why')
  }

  function isTooOld(item: OutboxItem, at: number): boolean {
    return at - item.since >= config.forwardForDays * dayMs
  }

  /** A clock that was set back must not make a rest of a second one of hours. */
  function rests(): boolean {
    return now() >= restSince && now() < restUntil
  }

  function routeAnswered(): void {
    failures = 0
    restUntil = 0
  }

  function routeFailed({ words, code }: ForwardFailure): void {
    failures++
    routeWords = words
    const restMs = restAfterMs(failures, random)
    restSince = now()
    restUntil = restSince + restMs
    log.warn({ route: route.key, why: words, code, restMs }, 'forwarding rests: its server cannot be used now')
  }

  /** Tells operators what to do, once a minute at most. */
  function advise({ code, advice }: ForwardFailure): void {
    if (now() - advisedAt < adviceEveryMs) return
    advisedAt = now()
    log.warn({ route: route.key, code }, `the server for forwarded mail refuses the sender: ${advice}`)
  }

  /** The return path that the CRM gave; whoever gets the mail, where there is none. */
  async function originalOf(report: StoredReport, item: OutboxItem): Promise<string> {
    return (await store.message(report.messageId))?.reversePath || item.to
  }

  function sleep(ms: number): Promise<void> {
    if (stopped || asked) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      rouse = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function wake(): void {
    asked = true
    rouse()
  }

  return {
    async start() {
      await connection.check()
      running = run()
    },
    wake,
    idle() {
      const reached = new Promise<void>(resolve => waiting.push(resolve))
      wake()
      return reached
    },
    async stop(graceMs = 10_000) {
      stopped = true
      rouse()
      const grace = setTimeout(() => connection.close(), graceMs)
      await running
      clearTimeout(grace)
      connection.close()
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

/** Writes an address so that it needs SMTPUTF8 only where its local part does (RFC 5891: a domain has an ASCII form). */
function toAscii(address: string): string {
  const parsed = parseMailbox(address)
  if (!parsed.ok || !/[^\0-\x7f]/.test(parsed.mailbox.domain)) return address
  return formatMailbox({ local: parsed.mailbox.local, domain: domainKey(parsed.mailbox.domain) })
}
