/**
 * Who may ask what: one hook before every route, by the scope that the route declares. A route without one does not start.
 *
 * With tokens: `Authorization: Bearer` (RFC 6750), 401 with WWW-Authenticate or 403 insufficient-scope; wrong tokens are limited per client
 * network, a right one never is, so that nobody can lock others out. Without tokens: all scopes, from this machine only (locality.ts).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpConfig } from '../config/schema.ts'
import type { App } from './app.ts'
import { whyNotLocal } from './locality.ts'
import { sendProblem } from './problem.ts'
import { parseBearer, type Scope, tokenFinder } from './tokens.ts'

/** `none`: anybody; `local`: this machine without a token, others with scope read. */
export type Access = Scope | 'none' | 'local'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Name of the token that asks; null: none was needed. */
    caller: string | null
    /** What the token may do; null: everything, for none was needed. */
    scopes: readonly Scope[] | null
  }
}

/** Wrong tokens that one client network (/32, IPv6 /64) may send in a minute. */
const maxFailures = 20
const failureWindowMs = 60_000

/** Puts the hook on every route that `app` gets afterwards. The rate-limit plugin must be loaded. */
export function guardAccess(app: App, { tokens }: Pick<HttpConfig, 'tokens'>): void {
  const findToken = tokenFinder(tokens)
  const countFailure = app.createRateLimit({ max: maxFailures, timeWindow: failureWindowMs })

  app.addHook('onRoute', route => {
    if (route.config?.access === undefined) throw new Error(`the route ${route.url} must say who may ask it`)
  })

  app.addHook('onRequest', async (request, reply) => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'none') return
    if (tokens.length === 0 || (access === 'local' && request.headers.authorization === undefined)) {
      const why = whyNotLocal(request.ip, request.headers)
      if (why === null) return
      if (tokens.length === 0) {
        return sendProblem(reply, 'token-required', `The request was refused because ${why}, and no tokens are configured (http.tokens).`)
      }
    }
    const scope: Scope = access === 'local' ? 'read' : access
    return checkToken(request, reply, scope)
  })

  async function checkToken(request: FastifyRequest, reply: FastifyReply, scope: Scope): Promise<FastifyReply | undefined> {
    const { authorization } = request.headers
    if (authorization === undefined) {
      reply.header('www-authenticate', `Bearer realm="rebond", scope="${scope}"`)
      return sendProblem(reply, 'missing-token', `Send a token with scope ${scope}: Authorization: Bearer TOKEN.`)
    }
    const text = parseBearer(authorization)
    const token = text === null ? null : findToken(text)
    if (token === null) {
      const limit = await countFailure(request)
      if (!limit.isAllowed && limit.isExceeded) {
        reply.header('retry-after', Math.max(1, limit.ttlInSeconds))
        return sendProblem(reply, 'too-many-attempts', `More than ${maxFailures} wrong tokens came from this network within a minute.`)
      }
      reply.header('www-authenticate', 'Bearer realm="rebond", error="invalid_token"')
      return sendProblem(
        reply,
        'invalid-token',
        text === null ? 'The Authorization header must be: Bearer TOKEN.' : 'The token is none of those that are configured (http.tokens).',
      )
    }
    request.caller = token.name
    request.scopes = token.scopes
    if (token.scopes.includes(scope)) return
    reply.header('www-authenticate', `Bearer realm="rebond", error="insufficient_scope", scope="${scope}"`)
    return sendProblem(
      reply,
      'insufficient-scope',
      `This call needs a token with scope ${scope}; the token ${token.name} has ${token.scopes.join(', ')}.`,
    )
  }
}
