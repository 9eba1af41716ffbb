/**
 * The relay: listeners, sessions, and what they share. The CRM's mail goes through and is never ours (product.md, promise 1).
 */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecureContext } from 'node:tls'
import { isLoopback, isPrivate, networkMatcher } from '../config/network.ts'
import type { ListsConfig, RelayConfig, UpstreamConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { DataRefusalWords } from '../smtp/data-refusal.ts'
import type { Rules } from '../smtp/dialogue.ts'
import { ownMechanisms } from '../smtp/own-login.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Block } from '../store/address-record.ts'
import type { Message } from '../store/message-records.ts'
import type { Store } from '../store/store.ts'
import type { Connection } from '../wire/connection.ts'
import { Deadlines } from '../wire/deadlines.ts'
import { readServerContext, secureServer } from '../wire/tls.ts'
import type { WideDoor } from '../wire/wide-door.ts'
import { createListReader } from './list-names.ts'
import { type Address, Listener } from './listener.ts'
import { createLoginGuard } from './login-guard.ts'
import { createIdMaker } from './message-ids.ts'
import { createOAuth2Token } from './oauth2-token.ts'
import { createPasswordCheck } from './passwords.ts'
import { Session } from './session.ts'
import type { SessionDeps } from './session-deps.ts'
import { upstreamTls } from './upstream.ts'
import { WarmConnections } from './warm-connections.ts'

/** Kept ready when `upstream.warmConnections` is `auto` and upstream is near: its operator and ours are one. */
const nearWarmConnections = 4
const adviceEveryMs = 60_000
/** A CRM's TLS handshake. */
const handshakeMs = 30_000

export type RelayDeps = {
  readonly config: RelayConfig
  /** Sockets that were opened for us, by index of `config.listen`. */
  readonly inherited?: readonly (number | undefined)[]
  readonly upstream: UpstreamConfig
  readonly upstreamAddress: () => Address
  readonly lists: ListsConfig
  readonly hostname: string
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** For deadlines and rates: milliseconds, never going back. Default: the process's. */
  readonly clock?: () => number
  readonly returnPath: ReturnPath
  /** Throws, or rejects, with StoreUnavailable. */
  readonly screen: (keys: readonly AddressKey[]) => readonly (Block | null)[] | Promise<readonly (Block | null)[]>
  readonly whenUnavailable: 'defer' | 'pass'
  /** The worded refusal; `address` as the CRM wrote it. */
  readonly refuse: (block: Block, address: string) => Reply
  /** Given when a mail with a blacklisted recipient is to reach nobody: what the refusal of its DATA says. */
  readonly refuseData?: DataRefusalWords | null
  readonly store: Pick<Store, 'appendMessage' | 'settleMessage'>
  /** Judges the 5yz replies of upstream's to RCPT, once the message is journalled. */
  readonly judgeReplies: (message: Message) => Promise<void>
}

export type Relay = {
  /** Opens every configured listener. @throws {Error} with the system's code when one cannot be had, or a certificate cannot be read. */
  listen(): Promise<readonly Address[]>
  /** Of the listeners that are open. */
  doors(): readonly WideDoor[]
  health(): { readonly upstream: boolean; readonly relay: boolean }
  /** Reads certificates again, for sessions to come. */
  reload(): Promise<void>
  /** Takes no more sessions, lets transactions in flight finish for so long, then ends them with 421; waits for the last record. */
  stop(graceMs: number): Promise<void>
}

export function createRelay(deps: RelayDeps): Relay {
  const { config, upstream, log, metrics } = deps
  const clock = deps.clock ?? (() => performance.now())
  const instanceId = randomBytes(8).toString('hex')
  const deadlines = new Deadlines(shortestMs(config), clock)
  const sessions = new Map<string, { readonly session: Session; readonly address: string }>()
  const background = new Set<Promise<void>>()
  const mayAuthInClear = networkMatcher(config.plainAuthFrom)
  let context: SecureContext | null = null
  let listening = false
  let upstreamWorks = true
  let lastSession = 0
  let whenEmpty: () => void = () => {}

  const connections = new WarmConnections({
    upstream: {
      upstream,
      upstreamAddress: deps.upstreamAddress,
      tls: upstreamTls(upstream),
      hostname: deps.hostname,
      token: upstream.auth && 'oauth2' in upstream.auth ? createOAuth2Token({ config: upstream.auth.oauth2, now: deps.now }) : null,
      instanceId,
      connectMs: config.timeouts.connectSeconds * 1000,
      greetingMs: config.timeouts.greetingSeconds * 1000,
    },
    keep: () => {
      if (upstream.warmConnections !== 'auto') return upstream.warmConnections
      return isPrivate(deps.upstreamAddress().host) ? nearWarmConnections : 0
    },
    worked: works => {
      upstreamWorks = works
    },
    deadlines,
    log,
    metrics,
    clock,
  })

  const secure = async (crm: Connection) => {
    if (!context) throw new Error('there is no certificate')
    await crm.upgrade(secureServer(context), 'secure', handshakeMs)
  }

  const sessionDeps: SessionDeps = {
    ...deps,
    readNames: createListReader(deps.lists),
    clock,
    deadlines,
    instanceId,
    connections,
    secure,
    makeId: createIdMaker(deps.now),
    verifyPassword: createLoginGuard(createPasswordCheck(config.users, log), clock, ms => sleep(ms)),
    returnPathRefused: adviser(deps, clock),
    inBackground(work) {
      background.add(work)
      work.catch(err => log.error({ err }, 'a transaction could not be concluded')).finally(() => background.delete(work))
    },
    ended({ id }) {
      const ended = sessions.get(id)
      sessions.delete(id)
      if (ended) listener.left(ended.address)
      if (sessions.size === 0) whenEmpty()
    },
  }

  const listener = new Listener({
    config,
    inherited: deps.inherited ?? [],
    log,
    metrics,
    secure,
    accepted(crm, listen, early) {
      const id = `${instanceId.slice(0, 4)}-${(++lastSession).toString(36)}`
      const near = isLoopback(crm.remoteAddress)
      const rules: Rules = {
        hostname: deps.hostname,
        maxMessageBytes: config.maxMessageBytes,
        maxRecipients: config.maxRecipients,
        startTls: listen.tls === 'starttls',
        clearAuth: near || mayAuthInClear(crm.remoteAddress),
        ownMechanisms: upstream.auth ? ownMechanisms : null,
        refuseData: deps.refuseData ?? null,
        loginRequired: upstream.auth !== null && !near,
      }
      const session = new Session(id, crm, rules, sessionDeps)
      sessions.set(id, { session, address: crm.remoteAddress })
      session.start(early)
    },
  })

  async function reload(): Promise<void> {
    const { certFile, keyFile } = config.tls
    if (certFile !== null && keyFile !== null) context = await readServerContext(certFile, keyFile)
  }

  return {
    async listen() {
      await reload()
      const addresses = await listener.listen()
      listening = true
      return addresses
    },
    doors: () => listener.doors,
    health: () => ({ upstream: upstreamWorks, relay: listening }),
    reload,
    async stop(graceMs) {
      listening = false
      listener.close()
      connections.stop()
      for (const { session } of sessions.values()) session.stop()
      if (sessions.size > 0) {
        const timer = setTimeout(() => {
          for (const { session } of sessions.values()) session.end()
        }, graceMs)
        await new Promise<void>(resolve => {
          whenEmpty = resolve
          if (sessions.size === 0) resolve()
        })
        clearTimeout(timer)
      }
      await Promise.allSettled(background)
      deadlines.stop()
    },
  }
}

/** Counts return paths that upstream refused, and says once a minute what to do. */
function adviser({ log, metrics }: RelayDeps, clock: () => number): (reply: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return reply => {
    metrics.returnPathRefused.inc()
    if (clock() - saidAt < adviceEveryMs) return
    saidAt = clock()
    log.warn(
      { reply },
      'upstream refuses our return path as sender: let the relay send from every address of returnPath.domain, set returnPath.address to a sub-address of the account it logs in with, or set returnPath.mode: keep',
    )
  }
}

function shortestMs({ timeouts }: RelayConfig): number {
  return Math.min(...Object.values(timeouts)) * 1000
}
