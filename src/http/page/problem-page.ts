/**
 * Problems as pages: for a person who met one, and `/problems`, which the `type` of every problem leads to.
 */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { html, Markup } from '../html.ts'
import { type Problem, type ProblemKind, problemKinds } from '../problem.ts'
import { layout } from './layout.ts'
import { type View, viewOf } from './view.ts'

/** What a person reads instead of a problem. The sentence of this time is in English; what the kind means is in the person's language. */
export function problemPage(request: FastifyRequest, kind: ProblemKind, { status, detail, instance }: Problem): string {
  const view = viewOf(request)
  const { words } = view
  const known = words.problem.kinds[kind]
  const title = known?.title ?? problemKinds[kind].title
  const back = view.admitted && html` <a href="/">${words.problem.back}</a>`
  const body = html`<section class="narrow">
<p class="overline">${status}</p>
<h1>${title}</h1>
${known && html`<p>${known.means}</p>`}
<p${known && html` class="dim" lang="en"`}>${detail}</p>
${instance !== undefined && html`<p>${words.problem.reference}: <code>${instance}</code></p>`}
<p>${request.method === 'GET' && html`<a href="${view.path}">${words.problem.again}</a>`}${back}</p>
</section>`
  return layout(view, { title, body })
}

/** Adds `/problems`. */
export function problemRoutes(app: App): void {
  app.route({
    method: 'GET',
    url: '/problems',
    config: { access: 'none', page: true },
    schema: { hide: true },
    handler: (request, reply) => reply.type('text/html; charset=utf-8').send(problemList(viewOf(request))),
  })
}

function problemList(view: View): string {
  const entries = Object.entries(problemKinds).map(([name, { status, title, means }]) => {
    const known = view.words.problem.kinds[name as ProblemKind]
    return html`<div><dt id="${name}"><code>${name}</code></dt><dd>${status} · ${known?.title ?? title}. <span lang="en">${new Markup(means)}</span></dd></div>`
  })
  const title = view.words.footer.problems
  return layout(view, {
    title,
    body: html`<h1>${title}</h1>
<p lang="en">Every error of the API is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> leads here.</p>
<dl class="facts">${entries}</dl>`,
  })
}
