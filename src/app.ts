/**
 * The wiring: configuration → rooms that know each other. No decisions are made here.
 *
 * Order of start: keys, store, webhooks, bounce listener, sandbox, forwarding, relay, HTTP: nothing is offered before what it needs is there. Stop is
 * the reverse, the store last, so that what was acknowledged is on disk.
 */
import { lookup } from 'node:dns/promises'
import { hostname as machineName } from 'node:os'
import type { RuleSet } from './classify/compile-rules.ts'
import { contradictions } from './config/contradictions.ts'
import type { InheritedSockets } from './config/inherited-sockets.ts'
import type { Config } from './config/schema.ts'
import { createHttp } from './http/server.ts'
import { createCanary } from './intake/canary.ts'
import { createForwarder } from './intake/forward.ts'
import { createForwardConnection } from './intake/forward-connection.ts'
import { forwardRoute } from './intake/forward-route.ts'
import { createIntake } from './intake/intake.ts'
import { createProviderIntake } from './intake/providers/provider-intake.ts'
import { createReportParser } from './intake/report-parser.ts'
import { keepIncidents } from './judge/incident-keeper.ts'
import { formatRefusal } from './judge/refusal.ts'
import { wordings } from './judge/refusal-words.ts'
import { createRejudge } from './judge/rejudge.ts'
import { createReplyJudge } from './judge/replies.ts'
import { createReportJudge } from './judge/report-judge.ts'
import { createScreen } from './judge/screen.ts'
import { createChangeWatch } from './notify/change-watch.ts'
import { createNotifier } from './notify/notifier.ts'
import { tellingStore } from './notify/telling-store.ts'
import { watchEventLoop } from './observe/event-loop.ts'
import type { Log } from './observe/log.ts'
import { createMetrics } from './observe/metrics.ts'
import { createRetention } from './privacy/retention.ts'
import { createRelay } from './relay/relay.ts'
import { createReturnPath } from './return-path/return-path.ts'
import { createSandbox } from './sandbox/sandbox.ts'
import { defaultKeyFile, readKeyFile, readOrMakeKeyFile } from './store/key-file.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import { giveHandles } from './wire/wide-door.ts'

export type Address = { readonly host: string; readonly port: number }
export type Listening = { readonly relay: readonly Address[]; readonly bounce: readonly Address[]; readonly http: Address }

export type App = {
  /** Opens everything; rejects with what is in the way, and then `stop` closes what had been opened. */
  start(): Promise<Listening>
  /**
   * Reads certificates and secrets again, judges by these rules and knows these HTTP tokens from now on. Rejects with what is in the way: rules and
   * tokens are as they were then.
   */
  reload(next: { readonly rules: RuleSet; readonly tokens: Config['http']['tokens'] }): Promise<void>
  /** Takes no more sessions, lets transactions in flight finish, closes everything. Safe to call at any time, and twice. */
  stop(): Promise<void>
}

export type AppDeps = {
  readonly log: Log
  readonly version: string
  readonly now: () => number
  readonly rules: RuleSet
  /** Sockets that the service manager has opened. */
  readonly inherited: InheritedSockets
}

export function createApp(config: Config, { log, version, now, rules: atStart, inherited }: AppDeps): App {
  const metrics = createMetrics(version)
  const hostname = config.hostname ?? machineName()
  /** What `stop` does, newest first. */
  const closers: (() => Promise<unknown>)[] = []
  let rules = atStart
  let readAgain = async (_tokens: Config['http']['tokens']): Promise<void> => {}
  let stopping: Promise<void> | null = null

  async function start(): Promise<Listening> {
    const unwatch = watchEventLoop(metrics)
    closers.unshift(async () => unwatch())
    const keys = await signingKeys(config)
    if (keys.made) log.info({ file: keys.file }, 'made a key for return paths; keep it with your backups')
    const kept = await openStore(config.store, { now, log, metrics })
    closers.unshift(() => kept.close())
    const changeWatch = createChangeWatch()
    const store = tellingStore(kept, {
      listeners: config.webhooks,
      now,
      onChange: changeWatch.changed,
      onOwed: () => notifier.wake(),
    })
    const notifier = createNotifier(config.webhooks, { store: kept, log, metrics, now, version, publicUrl: config.http.publicUrl })
    await notifier.start()
    closers.unshift(() => notifier.stop())
    const returnPath = createReturnPath({ ...config.returnPath, keys: keys.keys })
    const { policy } = config
    const refusal = { publicUrl: config.http.publicUrl, ...policy.refusal }
    const keeper = keepIncidents({ store, policy, log, now })
    closers.unshift(() => keeper.stop())
    const judging = { store, policy, metrics, log, now, returnPath, rules: () => rules }

    let upstreamAddress: Address = { host: config.upstream.host ?? '', port: config.upstream.port }
    const forwarder = createForwarder({
      config: config.bounce,
      route: forwardRoute(config, () => upstreamAddress),
      hostname,
      store,
      returnPath,
      log,
      metrics,
      now,
    })

    const canary = createCanary({
      everyMs: config.bounce.canaryEvery === null ? null : durationMs(config.bounce.canaryEvery),
      connection: createForwardConnection(
        forwardRoute({ ...config, bounce: { ...config.bounce, forwardVia: null } }, () => upstreamAddress),
        hostname,
      ),
      returnPath,
      log,
      metrics,
      now,
    })
    closers.unshift(async () => canary.stop())
    metrics.lastReturn.set(((await lastReport(store)) ?? 0) / 1000)

    const parser = createReportParser({ log })
    closers.unshift(() => parser.close())
    const intake = createIntake({
      config: config.bounce,
      imap: config.intake.imap,
      maxAgeDays: config.returnPath.maxAgeDays,
      inherited: inherited.bounce,
      hostname,
      returnPath,
      store,
      log,
      metrics,
      now,
      parse: raw => parser.parse(raw),
      judgeReport: createReportJudge({ ...judging, forwarding: config.bounce }),
      onJudged: forwarder.wake,
      upstreamAddresses: () => addressesOf(config.upstream.host),
      isCanary: canary.returned,
    })
    const bounce = await intake.listen()
    closers.unshift(() => intake.stop())

    if (config.upstream.host === null) {
      const sandbox = createSandbox({ log, hostname, bounceAddress: () => first(bounce), returnPathDomains: returnPath.domains, now })
      upstreamAddress = await sandbox.listen()
      closers.unshift(() => sandbox.close())
    }
    await forwarder.start()
    closers.unshift(() => forwarder.stop())

    const relay = createRelay({
      config: config.relay,
      inherited: inherited.relay,
      upstream: config.upstream,
      upstreamAddress: () => upstreamAddress,
      lists: config.lists,
      hostname,
      log,
      metrics,
      now,
      returnPath,
      screen: createScreen({ store, now, mode: policy.mode }),
      whenUnavailable: config.store.whenUnavailable,
      refuse: (block, address) => formatRefusal(block, address, refusal),
      refuseData: refusal.scope === 'message' ? wordings[refusal.language].data : null,
      store,
      judgeReplies: createReplyJudge({ ...judging, host: config.upstream.host }),
    })
    const relayAt = await relay.listen()
    closers.unshift(() => relay.stop(config.relay.timeouts.stopSeconds * 1000))
    void giveHandles([...relay.doors(), ...intake.doors()], log)

    const takeHook = await createProviderIntake({
      config: config.intake.providers,
      acceptance: intake.acceptance,
      ...{ store, returnPath, hostname, log, metrics, now },
    })
    const http = createHttp({
      config: config.http,
      policy,
      store,
      returnPath,
      log,
      metrics,
      now,
      version,
      ruleSetVersion: () => rules.version,
      health: async () => ({
        store: await answers(store.check()),
        ...relay.health(),
        bounce: intake.listening(),
        mailboxes: intake.mailboxes(),
      }),
      rejudge: createRejudge({ ...judging, parse: raw => parser.parse(raw), host: config.upstream.host }),
      wakeForwarder: forwarder.wake,
      handIn: intake.handIn,
      takeHook,
      maxMessageBytes: config.bounce.maxMessageBytes,
      notifier,
      changeWatch,
      canary,
    })
    const httpAt = await http.listen()
    closers.unshift(() => {
      changeWatch.stop()
      return http.close()
    })

    const forgetting = createRetention({ store, config: config.retention, maxAgeDays: config.returnPath.maxAgeDays, log, metrics, now })
    forgetting.start()
    closers.unshift(() => forgetting.stop())

    readAgain = async tokens => {
      await relay.reload()
      await intake.reload()
      await notifier.reload()
      http.useTokens(tokens)
    }
    return { relay: relayAt, bounce, http: httpAt }
  }

  async function close(): Promise<void> {
    // `start` may still be opening rooms: what it adds meanwhile is closed too.
    for (let next = closers.shift(); next; next = closers.shift()) {
      await next().catch(err => log.error({ err }, 'a part did not close cleanly'))
    }
  }

  return {
    start,
    async reload(next) {
      // What listens stays as it was configured: tokens must still be there for it.
      const [problem] = contradictions({ ...config, http: { ...config.http, tokens: next.tokens } })
      if (problem) throw new RangeError(`${problem.path}: ${problem.message}`)
      await readAgain(next.tokens)
      rules = next.rules
    },
    stop() {
      stopping ??= close()
      return stopping
    },
  }
}

/** The keys that sign and verify return paths, the signing one first. */
async function signingKeys({ returnPath, store }: Config): Promise<{ keys: [Buffer, ...Buffer[]]; made: boolean; file: string }> {
  const file = returnPath.keyFile ?? defaultKeyFile(store.path)
  const { key, made } = returnPath.keyFile === null ? await readOrMakeKeyFile(file) : { key: await readKeyFile(file), made: false }
  return { keys: [key, ...(await Promise.all(returnPath.previousKeyFiles.map(readKeyFile)))], made, file }
}

/** When the last report came that led to a return, as far as the latest ones tell; null: none of them. */
async function lastReport(store: Store): Promise<number | null> {
  const { items } = await store.bounces({}, { limit: 100, cursor: null })
  return items.find(({ source }) => source === 'dsn')?.receivedAt ?? null
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Reads `30m`, `6h`, `1d`, as the schema lets through. */
function durationMs(text: string): number {
  return Number.parseInt(text, 10) * unitMs[text.at(-1) as keyof typeof unitMs]
}

async function addressesOf(host: string | null): Promise<string[]> {
  return host === null ? [] : (await lookup(host, { all: true })).map(({ address }) => address)
}

async function answers(check: Promise<void>): Promise<boolean> {
  return check.then(
    () => true,
    () => false,
  )
}

function first<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined) throw new RangeError('a list must not be empty')
  return item
}
