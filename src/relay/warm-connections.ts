/**
 * Connections to upstream, some of them opened ahead (measured: with a connection per message they nearly halve its cost).
 *
 * A warm one is greeted and has been told nothing of a CRM's. They are kept only while there is traffic, and briefly: public providers allow
 * few connections, and watchers ban who connects and says nothing.
 * Promise: one that has been closed, or that said anything unasked, is never handed out.
 */
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Deadline, Deadlines } from '../wire/deadlines.ts'
import { Asker } from './asker.ts'
import { introduceClient } from './introduce-client.ts'
import { openUpstream, type Upstream, type UpstreamDeps } from './upstream.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

/** Without a session for so long, none is opened ahead. */
const trafficMs = 60_000
/** A warm connection that nobody took is closed after this. */
const idleMs = 20_000
/** Connections taken back at most, and the time for their RSET. */
const maxReturned = 4
const resetMs = 5_000

export type WarmDeps = {
  readonly upstream: UpstreamDeps
  /** How many to keep. */
  readonly keep: () => number
  /** Told of every opening whether it worked. */
  readonly worked: (works: boolean) => void
  readonly deadlines: Deadlines
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: () => number
}

type Warm = { readonly upstream: Upstream; readonly deadline: Deadline }

export class WarmConnections {
  readonly #deps: WarmDeps
  readonly #warm: Warm[] = []
  #opening = 0
  #lastUse = Number.NEGATIVE_INFINITY
  #stopped = false
  #saidUntold = false

  constructor(deps: WarmDeps) {
    this.#deps = deps
  }

  /** Gives a warm connection at once; null when there is none, or when it must be told of the CRM first (`open`). */
  take(): Upstream | null {
    return this.#deps.upstream.upstream.trustsXclient ? null : this.#takeWarm()
  }

  /** Opens one, or takes a warm one, and tells upstream of the client that it is for. @throws {Error} */
  async open(client: string): Promise<Upstream> {
    if (!this.#deps.upstream.upstream.trustsXclient) return await this.#openFresh()
    const warm = this.#takeWarm()
    if (warm) {
      // It may have died unseen: a fresh one is worth a try.
      const introduced = await this.#introduce(warm, client).catch(() => null)
      if (introduced) return introduced
    }
    return await this.#counted(async () => this.#introduce(await openUpstream(this.#deps.upstream), client))
  }

  async #introduce(upstream: Upstream, client: string): Promise<Upstream> {
    try {
      const how = await introduceClient(upstream, client, this.#deps.upstream)
      if (how === null && !this.#saidUntold) {
        this.#saidUntold = true
        this.#deps.log.warn('upstream.trustsXclient is true, but upstream offers us neither XCLIENT nor XFORWARD: it sees our address only')
      }
      return upstream
    } catch (err) {
      upstream.connection.destroy()
      if (err instanceof UpstreamUnavailable) throw err
      throw new UpstreamUnavailable('protocol', `upstream: ${(err as Error).message}`, { cause: err })
    }
  }

  #takeWarm(): Upstream | null {
    this.#lastUse = this.#deps.clock()
    const taken = this.#warm.shift()
    queueMicrotask(() => this.#fill())
    if (!taken) return null
    this.#deps.deadlines.forget(taken.deadline)
    this.#report()
    return taken.upstream
  }

  /** @throws {UpstreamUnavailable} */
  async #openFresh(): Promise<Upstream> {
    return await this.#counted(() => openUpstream(this.#deps.upstream))
  }

  async #counted(open: () => Promise<Upstream>): Promise<Upstream> {
    try {
      const upstream = await open()
      this.#deps.worked(true)
      return upstream
    } catch (err) {
      this.#deps.worked(false)
      this.#deps.metrics.upstreamFailures.inc({ why: (err as UpstreamUnavailable).why ?? 'connect' })
      throw err
    }
  }

  /** Takes back a connection on which we have logged in, from a session that ended clean; it is kept once RSET is answered. */
  giveBack(upstream: Upstream): void {
    if (this.#stopped || upstream.introduced || this.#warm.length >= maxReturned) return sayGoodbye(upstream)
    const asker = new Asker(upstream.connection, upstream.replies, resetMs)
    asker.ask('RSET').then(
      answer => {
        if (answer.code === 250 && upstream.replies.buffered === 0) this.keep(upstream)
        else upstream.connection.destroy()
      },
      () => upstream.connection.destroy(),
    )
  }

  /** Keeps a connection for a session to come. */
  keep(upstream: Upstream): void {
    if (upstream.introduced) return sayGoodbye(upstream)
    if (this.#stopped || upstream.connection.closed) return upstream.connection.destroy()
    upstream.warm = true
    const drop = () => {
      const index = this.#warm.findIndex(warm => warm.upstream === upstream)
      if (index === -1) return
      this.#warm.splice(index, 1)
      this.#deps.deadlines.forget(deadline)
      upstream.connection.destroy()
      this.#report()
    }
    const deadline: Deadline = {
      dueAt: this.#deps.clock() + idleMs,
      expire: () => {
        upstream.connection.say('QUIT\r\n')
        upstream.connection.flush()
        drop()
      },
    }
    upstream.connection.bind({ chunk: drop, written() {}, closed: drop })
    this.#warm.push({ upstream, deadline })
    this.#deps.deadlines.watch(deadline)
    this.#report()
  }

  stop(): void {
    this.#stopped = true
    for (const { deadline } of [...this.#warm]) deadline.expire()
  }

  #fill(): void {
    const { clock, keep, log } = this.#deps
    if (clock() - this.#lastUse > trafficMs) return
    while (!this.#stopped && this.#warm.length + this.#opening < keep()) {
      this.#opening++
      this.#openFresh()
        .then(upstream => this.keep(upstream))
        // The next session will try for itself, and say so.
        .catch(err => log.debug({ err }, 'a connection to upstream could not be opened ahead'))
        .finally(() => this.#opening--)
    }
  }

  #report(): void {
    this.#deps.metrics.upstreamConnections.set({ state: 'warm' }, this.#warm.length)
  }
}

function sayGoodbye({ connection }: Upstream): void {
  connection.say('QUIT\r\n')
  connection.finish()
}
