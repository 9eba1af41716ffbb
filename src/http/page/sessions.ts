/**
 * Sessions of people who have logged in to the page with a token.
 *
 * The cookie is 256 random bits; the server keeps its SHA-256 and what the token may do. So the token is never in the browser's hands, a
 * log-out ends the session for good, and a restart ends all of them. Kept in memory, bounded: the oldest makes room.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Scope, Token } from '../tokens.ts'

export type Session = {
  /** Name of the token. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Tells the token apart from a later one of the same name. */
  readonly sha256: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
  /** Signs the tokens of this session's forms. */
  readonly formKey: Buffer
}

export type Sessions = {
  /** Begins a session; gives what the cookie must hold. */
  begin(token: Token): string
  /** The session of a cookie; null: none, or it has ended. */
  find(cookie: string | undefined): Session | null
  end(cookie: string | undefined): void
  /** Ends the sessions of all but these tokens, as they are now: one whose scopes have changed must log in again. */
  keepOnly(tokens: readonly Token[]): void
}

/** A working day: whoever comes back tomorrow logs in again. */
export const sessionMs = 12 * 3_600_000
const maxSessions = 10_000

/** Makes the sessions of one server. */
export function createSessions(now: () => number): Sessions {
  /** By the SHA-256 of the cookie, oldest first. */
  const sessions = new Map<string, Session>()

  return {
    begin({ name, scopes, sha256 }) {
      const cookie = randomBytes(32).toString('base64url')
      if (sessions.size >= maxSessions) for (const oldest of [...sessions.keys()].slice(0, 1)) sessions.delete(oldest)
      sessions.set(digestOf(cookie), { name, scopes, sha256, endsAt: now() + sessionMs, formKey: randomBytes(32) })
      return cookie
    },
    find(cookie) {
      if (cookie === undefined) return null
      const digest = digestOf(cookie)
      const session = sessions.get(digest) ?? null
      if (session === null || session.endsAt > now()) return session
      sessions.delete(digest)
      return null
    },
    end(cookie) {
      if (cookie !== undefined) sessions.delete(digestOf(cookie))
    },
    keepOnly(tokens) {
      const kept = new Set(tokens.map(identityOf))
      for (const [digest, session] of sessions) if (!kept.has(identityOf(session))) sessions.delete(digest)
    },
  }
}

/**
 * Makes the token of a form: a fresh one for each page, so that compressing pages gives nothing away (BREACH), all of them good as long as the
 * session is.
 */
export function formToken(key: Buffer): string {
  const nonce = randomBytes(12).toString('base64url')
  return `${nonce}.${sign(key, nonce)}`
}

/** Says whether a form carries a token that this key made. */
export function isFormToken(key: Buffer, text: string): boolean {
  const [nonce = '', signature = ''] = text.split('.')
  const [given, right] = [Buffer.from(signature), Buffer.from(sign(key, nonce))]
  return given.length === right.length && timingSafeEqual(given, right)
}

function sign(key: Buffer, nonce: string): string {
  return createHmac('sha256', key).update(`rebond form ${nonce}`).digest('base64url')
}

function identityOf({ name, sha256, scopes }: Pick<Session, 'name' | 'sha256' | 'scopes'>): string {
  return JSON.stringify([name, sha256.toLowerCase(), [...scopes].sort()])
}

function digestOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64')
}
