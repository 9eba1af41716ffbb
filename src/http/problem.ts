/**
 * Problems: every error of the HTTP API as `application/problem+json` (RFC 9457).
 *
 * `type` is a reference to `/problems`, which explains each of them; clients tell problems apart by it. `detail` is for people. Nothing of
 * a bug's inside is ever said.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { problemPage } from './page/problem-page.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers people with pages, so its problems may be pages too. */
    page?: boolean
  }
}

type Kind = { readonly status: number; readonly title: string; readonly means: string }

const kind = (status: number, title: string, means: string): Kind => ({ status, title, means })

/** Every problem the API can answer with, by the last part of its `type`. */
export const problemKinds = {
  'invalid-request': kind(
    400,
    'The request is not valid',
    'A part of the path, the query or the body is not what it must be. <code>errors</code> lists all of them: which part, which field, and what would be right.',
  ),
  'malformed-json': kind(400, 'The body is not JSON', 'The body could not be read as JSON (RFC 8259).'),
  'bad-cursor': kind(
    400,
    'The cursor is not one of ours',
    'A <code>cursor</code> must be the <code>next</code> of an earlier page of the same list.',
  ),
  'bad-request': kind(400, 'The request cannot be read', 'The request is not HTTP, or its path is not percent-encoded UTF-8.'),
  'missing-token': kind(
    401,
    'A token is needed',
    'Send <code>Authorization: Bearer TOKEN</code>. <code>rebond token new</code> makes one.',
  ),
  'invalid-token': kind(
    401,
    'The token is not known',
    'The token is none of <code>http.tokens</code>, or the Authorization header is not <code>Bearer TOKEN</code>.',
  ),
  'insufficient-scope': kind(
    403,
    'The token may not do this',
    'The token does not hold the scope this call needs. No scope implies another.',
  ),
  'not-authentic': kind(403, 'The web hook does not prove itself', 'Its signature, its age or its topic is not right. Nothing was kept.'),
  'token-required': kind(
    403,
    'Only this machine may ask without a token',
    'No tokens are configured, so only plain requests from this machine are answered: none that passed a proxy, and none that a page of another site made. Configure <code>http.tokens</code>.',
  ),
  'not-found': kind(404, 'There is no such thing', 'No resource has this path, or it has been forgotten (retention).'),
  'not-blacklisted': kind(404, 'The address is not blacklisted', 'There is no block to lift: mail to this address passes.'),
  'no-mail-kept': kind(
    404,
    'No mail is kept for this return',
    'It was a reply in our own session, or the mail has been forgotten (retention).',
  ),
  'method-not-allowed': kind(405, 'The resource does not know this method', 'The <code>Allow</code> header lists those it knows.'),
  'request-timeout': kind(408, 'The request took too long to arrive', 'Send it again.'),
  'cannot-decide': kind(
    409,
    'There is nothing to decide',
    'The return, or the incident, is decided already, or an unblock or <code>policy.never</code> speaks against it.',
  ),
  'changes-forgotten': kind(
    410,
    'The feed does not go on from there',
    'The changes after this number have been forgotten (retention), or the store was restored from a backup. Read <code>newest</code> without <code>after</code>, then the whole blacklist, and go on from there.',
  ),
  'returns-pending': kind(
    409,
    'Returns are being judged',
    'Returned mail that concerns the address has just arrived. Ask again after <code>Retry-After</code> seconds.',
  ),
  'body-too-large': kind(413, 'The body is too large', 'Bodies may have 64 KiB.'),
  'uri-too-long': kind(414, 'The path is too long', 'An address may have 320 octets before it is percent-encoded.'),
  'unsupported-media-type': kind(
    415,
    'The body is not application/json',
    'Bodies must be sent with <code>Content-Type: application/json</code>.',
  ),
  'not-a-return-path': kind(
    422,
    'The recipient is no return path of ours',
    'It is not of our form, its signature is not ours, or it is too old (<code>returnPath.maxAgeDays</code>). Nothing was kept.',
  ),
  'return-path-spent': kind(
    429,
    'This return path has brought enough mail',
    'What one return path may bring, and mail without one, is bounded. Nothing was kept; hand it in again after <code>Retry-After</code> seconds.',
  ),
  'too-many-attempts': kind(
    429,
    'Too many wrong tokens',
    'Wait as long as <code>Retry-After</code> says. A right token is never refused for it.',
  ),
  'too-many-requests': kind(
    429,
    'Too many requests',
    'One token, or without tokens one network, may ask <code>http.requestsPerMinute</code> times a minute. Wait as long as <code>Retry-After</code> says.',
  ),
  'header-too-large': kind(431, 'The header is too large', 'The request line and header fields may have 16 KiB.'),
  'internal-error': kind(500, 'rebond has a bug', 'The log has the details under the same <code>instance</code>. Nothing was half done.'),
  'not-on-this-store': kind(
    501,
    'The store cannot do this',
    'What was asked is done by the tools of the database: doc/operations.md says which.',
  ),
  'provider-away': kind(
    503,
    'The provider does not answer',
    'Whether the web hook is authentic could not be found out, since its provider does not answer. Nothing was kept; send it again.',
  ),
  'store-unavailable': kind(
    503,
    'The store does not answer',
    'What was asked was not acknowledged. Ask again after <code>Retry-After</code> seconds, which does no harm; <code>/readyz</code> says more.',
  ),
} as const

export type ProblemKind = keyof typeof problemKinds

export const problemSchema = z
  .object({
    type: z.string().describe('a reference to the page that explains the problem; tell problems apart by this'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('what is wrong this time, in a sentence'),
    instance: z.string().optional().describe('the request, as the log names it'),
    errors: z
      .array(z.object({ in: z.enum(['path', 'query', 'body', 'header']), field: z.string(), detail: z.string() }))
      .optional()
      .describe('every field at fault, all at once'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' })

export type Problem = z.output<typeof problemSchema>

export const problemType = 'application/problem+json'

/** Makes a problem; without `detail` it says what its kind means. */
export function problem(kind: ProblemKind, detail: string, more: Pick<Problem, 'errors' | 'instance'> = {}): Problem {
  const { status, title } = problemKinds[kind]
  return { type: `/problems#${kind}`, title, status, detail, ...more }
}

/** Says whether a request is a person's, at a place for people: its path has a page, or nothing and is none of the API's. */
export function wantsPage({ headers, routeOptions, is404, url }: FastifyRequest): boolean {
  const forPeople = routeOptions.config.page ?? (is404 && !url.startsWith('/v1/'))
  return forPeople && /\btext\/html\b/.test(headers.accept ?? '')
}

/** Answers with a problem; as a page where a person with a browser asked for one. */
export function sendProblem(
  reply: FastifyReply,
  kind: ProblemKind,
  detail: string,
  more?: Pick<Problem, 'errors' | 'instance'>,
): FastifyReply {
  const body = problem(kind, detail, more)
  if (wantsPage(reply.request))
    return reply
      .code(body.status)
      .type('text/html; charset=utf-8')
      .send(problemPage(reply.request, kind, body))
  return reply.code(body.status).type(problemType).serializer(JSON.stringify).send(body)
}

/** The `response` part of a route's schema for the problems it can answer with. */
export function problemResponses(...kinds: readonly ProblemKind[]) {
  const byStatus: Record<number, { description: string; content: Record<string, { schema: typeof problemSchema }> }> = {}
  for (const name of kinds) {
    const { status } = problemKinds[name]
    const description = byStatus[status] ? `${byStatus[status].description}, ${name}` : name
    byStatus[status] = { description, content: { [problemType]: { schema: problemSchema } } }
  }
  return byStatus
}
