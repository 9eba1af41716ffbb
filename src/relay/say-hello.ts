/**
 * Our own EHLO to upstream (RFC 5321 §4.1.1.1).
 */
import { type Extensions, parseExtensions } from '../smtp/ehlo.ts'
import { formatReplyLine } from '../smtp/reply.ts'
import type { Asker } from './asker.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

/** Says EHLO and gives what upstream offers. @throws {UpstreamUnavailable} it was refused. */
export async function sayHello(asker: Asker, hostname: string): Promise<Extensions> {
  const answer = await asker.ask(`EHLO ${hostname}`)
  if (answer.code !== 250) throw new UpstreamUnavailable('protocol', `upstream refused EHLO: ${formatReplyLine(answer)}`)
  return parseExtensions(answer)
}
