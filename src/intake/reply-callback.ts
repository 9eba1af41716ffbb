/**
 * `Reply` values in the clothes that smtp-server wants: a positive one as words, any other as an error with a code, several in a list (LMTP).
 */
import type { SMTPServerDataResult } from 'smtp-server'
import type { Reply } from '../smtp/reply.ts'
import { linesOf } from './mail-session.ts'

export type ReplyCallback = (refusal?: Error | null, said?: string | SMTPServerDataResult[]) => void

class Refusal extends Error {
  readonly responseCode: number
  constructor(words: Reply) {
    super(linesOf(words).join(' '))
    this.responseCode = words.code
  }
}

/** Answers by a callback of smtp-server's; null: accepted, in its own words. */
export function answerBy(callback: ReplyCallback, said: Reply | readonly Reply[] | null): void {
  if (said === null) callback(null)
  else if ('code' in said) callback(...clothed(said))
  else
    callback(
      null,
      said.map(one => clothed(one)[0] ?? linesOf(one).join(' ')),
    )
}

function clothed(words: Reply): [refusal: Error | null, words?: string] {
  return words.code < 300 ? [null, linesOf(words).join(' ')] : [new Refusal(words)]
}
