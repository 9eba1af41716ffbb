/**
 * Returned mail: the listener that takes it and the loop that judges it, as one room.
 *
 * Walk: listener → return-path (a forged token ends here) → store (durable, 250) → ingest → parse → judge → forward.
 */
import { readFile } from 'node:fs/promises'
import type { ImapConfig } from '../config/imap.ts'
import type { BounceConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { Store } from '../store/store.ts'
import type { WideDoor } from '../wire/wide-door.ts'
import { type Acceptance, createAcceptance } from './acceptance.ts'
import { createHandIn, type HandIn } from './hand-in.ts'
import { type ImapIntake, startImapIntake } from './imap/imap-intake.ts'
import { createIngest, type Ingest, type JudgeReport, type Parse } from './ingest.ts'
import { createListeners, type ListenerLimits } from './listener.ts'
import type { MailServer, MailServerOptions } from './mail-server.ts'
import { createReporters, type Names } from './reporters.ts'

export type IntakeDeps = {
  readonly config: BounceConfig
  /** Mailboxes that are read too. */
  readonly imap?: readonly ImapConfig[]
  /** The age at which tokens expire. */
  readonly maxAgeDays?: number
  /** Sockets that were opened for us, by index of `config.listen`. */
  readonly inherited?: readonly (number | undefined)[]
  /** Our name in the greeting. */
  readonly hostname: string
  readonly returnPath: ReturnPath
  readonly store: Store
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly parse: Parse
  readonly judgeReport: JudgeReport
  /** Called when a report was judged: mail may be owed now. */
  readonly onJudged?: () => void
  /** The addresses of upstream.host: they are reporters too. */
  readonly upstreamAddresses?: () => Promise<readonly string[]>
  /** Says whether a token is one of our own, whose return is counted and not kept (canary.ts). */
  readonly isCanary?: (messageId: string) => boolean
  /** DNS, for reporters that are names. */
  readonly names?: Names
  readonly limits?: Partial<ListenerLimits>
}

export type Intake = {
  /** Opens every listener and begins to judge what is pending. @throws {ListenFailed} and then nothing is open */
  listen(): Promise<{ host: string; port: number }[]>
  /** Reads the certificate and looks the upstream's addresses up again. */
  reload(): Promise<void>
  /** Takes a mail that did not come by SMTP. */
  readonly handIn: HandIn
  /** Where every way in ends. */
  readonly acceptance: Acceptance
  /** Of the listeners that are open. */
  doors(): readonly WideDoor[]
  /** Says whether every configured listener is open. */
  listening(): boolean
  /** How the mailboxes are: true, or what is wrong. */
  mailboxes(): true | string
  /** Resolves when no report is pending. */
  idle(): Promise<void>
  /** Takes no more mail, lets messages in flight and reports being judged finish. */
  stop(): Promise<void>
}

export function createIntake(deps: IntakeDeps): Intake {
  const { config } = deps
  const reporters = createReporters({ ...deps, entries: config.reporters })
  const acceptance = createAcceptance({ ...deps, onAccepted: () => ingest?.wake() })
  let servers: readonly MailServer[] = []
  let ingest: Ingest | null = null
  let imap: ImapIntake | null = null

  async function stopServers(): Promise<void> {
    await Promise.all(servers.map(server => server.stop()))
    servers = []
  }

  return {
    async listen() {
      await reporters.refresh()
      const certificate = await readCertificate(config)
      const opened: MailServer[] = []
      const at: { host: string; port: number }[] = []
      try {
        for (const [index, server] of createListeners({ ...deps, reporters, acceptance }, certificate).entries()) {
          const { host, port } = config.listen[index] ?? { host: '127.0.0.1', port: 0 }
          at.push(await server.open(host, port, deps.inherited?.[index]))
          opened.push(server)
        }
      } finally {
        servers = opened
        if (at.length < config.listen.length) await stopServers()
      }
      ingest = createIngest({ ...deps, isMailComing: acceptance.isUnderWay })
      const { maxMessageBytes } = config
      const reading = {
        ...deps,
        acceptance,
        maxMessageBytes,
        maxAgeDays: deps.maxAgeDays ?? 30,
        random: Math.random,
        claim: deps.store.claim,
      }
      imap = startImapIntake(reading, deps.imap ?? [])
      return at
    },
    async reload() {
      const certificate = await readCertificate(config)
      if (certificate) for (const server of servers) server.renew(certificate)
      await reporters.refresh()
    },
    handIn: createHandIn({ ...deps, acceptance, reporters }),
    acceptance,
    mailboxes: () => imap?.state() ?? true,
    doors: () => servers.map(({ door }) => door),
    listening: () => servers.length === config.listen.length,
    async idle() {
      await ingest?.idle()
    },
    async stop() {
      await Promise.all([stopServers(), imap?.stop()])
      await ingest?.stop()
    },
  }
}

async function readCertificate({ tls }: BounceConfig): Promise<MailServerOptions['certificate']> {
  if (tls.certFile === null || tls.keyFile === null) return null
  const [cert, key] = await Promise.all([readFile(tls.certFile), readFile(tls.keyFile)])
  return { cert, key }
}
