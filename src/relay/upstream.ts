/**
 * A session with upstream, up to the point where the CRM's commands can go on it (or introduce-client.ts): connected, greeted, in TLS, logged in
 * (RFC 5321 §3.1, STARTTLS RFC 3207, AUTH RFC 4954).
 *
 * Promises: nothing of the CRM's goes over a connection that is not as safe as the configuration asks for; no secret is logged.
 */

import type { TLSSocket } from 'node:tls'
import { isLoopback } from '../config/network.ts'
import type { UpstreamConfig } from '../config/schema.ts'
import type { UpstreamFacts } from '../smtp/dialogue.ts'
import type { Extensions } from '../smtp/ehlo.ts'
import { formatReplyLine, type Reply } from '../smtp/reply.ts'
import { ReplyReader } from '../smtp/reply-reader.ts'
import type { Connection } from '../wire/connection.ts'
import { dial } from '../wire/dial.ts'
import { secureClient, TlsClient } from '../wire/tls.ts'
import { Asker } from './asker.ts'
import type { OAuth2Token } from './oauth2-token.ts'
import { sayHello } from './say-hello.ts'
import { logIn } from './upstream-login.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'
import type { Xforward } from './xforward.ts'

export type Upstream = {
  readonly connection: Connection
  readonly replies: ReplyReader
  readonly facts: UpstreamFacts
  /** It was opened ahead: it may have died unseen, and a fresh one is worth a try. */
  warm: boolean
  /** It has been told of a CRM: no other may go on with it. */
  introduced: boolean
  /** Tells upstream of the CRM before each mail. */
  xforward: Xforward | null
}

export type UpstreamDeps = {
  readonly upstream: UpstreamConfig
  readonly upstreamAddress: () => { readonly host: string; readonly port: number }
  /** How TLS is spoken with it; null: it is not. */
  readonly tls: TlsClient | null
  readonly hostname: string
  /** Access tokens for our log-in; null: none are used. */
  readonly token: OAuth2Token | null
  /** Stands in our own greetings. */
  readonly instanceId: string
  readonly connectMs: number
  readonly greetingMs: number
}

/** TLS with upstream as it is configured; null: none. */
export function upstreamTls({ tls, serverName, host, caFile }: UpstreamConfig): TlsClient | null {
  return tls === 'none' ? null : new TlsClient(serverName ?? host ?? '', caFile, tls !== 'opportunistic')
}

/** Opens a session. @throws {UpstreamUnavailable} the connection is then closed. */
export async function openUpstream(deps: UpstreamDeps): Promise<Upstream> {
  try {
    return await open(deps, deps.upstream.tls)
  } catch (err) {
    // RFC 7435: TLS where it can be had, and mail where it cannot.
    if (deps.upstream.tls === 'opportunistic' && err instanceof UpstreamUnavailable && err.why === 'tls') return await open(deps, 'none')
    throw err
  }
}

async function open(deps: UpstreamDeps, tls: UpstreamConfig['tls']): Promise<Upstream> {
  const { upstream, hostname } = deps
  const { host, port } = deps.upstreamAddress()
  const clientTls = tls === 'none' ? null : deps.tls
  let connection: Connection
  try {
    const implicitTls = tls === 'implicit' ? clientTls : null
    connection = await dial({ host, port, timeoutMs: deps.connectMs, implicitTls, mayUpgrade: clientTls !== null })
  } catch (cause) {
    throw new UpstreamUnavailable('connect', `upstream ${host}:${port} cannot be reached: ${(cause as Error).message}`, { cause })
  }
  const replies = new ReplyReader()
  const asker = new Asker(connection, replies, deps.greetingMs)
  try {
    greeted(await asker.next(), deps.instanceId)
    let extensions: Extensions | null = null
    if (clientTls && tls !== 'implicit') extensions = await startTls(asker, connection, clientTls, deps, tls === 'starttls')
    const mayAuth = connection.verified || isLoopback(connection.remoteAddress) || upstream.allowCleartextAuth
    if (upstream.auth && !mayAuth)
      throw new UpstreamUnavailable('login', 'upstream.auth needs verified TLS, loopback, or upstream.allowCleartextAuth')
    // XCLIENT would undo it.
    if (upstream.auth && !upstream.trustsXclient) {
      extensions ??= await sayHello(asker, hostname)
      await logIn(asker, upstream.auth, deps.token, extensions)
    }
    asker.done()
    return { connection, replies, facts: { verified: connection.verified, mayAuth }, warm: false, introduced: false, xforward: null }
  } catch (err) {
    connection.destroy()
    if (err instanceof UpstreamUnavailable) throw err
    throw new UpstreamUnavailable('protocol', `upstream ${host}:${port}: ${(err as Error).message}`, { cause: err })
  }
}

function greeted(greeting: Reply, instanceId: string): void {
  if (greeting.text.join(' ').includes(instanceId))
    throw new UpstreamUnavailable('loop', 'upstream is this relay itself: check upstream.host')
  if (greeting.code !== 220) throw new UpstreamUnavailable('greeting', `upstream greeted with ${formatReplyLine(greeting)}`)
}

/** Starts TLS where it is offered; gives the extensions offered afterwards. */
async function startTls(
  asker: Asker,
  connection: Connection,
  clientTls: TlsClient,
  { hostname, greetingMs }: UpstreamDeps,
  required: boolean,
): Promise<Extensions> {
  const offered = await sayHello(asker, hostname)
  if (!offered.has('STARTTLS')) {
    if (required) throw new UpstreamUnavailable('tls', 'upstream does not offer STARTTLS, which upstream.tls asks for')
    return offered
  }
  const answer = await asker.ask('STARTTLS')
  if (answer.code !== 220) throw new UpstreamUnavailable('tls', `upstream refused STARTTLS: ${formatReplyLine(answer)}`)
  try {
    const secured = (socket: TLSSocket) => clientTls.keep(socket)
    await connection.upgrade(secureClient(await clientTls.options(), secured), 'secureConnect', greetingMs)
  } catch (cause) {
    throw new UpstreamUnavailable('tls', `TLS with upstream failed: ${(cause as Error).message}`, { cause })
  }
  return await sayHello(asker, hostname)
}
