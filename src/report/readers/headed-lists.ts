/**
 * Lists of addresses under the reason they share: "User unknown:", two addresses, an empty line, "Mailbox full:", a third.
 *
 * A single list may as well be announced ("could not be delivered to:") and explained behind: it takes two headings to tell.
 * Pure.
 */
import { isAddress } from '../text-address.ts'
import type { NamedRecipient, Reader } from './reader.ts'

const heading = /^\s{0,20}(\S[^@\n]{2,160}\S)\s{0,4}[:：]\s*$/
/** These announce a list and give no reason. */
const announcement =
  /\b(?:following|these|below|to|recipients?|addresses|destinataires?|adresses|empfänger|destinatari\S{0,2})$|\bfollowing\b/i
const around = /^[\s<"'(*•·-]{1,20}|[\s>"'),;]{1,20}$/g
const maxNamed = 500

export const headedLists: Reader = {
  name: 'headed lists',
  read({ lines }) {
    const named: NamedRecipient[] = []
    const reasons = new Set<string>()
    for (const [first = '', ...rest] of paragraphsOf(lines)) {
      const reason = heading.exec(first)?.[1]
      const addresses = rest.map(line => line.replace(around, ''))
      if (reason === undefined || addresses.length === 0 || !addresses.every(isAddress)) continue
      if (announcement.test(reason)) return []
      reasons.add(reason.toLowerCase())
      named.push(...addresses.map(address => ({ address, originalAddress: null, said: reason, action: null })))
      if (named.length >= maxNamed) break
    }
    return reasons.size > 1 ? named.slice(0, maxNamed) : []
  },
}

function paragraphsOf(lines: readonly string[]): readonly (readonly string[])[] {
  const paragraphs: string[][] = [[]]
  for (const line of lines) {
    if (line.trim() !== '') paragraphs.at(-1)?.push(line)
    else if (paragraphs.at(-1)?.length !== 0) paragraphs.push([])
  }
  return paragraphs
}
