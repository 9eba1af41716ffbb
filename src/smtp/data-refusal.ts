/**
 * `policy.refusal.scope: message`: a mail with a blacklisted recipient goes to nobody. RCPT is answered 250 and not passed on; DATA is refused, and names
 * everybody who is blacklisted, one line each.
 *
 * Pure.
 */
import { type Reply, reply, type SpokenReply, speak } from './reply.ts'

/** What stands above and below the lines of the recipients; `{count}` is how many they are. ASCII. */
export type DataRefusalWords = { readonly first: string; readonly more: string }

/** Recipients that are named: a reply has at most so many lines and two more. */
const maxNamed = 20

/** Our answer to the RCPT of a blacklisted recipient, when DATA is to be refused because of it. */
export const rcptNoted: SpokenReply = speak(reply(250, '2.1.5', 'Ok'))

/** Makes the refusal of DATA from what would have been the refusals of its recipients; the same one twice is said once. */
export function refuseData(words: DataRefusalWords, refusals: readonly Reply[]): SpokenReply {
  const lines = [...new Set(refusals.map(({ text }) => text.join(' ')))]
  const named = lines.slice(0, maxNamed)
  const rest = lines.length - named.length
  const say = (text: string, count: number) => text.replace('{count}', String(count))
  return speak(reply(554, '5.1.1', say(words.first, lines.length), ...named, ...(rest > 0 ? [say(words.more, rest)] : [])))
}
