/**
 * Reports that name their own users without a domain: AOL's screen names, directories of universities, gateways into other mail systems.
 *
 * The domain is that of the original's recipient of the same name, else the one the report comes from.
 * Pure.
 */
import type { Notice } from '../notice.ts'
import type { NamedRecipient, Reader } from './reader.ts'

const announcement =
  /(?:(?:following|these) (?:recipients?|address(?:es)?|users?)|not delivered to the following|recipients? (?:could not|were not)|could not be delivered to)/i
const local = /^[\s"'<-]{0,20}([A-Za-z0-9][\w.+-]{0,63})[>"']?(?:\s*$|\s{2,}(\S.*)|\t(.*)|\s*[:(](?!\/\/)(.*))/

export const localNames: Reader = {
  name: 'local names',
  read(notice) {
    const named: NamedRecipient[] = []
    let announced = ''
    let open = false
    for (const line of notice.lines) {
      if (announcement.test(line)) {
        announced = line.trim()
        open = true
        continue
      }
      if (!open || line.trim() === '') continue
      const match = /^\s/.test(line) || announced.endsWith(':') ? local.exec(line) : null
      if (match?.[1] && named.length < 100) {
        const said = (match[2] ?? match[3] ?? match[4] ?? '').trim()
        named.push({ address: completeLocal(match[1], notice), originalAddress: null, said: said || announced, action: null })
        // What follows a lone name may be words about it, not more names.
        if (said !== '') open = false
      } else if (named.length > 0) open = false
      // The announcement may run over several lines.
      else if (/^\S/.test(line)) announced = `${announced} ${line.trim()}`.slice(0, 400)
    }
    return named
  },
}

/** Gives `local@domain` for a bare local name; the name itself when no domain is known. */
export function completeLocal(name: string, notice: Pick<Notice, 'originalTo' | 'from'>, domain?: string | null): string {
  const key = `${name.toLowerCase()}@`
  const same = notice.originalTo.find(address => address.toLowerCase().startsWith(key))
  if (same) return same
  const at = domain ?? notice.from.slice(notice.from.lastIndexOf('@') + 1)
  return at.includes('.') ? `${name}@${at.replace(/\.$/, '')}` : name
}
