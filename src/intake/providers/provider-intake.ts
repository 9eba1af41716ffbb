/**
 * Takes the web hooks of mail providers: authentic ones become reports, stored durable before they are answered, once for each event.
 *
 * What a provider signs is its own word about a mail that went through its hands: such a report is proven. Its mail is found by our return path, where
 * the provider kept it, else by the header's Message-ID or the provider's own id, among the mails that had this recipient. An event about a mail that we
 * know nothing of is somebody else's, and is not kept.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProvidersConfig } from '../../config/provider-intake.ts'
import type { Log } from '../../observe/log.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { ReturnPath } from '../../return-path/return-path.ts'
import { makeId } from '../../return-path/time-id.ts'
import { addressKeyOf } from '../../smtp/path.ts'
import type { MessageFilter } from '../../store/filters.ts'
import type { Store } from '../../store/store.ts'
import type { Acceptance } from '../acceptance.ts'
import { readAddress } from '../token-in-mail.ts'
import { composeReport } from './compose-report.ts'
import { fetchByHttps } from './fetch-by-https.ts'
import type { Hook, HookReading, HookRefusal, Provider, ProviderEvent } from './provider-event.ts'
import { readHooks } from './read-hooks.ts'
import type { FetchText } from './sns.ts'

/** What became of an event. `unknown`: no mail of ours is found; `spent`: its mail has brought enough. */
export type EventFate = 'accepted' | 'duplicate' | 'unknown' | 'spent'

export type HookResult =
  | { readonly ok: true; readonly counts: Readonly<Record<EventFate, number>> }
  /** `off`: this provider is not configured; `unreachable`: SNS does not answer us; `replayed`: what signs it has signed another event before. */
  | { readonly ok: false; readonly why: HookRefusal | 'off' | 'unreachable' | 'replayed' }

/** Takes one request. @throws {StoreUnavailable} some of it may be kept; taken again, that is a duplicate */
export type TakeHook = (provider: Provider, hook: Hook) => Promise<HookResult>

export type ProviderIntakeDeps = {
  readonly config: ProvidersConfig
  readonly store: Pick<Store, 'messages' | 'report' | 'reportsOf'>
  readonly acceptance: Acceptance
  readonly returnPath: Pick<ReturnPath, 'read'>
  readonly hostname: string
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** By https, no redirects; for tests. */
  readonly fetchText?: FetchText
  /** For tests. */
  readonly pause?: (ms: number) => Promise<unknown>
}

/** Mails with one id among which the recipient is looked for. */
const maxMails = 100
/** An event so young may come before the reply that names its mail is in the journal: then it is looked for once more, after a while. */
const youngMs = 10_000
const pauseMs = 1_000
/** Refusals are counted each, and logged once in so long for each provider and reason: anybody may cause them. */
const quietMs = 60_000

/** Makes it. @throws {Error} a secret cannot be read */
export async function createProviderIntake(deps: ProviderIntakeDeps): Promise<TakeHook> {
  const { config, log, metrics, now, fetchText = fetchByHttps, pause = delay } = deps
  const readers = await readHooks(config, fetchText)
  const loggedAt = new Map<string, number>()

  async function read(provider: Provider, hook: Hook): Promise<HookReading | { readonly ok: false; readonly why: 'off' | 'unreachable' }> {
    try {
      const reading = (await readers.get(provider)?.(hook, now())) ?? { ok: false, why: 'off' }
      if (!reading.ok || reading.confirm === undefined) return reading
      await fetchText(reading.confirm)
      log.info({ provider }, 'confirmed a subscription to web hooks')
      return reading
    } catch (err) {
      log.warn({ err, provider }, 'the provider of a web hook could not be asked')
      return { ok: false, why: 'unreachable' }
    }
  }

  function refused(provider: Provider, why: string): void {
    metrics.providerEvents.inc({ provider, outcome: why })
    const name = `${provider} ${why}`
    if (now() - (loggedAt.get(name) ?? 0) < quietMs) return
    loggedAt.set(name, now())
    log.warn({ provider, why }, 'a web hook of a provider was refused')
  }

  return async (provider, hook) => {
    const reading = await read(provider, hook)
    if (!reading.ok) {
      if (reading.why !== 'off') refused(provider, reading.why)
      return reading
    }
    const counts = { accepted: 0, duplicate: 0, unknown: 0, spent: 0 }
    let paused = false
    for (const event of reading.events) {
      let messageId = await messageOf(deps, event)
      if (messageId === null && !paused && now() - event.at < youngMs) {
        paused = true
        await pause(pauseMs)
        messageId = await messageOf(deps, event)
      }
      const fate = messageId === null ? 'unknown' : await keep(deps, provider, event, messageId)
      if (fate === 'replayed' || fate === 'spent') refused(provider, fate)
      else metrics.providerEvents.inc({ provider, outcome: fate })
      if (fate === 'replayed') return { ok: false, why: fate }
      counts[fate]++
    }
    return { ok: true, counts }
  }
}

/** The mail that an event is about. */
async function messageOf({ store, returnPath, now }: ProviderIntakeDeps, event: ProviderEvent): Promise<string | null> {
  const { sender, headerMessageId, providerMailId, recipient } = event
  const reading = sender === null ? null : readAddress(sender, returnPath, now())
  if (reading?.ok) return reading.id
  const key = addressKeyOf(recipient)
  const filters: MessageFilter[] = [
    ...(headerMessageId === null ? [] : [{ headerMessageId }]),
    ...(providerMailId === null ? [] : [{ upstreamId: providerMailId }]),
  ]
  for (const filter of filters) {
    const { items } = await store.messages(filter, { limit: maxMails, cursor: null })
    const sent = items.find(({ recipients }) => recipients.some(one => one.key === key))
    if (sent) return sent.id
  }
  return null
}

async function keep(
  { store, acceptance, hostname, now }: ProviderIntakeDeps,
  provider: Provider,
  event: ProviderEvent,
  messageId: string,
): Promise<EventFate | 'replayed'> {
  // A mail may be delayed many times: that is told once, so that it cannot spend what its token may bring.
  const eventId = event.action === 'delayed' ? `delayed ${addressKeyOf(event.recipient)}` : event.id
  const told = await store.reportsOf(messageId)
  if (told.some(report => report.via === provider && report.eventId === eventId)) return 'duplicate'
  const id = idOf(provider, event.nonce ?? eventId, event.at)
  const accepted = await acceptance.accept([messageId], {
    raw: composeReport(provider, event, hostname),
    sender: '',
    client: { address: 'local', host: provider },
    fromReporter: true,
    via: provider,
    foundBy: 'provider',
    eventId,
    identity: { id, receivedAt: now() },
  })
  if (!accepted.ok) return 'spent'
  if (accepted.reports.length > 0) return 'accepted'
  return event.nonce !== null && (await store.report(id))?.eventId !== eventId ? 'replayed' : 'duplicate'
}

/** The id of the report of an event, always the same. Many events happen in the same second: they are spread over it. */
function idOf(provider: Provider, text: string, at: number): string {
  const digest = createHash('sha256').update(provider).update('\0').update(text).digest()
  return makeId(at + (digest.readUInt16BE(4) % 1000), digest)
}
