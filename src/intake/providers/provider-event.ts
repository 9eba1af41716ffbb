/**
 * What a mail provider's web hook tells of one recipient, whatever the provider; and what came of reading one.
 * Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Action } from '../../report/report.ts'

export const providers = ['ses', 'postmark', 'sendgrid', 'mailgun', 'brevo'] as const

export type Provider = (typeof providers)[number]

export type ProviderEvent = {
  /** The provider's own id of this event. */
  readonly id: string
  /** What the signature covers where it does not cover the event: seen once, it opens nothing more. null: it covers the event. */
  readonly nonce: string | null
  /** When it happened, by what the signature covers; whole milliseconds. */
  readonly at: number
  readonly recipient: string
  readonly action: Action
  readonly isComplaint: boolean
  /** Enhanced status; null: it says none. */
  readonly status: string | null
  /** The remote server's words, or the provider's; empty: none. */
  readonly diagnostic: string
  /** The server whose words these are; null: it is not said. */
  readonly remoteMta: string | null
  /** The envelope sender that the provider saw: our return path, where it was kept. */
  readonly sender: string | null
  /** Message-ID of the header. */
  readonly headerMessageId: string | null
  /** The provider's own id of the mail, as in its reply to DATA. */
  readonly providerMailId: string | null
}

/** One request, as it came. */
export type Hook = {
  readonly body: Buffer
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** `signature`, `old`, `foreign`: it does not prove itself; `malformed`: it is none of this provider's. */
export type HookRefusal = 'signature' | 'old' | 'foreign' | 'malformed'

export type HookReading =
  /** Empty: it tells of nothing that concerns a delivery. `confirm`: the address that makes the provider begin. */
  | { readonly ok: true; readonly events: readonly ProviderEvent[]; readonly confirm?: string }
  | { readonly ok: false; readonly why: HookRefusal }

/** Reads a hook; `now` is for its age. May reject when it must ask the provider and cannot. */
export type ReadHook = (hook: Hook, now: number) => HookReading | Promise<HookReading>

/** What an event of a provider says of the delivery. */
export type Outcome = { readonly action: Action; readonly isComplaint?: boolean; readonly status?: string }

/** A mail that will not be tried again, for a reason that may pass. */
export const failedForNow: Outcome = { action: 'failed', status: '4.0.0' }
export const complained: Outcome = { action: 'delivered', isComplaint: true }

type Given = Pick<ProviderEvent, 'at'> & {
  readonly id: string | null
  readonly recipient: string | null
  readonly diagnostic: string | null
} & Partial<Omit<ProviderEvent, 'id' | 'at' | 'recipient' | 'diagnostic'>>

/** The event, in a list; empty where it says nothing of a delivery, or says it of nobody. */
export function eventOf(outcome: Outcome | undefined, { id, at, recipient, diagnostic, status = null, ...rest }: Given): ProviderEvent[] {
  if (!outcome || id === null || recipient === null) return []
  const nothing = { nonce: null, remoteMta: null, sender: null, headerMessageId: null, providerMailId: null }
  const { action, isComplaint = false } = outcome
  return [
    {
      ...nothing,
      ...rest,
      ...{ id, at: Math.trunc(at), recipient, action, isComplaint },
      ...{ status: status ?? outcome.status ?? null, diagnostic: diagnostic ?? '' },
    },
  ]
}

export type Fields = Readonly<Record<string, unknown>>

/** Reads JSON; null when it is none. */
export function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return null
  }
}

/** The members of an object; none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** A text, cut at 2,000 characters; null when it is none, or empty. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2_000) : null
}

/** The one value of a header field; empty when there is none, or several. */
export function headerOf({ headers }: Hook, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

/** Clocks may differ by so much. */
const skewMs = 5 * 60_000

/** Says whether a moment lies neither too far back nor ahead. */
export function isFresh(at: number, now: number, maxAgeMs: number): boolean {
  return !Number.isNaN(at) && now - at <= maxAgeMs && at - now <= skewMs
}

/** Compares secrets without telling by its time where the difference is. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
