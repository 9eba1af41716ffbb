/**
 * Tells an upstream that trusts us (`upstream.trustsXclient`) whose session this is: XCLIENT where it is offered, else XFORWARD before each mail.
 *
 * XCLIENT makes the session one that was just greeted, without our log-in (XCLIENT_README): so we log in after it, and the CRM's own EHLO follows, which
 * also names the CRM.
 */
import { formatReplyLine } from '../smtp/reply.ts'
import { Asker } from './asker.ts'
import { formatAttributes, formatClientAddress, unavailable } from './client-attributes.ts'
import { sayHello } from './say-hello.ts'
import type { Upstream, UpstreamDeps } from './upstream.ts'
import { logIn } from './upstream-login.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'
import { Xforward } from './xforward.ts'

/** Tells of the client, and logs in. Gives how it was told; null: upstream offers no way. @throws {Error} upstream refused, or was lost. */
export async function introduceClient(
  upstream: Upstream,
  address: string,
  { upstream: config, hostname, greetingMs, token }: UpstreamDeps,
): Promise<'xclient' | 'xforward' | null> {
  const asker = new Asker(upstream.connection, upstream.replies, greetingMs)
  upstream.introduced = true
  let extensions = await sayHello(asker, hostname)
  const [xclient, xforward] = [extensions.get('XCLIENT'), extensions.get('XFORWARD')]
  const known = { ADDR: formatClientAddress(address), NAME: unavailable, PORT: unavailable, PROTO: 'ESMTP' }
  if (xclient !== undefined) {
    const answer = await asker.ask(`XCLIENT ${formatAttributes(xclient, known)}`)
    if (answer.code !== 220)
      throw new UpstreamUnavailable('protocol', `upstream.trustsXclient is true, but upstream refused XCLIENT: ${formatReplyLine(answer)}`)
    if (config.auth) extensions = await sayHello(asker, hostname)
  } else if (xforward !== undefined) upstream.xforward = new Xforward(address, extensions)
  if (config.auth) await logIn(asker, config.auth, token, extensions)
  asker.done()
  upstream.warm = false
  return xclient !== undefined ? 'xclient' : xforward !== undefined ? 'xforward' : null
}
