/**
 * The recipient of a notice that names him only in the fields of the mail that it quotes: "wasn't able to deliver the following message:",
 * then `To: a@b`. To may name others as well, so that this is the last to be asked.
 *
 * Pure.
 */
import type { Notice } from './notice.ts'
import { addressesIn } from './text-address.ts'

const to = /^\s{0,20}(?:rcpt )?to:\s/i
const maxLines = 200

/** Gives the only address of the quoted To that is not the sender's or ours; null when there is none, or several. */
export function quotedRecipient({ lines, parties }: Notice): string | null {
  const line = lines.slice(0, maxLines).find(one => to.test(one)) ?? ''
  const others = addressesIn(line).filter(({ address }) => !parties.has(address.toLowerCase()))
  return others.length === 1 ? (others[0]?.address ?? null) : null
}
