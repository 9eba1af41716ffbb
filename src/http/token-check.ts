/**
 * Is a text one of the configured tokens? Wrong ones are limited per client network, whether they come to the API or to the log-in; a right one
 * never is, so that nobody can lock others out.
 */
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import type { Token, Tokens } from './tokens.ts'

/** Wrong tokens that one client network (/32, IPv6 /64) may send in a minute. */
export const maxFailures = 20
const failureWindowMs = 60_000

export type TokenCheck = {
  /** Whether tokens are configured; without any this machine may do everything. */
  required(): boolean
  /** The token; null: it is none. `waitSeconds`: this network has sent too many wrong ones, and must wait so long. */
  check(
    request: FastifyRequest,
    text: string | null,
  ): Promise<{ readonly token: Token } | { readonly token: null; readonly waitSeconds: number | null }>
}

/** Makes the check of one server. The rate-limit plugin must be loaded. */
export function createTokenCheck(app: App, tokens: Tokens): TokenCheck {
  const countFailure = app.createRateLimit({ max: maxFailures, timeWindow: failureWindowMs })
  return {
    required: () => tokens.all().length > 0,
    async check(request, text) {
      const token = text === null ? null : tokens.find(text)
      if (token !== null) return { token }
      const limit = await countFailure(request)
      const limited = !limit.isAllowed && limit.isExceeded
      return { token: null, waitSeconds: limited ? Math.max(1, limit.ttlInSeconds) : null }
    },
  }
}
