/**
 * Who may ask what: one hook before every route, by the scope that the route declares. A route without one does not start.
 *
 * With tokens: `Authorization: Bearer` (RFC 6750), 401 with WWW-Authenticate or 403 insufficient-scope; wrong tokens are limited per client
 * network, a right one never is, so that nobody can lock others out. Without tokens: all scopes, from this machine only (locality.ts).
 * Pages are also shown to who has logged in with a token; a session opens nothing of the API, so that no other site can use it there.
 */
import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { whyNotLocal } from './locality.ts'
import { askToLogIn, type LogIn, sessionOf } from './page/log-in.ts'
import { sendProblem, wantsPage } from './problem.ts'
import { maxFailures, type TokenCheck } from './token-check.ts'
import { parseBearer, type Scope } from './tokens.ts'

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
    /** Signs the forms of the page for who may use it; null: the page is not shown, or to a program with a token. */
    formKey: Buffer | null
  }
}

/** Puts the hook on every route that `app` gets afterwards. */
export function guardAccess(app: App, tokenCheck: TokenCheck, logIn: LogIn): void {
  const localFormKey = randomBytes(32)

  app.addHook('onRoute', route => {
    if (route.config?.access === undefined) throw new Error(`the route ${route.url} must say who may ask it`)
  })

  app.addHook('onRequest', async (request, reply) => {
    const { access, page } = request.routeOptions.config
    if (access === undefined || access === 'none') return
    const withoutTokens = !tokenCheck.required()
    if (withoutTokens || (access === 'local' && request.headers.authorization === undefined)) {
      const why = whyNotLocal(request.ip, request.headers)
      if (why === null) {
        request.formKey = localFormKey
        return
      }
      if (withoutTokens) {
        return sendProblem(reply, 'token-required', `The request was refused because ${why}, and no tokens are configured (http.tokens).`)
      }
    }
    const scope: Scope = access === 'local' ? 'read' : access
    if (page && request.headers.authorization === undefined) {
      const session = sessionOf(logIn, request)
      if (session !== null) {
        request.formKey = session.formKey
        return checkScope(request, reply, session, scope)
      }
      if (wantsPage(request)) return askToLogIn(request, reply)
    }
    return checkToken(request, reply, scope)
  })

  async function checkToken(request: FastifyRequest, reply: FastifyReply, scope: Scope): Promise<FastifyReply | undefined> {
    const { authorization } = request.headers
    if (authorization === undefined) {
      reply.header('www-authenticate', `Bearer realm="rebond", scope="${scope}"`)
      return sendProblem(reply, 'missing-token', `Send a token with scope ${scope}: Authorization: Bearer TOKEN.`)
    }
    const text = parseBearer(authorization)
    const checked = await tokenCheck.check(request, text)
    if (checked.token === null) {
      if (checked.waitSeconds !== null) {
        reply.header('retry-after', checked.waitSeconds)
        return sendProblem(reply, 'too-many-attempts', `More than ${maxFailures} wrong tokens came from this network within a minute.`)
      }
      reply.header('www-authenticate', 'Bearer realm="rebond", error="invalid_token"')
      return sendProblem(
        reply,
        'invalid-token',
        text === null ? 'The Authorization header must be: Bearer TOKEN.' : 'The token is none of those that are configured (http.tokens).',
      )
    }
    return checkScope(request, reply, checked.token, scope)
  }
}

/** Notes who asks, and refuses what the token's scopes do not hold. */
async function checkScope(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, scopes }: { readonly name: string; readonly scopes: readonly Scope[] },
  scope: Scope,
): Promise<FastifyReply | undefined> {
  request.caller = name
  request.scopes = scopes
  if (scopes.includes(scope)) return
  reply.header('www-authenticate', `Bearer realm="rebond", error="insufficient_scope", scope="${scope}"`)
  return sendProblem(
    reply,
    'insufficient-scope',
    `This call needs a token with scope ${scope}; the token ${name} has ${scopes.join(', ')}.`,
  )
}
