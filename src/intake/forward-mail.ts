/**
 * A returned mail as it is forwarded: three lines on top, then its octets (bounces.md, "After the verdict"; doc/data-path.md).
 *
 * `Received:` (RFC 5321 §4.4) says how it came to us, `Delivered-To:` whose mail it is about (Odoo and others look for it there),
 * `X-Rebond-Forwarded:` that it passed here (the loop guard). What follows is unchanged, except that a bare CR or LF becomes CRLF and a missing
 * last line end is added (RFC 5321 §2.3.8).
 * Pure.
 */
import type { StoredReport } from '../store/return-records.ts'

/** The field by which we know mail that we forwarded. */
export const loopField = 'X-Rebond-Forwarded'

const cr = 13
const lf = 10

export type ForwardedMail = {
  readonly report: Pick<StoredReport, 'id' | 'receivedAt' | 'client'>
  /** The return path that the CRM gave, without brackets. */
  readonly deliveredTo: string
  /** Our name. */
  readonly hostname: string
}

/** Makes the mail that is sent, in wire form without dot-stuffing; `raw` is not changed. */
export function composeForward({ report, deliveredTo, hostname }: ForwardedMail, raw: Buffer): Buffer {
  const lines = [
    `Received: ${formatClient(report.client)} by ${hostname} with ESMTP id ${report.id}; ${formatDate(report.receivedAt)}`,
    `Delivered-To: ${deliveredTo}`,
    `${loopField}: ${report.id}`,
  ]
  const top = Buffer.from(`${lines.join('\r\n')}\r\n`)
  const mail = Buffer.allocUnsafe(top.length + wireLength(raw))
  top.copy(mail)
  fillWireForm(raw, mail, top.length)
  return mail
}

/** Says whether a mail needs 8BITMIME (RFC 6152). */
export function isEightBit(octets: Buffer): boolean {
  for (let i = 0; i < octets.length; i++) if ((octets[i] ?? 0) > 127) return true
  return false
}

/** From-domain and TCP-info of RFC 5321 §4.4; a name that no host can have stays out. */
function formatClient({ address, host }: StoredReport['client']): string {
  const literal = `[${address.includes(':') ? 'IPv6:' : ''}${/^[0-9a-f.:]+$/i.test(address) ? address : '0.0.0.0'}]`
  return host !== null && /^[a-z0-9_.-]+$/i.test(host) ? `from ${host} (${host} ${literal})` : `from ${literal}`
}

/** RFC 5322 §3.3, in UTC. */
function formatDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}

/** Octets that `fillWireForm` writes. */
function wireLength(raw: Buffer): number {
  let added = 0
  let before = lf
  for (let i = 0; i < raw.length; i++) {
    const octet = raw[i] ?? 0
    // A LF without its CR, or a CR without its LF.
    if ((octet === lf) !== (before === cr)) added++
    before = octet
  }
  if (before === cr) added += 1
  else if (before !== lf) added += 2
  return raw.length + added
}

function fillWireForm(raw: Buffer, into: Buffer, at: number): void {
  let end = at
  let before = lf
  for (let i = 0; i < raw.length; i++) {
    const octet = raw[i] ?? 0
    if (octet === lf && before !== cr) into[end++] = cr
    else if (octet !== lf && before === cr) into[end++] = lf
    into[end++] = octet
    before = octet
  }
  if (before !== lf && before !== cr) into[end++] = cr
  if (before !== lf) into[end++] = lf
}
