/**
 * One webhook endpoint: what it is owed is delivered in the background, some at a time, in no promised order.
 *
 * The store is the queue: a delivery is owed until the endpoint answered 2xx, so nothing is lost by a crash, and what a crash cut short is sent again
 * under the same `webhook-id`. An endpoint in trouble rests, longer each time, and is then tried with one delivery; one that answers 410 gets nothing
 * more until somebody enables it, and what is owed waits meanwhile, for three days as always.
 */
import type { WebhookEndpoint } from '../config/webhooks.ts'
import { ourReasons } from '../judge/audit-words.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { Delivery, EndpointStop } from '../store/delivery-records.ts'
import type { Store } from '../store/store.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import { giveUp, isTooOld, outcomeOf, restAfterMs } from './delivery-outcome.ts'
import { webhookBody } from './payloads.ts'
import { createPoster, type PosterOptions } from './post.ts'
import { readWebhookSecrets, type Sign } from './webhook-secrets.ts'

export type EndpointDeps = {
  readonly store: Store
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly version: string
  readonly publicUrl: string | null
  /** 0 to below 1; `Math.random` unless told. */
  readonly random?: () => number
  readonly resolve?: PosterOptions['resolve']
}

export type EndpointRunner = {
  /** Begins. @throws {WebhookSecretInvalid} and then nothing runs */
  start(): Promise<void>
  /** Reads the secrets again; keeps the old ones when they cannot be read. */
  reload(): Promise<void>
  /** Says that there may be something to do. */
  wake(): void
  /** Resolves when nothing can be done now. */
  idle(): Promise<void>
  /** Lets it have webhooks again, and gives why it had none; null: it had. @throws {StoreUnavailable} */
  enable(audit: AuditEntry): Promise<EndpointStop | null>
  state(): EndpointState
  stop(): Promise<void>
}

export type EndpointState = {
  readonly disabled: EndpointStop | null
  /** When it is tried again after trouble; null: it is in none. */
  readonly restsUntil: number | null
  readonly lastDeliveredAt: number | null
  readonly lastError: string | null
}

const timeoutMs = 20_000
const atOnce = 8
const batchSize = 64
/** Another node may have died and left something owed, or let the endpoint have webhooks again: the store is asked at least this often. */
const longestSleepMs = 10_000
const storeRestMs = 2_000
const later = Number.MAX_SAFE_INTEGER

export function createEndpoint(endpoint: WebhookEndpoint, deps: EndpointDeps): EndpointRunner {
  const { store, log, metrics, now, random = Math.random } = deps
  const { name } = endpoint
  const poster = createPoster({ ...endpoint, timeoutMs, maxConnections: atOnce, ...(deps.resolve ? { resolve: deps.resolve } : {}) })
  const waiting: (() => void)[] = []
  let sign: Sign = () => ''
  let disabled: EndpointStop | null = null
  let running: Promise<void> | null = null
  let stopped = false
  let asked = false
  let rouse: () => void = () => {}
  let failures = 0
  let restSince = 0
  let restUntil = 0
  let lastDeliveredAt: number | null = null
  let lastError: string | null = null

  async function run(): Promise<void> {
    while (!stopped) {
      asked = false
      let sleepMs: number
      try {
        take(await store.endpointStop(name))
        if (await workOff(await store.dueDeliveries(name, now(), batchSize))) continue
        const [next] = await store.dueDeliveries(name, later, 1)
        sleepMs = Math.min(
          Math.max((next === undefined ? later : Math.max(next.dueAt, rests() ? restUntil : 0)) - now(), 1),
          longestSleepMs,
        )
        if (disabled) sleepMs = longestSleepMs
      } catch (err) {
        const unavailable = err instanceof StoreUnavailable
        log[unavailable ? 'warn' : 'error']({ err, endpoint: name }, unavailable ? 'webhooks wait for the store' : 'webhooks met a bug')
        sleepMs = storeRestMs
      }
      if (!asked) for (const resolve of waiting.splice(0)) resolve()
      await sleep(sleepMs)
    }
  }

  /** Follows what the store says: another node may have heard 410, or was told to enable the endpoint. */
  function take(stop: EndpointStop | null): void {
    if (stop?.at === disabled?.at) return
    disabled = stop
    metrics.webhookDisabled.set({ endpoint: name }, stop ? 1 : 0)
    if (stop) return
    failures = 0
    restUntil = 0
  }

  /** Does what can be done with deliveries that are due; says whether any of them moved. */
  async function workOff(due: readonly Delivery[]): Promise<boolean> {
    const old = due.filter(one => isTooOld(one, now()))
    for (const one of old) await settle(giveUp(one, now()), 'failed')
    if (disabled || rests()) return old.length > 0
    const young = due.filter(one => !old.includes(one))
    // After trouble one is enough to see whether it is over.
    const queue = failures > 0 ? young.slice(0, 1) : young
    let next = 0
    const worker = async () => {
      for (let one = queue[next++]; one && !stopped && !disabled && !rests(); one = queue[next++]) await deliver(one)
    }
    const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, queue.length) }, worker))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
    return due.length > 0
  }

  /** A clock that was set back must not make a rest of a second one of hours. */
  function rests(): boolean {
    return now() >= restSince && now() < restUntil
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const bounce = delivery.bounceId === null ? null : await store.bounce(delivery.bounceId)
    const body = webhookBody(delivery, bounce, deps.publicUrl)
    const at = new Date(now())
    const headers = {
      'content-type': 'application/json',
      'user-agent': `rebond/${deps.version}`,
      'webhook-id': delivery.id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': sign(delivery.id, at, body),
    }
    const { delivery: after, how, trouble, restMs } = outcomeOf(delivery, await poster.post(headers, body, now()), now(), random)
    if (how === 'delivered') lastDeliveredAt = now()
    lastError = after.lastError
    if (how === 'gone') await disable(after)
    else await settle(after, how)
    if (trouble) rest(after, restMs)
    else failures = 0
  }

  async function settle(delivery: Delivery, how: 'delivered' | 'deferred' | 'failed'): Promise<void> {
    await store.update({ keys: [] }, () => ({ changes: { deliveries: [delivery] }, result: null }))
    metrics.webhookDeliveries.inc({ endpoint: name, outcome: how })
    const { id, event, attempts, lastError: why } = delivery
    if (how === 'delivered') log.debug({ endpoint: name, delivery: id, event, attempts }, 'delivered a webhook')
    else if (how === 'deferred')
      log.info({ endpoint: name, delivery: id, event, attempts, why }, 'a webhook was not taken; it is tried again')
    else log.warn({ endpoint: name, delivery: id, event, attempts, why }, 'gave up a webhook; it can be replayed')
  }

  async function disable(delivery: Delivery): Promise<void> {
    const at = now()
    const why = ourReasons.gone
    const audit: AuditEntry = { at, op: 'disable', actor: 'rebond', by: null, key: null, subject: `webhook ${name}`, why }
    const endpointStops = new Map([[name, { at, why }]])
    await store.update({ keys: [] }, () => ({ changes: { deliveries: [delivery], endpointStops, audit: [audit] }, result: null }))
    disabled = { at, why }
    metrics.webhookDeliveries.inc({ endpoint: name, outcome: 'gone' })
    metrics.webhookDisabled.set({ endpoint: name }, 1)
    log.warn(
      { endpoint: name },
      'a webhook endpoint answered 410 Gone and gets nothing more until it is enabled (POST /v1/webhooks/NAME/enable)',
    )
  }

  function rest({ lastError: why }: Delivery, askedMs: number): void {
    // Tries that were under way together are one failure.
    if (rests()) return
    failures++
    const restMs = Math.max(restAfterMs(failures, random), askedMs)
    restSince = now()
    restUntil = restSince + restMs
    log.warn({ endpoint: name, why, restMs }, 'a webhook endpoint rests: it cannot be used now')
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
      sign = await readWebhookSecrets(endpoint.secretFiles)
      disabled = await store.endpointStop(name)
      metrics.webhookDisabled.set({ endpoint: name }, disabled ? 1 : 0)
      running = run()
    },
    async reload() {
      try {
        sign = await readWebhookSecrets(endpoint.secretFiles)
      } catch (err) {
        log.error({ err, endpoint: name }, 'the secrets of a webhook endpoint could not be read again; the old ones go on')
      }
    },
    wake,
    idle() {
      const reached = new Promise<void>(resolve => waiting.push(resolve))
      wake()
      return reached
    },
    async enable(audit) {
      const before = await store.endpointStop(name)
      if (!before) return null
      await store.update({ keys: [] }, () => ({ changes: { endpointStops: new Map([[name, null]]), audit: [audit] }, result: null }))
      take(null)
      log.info({ endpoint: name, by: audit.by }, 'a webhook endpoint is enabled again')
      wake()
      return before
    },
    state: () => ({ disabled, restsUntil: rests() ? restUntil : null, lastDeliveredAt, lastError }),
    async stop() {
      stopped = true
      rouse()
      await running
      poster.close()
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}
