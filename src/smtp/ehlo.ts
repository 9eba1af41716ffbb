/**
 * The EHLO reply: upstream's keywords in, what the CRM is offered out (RFC 5321 §4.1.1.1).
 *
 * The CRM is offered what upstream offers through an allow-list: an extension that we do not know could change what the octets mean.
 * Pure.
 */
import { type Reply, type SpokenReply, speak } from './reply.ts'

/** Keyword in upper case → the rest of its line, empty when there is none. */
export type Extensions = ReadonlyMap<string, string>

/** What is ours to say in the offer. */
export type Offer = {
  /** The domain in the first line. */
  readonly hostname: string
  /** Our own limit in octets; null: upstream's. */
  readonly maxMessageBytes: number | null
  /** Recipients that we take for one message. */
  readonly maxRecipients: number
  readonly startTls: boolean
  /** Both legs are TLS, upstream's with a verified certificate (RFC 8689 §5). */
  readonly requireTls: boolean
  /** Mechanisms of our own log-in; `theirs`: upstream's pass through; `none`: AUTH may not be said on this connection. */
  readonly auth: 'theirs' | 'none' | readonly string[]
}

/** Extensions that pass as upstream says them. SIZE, LIMITS, AUTH and REQUIRETLS have rules of their own. */
const passed = new Set(['8BITMIME', 'SMTPUTF8', 'PIPELINING', 'DSN', 'ENHANCEDSTATUSCODES', 'DELIVERBY', 'MT-PRIORITY', 'FUTURERELEASE'])
/** Mechanisms bound to the connection they run over, or that sign what a relay changes. */
const unfit = /^(?:EXTERNAL|GSSAPI|DIGEST-MD5|.*-PLUS)$/

/** Reads the keywords of an EHLO reply; its first line is the greeting. A keyword said twice keeps its first line. */
export function parseExtensions(reply: Reply): Extensions {
  const extensions = new Map<string, string>()
  for (const line of reply.text.slice(1)) {
    const [keyword = '', ...rest] = line.trim().split(/[ \t]+/)
    const name = keyword.toUpperCase()
    if (/^[A-Z0-9][A-Z0-9-]*$/.test(name) && !extensions.has(name)) extensions.set(name, rest.join(' '))
  }
  return extensions
}

/** Makes the reply to the CRM's EHLO from upstream's keywords and ours. */
export function formatOffer(theirs: Extensions, ours: Offer): SpokenReply {
  const lines: string[] = []
  for (const [keyword, rest] of theirs) {
    if (passed.has(keyword)) lines.push(rest === '' ? keyword : `${keyword} ${rest}`)
    else if (keyword === 'SIZE') lines.push(formatSize(rest, ours.maxMessageBytes))
    else if (keyword === 'LIMITS') lines.push(formatLimits(rest, ours.maxRecipients))
    else if (keyword === 'REQUIRETLS' && ours.requireTls) lines.push(keyword)
  }
  const mechanisms = mechanismsOffered(theirs, ours.auth)
  if (mechanisms.length > 0) lines.push(`AUTH ${mechanisms.join(' ')}`)
  if (ours.startTls) lines.push('STARTTLS')
  return speak({ code: 250, text: [ours.hostname, ...lines] })
}

/** The mechanisms that the CRM may use, in upstream's order or ours. */
export function mechanismsOffered(theirs: Extensions, auth: Offer['auth']): readonly string[] {
  if (auth === 'none') return []
  if (auth !== 'theirs') return auth
  const all = (theirs.get('AUTH') ?? '')
    .toUpperCase()
    .split(' ')
    .filter(name => name !== '')
  const fit = all.filter(name => !unfit.test(name))
  // RFC 5802 §6: a client that sees SCRAM-X without SCRAM-X-PLUS, from a server that has both, must suspect an attack.
  const unbound = fit.filter(name => !all.includes(`${name}-PLUS`))
  return unbound.length > 0 ? unbound : fit
}

/** Upstream's limits, RCPTMAX being the smaller of the two (RFC 9422 §4). */
function formatLimits(theirs: string, maxRecipients: number): string {
  const limits = theirs.split(' ').filter(limit => limit !== '' && !/^RCPTMAX=/i.test(limit))
  const named = Number(/(?:^| )RCPTMAX=(\d{1,6})(?: |$)/i.exec(theirs)?.[1] ?? 0)
  return ['LIMITS', `RCPTMAX=${named > 0 ? Math.min(named, maxRecipients) : maxRecipients}`, ...limits].join(' ')
}

/** The smaller of the two limits; upstream's 0, or none, means that it names no limit (RFC 1870 §3). */
function formatSize(theirs: string, ours: number | null): string {
  const limit = Number(theirs)
  if (ours !== null && (!Number.isSafeInteger(limit) || limit <= 0 || ours < limit)) return `SIZE ${ours}`
  return theirs === '' ? 'SIZE' : `SIZE ${theirs}`
}
