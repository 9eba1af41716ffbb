/**
 * The bounce listener: where returned mail arrives, from the internet (RFC 5321, RFC 3464 §2).
 *
 * A valid token is answered 250 at RCPT, whoever asks (call-outs too); a forged, expired or foreign one 550 5.1.1 before any body is read: no
 * backscatter, no dictionary, no relay. postmaster@ is accepted (RFC 5321 §4.5.1). What is answered 250 after the dot is stored, durable; the
 * store's trouble is 451 4.3.0. A mail server of ours may hand mail over by LMTP (RFC 2033) too: the same acceptance, a reply for each recipient. Sessions, rates, memory and what one token may bring are bounded (gate.ts, acceptance.ts).
 */
import type { BounceConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import { domainKey, parseMailbox } from '../smtp/path.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import { postmaster, type StoredReport } from '../store/return-records.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import type { Acceptance } from './acceptance.ts'
import { createGate, type GateLimits } from './gate.ts'
import { MailServer, type MailServerOptions } from './mail-server.ts'
import type { CutReason, Visitor } from './mail-session.ts'
import type { Identity, Reporters } from './reporters.ts'

/** What bounce.* leaves open; tests make these small. */
export type ListenerLimits = Pick<MailServerOptions, 'idleMs' | 'sessionMs' | 'stopMs' | 'maxCommands'> &
  Pick<GateLimits, 'connectionsPerMinute' | 'recipientsPerMinute' | 'refusedCost' | 'maxHeldBytes'>

export type ListenerDeps = {
  readonly config: BounceConfig
  readonly hostname: string
  readonly returnPath: ReturnPath
  readonly acceptance: Acceptance
  readonly reporters: Reporters
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly limits?: Partial<ListenerLimits> | undefined
}

const maxRecipients = 5
const maxSenderOctets = 512

const noSuchAddress = reply(550, '5.1.1', 'no such address here')
const expired = reply(550, '5.1.1', 'this return path has expired')
const badSender = reply(501, '5.1.7', 'the reverse-path is too long')
const storeTrouble = reply(451, '4.3.0', 'cannot store mail now; try again later')
const tooFast = reply(450, '4.7.1', 'too many recipients from your network; try again in a minute')
const tokenSpent = reply(452, '4.5.3', 'this return path has brought enough mail')
const postmasterBusy = reply(452, '4.5.3', 'postmaster has enough mail for this hour')
const turnedAway = reply(421, '4.7.0', 'too many sessions; try again in a minute')

const rejectedAs: Partial<Readonly<Record<CutReason, string>>> = { 'too-large': 'too_large' }

/** Makes one server for each of bounce.listen, all behind one gate. */
export function createListeners(deps: ListenerDeps, certificate: MailServerOptions['certificate']): MailServer[] {
  const { config, returnPath, acceptance, reporters, log, metrics, now } = deps
  const limits: ListenerLimits = {
    idleMs: 60_000,
    sessionMs: 600_000,
    stopMs: 10_000,
    maxCommands: 200,
    connectionsPerMinute: 120,
    recipientsPerMinute: 600,
    refusedCost: 10,
    maxHeldBytes: 8 * config.maxMessageBytes,
    ...deps.limits,
  }
  const gate = createGate({ ...limits, ...config }, address => reporters.knows(address), now)
  const sessions = metrics.sessions.labels('bounce')
  /** Where the mail of a session's transaction goes, for each RCPT that was accepted: ids of messages, or `postmaster`. */
  const destinations = new WeakMap<Visitor, string[]>()

  function destinationOf(address: string): { ok: true; id: string } | { ok: false; why: 'foreign' | 'forged' | 'expired' } {
    const parsed = parseMailbox(address)
    if (!parsed.ok) return { ok: false, why: 'foreign' }
    const { mailbox } = parsed
    const read = returnPath.read(mailbox, now())
    if (read.ok || read.why !== 'foreign' || mailbox.local.toLowerCase() !== postmaster) return read
    const ours = mailbox.domain === '' || returnPath.domains.includes(domainKey(mailbox.domain))
    return ours ? { ok: true, id: postmaster } : read
  }

  /** Answers what `ask` says, and 451 when the store cannot say it. */
  async function asStored(ask: () => Promise<Reply | null>): Promise<Reply | null> {
    try {
      return await ask()
    } catch (err) {
      if (!(err instanceof StoreUnavailable)) throw err
      log.warn({ err }, 'a report was deferred: the store is unavailable')
      return storeTrouble
    }
  }

  async function name(address: string, visitor: Visitor): Promise<Reply | null> {
    await reporters.identify(visitor.address)
    if (!gate.mayName(visitor.address)) {
      metrics.reportsRejected.inc({ why: 'rate' })
      return tooFast
    }
    const destination = destinationOf(address)
    if (!destination.ok) {
      gate.refused(visitor.address)
      metrics.reportsRejected.inc({ why: destination.why })
      return destination.why === 'expired' ? expired : noSuchAddress
    }
    if (destination.id !== postmaster && !(await acceptance.mayBring(destination.id))) {
      metrics.reportsRejected.inc({ why: 'rate' })
      return tokenSpent
    }
    destinations.get(visitor)?.push(destination.id)
    return null
  }

  /** Keeps a mail for all of these destinations, or for none. */
  async function keep(raw: Buffer, visitor: Visitor, ids: readonly string[], isHandedOver: boolean): Promise<Reply> {
    const { mailFrom, smtpUtf8 = false } = visitor.envelope
    const sender = mailFrom ? mailFrom.address : ''
    const origin = await originOf(visitor, isHandedOver)
    const accepted = await acceptance.accept(ids, { raw, sender, smtpUtf8, ...origin })
    if (!accepted.ok) return accepted.spent === 'postmaster' ? postmasterBusy : tokenSpent
    return reply(250, '2.0.0', `Ok: kept as ${accepted.reports.map(({ id }) => id).join(' ')}`)
  }

  /** Keeps it for each recipient by itself: one whose token is spent stands in nobody's way. The same reply for the same destination. */
  async function keepEach(raw: Buffer, visitor: Visitor): Promise<Reply[]> {
    const ids = destinations.get(visitor) ?? []
    const replies = new Map<string, Reply>()
    for (const id of new Set(ids)) replies.set(id, (await asStored(() => keep(raw, visitor, [id], true))) ?? storeTrouble)
    return ids.map(id => replies.get(id) ?? storeTrouble)
  }

  async function keepAll(raw: Buffer, visitor: Visitor): Promise<Reply> {
    const ids = [...new Set(destinations.get(visitor))]
    return (await asStored(() => keep(raw, visitor, ids, false))) ?? storeTrouble
  }

  /**
   * Who sent it: the host that holds the connection, or, behind a front server of ours, the host that the front names (XFORWARD). `isHandedOver`: only a
   * front server comes this way (LMTP), so that without XFORWARD nobody says where the mail is from.
   */
  async function originOf(visitor: Visitor, isHandedOver: boolean): Promise<Pick<StoredReport, 'client' | 'fromReporter'>> {
    const { forwarded } = visitor
    const own: Identity = await reporters.identify(visitor.address)
    if (forwarded === null && isHandedOver) return { client: { address: visitor.address, host: own.host }, fromReporter: false }
    if (forwarded === null) return { client: { address: visitor.address, host: own.host }, fromReporter: own.reporter }
    const address = forwarded.address ?? visitor.address
    // Mail that was born on the front itself is its own word; all other mail is the word of the client it names.
    if (forwarded.local) return { client: { address, host: own.host }, fromReporter: own.reporter }
    if (forwarded.address === null) return { client: { address, host: null }, fromReporter: false }
    const client = await reporters.identify(forwarded.address)
    return { client: { address, host: client.host ?? forwarded.host }, fromReporter: client.reporter }
  }

  return config.listen.map(
    ({ tls, protocol }) =>
      new MailServer(
        {
          hostname: deps.hostname,
          log,
          protocol,
          tls,
          certificate,
          maxMessageBytes: config.maxMessageBytes,
          maxRecipients,
          offersDsn: false,
          dataMs: config.dataSeconds * 1000,
          ...limits,
        },
        {
          admit(address) {
            void reporters.identify(address)
            const entry = gate.enter(address)
            if (!entry.ok) {
              metrics.sessionsRefused.inc({ listener: 'bounce', why: entry.why })
              if (entry.why === 'rate') metrics.reportsRejected.inc({ why: 'rate' })
              return { ok: false, reply: turnedAway }
            }
            sessions.inc()
            return {
              ok: true,
              leave: () => {
                sessions.dec()
                entry.leave()
              },
            }
          },
          trusts: address => reporters.knows(address),
          isFront: address => reporters.knows(address),
          mail({ address }, visitor) {
            destinations.set(visitor, [])
            return Buffer.byteLength(address) > maxSenderOctets ? badSender : null
          },
          rcpt: ({ address }, visitor) => asStored(() => name(address, visitor)),
          message: (octets, _size, visitor) => (protocol === 'lmtp' ? keepEach : keepAll)(octets, visitor),
          hold: (visitor, octets) => gate.hold(visitor.address, octets),
          cut(why) {
            const rejected = rejectedAs[why]
            if (rejected) metrics.reportsRejected.inc({ why: rejected })
            else metrics.protocolErrors.inc({ side: 'bounce', why })
          },
        },
      ),
  )
}
