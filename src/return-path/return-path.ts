/**
 * The return path: an address of ours that names the mail it was put on, signed so that nobody else can make one.
 *
 * Token, lower case, read without regard to case: 16 characters of id (time-id.ts), 2 of key id, 20 of HMAC-SHA-256 (100 bits) over a fixed
 * label, the id and the domain. Keys rotate: the first one signs, all verify. A valid token shows that somebody saw the mail, not that the
 * recipient's server spoke (doc/threat-model.md).
 * Pure.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { domainKey, type Mailbox } from '../smtp/path.ts'
import { encodeBase32hex } from './base32hex.ts'
import { idLength, timeOfId } from './time-id.ts'

/** RFC 5321 §4.5.3.1.1. */
const maxLocalOctets = 64
const keyIdLength = 2
const signatureLength = 20
export const tokenLength = idLength + keyIdLength + signatureLength
/** A clock that runs ahead on another node must not make a fresh token invalid. */
const clockSkewMs = 10 * 60_000
const dayMs = 86_400_000

export type ReturnPathOptions = {
  /** As in the configuration: `b-{token}@{domain}`, or a sub-address of the company's own. */
  readonly address: string
  readonly domain: string
  /** 32 octets or more each; the first signs. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  readonly maxAgeDays: number
}

export type TokenReading =
  | { readonly ok: true; readonly id: string; readonly at: number }
  | { readonly ok: false; readonly why: 'foreign' | 'forged' | 'expired' }

export type ReturnPath = {
  /** The domain of every return path, folded. */
  readonly domain: string
  /** No address of that domain is anybody else's: it is not the company's own, lent for sub-addresses (`crm+b-{token}@example.com`). */
  readonly ownsDomain: boolean
  /** The return path of a message, without brackets. */
  address(id: string): string
  /** Reads a forward-path or reverse-path. `foreign`: not of our form; `forged`: our form, no signature of ours; `expired`: older than maxAgeDays. */
  read(mailbox: Mailbox, now: number): TokenReading
}

/** @throws {RangeError} when the address form has no `{token}`, or its local part would pass 64 octets. */
export function createReturnPath({ address, domain, keys, maxAgeDays }: ReturnPathOptions): ReturnPath {
  const form = address.replace('{domain}', domain)
  const at = form.lastIndexOf('@')
  const [prefix, suffix] = form.slice(0, at).split('{token}')
  if (at === -1 || prefix === undefined || suffix === undefined)
    throw new RangeError('returnPath.address must hold {token} in its local part')
  if (prefix.length + tokenLength + suffix.length > maxLocalOctets) {
    throw new RangeError(`returnPath.address must leave ${tokenLength} of the ${maxLocalOctets} octets of its local part to the token`)
  }
  const ours = domainKey(form.slice(at + 1))
  const signers = keys.map(key => ({ key, keyId: keyIdOf(key) }))
  const [newest] = signers
  if (!newest) throw new RangeError('a return path needs a key')
  const [before, after] = [prefix.toLowerCase(), suffix.toLowerCase()]

  return {
    domain: ours,
    ownsDomain: address.endsWith('@{domain}') && !prefix.includes('+'),
    address: id => `${prefix}${id}${newest.keyId}${sign(newest.key, id, ours)}${suffix}@${ours}`,
    read(mailbox, now) {
      const local = mailbox.local.toLowerCase()
      if (domainKey(mailbox.domain) !== ours || !local.startsWith(before) || !local.endsWith(after)) return { ok: false, why: 'foreign' }
      const token = local.slice(before.length, local.length - after.length)
      if (token.length !== tokenLength) return { ok: false, why: 'foreign' }
      const id = token.slice(0, idLength)
      const keyId = token.slice(idLength, idLength + keyIdLength)
      const signature = Buffer.from(token.slice(idLength + keyIdLength))
      const signed = signers.some(signer => signer.keyId === keyId && equal(signature, Buffer.from(sign(signer.key, id, ours))))
      if (!signed) return { ok: false, why: 'forged' }
      const made = timeOfId(id)
      if (now - made > maxAgeDays * dayMs || made - now > clockSkewMs) return { ok: false, why: 'expired' }
      return { ok: true, id, at: made }
    },
  }
}

function sign(key: Uint8Array, id: string, domain: string): string {
  const mac = createHmac('sha256', key).update(`rebond return path v1\0${id}\0${domain}`).digest()
  return encodeBase32hex(mac).slice(0, signatureLength)
}

/** Names a key without telling anything of it. */
function keyIdOf(key: Uint8Array): string {
  return encodeBase32hex(createHash('sha256').update('rebond key id v1\0').update(key).digest()).slice(0, keyIdLength)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
