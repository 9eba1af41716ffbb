/**
 * The id under which a server queued a mail, read from its reply after the dot. No standard gives it a place: these are the common forms.
 * Pure.
 */
import type { Reply } from './reply.ts'

const forms = [
  /\bqueued as ([\w.-]{3,64})/i, // Postfix, rebond's sandbox, many more
  /\bid=([\w.-]{3,64})/i, // Exim: OK id=1rGx4N-0003kR-2F
  /<([^\s<>]{3,200})> \[InternalId=/i, // Exchange
  /\bid[: ]+<?([\w.@-]{3,200})>?/i, // OpenSMTPD: 3f1a2b4c Message accepted for delivery, id …
  /^(?:OK:? +)?\d+ ([\w.-]{8,64}) - gsmtp/i, // Gmail
  /^([\w-]{6,64}) Message accepted for delivery/i, // sendmail, OpenSMTPD
  /^ok:? (?:queued )?([\w.-]{8,100})$/i, // Amazon SES, qmail relatives
]

/** Gives upstream's queue id; null when the reply shows none. */
export function queueIdOf(reply: Reply): string | null {
  const text = reply.text.join(' ')
  for (const form of forms) {
    const id = form.exec(text)?.[1]
    if (id !== undefined) return id
  }
  return null
}
