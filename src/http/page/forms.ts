/**
 * Forms that change something come from our own pages, or are refused: the browser says so (Sec-Fetch-Site, else Origin), the cookie is
 * SameSite=Strict, and the form carries a token of its session.
 */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { html } from '../html.ts'
import { asFields } from './filters.ts'
import { layout } from './layout.ts'
import { notice } from './parts.ts'
import { isFormToken } from './sessions.ts'
import { viewOf } from './view.ts'

/** Reads forms (application/x-www-form-urlencoded), and checks each before its handler sees it. */
export function acceptForms(app: App, publicUrl: string | null): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, readForm(body as string))
  })
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST' || isOurs(request, publicUrl)) return
    const view = viewOf(request)
    const title = view.words.form.staleTitle
    const body = html`<section class="narrow"><h1>${title}</h1>${notice('bad', view.words.form.stale)}<p><a href="/">${view.words.problem.back}</a></p></section>`
    return reply.code(403).type('text/html; charset=utf-8').send(layout(view, { title, body }))
  })
}

/** Fields by their names; one that came more than once is a list. */
function readForm(body: string): Record<string, string | string[]> {
  const params = new URLSearchParams(body)
  const fields = [...new Set(params.keys())].map(name => {
    const values = params.getAll(name)
    return [name, values.length === 1 ? (values[0] ?? '') : values] as const
  })
  return Object.fromEntries(fields)
}

function isOurs(request: FastifyRequest, publicUrl: string | null): boolean {
  const { headers, formKey, routeOptions } = request
  const site = headers['sec-fetch-site']
  if (site === undefined ? !isOurOrigin(headers.origin, headers.host, publicUrl) : site !== 'same-origin') return false
  // Before the log-in there is no session to be misused.
  if (routeOptions.config.access === 'none') return true
  return formKey !== null && isFormToken(formKey, asFields(request.body).form ?? '')
}

/** A request without Origin is no browser's of today: its form token decides. */
function isOurOrigin(origin: string | undefined, host: string | undefined, publicUrl: string | null): boolean {
  if (origin === undefined) return true
  if (publicUrl !== null && origin === new URL(publicUrl).origin) return true
  return origin === `http://${host}` || origin === `https://${host}`
}
