/**
 * The reverse-path of a MAIL → the envelope it leaves with: every mail gets a return path of ours, except that `<>` stays `<>`.
 */
import type { ReturnPath } from '../return-path/return-path.ts'
import { type MailCommand, parameter, withPath } from '../smtp/command.ts'
import { ourReplies } from '../smtp/our-replies.ts'
import { domainKey } from '../smtp/path.ts'
import type { SpokenReply } from '../smtp/reply.ts'
import type { Envelope } from '../smtp/slots.ts'

export type EnvelopeMade = { readonly ok: true; readonly envelope: Envelope } | { readonly ok: false; readonly why: SpokenReply }

/**
 * Makes the envelope. A path that is ours with a valid signature goes on unchanged, and its message is one that we know; any other path at our
 * domain is refused: whoever says it could make returns of mail that we never relayed.
 */
export function makeEnvelope(command: MailCommand, returnPath: ReturnPath, makeId: () => string, now: number): EnvelopeMade {
  const { mailbox, address: reversePath, after, line } = command
  const size = Number(parameter(after, 'SIZE') ?? Number.NaN)
  const declaredOctets = Number.isSafeInteger(size) && size >= 0 ? size : null
  if (mailbox === null) return { ok: true, envelope: { id: makeId(), reversePath: '', line, known: false, declaredOctets } }
  if (domainKey(mailbox.domain) === returnPath.domain) {
    const reading = returnPath.read(mailbox, now)
    if (reading.ok) return { ok: true, envelope: { id: reading.id, reversePath, line, known: true, declaredOctets } }
    // A sub-address of the company's own domain (`crm+b-{token}@example.com`) leaves all its other addresses to the CRM.
    if (reading.why !== 'foreign' || returnPath.ownsDomain) return { ok: false, why: ourReplies.foreignReturnPath }
  }
  const id = makeId()
  return { ok: true, envelope: { id, reversePath, line: withPath(command, returnPath.address(id)), known: false, declaredOctets } }
}
