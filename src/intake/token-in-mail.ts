/**
 * Finds the return path that a mail came to, where no envelope says it: in the fields that mail servers write at delivery, then in those that the
 * sender wrote, then anywhere in its beginning.
 *
 * It proves no more than a token in an envelope does: that whoever wrote the mail has seen it (doc/threat-model.md).
 */
import { parseAddressList } from '../report/address-list.ts'
import { parseHeader } from '../report/header.ts'
import type { ReturnPath, TokenReading } from '../return-path/return-path.ts'
import { domainKey, parseMailbox } from '../smtp/path.ts'

/** In the order in which they are believed: the envelope's recipient as servers note it, then the header's. */
const deliveryFields = [
  'delivered-to',
  'x-original-to',
  'x-envelope-to',
  'envelope-to',
  'x-delivered-to',
  'x-rcpt-to',
  'to',
  'cc',
  'apparently-to',
]
/** Octets that are searched when no field has one. */
const searchedOctets = 262_144
const maxCandidates = 200

type Reader = Pick<ReturnPath, 'read' | 'domains'>

/** Gives the message id in the first valid token, and why the first of our addresses that is not valid is not; null: there is none of ours. */
export function tokenInMail(raw: Buffer, returnPath: Reader, now: number): TokenReading | null {
  let failed: TokenReading | null = null
  for (const address of candidates(raw, returnPath)) {
    const reading = readAddress(address, returnPath, now)
    if (reading.ok) return reading
    if (reading.why !== 'foreign') failed ??= reading
  }
  return failed
}

/** Reads one address as a return path. */
export function readAddress(address: string, returnPath: Pick<ReturnPath, 'read'>, now: number): TokenReading {
  const parsed = parseMailbox(address)
  return parsed.ok ? returnPath.read(parsed.mailbox, now) : { ok: false, why: 'foreign' }
}

function* candidates(raw: Buffer, { domains }: Reader): Generator<string> {
  const header = parseHeader(raw)
  let count = 0
  for (const name of deliveryFields)
    for (const value of header.all(name)) {
      for (const { address } of parseAddressList(value)) if (count++ < maxCandidates) yield address
    }
  const text = raw.toString('latin1', 0, searchedOctets)
  for (const [address, host = ''] of text.matchAll(/[\w.+=-]{1,64}@([\w.-]{1,255})/g)) {
    if (!domains.includes(domainKey(host.replace(/\.$/, '')))) continue
    if (count++ >= maxCandidates) return
    yield address.replace(/\.$/, '')
  }
}
