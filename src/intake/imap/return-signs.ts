/**
 * Whether a mail in a mailbox may be a return, by its head alone: only then its body is fetched. What people write to each other has none of these signs, and is
 * never touched.
 * Pure.
 */
import { parseHeader } from '../../report/header.ts'
import { loopField } from '../forward-mail.ts'

/** The fields to ask for. */
export const headFields: readonly string[] = [
  'return-path',
  'from',
  'to',
  'cc',
  'subject',
  'content-type',
  'auto-submitted',
  'x-failed-recipients',
  'delivered-to',
  'x-original-to',
  'x-envelope-to',
  'envelope-to',
  'x-delivered-to',
  'x-rcpt-to',
  'apparently-to',
  loopField.toLowerCase(),
]

/** Mail systems as senders. */
const system = /\b(?:mailer-?daemon|postmaster|mail ?delivery|microsoftexchange[0-9a-f]{32}|complaints?)\b/i

/** Says whether the mail may be a return. One that we forwarded ourselves is somebody else's to read. */
export function maybeReturn(head: Buffer): boolean {
  const header = parseHeader(head)
  if (header.first(loopField.toLowerCase()) !== null) return false
  const from = header.first('from') ?? ''
  return (
    /^<\s*>$/.test(header.first('return-path') ?? '') ||
    system.test(from) ||
    /^multipart\/report\b|\breport-type\s*=/i.test(header.first('content-type') ?? '') ||
    /^auto-(?:replied|generated)/i.test(header.first('auto-submitted') ?? '') ||
    header.first('x-failed-recipients') !== null
  )
}
