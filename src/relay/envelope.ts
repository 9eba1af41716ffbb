/**
 * The reverse-path of a MAIL → the envelope it leaves with: every mail gets a return path of ours, except that `<>` stays `<>`.
 *
 * In mode `keep` the line goes on as it came, with our token as its envelope id (RFC 3461 §4.4) where the CRM gave none.
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
 * domain is refused: whoever says it could make returns of mail that we never relayed. In mode `keep` we make no such paths, and refuse none.
 */
export function makeEnvelope(command: MailCommand, returnPath: ReturnPath, makeId: () => string, now: number): EnvelopeMade {
  const { mailbox, address: reversePath, after, line } = command
  const size = Number(parameter(after, 'SIZE') ?? Number.NaN)
  const declaredOctets = Number.isSafeInteger(size) && size >= 0 ? size : null
  if (mailbox === null)
    return { ok: true, envelope: { id: makeId(), reversePath: '', line, envelopeId: null, known: false, declaredOctets } }
  const domain = domainKey(mailbox.domain)
  if (returnPath.domains.includes(domain)) {
    const reading = returnPath.read(mailbox, now)
    if (reading.ok) return { ok: true, envelope: { id: reading.id, reversePath, line, envelopeId: null, known: true, declaredOctets } }
    // A sub-address of the company's own domain (`crm+b-{token}@example.com`) leaves all its other addresses to the CRM.
    const isOurs = reading.why !== 'foreign' || returnPath.owns(domain)
    if (isOurs && returnPath.mode === 'rewrite') return { ok: false, why: ourReplies.foreignReturnPath }
  }
  const id = makeId()
  if (returnPath.mode === 'rewrite') {
    const rewritten = withPath(command, returnPath.address(id, reversePath))
    return { ok: true, envelope: { id, reversePath, line: rewritten, envelopeId: null, known: false, declaredOctets } }
  }
  const envelopeId = parameter(after, 'ENVID') === null ? returnPath.envelopeId(id) : null
  return { ok: true, envelope: { id, reversePath, line, envelopeId, known: false, declaredOctets } }
}
