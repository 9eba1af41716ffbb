/**
 * Which recipient of a mail a report means, and whether it was that address that failed or something behind it (bounces.md, "Judgement").
 *
 * Only recipients that upstream accepted can come back: nobody else ever saw the mail. A Final-Recipient elsewhere, or an address elsewhere in the
 * diagnostic, is a forward of the recipient's own; Original-Recipient says which of ours it stands behind, never that ours is dead.
 * Pure.
 */
import { innermostReply } from '../classify/innermost.ts'
import type { ReportedRecipient } from '../report/report.ts'
import { addressesIn } from '../report/text-address.ts'
import { type AddressKey, addressKeyOf, domainKey, domainOfKey, localOfKey } from '../smtp/path.ts'
import type { JournalRecipient, Message } from '../store/message-records.ts'
import { type ForeignAddress, readForeignAddress } from './foreign-address.ts'

export type RecipientMatch =
  /** This recipient itself failed (or whatever was reported). */
  | { readonly fate: 'recipient'; readonly recipient: JournalRecipient }
  /** Something behind this recipient did. */
  | { readonly fate: 'via-forward'; readonly recipient: JournalRecipient }
  /** `address` as the report names it; null when it names nobody. */
  | { readonly fate: 'not-a-recipient'; readonly address: string | null }

export type Reported = Pick<ReportedRecipient, 'address' | 'originalAddress' | 'diagnostic'> & {
  /** The verdict is that the address has moved: its new one in the diagnostic is no forward that failed. */
  readonly moved?: boolean
}

/** Local parts that a diagnostic names as somebody to ask, not as who failed. */
const contacts = /^(?:abuse|helpdesk|hostmaster|mailer-daemon|no-?reply|postmaster)$/

/** Finds the recipient that one entry of a report is about. */
export function matchRecipient(message: Pick<Message, 'id' | 'recipients' | 'reversePath' | 'from'>, reported: Reported): RecipientMatch {
  const { address, originalAddress } = reported
  const passed = passedRecipients(message)
  const only = passed.length === 1 ? (passed[0] ?? null) : null
  const original = originalAddress === null ? null : meant(passed, originalAddress)
  const quoted = quotedAddresses(message, reported)

  if (address === null) {
    const named = quoted.map(text => meant(passed, text)).find(one => one !== null) ?? null
    const concerned = original ?? named ?? only
    if (concerned === null) return { fate: 'not-a-recipient', address: quoted[0] ?? null }
    const itself = concerned === only || concerned === named
    return { fate: itself && !elsewhere(concerned.key, quoted) ? 'recipient' : 'via-forward', recipient: concerned }
  }
  const failed = original !== null && means(original.key, address) ? original : meant(passed, address)
  if (failed === null) {
    // One that was refused at RCPT cannot come back, and is behind nobody.
    const concerned = original ?? (message.recipients.some(({ key }) => means(key, address)) ? null : only)
    return concerned === null ? { fate: 'not-a-recipient', address } : { fate: 'via-forward', recipient: concerned }
  }
  if (original !== null && original !== failed) return { fate: 'via-forward', recipient: original }
  return { fate: elsewhere(failed.key, quoted) ? 'via-forward' : 'recipient', recipient: failed }
}

/** The recipients that a mail went to, each once. */
export function passedRecipients({ recipients }: Pick<Message, 'recipients'>): readonly JournalRecipient[] {
  return [...new Map(recipients.filter(({ verdict }) => verdict === 'relayed').map(one => [one.key, one])).values()]
}

/** Says whether a text in a report names this address: itself, at a parent or child domain, by its local part alone, or in a foreign form. */
export function means(key: AddressKey, written: string): boolean {
  return names(readWritten(written), key)
}

/** An address as a report writes it, read once. */
type Written = { readonly key: AddressKey; readonly hasDomain: boolean; readonly foreign: ForeignAddress | null }

function readWritten(written: string): Written {
  const text = written.trim().replace(/^<|>$/g, '')
  return { key: keyOf(text), hasDomain: text.includes('@'), foreign: readForeignAddress(text) }
}

function names({ key: other, hasDomain, foreign }: Written, key: AddressKey): boolean {
  if (other === key) return true
  const local = localOfKey(key)
  if (foreign) {
    if (foreign.addresses.some(address => keyOf(address) === key)) return true
    return foreign.locals.includes(local) && (foreign.domain === null || areKin(domainOfKey(key), domainKey(foreign.domain)))
  }
  return localOfKey(other) === local && (!hasDomain || areKin(domainOfKey(key), domainOfKey(other)))
}

/** The one recipient a text names; the very address before all lookalikes, and nobody when several would do. */
function meant(passed: readonly JournalRecipient[], text: string): JournalRecipient | null {
  const written = readWritten(text)
  const same = passed.find(({ key }) => key === written.key)
  if (same) return same
  const [one, another] = passed.filter(({ key }) => names(written, key))
  return another === undefined ? (one ?? null) : null
}

/** A mailbox in its folded form, also where it does not keep to the grammar; a local part alone is at no domain. */
function keyOf(text: string): AddressKey {
  const parsed = addressKeyOf(text)
  if (parsed !== null) return parsed
  const at = text.includes('@') ? text.lastIndexOf('@') : text.length
  const local = text.slice(0, at).replace(/^"(.*)"$/s, '$1')
  return `${local.normalize('NFC').toLowerCase()}@${domainKey(text.slice(at + 1))}` as AddressKey
}

/** Equal, or one is a sub-domain of the other; a top-level domain is nobody's parent. */
function areKin(one: string, other: string): boolean {
  if (one === other) return true
  const [long, short] = one.length > other.length ? [one, other] : [other, one]
  return short.includes('.') && long.endsWith(`.${short}`)
}

/**
 * The addresses that the diagnostic says something about: those of the innermost reply, else of all of it, without the sender's, our return
 * path and people to ask.
 */
function quotedAddresses(message: Pick<Message, 'id' | 'reversePath' | 'from'>, { diagnostic, moved }: Reported): readonly string[] {
  if (diagnostic === null || moved) return []
  const senders = [message.reversePath, message.from?.address ?? ''].map(address => keyOf(address))
  for (const words of [innermostReply(diagnostic), diagnostic]) {
    const found = (words ?? '').split('\n').flatMap(line => addressesIn(line).map(({ address }) => address))
    const about = found.filter(address => {
      const key = keyOf(address)
      return !senders.includes(key) && !key.includes(message.id) && !contacts.test(localOfKey(key))
    })
    if (about.length > 0) return about
  }
  return []
}

/** The diagnostic speaks of addresses, and this one is not among them. */
function elsewhere(key: AddressKey, quoted: readonly string[]): boolean {
  return quoted.length > 0 && !quoted.some(address => means(key, address))
}
