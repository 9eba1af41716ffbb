/**
 * Our own log-in to upstream, with `upstream.auth`: a password by PLAIN (RFC 4616) or LOGIN, or an OAuth 2 access token by XOAUTH2
 * (developers.google.com/workspace/gmail/imap/xoauth2-protocol). Secrets are never logged.
 */
import type { UpstreamConfig } from '../config/schema.ts'
import type { Extensions } from '../smtp/ehlo.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Asker } from './asker.ts'
import type { OAuth2Token } from './oauth2-token.ts'
import { readSecret } from './read-secret.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

/** Logs in; `token` is the source of access tokens, null when a password is used. @throws {UpstreamUnavailable} */
export async function logIn(
  asker: Asker,
  auth: NonNullable<UpstreamConfig['auth']>,
  token: OAuth2Token | null,
  extensions: Extensions,
): Promise<void> {
  const offered = (extensions.get('AUTH') ?? '').toUpperCase().split(' ')
  const needed = token ? 'AUTH XOAUTH2' : 'AUTH PLAIN or LOGIN'
  const answer = token
    ? await askXoauth2(asker, auth.user, token, offered)
    : 'passwordFile' in auth
      ? await askPassword(asker, auth.user, await readSecret(auth.passwordFile), offered)
      : null
  if (answer?.code === 235) return
  const why = answer ? `upstream refused the log-in of ${auth.user} with ${answer.code}` : `upstream does not offer ${needed}`
  throw new UpstreamUnavailable('login', why)
}

async function askPassword(asker: Asker, user: string, password: string, offered: readonly string[]): Promise<Reply | null> {
  if (offered.includes('PLAIN')) return await asker.ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`)
  return offered.includes('LOGIN') ? await askLogin(asker, user, password) : null
}

/** A token that upstream refuses is renewed once: it may have been revoked before its time. */
async function askXoauth2(asker: Asker, user: string, token: OAuth2Token, offered: readonly string[]): Promise<Reply | null> {
  if (!offered.includes('XOAUTH2')) return null
  const first = await token.get()
  const answer = await askToken(asker, user, first)
  const second = answer.code === 535 ? await token.renew(first) : null
  return second === null ? answer : await askToken(asker, user, second)
}

async function askToken(asker: Asker, user: string, token: string): Promise<Reply> {
  const answer = await asker.ask(`AUTH XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`)}`)
  // The challenge holds the error; an empty line asks for the reply.
  return answer.code === 334 ? await asker.ask('') : answer
}

async function askLogin(asker: Asker, user: string, password: string): Promise<Reply> {
  const first = await asker.ask('AUTH LOGIN')
  if (first.code !== 334) return first
  const second = await asker.ask(base64(user))
  return second.code === 334 ? await asker.ask(base64(password)) : second
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
