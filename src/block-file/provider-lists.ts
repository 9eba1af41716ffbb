/**
 * The lists that mailing services let their customers take away, told apart by the names of their columns.
 *
 * Only what a service calls permanent is a dead address; and where it keeps the words of the recipient's server, these decide, by the same rules
 * as a return that came to us. Complaints and unsubscribes are people, alive, who want no mail. What says nothing is `alive`.
 * Pure.
 */
import { classifyReply } from '../classify/classify-reply.ts'
import { categoryFacts } from '../classify/verdict.ts'
import { addressKeyOf } from '../smtp/path.ts'
import { parseListTime } from './list-time.ts'
import type { Cells, Fate, Listing } from './listing.ts'

/** What a service's line says, before it is judged. */
type Said = {
  readonly address: string | undefined
  /** null: the line says something that we do not know. */
  readonly fate: Fate | null
  readonly at: string | undefined
  /** What the recipient's server said, in the form of a reply; absent: the list does not tell. */
  readonly words?: string | undefined
  /** What the service calls it. */
  readonly named: string
}

export type ListFormat = {
  readonly name: string
  /** As users know it. */
  readonly title: string
  /** Columns that all stand there, by their normal names; and those of which none does. */
  readonly columns: readonly string[]
  readonly without?: readonly string[]
  readonly says: (cells: Cells) => Said
}

/** Words that services use, in small letters without spaces. */
const fates: Readonly<Record<string, Fate>> = {
  bounce: 'dead',
  bounced: 'dead',
  hard: 'dead',
  hardbounce: 'dead',
  hardbounced: 'dead',
  invalidemail: 'dead',
  bademailaddress: 'dead',
  invalid: 'dead',
  complaint: 'complaint',
  spamcomplaint: 'complaint',
  spamnotification: 'complaint',
  contactflaggedasspam: 'complaint',
  unsubscribe: 'unsubscribed',
  unsubscribed: 'unsubscribed',
  unsubscribedviaemail: 'unsubscribed',
  unsubscribedviama: 'unsubscribed',
  unsubscribedviaapi: 'unsubscribed',
  manualsuppression: 'unsubscribed',
  soft: 'alive',
  softbounce: 'alive',
  softbounced: 'alive',
  transient: 'alive',
  blocked: 'alive',
  adminblocked: 'unsubscribed',
  deferred: 'alive',
  delivered: 'alive',
}

function fateOf(word: string | undefined): Fate | null {
  const name = (word ?? '').toLowerCase().replace(/[^a-z]/g, '')
  return Object.hasOwn(fates, name) ? (fates[name] ?? null) : null
}

const bySuppression = (cells: Cells): Said => {
  const named = cells.suppressionreason ?? cells.reason ?? ''
  return {
    address: cells.emailaddress,
    fate: fateOf(named),
    at: cells.lastupdatetime ?? cells.lastupdated ?? cells.lastupdatedtime ?? cells.createdat ?? cells.dateadded,
    named,
  }
}

/** The first whose columns are there. */
export const listFormats: readonly ListFormat[] = [
  {
    name: 'mailgun',
    title: 'Mailgun bounces',
    columns: ['address', 'code', 'error'],
    // Its 605 to 607 are lists of its own: bounced, unsubscribed and complained before.
    says: ({ address, code = '', error = '', createdat }) => ({
      address,
      fate: code === '607' ? 'complaint' : code === '606' ? 'unsubscribed' : 'dead',
      at: createdat,
      words: !/^[45]\d\d$/.test(code) ? undefined : error.startsWith(code) ? error : `${code} ${error}`,
      named: `${code} ${error}`.trim(),
    }),
  },
  {
    name: 'mailgun-unsubscribes',
    title: 'Mailgun unsubscribes',
    columns: ['address', 'tags'],
    says: ({ address, createdat }) => ({ address, fate: 'unsubscribed', at: createdat, named: 'unsubscribed' }),
  },
  {
    name: 'mailgun-complaints',
    title: 'Mailgun complaints',
    columns: ['address', 'createdat'],
    without: ['reason', 'category', 'error'],
    says: ({ address, createdat }) => ({ address, fate: 'complaint', at: createdat, named: 'complaint' }),
  },
  { name: 'postmark', title: 'Postmark suppressions', columns: ['emailaddress', 'suppressionreason', 'origin'], says: bySuppression },
  {
    name: 'postmark-bounces',
    title: 'Postmark bounces',
    columns: ['email', 'type', 'bouncedat'],
    says: ({ email, type = '', bouncedat, details, description }) => ({
      address: email,
      fate: fateOf(type) ?? 'alive',
      at: bouncedat,
      words: details || description,
      named: type,
    }),
  },
  { name: 'ses', title: 'Amazon SES suppression list', columns: ['emailaddress', 'reason'], says: bySuppression },
  { name: 'ses', title: 'Amazon SES suppression list', columns: ['emailaddress', 'suppressionreason'], says: bySuppression },
  {
    name: 'sendgrid',
    title: 'SendGrid bounces',
    columns: ['email', 'reason', 'created'],
    says: ({ email, reason = '', status, created }) => ({
      address: email,
      fate: 'dead',
      at: created,
      words: status && !reason.includes(status) ? `${reason} (status ${status})` : reason,
      named: reason,
    }),
  },
  {
    name: 'sendgrid-complaints',
    title: 'SendGrid spam reports',
    columns: ['email', 'ip', 'created'],
    says: ({ email, created }) => ({ address: email, fate: 'complaint', at: created, named: 'spam report' }),
  },
  {
    name: 'sendgrid-unsubscribes',
    title: 'SendGrid unsubscribes',
    columns: ['email', 'created'],
    says: ({ email, created }) => ({ address: email, fate: 'unsubscribed', at: created, named: 'unsubscribed' }),
  },
  {
    name: 'brevo',
    title: 'Brevo blocklist',
    columns: ['email', 'blockedat'],
    says: ({ email, blockedat, code, reason, message }) => {
      const named = code ?? reason ?? ''
      return { address: email, fate: fateOf(named), at: blockedat, words: message && fateOf(message) === null ? message : undefined, named }
    },
  },
  {
    name: 'brevo-logs',
    title: 'Brevo logs',
    columns: ['email', 'sttext'],
    says: ({ email, sttext = '', ts, reason }) => ({
      address: email,
      fate: fateOf(sttext) ?? 'alive',
      at: ts,
      words: reason,
      named: sttext,
    }),
  },
  {
    name: 'listmonk-bounces',
    title: 'listmonk bounces',
    columns: ['email', 'type', 'source'],
    says: ({ email, type = '', createdat }) => ({ address: email, fate: fateOf(type), at: createdat, named: type }),
  },
]

/** Judges a service's line. */
export function readProvider(format: ListFormat, cells: Cells): { ok: true; listing: Listing } | { ok: false; why: string } {
  const { address = '', fate, at, words, named } = format.says(cells)
  const key = addressKeyOf(address.trim())
  if (key === null) return { ok: false, why: 'must hold a mail address' }
  if (fate === null) return { ok: false, why: `says ${JSON.stringify(named.slice(0, 60))}, which is nothing known of ${format.title}` }
  const listing = {
    address: address.trim(),
    key,
    since: parseListTime(at),
    until: null,
    evidence: words || named,
    bounceId: null,
    messageId: null,
    by: null,
  }
  if (fate !== 'dead') return { ok: true, listing: { ...listing, ...byHand, fate, evidence: `${named} (${format.title})` } }
  const verdict = words ? classifyReply(words, { recipient: address }) : null
  if (verdict === null || verdict.category === 'unclassified') {
    const { type, fault } = categoryFacts.invalid_address
    return { ok: true, listing: { ...listing, fate, category: 'invalid_address', type, fault, rule: `listed-by-${format.name}` } }
  }
  const { category, type, fault, rule } = verdict
  return { ok: true, listing: { ...listing, fate: type === 'hard' ? 'dead' : 'alive', category, type, fault, rule } }
}

/** The verdict on what no server decided. */
export const byHand = { category: 'manual', type: 'hard', fault: 'unknown', rule: null } as const
