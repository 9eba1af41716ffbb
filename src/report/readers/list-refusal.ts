/**
 * Mailing lists that refuse mail from strangers (fml, Majordomo and their kin): the recipient is the list.
 *
 * Pure.
 */
import { addressesIn } from '../text-address.ts'
import type { Reader } from './reader.ts'

const refusal =
  /not (?:a )?(?:member|subscribed|subscriber)\S{0,10} (?:of|to) (?:this|the|our)? ?(?:(?:mailing )?list|ML\b)|only (?:members|subscribers) (?:may|can) post|^\s{0,8}duplicated message-id in </i

export const listRefusal: Reader = {
  name: 'list refusal',
  read({ lines, parties, from }) {
    for (const [index, line] of lines.slice(0, 40).entries()) {
      if (!refusal.test(line)) continue
      // The sentence may name him whose letter it was, and the list in the line before or behind.
      const near = [line, lines[index + 1] ?? '', lines[index - 1] ?? ''].flatMap(addressesIn)
      const named = near.find(({ address }) => !parties.has(address.toLowerCase()))?.address
      const address = named ?? /^(\S{1,64})-admin(@\S{1,255})$/.exec(from)?.slice(1).join('')
      return address ? [{ address, originalAddress: null, said: line.trim(), action: null }] : []
    }
    return []
  },
}
