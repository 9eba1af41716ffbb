/**
 * Access tokens for `upstream.auth.oauth2`, got by client credentials (RFC 6749 §4.4) and said to upstream as XOAUTH2.
 *
 * Promises: one request serves all sessions that wait for it; a token is not used in its last minute; the token server is asked at most once in
 * five seconds, so that a wrong secret does not lock the account. The secret is read from its file at each request, and is in no error.
 */
import type { UpstreamConfig } from '../config/schema.ts'
import { readSecret } from './read-secret.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

export type OAuth2Config = Extract<NonNullable<UpstreamConfig['auth']>, { oauth2: unknown }>['oauth2']

export type OAuth2Token = {
  /** Gives a token that has not expired. @throws {UpstreamUnavailable} there is none to be had now. */
  get(): Promise<string>
  /** Upstream refused this token: gives another. null: it was made a moment ago, and one more would fare no better. @throws as `get`. */
  renew(refused: string): Promise<string | null>
}

export type OAuth2TokenDeps = {
  readonly config: OAuth2Config
  readonly now: () => number
  /** For the whole of a request. Default: 20 s. */
  readonly timeoutMs?: number
}

/** A log-in takes time too. */
const lastMinuteMs = 60_000
/** Where the token server does not say how long a token lives (RFC 6749 §5.1 only recommends it). */
const unsaidLifeSeconds = 300
const betweenRequestsMs = 5_000

type Token = { readonly value: string; readonly usableUntil: number }
type Answer = { readonly access_token?: unknown; readonly expires_in?: unknown; readonly error?: unknown }

/** Makes the source of tokens for all sessions of a relay. */
export function createOAuth2Token({ config, now, timeoutMs = 20_000 }: OAuth2TokenDeps): OAuth2Token {
  let token: Token | null = null
  let failure: Error | null = null
  let requestedAt = Number.NEGATIVE_INFINITY
  let request: Promise<Token> | null = null

  function fetchOnce(): Promise<Token> {
    request ??= ask().finally(() => {
      request = null
    })
    return request
  }

  async function ask(): Promise<Token> {
    requestedAt = now()
    token = failure = null
    try {
      token = await requestToken(config, now, timeoutMs)
      return token
    } catch (err) {
      failure = err as Error
      throw err
    }
  }

  const justAsked = () => now() - requestedAt < betweenRequestsMs

  return {
    async get() {
      if (token && now() < token.usableUntil) return token.value
      if (failure && justAsked()) throw failure
      return (await fetchOnce()).value
    },
    async renew(refused) {
      if (request === null && token?.value === refused && justAsked()) return null
      // Another session may have renewed it meanwhile.
      if (token && token.value !== refused) return token.value
      return (await fetchOnce()).value
    },
  }
}

async function requestToken(
  { tokenUrl, clientId, clientSecretFile, scope }: OAuth2Config,
  now: () => number,
  timeoutMs: number,
): Promise<Token> {
  const { host } = new URL(tokenUrl)
  const secret = await readSecret(clientSecretFile)
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret, scope })
  let status: number
  let answer: Answer | null
  try {
    // A redirect would carry the secret elsewhere.
    const reply = await fetch(tokenUrl, { method: 'POST', body: form, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    status = reply.status
    answer = (await reply.json().catch(notJson)) as Answer | null
  } catch (cause) {
    const why = (cause as Error).name === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached'
    throw new UpstreamUnavailable('login', `the token server ${host} of upstream.auth.oauth2 ${why}`, { cause })
  }
  const { access_token: value, expires_in: life, error } = answer ?? {}
  // RFC 6750 §2.1: nothing that could end the field it is said in.
  if (status !== 200 || typeof value !== 'string' || !/^[\x21-\x7e]{1,8000}$/.test(value)) {
    const why = typeof error === 'string' && /^\w{1,100}$/.test(error) ? error : 'no access token'
    throw new UpstreamUnavailable('login', `the token server ${host} of upstream.auth.oauth2 answered ${status} (${why})`)
  }
  const seconds = Number(life)
  const lifeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : unsaidLifeSeconds) * 1000
  return { value, usableUntil: now() + Math.max(lifeMs - lastMinuteMs, lifeMs / 2) }
}

/** A body that is no JSON is no token; one that did not come in time is an error. */
function notJson(err: Error): null {
  if (err instanceof SyntaxError) return null
  throw err
}
