/**
 * The notice of a gateway that Japanese carriers run: "---The following addresses had delivery errors---", then `a@b [User unknown]`.
 *
 * It answers so, too, for an address whose owner takes no mail from outside: the announcement stays with the words, so that a rule can tell.
 * Pure.
 */
import { addressesIn } from '../text-address.ts'
import type { NamedRecipient, Reader } from './reader.ts'

const announcement = /^\s*-{2,4}\s?(the following addresses had delivery errors)\s?-{2,4}\s*$/i
const bracketed = /^>?\s{1,8}\[([^\]]{1,400})\]/
const maxNamed = 200

export const gatewayNotice: Reader = {
  name: 'gateway notice',
  read({ lines }) {
    const at = lines.findIndex(line => announcement.test(line))
    const announced = announcement.exec(lines[at] ?? '')?.[1]
    if (announced === undefined) return []
    const named: NamedRecipient[] = []
    for (const line of lines.slice(at + 1, at + 1 + maxNamed)) {
      const [found] = addressesIn(line)
      const reason = found && bracketed.exec(line.slice(found.end))?.[1]
      if (reason) named.push({ address: found.address, originalAddress: null, said: `${announced}: ${reason}`, action: null })
    }
    return named
  },
}
