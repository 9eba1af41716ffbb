/**
 * Mailing lists that refuse mail from strangers (fml, Majordomo and their kin): the recipient is the list.
 *
 * Pure.
 */
import { addressesIn } from '../text-address.ts'
import type { Reader } from './reader.ts'

const refusal =
  /not (?:a )?(?:member|subscribed|subscriber)\S{0,10} (?:of|to) (?:this|the|our)? ?(?:mailing )?list|only (?:members|subscribers) (?:may|can) post/i

export const listRefusal: Reader = {
  name: 'list refusal',
  read({ lines }) {
    for (const [index, line] of lines.slice(0, 40).entries()) {
      if (!refusal.test(line)) continue
      const address = addressesIn(line)[0]?.address ?? addressesIn(lines[index + 1] ?? '')[0]?.address
      return address ? [{ address, originalAddress: null, said: line.trim(), action: null }] : []
    }
    return []
  },
}
