/**
 * Blocks: an address at the start of a line, and the words about it behind or below. qmail (`<a@b>:`), Postfix (`<a@b>: host … said: …`),
 * Exim (indented), Exchange (`a@b on DATE`), Notes, MDaemon, OpenSMTPD, IMail, Symantec and most others write one shape of this or another.
 *
 * Pure.
 */
import { addressesIn } from '../text-address.ts'
import type { NamedRecipient, Reader } from './reader.ts'

/** What may stand between the start of a line and its address: quotes, bullets, a name and its bracket. */
const lead = /^[\s"'`<[(*•·>|-]{0,24}(?:(?:[A-Za-z'"\u00c0-\uffff][^\s<>@:]{0,40} ){0,4}[<(]|\[?SMTP:|mailto:)?$/i
const bareLead = /^[\s"'`<[(*•·|-]{0,24}$/
/** What may follow it on that line, when no sentence announced it. */
const tail =
  /^[>"'`\])]{0,4}(?:\s*$|\s{0,4}<mailto:[^>]{1,300}>\s*$|\s{0,4}[:：;([]|\s{0,4}\.\.\.|\s{0,4},\s*$|\s+on\s|\s{0,4}(?:さん|へ|に|宛)|\s{1,8}-+\s|\t| {2,}|\s{1,8}#?[245]\.\d|\s{1,8}[45]\d\d[ -])/
/** A line that announces addresses. */
const announcement =
  /(?:address(?:es|\(es\))?|recipients?|recipient\(s\)|users?|group\(?s?\)?|mailbox(?:es)?|to|failed|undeliverable|destinataires?|adresses?|à|empf(?:ä|ae)nger|adressen?|destinatari[oa]?s?|destinat(?:á|a)ri[oa]s?|direcci(?:ó|o)n(?:es)?|direcciones|endere(?:ç|c)os?|indirizz[oi]|ontvangers?|geadresseerden?|адрес\S{0,4}|получател\S{0,4}|宛先|受信者|アドレス|収件人|收件人|地址|delivered)[^:\n]{0,60}[:：]?\s*$/i
const contact = /contact|assistance|support|help|question|問い合わせ|連絡|обратит|kontakt|联系/i
const role = /^(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster|webmaster|info)@/i
/** Paragraphs that follow the words about a recipient and are about none. */
const footerLine =
  /^\s*(?:no action is required|if you |this (?:condition|is a permanent|message was|e-?mail|has been)|please (?:reply|do not|check|contact|verify|try|retry)|for (?:more|further|assistance)|the message (?:subject|date|identifier|reference|that)|contact your|received:|reporting-mta|x-[a-z]|--|__|\*\*\*|the (?:mail system|postfix)|mensaje|your message (?:was|reads)|subject|date|note:|learn more)/i
/** Words that say what a whole mail is about and name the person addressed: no reason for a failure. */
const continuesSentence = /^[>"']{0,4}\s+(?:is|was|has|a |of|and|ist|est)\b/i
const expanded = /\((?:ultimately )?(?:expanded|generated) (?:from|by):? ?<?([^\s<>()]{1,320})>?\)?/i
/** "because:" on a line of its own says that the reason follows. */
const onlyLabel =
  /^(?:because|for the following reasons?|reasons?|technical details|the problem appears to be|error|grund|raison|motivo|причина|原因|理由)\s*[:：]?$/i
/** Exim's word for an alias whose members are nobody's business. */
const hidden = /^\s*an undisclosed address/i
/** qmail's last line under a reply that it quotes: it gives up on every one. */
const givingUp = /^Giving up on \S{1,255}$/
const maxBlocks = 500
const maxSaid = 4_000
/** Words of this length in one paragraph need no further one. */
const enough = 600

type Block = {
  readonly address: string
  originalAddress: string | null
  readonly said: string[]
  readonly indent: number
  open: boolean
  size: number
}
type Head = { readonly address: string; readonly rest: string; readonly sure: boolean; readonly listed: boolean }

export const addressBlocks: Reader = {
  name: 'address blocks',
  read({ lines, parties }) {
    const blocks = new Map<string, Block>()
    let current: Block | null = null
    let announced = false
    let before = ''
    let blanks = 0
    for (const line of lines) {
      if (line.trim() === '') {
        blanks++
        if (current && current.said.length > 0) current.open = false
        continue
      }
      const indent = line.length - line.trimStart().length
      const head = headOf(line, announced, before)
      const undisclosed = current === null && hidden.test(before) ? expanded.exec(line)?.[1] : undefined
      if (head && !isContinuation(line, indent, blanks, current) && !isSame(current, head.address)) {
        const excluded = parties.has(head.address.toLowerCase()) && !head.sure && !head.listed
        current = excluded ? null : blockOf(blocks, head.address, indent)
        if (current) add(current, head.rest)
      } else if (undisclosed?.includes('@')) current = blockOf(blocks, undisclosed, indent)
      else if (current && belongs(line, indent, blanks, current)) add(current, line)
      else current = null
      announced = announcement.test(line) || (announced && head !== null)
      before = line
      blanks = 0
    }
    return [...blocks.values()].map(
      ({ address, originalAddress, said }): NamedRecipient => ({ address, originalAddress, said: said.join('\n'), action: null }),
    )
  },
}

/** Says whether a line begins a paragraph that is about no recipient: advice, help, the copy of the mail. */
export function isFooter(line: string): boolean {
  return footerLine.test(line)
}

function isSame(block: Block | null, address: string): boolean {
  return block !== null && block.address.toLowerCase() === address.toLowerCase()
}

/** A folded line of the words about a recipient, which happens to begin with an address. */
function isContinuation(line: string, indent: number, blanks: number, block: Block | null): boolean {
  return block !== null && blanks === 0 && block.size > 0 && indent > block.indent && !/^["'<]/.test(line.trim())
}

/** Words in the same paragraph, or in the next ones when the address stood alone; further ones when they are indented deeper. */
function belongs(line: string, indent: number, blanks: number, block: Block): boolean {
  if (!block.open && !(indent > block.indent && blanks <= 1)) return false
  return blanks === 0 || (!isFooter(line) && block.size <= enough)
}

/** The block of an address: one for all places that it heads. Null: there are too many. */
function blockOf(blocks: Map<string, Block>, address: string, indent: number): Block | null {
  const key = address.toLowerCase()
  const known = blocks.get(key)
  if (known || blocks.size >= maxBlocks) {
    if (known) known.open = true
    return known ?? null
  }
  const block: Block = { address, originalAddress: null, said: [], indent, open: true, size: 0 }
  blocks.set(key, block)
  return block
}

function add(block: Block, line: string): void {
  const from = expanded.exec(line)?.[1]
  if (from?.includes('@')) block.originalAddress ??= from
  const text = line.replace(expanded, '').trim()
  if (!/[\p{L}\p{N}]/u.test(text) || block.size > maxSaid || (block.said.length === 0 && onlyLabel.test(text))) return
  if (block.said.length > 0 && givingUp.test(text)) return
  block.said.push(text)
  block.size += text.length
}

/** The address that a line begins with. `sure`: in the form of qmail and Postfix, which name nobody else so; `listed`: announced and alone. */
function headOf(line: string, announced: boolean, before: string): Head | null {
  const [found] = addressesIn(line.slice(0, 400))
  if (!found) return null
  const front = line.slice(0, found.start)
  if (!lead.test(front)) return null
  const behind = line.slice(found.end)
  const sure = /<$/.test(front) && /^>\s{0,4}:/.test(behind)
  const apart = tail.test(behind)
  if (!sure && !announced && (role.test(found.address) || contact.test(before))) return null
  if (!sure && !announced && !(apart && (bareLead.test(front) || /[<:]$/.test(front)))) return null
  if (!sure && announced && !apart && continuesSentence.test(behind)) return null
  const rest = behind
    .replace(/^[>"'`\])]{0,4}/, '')
    .replace(/^\s{0,4}<mailto:[^>]{1,300}>/, '')
    .replace(/^\s{0,4}(?:[:：;,]|\.\.\.)\s{0,4}/, '')
    .replace(/^\s{0,4}(?:on|le|am|den|el|em|il|op) [^\n]{6,60}$/, '')
    .trim()
  const bracketed = rest.startsWith('(') && rest.endsWith(')') && !expanded.test(rest)
  return { address: found.address, rest: bracketed ? rest.slice(1, -1) : rest, sure, listed: announced && apart }
}
