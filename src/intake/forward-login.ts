/**
 * Our log-in where mail is forwarded to: user and password (SASL PLAIN or LOGIN), or an OAuth2 access token got by client credentials
 * (RFC 6749 §4.4), said as XOAUTH2. Secrets are read from their files when they are needed, so that a changed one needs no restart.
 */
import { readFile } from 'node:fs/promises'
import type { SMTPConnectionAuth } from 'nodemailer/lib/smtp-connection'
import XOAuth2 from 'nodemailer/lib/xoauth2'
import type { ForwardRoute } from './forward-route.ts'

type Auth = NonNullable<ForwardRoute['auth']>
type OAuth2 = Extract<Auth, { oauth2: unknown }>['oauth2']

const tokenRequestMs = 30_000

/** The log-in cannot be made from what the configuration says. */
export class ForwardLoginInvalid extends Error {
  readonly code = 'ERR_CONFIG_INVALID'
}

export type ForwardLogin = {
  /** Reads the secret once, to find what is wrong at the start. @throws {ForwardLoginInvalid} the key, and what it must be. */
  check(): Promise<void>
  /** Gives what nodemailer logs in with. @throws {Error} */
  credentials(): Promise<SMTPConnectionAuth>
}

/** Makes the log-in of a route; null when it has none. */
export function createForwardLogin({ key, auth }: Pick<ForwardRoute, 'key' | 'auth'>): ForwardLogin | null {
  if (auth === null) return null
  const at = 'passwordFile' in auth ? `${key}.auth.passwordFile` : `${key}.auth.oauth2.clientSecretFile`
  const secret = () => readSecret('passwordFile' in auth ? auth.passwordFile : auth.oauth2.clientSecretFile, at)
  const login: ForwardLogin = {
    async check() {
      await secret()
    },
    credentials: async () => ({ user: auth.user, pass: await secret() }),
  }
  if ('passwordFile' in auth) return login
  const oauth2 = new XOAuth2({
    user: auth.user,
    provisionCallback(_user, _renew, give) {
      secret()
        .then(clientSecret => requestToken(auth.oauth2, clientSecret))
        .then(
          ({ token, expiresAt }) => give(null, token, expiresAt),
          (err: Error) => give(err),
        )
    },
  })
  return { ...login, credentials: async () => ({ user: auth.user, oauth2 }) }
}

/** Reads a secret of one line. @throws {ForwardLoginInvalid} */
async function readSecret(file: string, key: string): Promise<string> {
  let secret: string
  try {
    secret = (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message
    throw new ForwardLoginInvalid(`${key}: must be a file that can be read, not ${file} (${why})`, { cause })
  }
  if (secret === '') throw new ForwardLoginInvalid(`${key}: must be a file with a secret in it, not ${file}, which is empty`)
  return secret
}

/** Asks for an access token (RFC 6749 §4.4.2). Errors name what the server said, never a secret. */
async function requestToken(
  { tokenUrl, clientId, scope }: OAuth2,
  clientSecret: string,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope })
  const answer = await fetch(tokenUrl, { method: 'POST', body: form, redirect: 'error', signal: AbortSignal.timeout(tokenRequestMs) })
  const body = (await answer.json().catch(() => null)) as { access_token?: unknown; expires_in?: unknown; error?: unknown } | null
  if (!answer.ok || typeof body?.access_token !== 'string') {
    const why = typeof body?.error === 'string' ? body.error.slice(0, 100) : 'no access token'
    throw new Error(`the token server answered ${answer.status} (${why})`)
  }
  // A token is not used in its last minute: the log-in takes time too.
  const seconds = Math.max(0, Number(body.expires_in ?? 0) - 60) || 1
  return { token: body.access_token, expiresAt: Date.now() + seconds * 1000 }
}
