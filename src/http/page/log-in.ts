/**
 * Logging in to the page: a token once, then a cookie that no script, no other site and no proxy log ever sees the token in.
 *
 * The cookie is HttpOnly and SameSite=Strict; where the page is reached by https also Secure, with the prefix that keeps other hosts of the
 * domain from setting it (draft-ietf-httpbis-rfc6265bis §4.1.3.2).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { html } from '../html.ts'
import type { TokenCheck } from '../token-check.ts'
import { asFields } from './filters.ts'
import { textField } from './form-parts.ts'
import { layout } from './layout.ts'
import { notice } from './parts.ts'
import { type Session, type Sessions, sessionMs } from './sessions.ts'
import { type View, viewOf } from './view.ts'

/** What the guard needs of the log-in. */
export type LogIn = { readonly sessions: Sessions; readonly publicUrl: string | null }

/** Long enough for any token; what is longer is none. */
const maxTokenLength = 1000

/** The session of a request; null: nobody has logged in. */
export function sessionOf(logIn: LogIn, request: FastifyRequest): Session | null {
  return logIn.sessions.find(request.cookies[cookieFor(logIn, request).name])
}

/**
 * Leads a person to the log-in, and from there back. A link on another site brings no SameSite=Strict cookie, though its reader may have logged
 * in: such a request is sent round once more from a page of ours.
 */
export function askToLogIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { method, url, headers } = request
  if (method !== 'GET') return reply.redirect('/login', 303)
  if (headers['sec-fetch-site'] === 'cross-site') {
    const view = viewOf(request)
    const body = html`<p><a href="${url}">${view.words.login.moving}</a></p>`
    const head = html`<meta http-equiv="refresh" content="0; url=${url}">`
    return reply.type('text/html; charset=utf-8').send(layout(view, { title: 'rebond', body, head }))
  }
  return reply.redirect(url === '/' ? '/login' : `/login?to=${encodeURIComponent(url)}`, 303)
}

/** Adds `/login` and `/logout`. */
export function logInRoutes(app: App, logIn: LogIn, tokenCheck: TokenCheck): void {
  app.route({
    method: 'GET',
    url: '/login',
    config: { access: 'none', page: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const { to, ended } = asFields(request.query)
      if (!tokenCheck.required()) return reply.redirect('/', 303)
      return sendForm(reply, viewOf(request), { to, ended: ended !== undefined })
    },
  })

  app.route({
    method: 'POST',
    url: '/login',
    config: { access: 'none', page: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const { token: typed = '', to } = asFields(request.body)
      const text = typed.trim()
      const view = viewOf(request)
      const { login } = view.words
      if (text === '') return sendForm(reply.code(400), view, { to, error: login.missing })
      const checked = await tokenCheck.check(request, text.length > maxTokenLength ? null : text)
      if (checked.token === null) {
        const { waitSeconds } = checked
        if (waitSeconds === null) return sendForm(reply.code(401), view, { to, error: login.wrong })
        return sendForm(reply.code(429).header('retry-after', waitSeconds), view, { to, error: login.limited(waitSeconds) })
      }
      if (!checked.token.scopes.includes('read')) return sendForm(reply.code(403), view, { to, error: login.noRead })
      const { name, secure } = cookieFor(logIn, request)
      logIn.sessions.end(request.cookies[name])
      const cookie = logIn.sessions.begin(checked.token)
      reply.setCookie(name, cookie, { httpOnly: true, sameSite: 'strict', secure, path: '/', maxAge: sessionMs / 1000 })
      return reply.redirect(placeOfOurs(to), 303)
    },
  })

  app.route({
    method: 'POST',
    url: '/logout',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const { name, secure } = cookieFor(logIn, request)
      logIn.sessions.end(request.cookies[name])
      reply.clearCookie(name, { httpOnly: true, sameSite: 'strict', secure, path: '/' })
      return reply.redirect('/login?ended=1', 303)
    },
  })
}

function sendForm(
  reply: FastifyReply,
  view: View,
  { to, error, ended = false }: { to?: string | undefined; error?: string; ended?: boolean },
): FastifyReply {
  const { login } = view.words
  const body = html`<section class="narrow">
<h1>${login.title}</h1>
${ended && notice('good', login.ended)}
<p>${login.intro}</p>
<form method="post" action="/login">
${to !== undefined && html`<input type="hidden" name="to" value="${placeOfOurs(to)}">`}
${textField({ name: 'token', label: login.token, type: 'password', error, required: true, autocomplete: 'current-password' })}
<p><button>${login.go}</button></p>
</form>
<p class="dim">${login.help}</p>
</section>`
  return reply.type('text/html; charset=utf-8').send(layout(view, { title: login.title, body }))
}

/** A path on this server: where the log-in leads on to. Anything else is the first page, so that no link sends people elsewhere. */
function placeOfOurs(to: string | undefined): string {
  if (to === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(to) || to.startsWith('/login')) return '/'
  return to
}

function cookieFor({ publicUrl }: LogIn, { headers }: FastifyRequest): { name: string; secure: boolean } {
  const secure = (publicUrl?.startsWith('https:') ?? false) || headers['x-forwarded-proto'] === 'https'
  return { name: secure ? '__Host-rebond' : 'rebond', secure }
}
