/**
 * The sandbox: the built-in upstream for a first look at rebond. It takes mail for any address and plays a mailbox provider for
 * `CASE@sandbox.test` (parts.ts): it really accepts, really refuses, and really sends its notifications by SMTP.
 *
 * Nothing leaves the machine: it listens on loopback, sends to the bounce listener alone, and only for mail whose envelope sender is at the
 * return-path domain.
 */
import { randomBytes } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type { SMTPServerAddress } from 'smtp-server'
import { MailServer } from '../intake/mail-server.ts'
import type { Visitor } from '../intake/mail-session.ts'
import type { Log } from '../observe/log.ts'
import { domainKey } from '../smtp/path.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import { composeComplaint, composeNotification, composeVacation } from './compose.ts'
import { headerOf, type Original, type OriginalRecipient } from './original.ts'
import { type Fate, partFor } from './parts.ts'

export type SandboxDeps = {
  readonly log: Log
  /** Our name as a mail server. */
  readonly hostname: string
  /** Where the bounce listener is; the only place mail is sent to. */
  readonly bounceAddress: () => { readonly host: string; readonly port: number } | null
  readonly returnPathDomains: readonly string[]
  readonly now: () => number
  /** How long `slow` thinks, and how long a notification takes. */
  readonly slowMs?: number
  readonly lateMs?: number
}

export type Sandbox = {
  /** Listens on a free port of loopback. */
  listen(): Promise<{ host: string; port: number }>
  /** Resolves when every notification was sent, or refused. */
  idle(): Promise<void>
  /** Ends sessions and forgets notifications not sent yet. */
  close(): Promise<void>
}

const maxMessageBytes = 52_428_800
/** Headers are all that notifications return. */
const keepBytes = 65_536
/** Notifications waiting to be sent; more are dropped, as a provider in trouble would. */
const maxWaiting = 10_000
const maxConnections = 5

export function createSandbox(deps: SandboxDeps): Sandbox {
  const { log, hostname, now, slowMs = 2000, lateMs = 100 } = deps
  const sending = new Set<Promise<void>>()
  const closing = new AbortController()
  let transport: ReturnType<typeof openTransport> | null = null

  async function rcpt({ address }: SMTPServerAddress): Promise<Reply | null> {
    const part = partFor(address)
    if (part.plays === 'slow') await pause(slowMs)
    return part.plays === 'refuse' && part.at === 'rcpt' ? part.reply : null
  }

  async function message(octets: Buffer, { envelope }: Visitor): Promise<Reply> {
    for (const { address } of envelope.rcptTo) {
      const part = partFor(address)
      if (part.plays === 'refuse' && part.at === 'dot') return part.reply
    }
    const original: Original = {
      reversePath: envelope.mailFrom ? envelope.mailFrom.address : '',
      envelopeId: envelope.dsn?.envid ?? null,
      arrivedAt: now(),
      header: headerOf(octets),
    }
    const [, domain] = /@([^@]*)$/.exec(original.reversePath) ?? []
    if (domain !== undefined && deps.returnPathDomains.includes(domainKey(domain))) answerLater(original, envelope.rcptTo)
    return reply(250, '2.0.0', `Ok: queued as ${randomBytes(6).toString('hex').toUpperCase()}`)
  }

  /** Sends what the parts of these recipients have to say. */
  function answerLater(original: Original, recipients: readonly SMTPServerAddress[]): void {
    const sender = { hostname, now: now() + lateMs }
    const fates = new Map<string, { recipient: OriginalRecipient; fate: Fate }[]>()
    for (const { address, dsn } of recipients) {
      if (dsn?.notify?.includes('NEVER')) continue
      const part = partFor(address)
      const recipient = { address, orcpt: dsn?.orcpt ?? null }
      if (part.plays === 'vacation') sendLater(original.reversePath, () => composeVacation(sender, original, recipient))
      else if (part.plays === 'complaint') sendLater(original.reversePath, () => composeComplaint(sender, original, recipient))
      else if (part.plays === 'notify') {
        const to = part.forged ? forge(original.reversePath) : original.reversePath
        const key = `${part.fate.action} ${to}`
        fates.set(key, [...(fates.get(key) ?? []), { recipient, fate: part.fate }])
      }
    }
    for (const [key, group] of fates) {
      const to = key.slice(key.indexOf(' ') + 1)
      sendLater(to, () => composeNotification(sender, { ...original, reversePath: to }, group))
    }
  }

  function sendLater(to: string, compose: () => Promise<Buffer>): void {
    if (sending.size >= maxWaiting) {
      log.warn('the sandbox dropped a notification: too many wait')
      return
    }
    const sent = send(to, compose).finally(() => sending.delete(sent))
    sending.add(sent)
  }

  async function send(to: string, compose: () => Promise<Buffer>): Promise<void> {
    await pause(lateMs)
    const at = deps.bounceAddress()
    if (closing.signal.aborted || at === null) return
    transport ??= openTransport(at, hostname)
    try {
      await transport.sendMail({ envelope: { from: '', to: [to] }, raw: await compose() })
    } catch (err) {
      log.debug({ err }, 'the bounce listener did not take a notification of the sandbox')
    }
  }

  /** Waits, and no longer than until the sandbox closes. */
  function pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const go = () => {
        clearTimeout(timer)
        closing.signal.removeEventListener('abort', go)
        resolve()
      }
      const timer = setTimeout(go, ms)
      closing.signal.addEventListener('abort', go)
      if (closing.signal.aborted) go()
    })
  }

  const server = new MailServer(
    {
      hostname,
      log,
      tls: 'none',
      certificate: null,
      maxMessageBytes,
      keepBytes,
      maxRecipients: 1000,
      offersDsn: true,
      idleMs: 300_000,
      sessionMs: 3_600_000,
      dataMs: 3_600_000,
      stopMs: 1000,
      maxCommands: Number.POSITIVE_INFINITY,
    },
    { trusts: () => true, rcpt, message: (octets, _size, visitor) => message(octets, visitor) },
  )

  return {
    listen: () => server.open('127.0.0.1', 0),
    async idle() {
      while (sending.size > 0) await Promise.all(sending)
    },
    async close() {
      closing.abort()
      await server.stop()
      await Promise.all(sending)
      transport?.close()
    },
  }
}

function openTransport({ host, port }: { readonly host: string; readonly port: number }, name: string) {
  const here = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return createTransport({ pool: true, maxConnections, maxMessages: Number.POSITIVE_INFINITY, host: here, port, name, ignoreTLS: true })
}

/** The same return path with another signature: its longest run of token letters ends in another letter. */
function forge(reversePath: string): string {
  return reversePath.replace(/[0-9a-v]{38}/i, token => token.slice(0, -1) + (token.endsWith('0') ? '1' : '0'))
}
