/**
 * The few pages for people who follow a link: `/` says what this is and how to unblock, `/r/{ref}` is the link in a refusal, `/problems`
 * explains the `type` of every problem.
 */
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { categoryFacts } from '../classify/verdict.ts'
import type { Bounce } from '../store/records.ts'
import { addressFacts } from './address-facts.ts'
import type { App, HttpDeps } from './app.ts'
import { formatTime, idParam } from './fields.ts'
import { html, Markup, page } from './html.ts'
import { problemKinds } from './problem.ts'

/** Adds the routes. */
export function pageRoutes(app: App, { config, store, policy, now, version }: HttpDeps): void {
  const withToken = config.tokens.length > 0

  app.route({
    method: 'GET',
    url: '/',
    config: { access: 'read', page: true },
    schema: { hide: true },
    handler: (request, reply) => sendPage(reply, 'rebond', welcome(baseUrl(request.headers.host), withToken, version)),
  })

  app.route({
    method: 'GET',
    url: '/problems',
    config: { access: 'none', page: true },
    schema: { hide: true },
    handler: (_request, reply) => sendPage(reply, 'Problems', problemList),
  })

  app.route({
    method: 'GET',
    url: '/r/:ref',
    config: { access: 'read', page: true },
    schema: { hide: true, params: z.strictObject({ ref: idParam }) },
    handler: async (request, reply) => {
      const bounce = await store.bounce(request.params.ref)
      if (bounce === null) {
        reply.code(404)
        return sendPage(reply, 'No such return', html`<p>No return has this reference, or it has been forgotten.</p>`)
      }
      const { status } = await addressFacts(store, policy, bounce.key, now())
      return sendPage(reply, bounce.address, explain(bounce, status, baseUrl(request.headers.host), withToken))
    },
  })

  /** Where people reach the API; without `http.publicUrl`, where this one did. */
  function baseUrl(host: string | undefined): string {
    return config.publicUrl?.replace(/\/+$/, '') ?? `http://${host ?? 'localhost'}`
  }
}

function sendPage(reply: FastifyReply, title: string, body: Markup): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page(title, body))
}

function curl(base: string, withToken: boolean, path: string, post: boolean): Markup {
  const token = withToken ? html` -H "Authorization: Bearer $TOKEN"` : null
  const body = post ? html` -X POST -H 'Content-Type: application/json' -d '{"why": "mailbox works again"}'` : null
  return html`<pre>curl${token}${body} '${base}${path}'</pre>`
}

function welcome(base: string, withToken: boolean, version: string): Markup {
  return html`<p>rebond ${version}: an SMTP relay that refuses dead recipients before they are mailed again, and says why.</p>
<p>Why does a customer get no mail?</p>
${curl(base, withToken, '/v1/addresses/jean@example.com', false)}
<p>Lift the block:</p>
${curl(base, withToken, '/v1/addresses/jean@example.com/unblock', true)}
<p>What came back, newest first:</p>
${curl(base, withToken, '/v1/bounces?limit=20', false)}
<p>Everything else: <a href="/openapi.json">/openapi.json</a> describes the API, <a href="/problems">/problems</a> its errors,
<a href="/v1/status">/v1/status</a> this server, <a href="/metrics">/metrics</a> its figures.</p>`
}

function explain(bounce: Bounce, status: string, base: string, withToken: boolean): Markup {
  // A quote would end the one around it in the command that people copy.
  const path = `/v1/addresses/${encodeURIComponent(bounce.address).replaceAll("'", '%27')}`
  const lift = html`<p>Mail to it is refused until somebody lifts the block:</p>
${curl(base, withToken, `${path}/unblock`, true)}`
  return html`<dl>
<dt>Address</dt><dd>${bounce.address} is <strong>${status}</strong> now</dd>
<dt>What came back</dt><dd>${categoryFacts[bounce.category].label.en} (${bounce.type}), ${formatTime(bounce.receivedAt)}</dd>
<dt>The server's words</dt><dd><code>${bounce.evidence}</code></dd>
<dt>Rule, and why it counted or not</dt><dd>${bounce.rule}, ${bounce.why}</dd>
<dt>Subject</dt><dd>${bounce.mail?.subject ?? 'not known'}</dd>
</dl>
${status === 'blacklisted' ? lift : html`<p>Mail to it passes.</p>`}
<p>All of it: <a href="/v1/bounces/${encodeURIComponent(bounce.id)}">the return</a>, <a href="${path}">the address</a>${
    bounce.messageId === null ? null : html`, <a href="/v1/messages/${encodeURIComponent(bounce.messageId)}">the mail</a>`
  }.</p>`
}

const problemList = html`<p>Every error is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> leads here.</p>
<dl>${Object.entries(problemKinds).map(
  ([name, { status, title, means }]) => html`<dt id="${name}">${name}</dt><dd>${status} · ${title}. ${new Markup(means)}</dd>`,
)}</dl>`
