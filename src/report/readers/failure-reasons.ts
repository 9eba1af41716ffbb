/**
 * The notice of Lotus Notes: "------- Failure Reasons -------", then for each recipient a paragraph that ends with his address, the reason
 * before it. Other notices say the reason behind the address, so that this one has to be asked first.
 *
 * Pure.
 */
import { isAddress } from '../text-address.ts'
import type { NamedRecipient, Reader } from './reader.ts'

const heading = /^\s{0,8}-{2,20}\s{0,4}failure reasons\s{0,4}-{2,20}\s*$/i
const nextHeading = /^\s{0,8}-{3,20}/
const maxNamed = 500
const maxReasonLines = 20

export const failureReasons: Reader = {
  name: 'failure reasons',
  read({ lines }) {
    const begin = lines.findIndex(line => heading.test(line))
    if (begin === -1) return []
    const named = new Map<string, NamedRecipient & { readonly reasons: string[] }>()
    let reasons: string[] = []
    for (const line of lines.slice(begin + 1)) {
      const text = line.trim()
      if (nextHeading.test(line) || named.size >= maxNamed) break
      if (isAddress(text)) {
        // The same reason in a second language names the same address again.
        const known = named.get(text.toLowerCase())
        if (known) known.reasons.push(...reasons)
        else named.set(text.toLowerCase(), { address: text, originalAddress: null, said: '', action: null, reasons })
        reasons = []
      } else if (text !== '' && reasons.length < maxReasonLines) reasons.push(text)
    }
    return [...named.values()].map(({ reasons: said, ...one }) => ({ ...one, said: said.slice(0, maxReasonLines).join('\n') }))
  },
}
