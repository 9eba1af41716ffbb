/**
 * Upstream as the relay meets it: reachable, greeting, TLS, log-in, and what it offers. The session ends with QUIT; no mail is sent.
 */
import type { Config } from '../../config/schema.ts'
import { Asker } from '../../relay/asker.ts'
import { createOAuth2Token } from '../../relay/oauth2-token.ts'
import { sayHello } from '../../relay/say-hello.ts'
import { openUpstream, upstreamTls } from '../../relay/upstream.ts'
import { UpstreamUnavailable } from '../../relay/upstream-unavailable.ts'
import type { Extensions } from '../../smtp/ehlo.ts'
import { type Finding, findingsOf } from './finding.ts'

const waitMs = 15_000

const fixes: Readonly<Record<string, string>> = {
  connect: 'check upstream.host and upstream.port, the firewall on the way, and that the server runs',
  greeting: 'the server does not want us: look at its log, and whether it knows the address of this machine',
  tls: 'check upstream.tls, the certificate and its name (upstream.serverName), and for a private authority upstream.caFile',
  login: 'check upstream.auth, its secret, and that the server offers the log-in; AUTH wants verified TLS',
  loop: 'upstream.host must be the mail server behind rebond, not rebond itself',
}

/** Opens a session with upstream and says what it is like. */
export async function checkUpstream({ upstream }: Config, hostname: string): Promise<Finding[]> {
  const at = findingsOf('upstream')
  if (upstream.host === null) return [at.ok('the built-in sandbox: nothing leaves the machine')]
  const { host, port, auth } = upstream
  const token = auth !== null && 'oauth2' in auth ? createOAuth2Token({ config: auth.oauth2, now: Date.now }) : null
  try {
    const { connection, replies, facts } = await openUpstream({
      upstream,
      upstreamAddress: () => ({ host, port }),
      tls: upstreamTls(upstream),
      hostname,
      token,
      instanceId: 'the doctor is no relay',
      connectMs: waitMs,
      greetingMs: waitMs,
    })
    const asker = new Asker(connection, replies, waitMs)
    const extensions = await sayHello(asker, hostname)
    await asker.ask('QUIT').catch(() => null)
    connection.destroy()
    const safe = facts.verified ? 'TLS, certificate verified' : upstream.tls === 'none' ? 'without TLS' : 'TLS, certificate not verified'
    return [
      at.ok(`${host}:${port} answers (${safe})${auth ? `, and lets ${auth.user} log in` : ''}`),
      ...offersOf(extensions, { tls: facts.verified || upstream.tls !== 'none', passesAuth: auth === null, mayAuth: facts.mayAuth }),
    ]
  } catch (err) {
    const why = err instanceof UpstreamUnavailable ? err.why : 'connect'
    return [findingsOf(`upstream.${why}`).problem((err as Error).message, fixes[why] ?? 'look at the log of the server')]
  }
}

function offersOf(
  extensions: Extensions,
  { tls, passesAuth, mayAuth }: { tls: boolean; passesAuth: boolean; mayAuth: boolean },
): Finding[] {
  const offers = findingsOf('upstream.extensions')
  const findings = [offers.ok(`it offers ${[...extensions.keys()].join(', ') || 'nothing'}`)]
  if (!extensions.has('PIPELINING'))
    findings.push(
      offers.warning(
        'it does not offer PIPELINING: each command waits for its reply',
        'let the server offer it; many recipients are slow without',
      ),
    )
  if (!extensions.has('8BITMIME'))
    findings.push(offers.warning('it does not offer 8BITMIME: the CRM must encode its mail in 7 bits', 'let the server offer it'))
  if (!tls && extensions.has('STARTTLS'))
    findings.push(offers.warning('it offers STARTTLS and upstream.tls is none', 'set upstream.tls: starttls'))
  if (passesAuth && extensions.has('AUTH') && !mayAuth) {
    findings.push(
      offers.warning(
        'it offers AUTH, which the relay hides: a log-in passes only over verified TLS',
        'set upstream.tls: starttls (or implicit, port 465)',
      ),
    )
  }
  return findings
}
