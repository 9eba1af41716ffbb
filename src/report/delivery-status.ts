/**
 * The fields of message/delivery-status and message/global-delivery-status (RFC 3464 §2, RFC 6533 §3).
 *
 * Groups are told apart by their fields rather than by the empty lines alone: servers put too many of them or too few.
 * Never throws; linear; at most `maxRecipients` groups.
 * Pure.
 */
import { cleanDiagnostic, hostIn, replyCodeIn, statusIn, withoutType } from './diagnostic.ts'
import { decodeHeaderText } from './encoded-words.ts'
import { parseHeaderText } from './header.ts'
import type { Action, ReportedRecipient } from './report.ts'
import { parseReportedAddress } from './text-address.ts'

const maxRecipients = 1_000

export type DeliveryStatus = {
  readonly reportingMta: string | null
  readonly originalEnvelopeId: string | null
  /** An action is null when neither Action nor Status says it. */
  readonly recipients: readonly (Omit<ReportedRecipient, 'action'> & { readonly action: Action | null })[]
}

type Group = Map<string, string>

/** Fields that begin a recipient (§2.3), and those that only a mail has (§2.2). */
const names = new Set(['final-recipient', 'original-recipient', 'x-actual-recipient'])
const perRecipient = new Set([
  ...names,
  'action',
  'status',
  'remote-mta',
  'diagnostic-code',
  'last-attempt-date',
  'final-log-id',
  'will-retry-until',
])

/** Reads the decoded body of a delivery-status part. */
export function parseDeliveryStatus(text: string): DeliveryStatus {
  const perMessage: Group = new Map()
  const groups: Group[] = []
  let current: Group | null = null
  for (const { name, value, fresh } of fieldsOf(text)) {
    if (!perRecipient.has(name)) {
      const group = current ?? perMessage
      if (!group.has(name)) group.set(name, value)
      continue
    }
    const begins = current === null || (current.has(name) && (names.has(name) || fresh)) || (fresh && names.has(name) && hasName(current))
    if (begins) {
      if (groups.length >= maxRecipients) break
      current = new Map()
      groups.push(current)
    }
    if (current && !current.has(name)) current.set(name, value)
  }
  return {
    reportingMta: host(perMessage.get('reporting-mta') ?? groups[0]?.get('reporting-mta')),
    originalEnvelopeId: (perMessage.get('original-envelope-id') ?? '').trim() || null,
    recipients: groups.map(recipientOf),
  }
}

function hasName(group: Group): boolean {
  return group.has('final-recipient') || group.has('original-recipient')
}

function recipientOf(group: Group): DeliveryStatus['recipients'][number] {
  const original = group.get('original-recipient')
  const final = group.get('final-recipient') ?? group.get('x-actual-recipient')
  const originalAddress = original === undefined ? null : parseReportedAddress(original)
  const said = saidOf(group)
  const diagnostic = said === undefined ? null : cleanDiagnostic(withoutType(said))
  const own = statusIn(group.get('status') ?? '')
  const status = own ?? (diagnostic === null ? null : statusIn(diagnostic))
  return {
    address: (final === undefined ? null : parseReportedAddress(final)) ?? originalAddress,
    originalAddress,
    action: parseAction(group.get('action') ?? '', own),
    status,
    replyCode: diagnostic === null ? null : replyCodeIn(diagnostic),
    diagnostic,
    remoteMta: host(group.get('remote-mta')) ?? (diagnostic === null ? null : hostIn(diagnostic)),
  }
}

/** Diagnostic-Code; numbers of X.400 alone (RFC 2156 §5.3.7.3) with the words that the gateway kept beside them. */
function saidOf(group: Group): string | undefined {
  const said = group.get('diagnostic-code')
  const more = group.get('x400-supplementary-info')
  return more !== undefined && /^\s*(?:x400\s*;\s*)?Reason \d/i.test(said ?? 'Reason 0') ? `${said ?? ''} ${more}` : said
}

/** Reads Action (§2.3.3) as servers write it; where it is missing or none of the standard's, the class of the status says it. */
function parseAction(value: string, status: string | null): Action | null {
  const word = value.trim().toLowerCase()
  if (/^fail|^bounced|^error|^expired|^undeliver|^reject/.test(word)) return 'failed'
  if (/^delay|^deferred/.test(word)) return 'delayed'
  if (/^deliver/.test(word)) return 'delivered'
  if (/^relay/.test(word)) return 'relayed'
  if (/^expand/.test(word)) return 'expanded'
  if (status?.startsWith('2')) return 'delivered'
  return status?.startsWith('5') ? 'failed' : null
}

/** A host of Reporting-MTA and Remote-MTA (§2.2.2): its type and what stands in brackets behind it removed. */
function host(value: string | undefined): string | null {
  if (value === undefined) return null
  const text = value
    .replace(/^\s*[A-Za-z][\w-]{0,30}\s*;\s*/, '')
    .replace(/^<|>$/g, '')
    .split(/[\s(]/, 1)[0]
  return text === undefined || text === '' || /^(?:unknown|none|null)$/i.test(text) ? null : text.replace(/\.$/, '').slice(0, 255)
}

/** Fields in order; `fresh`: an empty line stands before it. */
function* fieldsOf(text: string): Generator<{ name: string; value: string; fresh: boolean }> {
  let from = 0
  while (from < text.length) {
    const gap = /\n[ \t]*\n/g
    gap.lastIndex = from
    const end = gap.exec(text)?.index ?? text.length
    let fresh = true
    for (const field of parseHeaderText(text.slice(from, end)).fields) {
      // RFC 2047 §5 knows no encoded word in an address: what looks like one in front of its @ is the name itself.
      const encoded = field.value.includes('=?') && !field.value.includes('?=@')
      yield { name: field.name, value: encoded ? decodeHeaderText(field.value) : field.value, fresh }
      fresh = false
    }
    from = end + 1
    while (text[from] === '\n' || text[from] === ' ' || text[from] === '\t') from++
  }
}
