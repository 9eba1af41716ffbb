/**
 * The return path: an address of ours that names the mail it was put on, signed so that nobody else can make one.
 *
 * Token, lower case, read without regard to case: 16 characters of id (time-id.ts), 2 of key id, 20 of HMAC-SHA-256 (100 bits) over a fixed
 * label, the id and the domain: a token of one domain is none of another. Keys rotate: the first one signs, all verify. A valid token shows
 * that somebody saw the mail, not that the recipient's server spoke (doc/threat-model.md).
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
/** Octets that its characters hold, five bits each. */
const signatureOctets = Math.ceil((signatureLength * 5) / 8)
export const tokenLength = idLength + keyIdLength + signatureLength
const dayMs = 86_400_000

/** Mail of these senders leaves under another domain than the rest. */
export type SenderDomain = {
  /** Domains of reverse-paths, each with all below it. */
  readonly senders: readonly string[]
  readonly domain: string
  /** Its form; absent or null: that of all others. */
  readonly address?: string | null
}

/** `keep`: reverse-paths go on as the CRM gave them, and the token travels as envelope id where upstream takes one. */
export type ReturnPathMode = 'rewrite' | 'keep'

export type ReturnPathOptions = {
  /** `rewrite` unless told. */
  readonly mode?: ReturnPathMode
  /** As in the configuration: `b-{token}@{domain}`, or a sub-address of the company's own. */
  readonly address: string
  readonly domain: string
  /** The most specific entry decides; a sender that none names has the domain above. */
  readonly domains?: readonly SenderDomain[]
  /** 32 octets or more each; the first signs. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  readonly maxAgeDays: number
}

export type TokenReading =
  | { readonly ok: true; readonly id: string; readonly at: number }
  | { readonly ok: false; readonly why: 'foreign' | 'forged' | 'expired' }

export type ReturnPath = {
  readonly mode: ReturnPathMode
  /** The domain of return paths of senders that no entry names, folded. */
  readonly domain: string
  /** All domains of return paths, each once. */
  readonly domains: readonly string[]
  /** Says whether every address of a (folded) domain is ours: it is not the company's own, lent for sub-addresses (`crm+b-{token}@example.com`). */
  owns(domain: string): boolean
  /** The return path of a message, without brackets; `sender` is its reverse-path, as the CRM wrote it. */
  address(id: string, sender?: string): string
  /** Reads a forward-path or reverse-path. `foreign`: not of our form; `forged`: our form, no signature of ours; `expired`: older than maxAgeDays. */
  read(mailbox: Mailbox, now: number): TokenReading
  /** The token of a message by itself, for an envelope id (RFC 3461 §4.4): no address holds it. */
  envelopeId(id: string): string
  /** Reads what `envelopeId` made, in any letter case. */
  readEnvelopeId(text: string, now: number): TokenReading
}

/** Where a token stands in an address. */
type Form = { readonly before: string; readonly after: string; readonly domain: string; readonly owns: boolean }

/** In place of a domain: a token made for an envelope id is no return path, and the other way round. */
const envelopeIdLabel = 'envid'

/** @throws {RangeError} when an address form has no `{token}`, or its local part would pass 64 octets. */
export function createReturnPath({ mode = 'rewrite', address, domain, domains = [], keys, maxAgeDays }: ReturnPathOptions): ReturnPath {
  const common = formOf(address, domain)
  const forms = [common]
  const bySender = new Map<string, Form>()
  for (const one of domains) {
    const form = formOf(one.address ?? address, one.domain)
    forms.push(form)
    for (const sender of one.senders) bySender.set(domainKey(sender), form)
  }
  const ours = [...new Set(forms.map(form => form.domain))]
  const owned = new Set(ours.filter(name => forms.every(form => form.domain !== name || form.owns)))
  const signers = keys.map(key => ({ key, keyId: keyIdOf(key) }))
  const [newest] = signers
  if (!newest) throw new RangeError('a return path needs a key')

  function formFor(sender: string | undefined): Form {
    if (sender === undefined || bySender.size === 0) return common
    for (let name = domainKey(sender.slice(sender.lastIndexOf('@') + 1)); name !== ''; name = parentOf(name)) {
      const form = bySender.get(name)
      if (form) return form
    }
    return common
  }

  function readToken(token: string, signedFor: string, now: number): TokenReading {
    const id = token.slice(0, idLength)
    const keyId = token.slice(idLength, idLength + keyIdLength)
    const signature = Buffer.from(token.slice(idLength + keyIdLength))
    const signed = signers.some(signer => signer.keyId === keyId && equal(signature, Buffer.from(sign(signer.key, id, signedFor))))
    if (!signed) return { ok: false, why: 'forged' }
    const made = timeOfId(id)
    // One from the future is ours as well: the clock was set back since, or runs ahead on another node.
    if (Math.abs(now - made) > maxAgeDays * dayMs) return { ok: false, why: 'expired' }
    return { ok: true, id, at: made }
  }

  const tokenOf = (id: string, signedFor: string) => `${id}${newest.keyId}${sign(newest.key, id, signedFor)}`

  return {
    mode,
    domain: common.domain,
    domains: ours,
    owns: name => owned.has(name),
    address(id, sender) {
      const { before, after, domain: name } = formFor(sender)
      return `${before}${tokenOf(id, name)}${after}@${name}`
    },
    read(mailbox, now) {
      const local = mailbox.local.toLowerCase()
      const name = domainKey(mailbox.domain)
      let failed: TokenReading = { ok: false, why: 'foreign' }
      for (const form of forms) {
        if (form.domain !== name) continue
        const [before, after] = [form.before.toLowerCase(), form.after.toLowerCase()]
        const fits = local.length === before.length + tokenLength + after.length && local.startsWith(before) && local.endsWith(after)
        if (!fits) continue
        const reading = readToken(local.slice(before.length, before.length + tokenLength), name, now)
        if (reading.ok) return reading
        failed = reading
      }
      return failed
    },
    envelopeId: id => tokenOf(id, envelopeIdLabel),
    readEnvelopeId(text, now) {
      const token = text.trim().toLowerCase()
      return token.length === tokenLength ? readToken(token, envelopeIdLabel, now) : { ok: false, why: 'foreign' }
    },
  }
}

function formOf(address: string, domain: string): Form {
  const whole = address.replace('{domain}', domain)
  const at = whole.lastIndexOf('@')
  const [before, after] = whole.slice(0, at).split('{token}')
  if (at === -1 || before === undefined || after === undefined)
    throw new RangeError('returnPath.address must hold {token} in its local part')
  if (before.length + tokenLength + after.length > maxLocalOctets)
    throw new RangeError(`returnPath.address must leave ${tokenLength} of the ${maxLocalOctets} octets of its local part to the token`)
  const owns = address.endsWith('@{domain}') && !before.includes('+')
  return { before, after, domain: domainKey(whole.slice(at + 1)), owns }
}

/** The domain above; empty when there is none. */
function parentOf(domain: string): string {
  const dot = domain.indexOf('.')
  return dot === -1 ? '' : domain.slice(dot + 1)
}

function sign(key: Uint8Array, id: string, domain: string): string {
  const mac = createHmac('sha256', key).update(`rebond return path v1\0${id}\0${domain}`).digest()
  return encodeBase32hex(mac.subarray(0, signatureOctets)).slice(0, signatureLength)
}

/** Names a key without telling anything of it. */
function keyIdOf(key: Uint8Array): string {
  return encodeBase32hex(createHash('sha256').update('rebond key id v1\0').update(key).digest()).slice(0, keyIdLength)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
