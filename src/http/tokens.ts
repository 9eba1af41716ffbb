/**
 * Tokens of the API: 256 random bits in the hands of the client, their SHA-256 in the configuration, scopes beside it.
 *
 * A token is looked up by its digest, compared in constant time with every configured one, so that time tells nothing. No scope implies
 * another: a token does what its list says and no more.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpConfig } from '../config/schema.ts'

export type Token = HttpConfig['tokens'][number]
export type Scope = Token['scopes'][number]

/** Reads `Bearer TOKEN` (RFC 6750 §2.1, scheme without regard to case); null when the header is something else. */
export function parseBearer(authorization: string): string | null {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1] ?? null
}

/** The SHA-256 of a token, in lower-case hexadecimal, as the configuration keeps it. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The configured tokens, which a reload may replace. */
export type Tokens = {
  all(): readonly Token[]
  /** The configured token that a text is; null: none. */
  find(text: string): Token | null
  replace(tokens: readonly Token[]): void
}

/** Makes the tokens of one server. */
export function createTokens(configured: readonly Token[]): Tokens {
  let known = withDigests(configured)
  return {
    all: () => known.map(({ token }) => token),
    find(text) {
      const digest = createHash('sha256').update(text).digest()
      let found: Token | null = null
      for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one.token
      return found
    },
    replace(tokens) {
      known = withDigests(tokens)
    },
  }
}

function withDigests(tokens: readonly Token[]): readonly { readonly token: Token; readonly digest: Buffer }[] {
  return tokens.map(token => ({ token, digest: Buffer.from(token.sha256, 'hex') }))
}
