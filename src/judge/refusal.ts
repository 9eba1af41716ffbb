/**
 * The refusal a CRM sees at RCPT TO (contract.md): since when, why, in whose words, and how to lift it.
 *
 * One line of ASCII, at most 512 octets with its code and CRLF (RFC 5321 §4.5.3.1.5). The remote server's words are hostile text: they are cleaned, and the
 * first to be cut. Then goes the link; the address and the reason stay.
 * Pure.
 */
import type { PolicyConfig } from '../config/schema.ts'
import { formatReply, maxReplyLineOctets, type Reply, reply } from '../smtp/reply.ts'
import type { Block } from '../store/address-record.ts'
import { asciiWords, cleanWords, maxEvidenceLength } from './clean-words.ts'
import { type RefusalParts, wordings } from './refusal-words.ts'

export type RefusalOptions = Omit<PolicyConfig['refusal'], 'scope'> & {
  /** Where support reaches the page; null: nowhere. */
  readonly publicUrl: string | null
}

/** Longest address that is repeated, in octets. */
const maxAddressOctets = 100
/** A link that leaves no room for the rest is not given. */
const maxLinkOctets = 250
/** Fewer of the remote server's words say nothing. */
const fewestWords = 8
const cut = '...'
/** What is left of a line beside `550 5.123.123 ` and CRLF. */
const maxTemplateOctets = maxReplyLineOctets - 16

/** Makes the refusal of `address`, written as the CRM wrote it. */
export function formatRefusal(block: Block, address: string, options: RefusalOptions): Reply {
  const { publicUrl, language, code, enhancedStatus, template } = options
  const { thisAddress, what, line, ask } = wordings[language]
  const parts: RefusalParts = {
    who: isSayable(address) ? `<${address}>` : thisAddress,
    since: new Date(block.since).toISOString().slice(0, 10),
    what: what[block.category],
    says: wordsOf(block),
    ref: block.bounceId,
    link: linkTo(publicUrl, block.bounceId),
  }
  const words = (some: RefusalParts): string => (template === null ? line(some) : filled(template, some, ask).slice(0, maxTemplateOctets))
  const make = (some: RefusalParts): Reply => reply(code, enhancedStatus, words(some))
  const room = maxReplyLineOctets - formatReply(make({ ...parts, says: '' })).length
  return make({ ...parts, says: cutTo(parts.says, room) })
}

/** The operator's own text; what is not known is left out of it. */
function filled(template: string, { who, since, what, says, ref, link }: RefusalParts, ask: string): string {
  const values: Record<string, string> = { address: who, since, what, says: says ?? '', ref: ref ?? '', link: link ?? ask }
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : placeholder))
}

function isSayable(address: string): boolean {
  return address.length <= maxAddressOctets && /^[\x20-\x7e]+$/.test(address)
}

/** The remote server's words, or the person's reason; quotes within would end ours. */
function wordsOf({ evidence }: Block): string | null {
  const words = asciiWords(cleanWords(evidence, maxEvidenceLength)).replaceAll('"', "'")
  return words === '' ? null : words
}

function cutTo(words: string | null, room: number): string | null {
  if (words === null || words.length <= room) return words
  return room < fewestWords ? null : words.slice(0, room - cut.length).trimEnd() + cut
}

/** `URL` writes host names in ASCII. A block by hand has no return to show: the page itself then. */
function linkTo(publicUrl: string | null, ref: string | null): string | null {
  if (publicUrl === null || !URL.canParse(publicUrl)) return null
  const base = new URL(publicUrl).href.replace(/\/+$/, '')
  const link = ref === null ? `${base}/` : `${base}/r/${ref}`
  return link.length <= maxLinkOctets ? link : null
}
