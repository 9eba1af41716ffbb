/**
 * Writes doc/http-api.md from the OpenAPI document of the built program, which is generated from the schemas that answers are checked with.
 * `npm run docs` runs it; a test fails when the page and the program differ, and another runs every curl of it. With --check it writes nothing
 * and exits 1 on a difference.
 *
 * A new route is here by itself. What its curl should say beside the defaults below stands in `samples`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '../dist/config/config.js'
import { problemKinds } from '../dist/http/problem.js'
import { createHttp } from '../dist/http/server.js'
import { createMetrics } from '../dist/observe/metrics.js'

const page = fileURLToPath(new URL('http-api.md', import.meta.url))
const server = 'http://127.0.0.1:8025'

/** Values of path parameters and body fields that have no sample of their own. */
const values = { address: 'jean@example.com', id: '06h0qerl40pqj6cb-lc33kennat2i', endpoint: 'crm', why: 'the customer called', by: 'Marius' }

/** By operation: the query, the body or the curl options that show what it is for. */
const samples = {
  'GET /v1/blacklist': { query: 'domain=example.com&limit=100' },
  'GET /v1/bounces': { query: 'type=hard&since=2026-11-01' },
  'GET /v1/messages': { query: 'address=jean%40example.com' },
  'GET /v1/messages/{id}': { id: '06h0qerl40pqj6cb' },
  'GET /v1/incidents/{id}/bounces': { id: '06h0qerl40pqj6cb' },
  'GET /v1/lists/{id}': { id: 'autumn' },
  'PUT /v1/addresses/{address}/block': { body: { why: 'asked for silence', until: '2027-01-01T00:00:00Z' } },
  'POST /v1/blacklist/revert': { body: { since: '2026-11-24T08:00:00Z', until: '2026-11-24T09:00:00Z', domain: 'example.com', dryRun: true } },
  'GET /v1/changes': { query: 'wait=1' },
  'POST /v1/webhooks/{endpoint}/replay': { body: { since: '2026-11-24T08:00:00Z', state: 'failed' } },
  'POST /v1/suspects/block': { body: { addresses: ['jean@example.com'], why: 'five full mailboxes in a row' } },
  'POST /v1/reports': { options: "-H 'content-type: message/rfc822' --data-binary @returned.eml" },
  'POST /v1/intake/{provider}': { provider: 'postmark', options: "-u rebond:PASSWORD -H 'content-type: application/json' --data-binary @hook.json" },
  'GET /v1/reports/{id}': { id: '06h0qerl40pqj6cb' },
  'POST /v1/addresses/check': { body: { addresses: ['jean@example.com', 'marie@example.com'] } },
  'POST /v1/blacklist/import': { options: "-H 'content-type: text/csv' --data-binary $'address,why\\njean@example.com,asked for silence\\n'" },
}

/** Stands for whatever the routes would ask: describing them asks nothing. */
const unused = new Proxy(() => {}, { get: () => unused, apply: () => unused })
const { config } = parseConfig({})
const known = { config: config.http, policy: config.policy, metrics: createMetrics('0'), now: () => 0, version: '0', maxMessageBytes: config.bounce.maxMessageBytes }
const http = createHttp(new Proxy(known, { get: (deps, name) => deps[name] ?? unused }))
const api = (await http.inject('/openapi.json')).json()
await http.close()

const inline = schema => {
  if (schema?.$ref) return inline(api.components.schemas[schema.$ref.replace(/^.*\//, '')])
  return schema?.allOf?.length === 1 ? { ...inline(schema.allOf[0]), ...schema } : (schema ?? {})
}

/** What a value may be, in words. */
function kindOf(given) {
  const node = inline(given)
  const choices = node.anyOf ?? node.oneOf
  if (choices) return choices.map(kindOf).join(' or ')
  if (Array.isArray(node.type)) return node.type.map(type => kindOf({ ...node, type })).join(' or ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.enum) return node.enum.map(value => `\`${value}\``).join(', ')
  if (node.type === 'array') return `list of ${kindOf(node.items)}`
  if (node.type === 'object') return node.properties ? `{ ${Object.keys(node.properties).join(', ')} }` : 'object'
  if (node.format === 'date-time') return 'time'
  return { string: 'text', integer: 'whole number', boolean: '`true`, `false`' }[node.type] ?? node.type ?? 'any'
}

const cell = text => String(text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ')

function fieldTable(schema, heading) {
  const { properties = {}, required = [] } = inline(schema)
  const rows = Object.entries(properties).map(([name, field]) => {
    const meaning = inline(field).description ?? field.description
    return `| \`${name}\`${heading === 'body' && required.includes(name) ? ' (needed)' : ''} | ${cell(kindOf(field))} | ${cell(meaning)} |`
  })
  return rows.length === 0 ? '' : `\n\n| ${heading} | value | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

function curlOf(method, path, operation) {
  const sample = samples[`${method} ${path}`] ?? {}
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(sample[name] ?? values[name] ?? name))
  const body = inline(operation.requestBody?.content?.['application/json']?.schema)
  const fields = sample.body ?? Object.fromEntries(Object.keys(body.properties ?? {}).flatMap(name => (name in values ? [[name, values[name]]] : [])))
  const data = Object.keys(body).length > 0 ? ` -H 'content-type: application/json' \\\n  -d '${JSON.stringify(fields).replaceAll("'", "'\\''")}'` : ''
  const verb = method === 'GET' ? '' : ` -X ${method}`
  return `curl -s${verb} '${server}${filled}${sample.query ? `?${sample.query}` : ''}'${sample.options ? ` ${sample.options}` : data}`
}

function* operation(method, path, one) {
  yield `### ${method} ${path}\n`
  const scopes = (one.security ?? []).flatMap(need => need.token ?? [])
  yield `${one.summary}. ${scopes.length > 0 ? `Scope: \`${scopes.join('`, `')}\`${one.security.some(need => !need.token) ? ' (none on this machine)' : ''}.` : 'No token.'}\n`
  yield `\`\`\`sh\n${curlOf(method, path, one)}\n\`\`\``
  const parameters = one.parameters ?? []
  if (parameters.length > 0) {
    yield '\n| parameter | value | meaning |\n| --- | --- | --- |'
    for (const { name, in: place, description, schema } of parameters) yield `| \`${name}\` (${place}) | ${cell(kindOf(schema))} | ${cell(description ?? schema?.description)} |`
  }
  for (const { schema } of Object.values(one.requestBody?.content ?? {})) yield fieldTable(schema, 'body')
  for (const [status, { description, content = {} }] of Object.entries(one.responses)) {
    if (Number(status) >= 400) continue
    for (const [type, { schema }] of Object.entries(content)) {
      const answer = inline(schema)
      const { items } = answer.properties ?? {}
      if (items && 'next' in answer.properties) yield `\n${status}, \`${type}\`: a page \`{ items, next }\`; of each item:${fieldTable(inline(items).items, 'item')}`
      else yield `\n${status}, \`${type}\`${answer.properties ? ':' : description ? `: ${description}` : ''}${fieldTable(schema, 'answer')}`
    }
  }
  const own = Object.entries(one.responses).filter(([status, { content }]) => Number(status) >= 400 && content?.['application/problem+json'])
  const kinds = own.flatMap(([, { description }]) => description.split(', ')).filter(kind => !everywhere.has(kind))
  if (kinds.length > 0) yield `\nProblems of its own: ${kinds.map(kind => `[${kind}](#${kind})`).join(', ')}.`
  yield ''
}

/** Problems that any call may meet. */
const everywhere = new Set(
  ['missing-token', 'invalid-token', 'insufficient-scope', 'token-required', 'too-many-attempts', 'too-many-requests'].concat([
    'internal-error',
    'store-unavailable',
  ]),
)

const prose = html => html.replace(/<\/?code>/g, '`').replaceAll('&lt;', '<')

const operations = Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, one]) => [method.toUpperCase(), path, one]))
const tags = [...new Set(operations.map(([, , one]) => one.tags?.[0] ?? 'other'))]
const capital = text => text[0].toUpperCase() + text.slice(1)

const text = `# HTTP API

<!-- Generated from the program's OpenAPI document by \`npm run docs\`. Do not edit. -->

JSON in and out. The program describes itself at \`/openapi.json\` (OpenAPI 3.1); this page is made from it, and every curl on it is run by a test.

* **Who may ask.** Without \`http.tokens\`, plain requests from the same machine may do everything, as in the calls below. With tokens, add
  \`-H "authorization: Bearer $(cat token)"\` and the server's own URL; \`rebond token new NAME --scope read,unblock\` makes one. A scope implies no other.
* **Addresses** in a path are percent-encoded, in whatever form you know them: \`Jean@Example.COM\`, \`"jean dupont"@example.com\`
  (\`%22jean%20dupont%22%40example.com\`), \`jean@bücher.example\`. They are matched in their normal form, and any valid address is answered, heard of or not.
* **Times** are RFC 3339 in UTC; a query may also say a date. What is not known is null, never guessed.
* **Lists** are pages: \`?limit=\` (50 unless told, at most 500) and \`?cursor=\`; the answer is \`{ "items": […], "next": "…" }\` with a \`Link: <…>; rel="next"\`. A
  page may hold fewer items than \`limit\`; only \`next: null\` ends the list.
* **Errors** are \`application/problem+json\` (RFC 9457). Tell them apart by \`type\`, a reference to [the page that explains it](#problems), on a
  running server \`/problems\`. \`detail\` is a sentence for people; \`errors\` lists every field at fault.
* **Again.** Every call may be sent again when its answer was lost: nothing is done twice. After 429 and 503, \`Retry-After\` says when.
* **How often.** \`http.requestsPerMinute\` (6,000) for each token, without tokens for each network; then 429.

\`\`\`sh
# all pages of a list, with curl and a shell
next='/v1/blacklist?limit=500'
while [ -n "$next" ]; do
  curl -s -D headers '${server}'"$next"
  next=$(sed -n 's/^[Ll]ink: <\\(.*\\)>; rel="next".*/\\1/p' headers)
done
\`\`\`

${tags.map(tag => `## ${capital(tag)}\n\n${operations.filter(([, , one]) => (one.tags?.[0] ?? 'other') === tag).flatMap(each => [...operation(...each)]).join('\n')}`).join('\n')}
## Problems

Each \`type\` is \`/problems#\` and one of these names.

${Object.entries(problemKinds).map(([name, { status, title, means }]) => `### ${name}\n\n${status} ${title}. ${prose(means)}\n`).join('\n')}`.replace(/\n{3,}/g, '\n\n')

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    process.stderr.write('doc/http-api.md is not what the program says: run npm run docs\n')
    process.exitCode = 1
  }
} else writeFileSync(page, text)
