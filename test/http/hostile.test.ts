/**
 * Who may ask what, and what hostile or careless requests are told: every refusal is a problem (RFC 9457) and none is a stack.
 */
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import fastify, { type InjectOptions } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import t from 'tap'
import { limitBodyTime } from '../../src/http/body-deadline.ts'
import { whyNotLocal } from '../../src/http/locality.ts'
import { problemKinds } from '../../src/http/problem.ts'
import { bounceOf, checkedClient, type Document, journal, keyOf, openServer, storeBounces, tokens } from './fixture.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('every guarded route wants a token that holds its scope', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const ask = await checkedClient(t, fixture)
  const holds: Record<string, readonly string[]> = {
    [tokens.reader]: ['read'],
    [tokens.unblocker]: ['unblock'],
    [tokens.admin]: ['admin'],
    [tokens.ingester]: ['ingest'],
    [tokens.all]: ['read', 'unblock', 'admin', 'ingest'],
  }
  const document = (await fixture.server.inject('/openapi.json')).json() as Document
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security }]) => ({
      method: method.toUpperCase() as 'GET',
      url: path
        .replace('{address}', 'jean@example.com')
        .replace('{id}', 'some-id')
        .replace('{endpoint}', 'crm')
        .replace('{provider}', 'ses'),
      scope: security?.flatMap(one => Object.values(one)).flat()[0] ?? null,
    })),
  )
  routes.push({ method: 'GET', url: '/r/some-id', scope: 'read' }, { method: 'GET', url: '/', scope: 'read' })
  t.equal(routes.length, 49)
  for (const { method, url, scope } of routes) {
    const bare = await ask({ method, url, remoteAddress: '192.0.2.1' })
    if (scope === null) {
      // A web hook proves itself: without a token of ours it comes as far as that (intake/providers.test.ts).
      t.equal(bare.statusCode, url.startsWith('/v1/intake/') ? 404 : 200, `${url} is open`)
      continue
    }
    t.equal(bare.statusCode, 401, `${method} ${url} without a token`)
    t.match(bare.json(), { type: '/problems#missing-token' })
    t.equal(bare.headers['www-authenticate'], `Bearer realm="rebond", scope="${scope}"`)
    for (const [token, scopes] of Object.entries(holds)) {
      const answer = await ask({ method, url, headers: bearer(token), remoteAddress: '192.0.2.1' })
      if (scopes.includes(scope))
        t.ok([200, 400, 404, 415].includes(answer.statusCode), `${method} ${url} with ${scopes}: ${answer.statusCode}`)
      else {
        t.equal(answer.statusCode, 403, `${method} ${url} with ${scopes}`)
        t.match(answer.json(), { type: '/problems#insufficient-scope', detail: new RegExp(`needs a token with scope ${scope}`) })
        t.match(answer.headers['www-authenticate'], /error="insufficient_scope"/)
      }
    }
  }
})

t.test('a return path is told to those who may blacklist anyway, for a report to it may', async t => {
  const { server, store } = await openServer(t, { withTokens: true })
  const { id } = await journal(store, ['jean@example.com'])
  for (const url of ['/v1/messages', `/v1/messages/${id}`]) {
    t.match((await server.inject({ url, headers: bearer(tokens.all) })).body, `b-${id}@bounces.crm.example`)
    const reader = await server.inject({ url, headers: bearer(tokens.reader) })
    t.equal(reader.statusCode, 200)
    t.notMatch(reader.body, `b-${id}@`)
  }
})

t.test('a wrong token is 401 however it is wrong, and changes nothing', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const ask = await checkedClient(t, fixture)
  await storeBounces(fixture.store, bounceOf('jean@example.com', await journal(fixture.store, ['jean@example.com'])))
  for (const authorization of [
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    `Bearer ${tokens.all}x`,
    `Bearer ${tokens.all.slice(1)}`,
    `Bearer ${tokens.all} ${tokens.all}`,
    `Basic ${Buffer.from(`all:${tokens.all}`).toString('base64')}`,
    tokens.all,
    'Bearer \u00e9\u00e9',
  ]) {
    const answer = await ask({ method: 'POST', url: '/v1/addresses/jean@example.com/unblock', headers: { authorization } })
    t.equal(answer.statusCode, 401, authorization)
    t.match(answer.json(), { type: '/problems#invalid-token' })
    t.match(answer.headers['www-authenticate'], /^Bearer realm="rebond", error="invalid_token"$/)
    t.notMatch(answer.body, tokens.all)
  }
  t.match(await fixture.store.lookup([keyOf('jean@example.com')], Date.now()), [{ category: 'invalid_address' }])
  t.notMatch(fixture.log.join(''), tokens.all)
  t.equal(
    (await ask({ url: '/v1/blacklist', headers: { authorization: `bearer  ${tokens.reader} ` } })).statusCode,
    200,
    'the scheme has no case',
  )
})

t.test('wrong tokens are limited per network; a right one, and other networks, never are', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const ask = await checkedClient(t, fixture)
  const guess = (remoteAddress: string, token = 'guess') => ask({ url: '/v1/blacklist', headers: bearer(token), remoteAddress })
  for (let i = 0; i < 20; i++) t.equal((await guess('192.0.2.1')).statusCode, 401)
  const limited = await guess('192.0.2.1')
  t.equal(limited.statusCode, 429)
  t.match(limited.json(), { type: '/problems#too-many-attempts' })
  t.match(limited.headers['retry-after'], /^[1-9]\d?$/)
  t.equal((await guess('192.0.2.1', tokens.reader)).statusCode, 200)
  t.equal((await guess('192.0.2.2')).statusCode, 401)
})

t.test('one token, or one network without, may ask so often a minute; health is never counted', async t => {
  const limits = { requestsPerMinute: 3 }
  const fixture = await openServer(t, { withTokens: true, http: limits })
  const ask = await checkedClient(t, fixture)
  const by = (token: string, remoteAddress = '192.0.2.1', url = '/v1/blacklist') => ask({ url, headers: bearer(token), remoteAddress })
  for (let i = 0; i < 3; i++) t.equal((await by(tokens.reader, `192.0.2.${i}`)).statusCode, 200)
  const limited = await by(tokens.reader)
  t.equal(limited.statusCode, 429)
  t.match(limited.json(), {
    type: '/problems#too-many-requests',
    detail: 'More than 3 requests came from the token reader within a minute.',
  })
  t.match(limited.headers['retry-after'], /^[1-9]\d?$/)
  t.equal((await by(tokens.all)).statusCode, 200, 'another token')
  for (let i = 0; i < 5; i++) t.equal((await ask({ url: '/readyz', remoteAddress: '192.0.2.1' })).statusCode, 200)

  const open = await checkedClient(t, await openServer(t, { http: limits }))
  const local = (remoteAddress: string) => open({ url: '/v1/blacklist', headers: { host: 'localhost' }, remoteAddress })
  for (let i = 0; i < 3; i++) t.equal((await local('127.0.0.1')).statusCode, 200)
  t.equal((await local('127.0.0.1')).statusCode, 429)
  t.equal((await local('::1')).statusCode, 200, 'another network')
})

t.test('without tokens only plain requests of this machine are answered', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  for (const headers of [
    { host: 'localhost' },
    { host: 'localhost:8025' },
    { host: 'LOCALHOST:8025' },
    { host: '127.0.0.1:8025' },
    { host: '127.1.2.3' },
    { host: '[::1]:8025' },
    { host: 'localhost:8025', origin: 'http://localhost:8025' },
    { host: 'localhost:8025', 'sec-fetch-site': 'same-origin' },
    { host: 'localhost:8025', 'sec-fetch-site': 'none' },
  ]) {
    t.equal((await ask({ url: '/v1/blacklist', headers })).statusCode, 200, JSON.stringify(headers))
  }
  const local = { host: 'localhost:8025' }
  for (const headers of [
    { ...local, forwarded: 'for=192.0.2.1' },
    { ...local, 'x-forwarded-for': '127.0.0.1' },
    { ...local, 'x-forwarded-host': 'rebond.example.com' },
    { ...local, 'X-Forwarded-Anything': '' },
    { ...local, via: '1.1 proxy' },
    { ...local, 'x-real-ip': '127.0.0.1' },
    { host: 'rebond.example.com' },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'evil.example:8025' },
    { host: '2130706433' },
    { host: '0x7f.1' },
    { host: 'localhost:8025:1' },
    { host: '[::2]' },
    { ...local, origin: 'https://evil.example' },
    { ...local, origin: 'null' },
    { ...local, origin: 'http://localhost:3000' },
    { ...local, origin: 'http://localhost:8025.evil.example' },
    { ...local, 'sec-fetch-site': 'cross-site' },
  ]) {
    for (const request of [
      { url: '/v1/blacklist' },
      { url: '/metrics' },
      { url: '/v1/addresses/jean@example.com/block', method: 'PUT', payload: { why: 'x' } },
      { url: '/r/some-id' },
    ] as const) {
      const answer = await ask({ ...request, headers })
      t.equal(answer.statusCode, 403, `${request.url} ${JSON.stringify(headers)}`)
      t.match(answer.json(), { type: '/problems#token-required' })
    }
    t.equal((await ask({ url: '/livez', headers })).statusCode, 200)
  }
  t.equal((await ask({ url: '/v1/blacklist', remoteAddress: '192.0.2.1' })).statusCode, 403, 'another machine')
  t.same(await fixture.store.lookup([keyOf('jean@example.com')], Date.now()), [null])
})

t.test('metrics want no token on this machine, and scope read from anywhere else', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const ask = await checkedClient(t, fixture)
  for (const [request, status] of [
    [{}, 200],
    [{ remoteAddress: '::1', headers: { host: '[::1]:8025' } }, 200],
    [{ remoteAddress: '::ffff:127.0.0.1' }, 200],
    [{ headers: { 'x-forwarded-for': '192.0.2.1' } }, 401],
    [{ remoteAddress: '192.0.2.1' }, 401],
    [{ remoteAddress: '192.0.2.1', headers: bearer(tokens.reader) }, 200],
    [{ remoteAddress: '192.0.2.1', headers: bearer(tokens.unblocker) }, 403],
    [{ headers: bearer('wrong') }, 401],
  ] as const) {
    t.equal((await ask({ url: '/metrics', ...request } as InjectOptions)).statusCode, status, JSON.stringify(request))
  }
})

t.test('bodies: JSON and nothing else, all problems at once', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  const block = (payload: string, type: string | null = 'application/json', url = '/v1/addresses/jean@example.com/block') =>
    fixture.server.inject({ method: 'PUT', url, payload, ...(type && { headers: { 'content-type': type } }) })
  for (const [payload, type, kind] of [
    ['{', 'application/json', 'malformed-json'],
    ['{"why":', 'application/json', 'malformed-json'],
    ['nope', 'application/json', 'malformed-json'],
    ['{"__proto__":{"x":1}}', 'application/json', 'malformed-json'],
    ['{"why":"\xff', 'application/json; charset=utf-8', 'malformed-json'],
    ['why=x', 'application/x-www-form-urlencoded', 'unsupported-media-type'],
    ['{"why":"x"}', 'text/plain', 'unsupported-media-type'],
    ['{"why":"x"}', 'text/plain; application/json', 'unsupported-media-type'],
    ['{"why":"x"}', 'application/jsonx', 'unsupported-media-type'],
    ['--x', 'multipart/form-data; boundary=x', 'unsupported-media-type'],
    ['{"why":"x"}', 'nonsense', 'unsupported-media-type'],
    [`{"why":"${'x'.repeat(70_000)}"}`, 'application/json', 'body-too-large'],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'application/json', 'invalid-request'],
    ['[]', 'application/json', 'invalid-request'],
    ['"text"', 'application/json', 'invalid-request'],
    ['{"why":7}', 'application/json', 'invalid-request'],
  ] as const) {
    const answer = await block(payload, type)
    const { status } = problemKinds[kind]
    t.equal(answer.statusCode, status, `${type} ${payload.slice(0, 40)}`)
    t.equal(answer.headers['content-type'], 'application/problem+json')
    t.match(answer.json(), { type: `/problems#${kind}`, status, title: problemKinds[kind].title })
  }
  t.same(await fixture.store.lookup([keyOf('jean@example.com')], Date.now()), [null], 'none of them blocked')

  const all = await ask({
    method: 'PUT',
    url: '/v1/addresses/jean/block?x=1',
    payload: { why: 7, until: 'soon', reason: 'x', by: 'y'.repeat(101) },
  })
  t.equal(all.statusCode, 400)
  t.same(
    new Set(all.json().errors.map((one: { in: string; field: string }) => `${one.in} ${one.field}`)),
    new Set(['path address', 'body why', 'body until', 'body reason', 'body by']),
  )
  t.match(all.json().detail, /reason: must not be there; known here: why, by, until/)
  t.match(all.json().detail, /until: must be a time of RFC 3339, such as 2026-11-24T09:00:00Z, or a date, not soon/)
})

t.test('queries: every field at fault is named, with what would be right', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  for (const [url, field, detail] of [
    ['/v1/bounces?limit=0', 'limit', 'must be a whole number from 1 to 500, not 0'],
    ['/v1/bounces?limit=501', 'limit', 'must be a whole number from 1 to 500, not 501'],
    ['/v1/bounces?limit=1e2', 'limit', 'must be a whole number from 1 to 500, not 1e2'],
    ['/v1/bounces?limit=', 'limit', 'must be a whole number from 1 to 500, not ""'],
    ['/v1/bounces?limit=1&limit=2', 'limit', 'must be a whole number from 1 to 500, not a list'],
    ['/v1/bounces?type=medium', 'type', 'must be hard or soft, not medium'],
    ['/v1/bounces?category=dead', 'category', /^must be one of invalid_address, .*, not dead$/],
    ['/v1/bounces?address=jean', 'address', /^must be a mail address .*, not jean$/],
    ['/v1/bounces?domain=exa%20mple', 'domain', 'must be a domain, such as example.com, not exa mple'],
    ['/v1/bounces?domain=a@b', 'domain', /^must be a domain/],
    ['/v1/bounces?since=yesterday', 'since', /^must be a time of RFC 3339/],
    ['/v1/bounces?adress=jean@example.com', 'adress', /^must not be there; known here: limit, cursor, address, /],
    ['/v1/bounces?__proto__=x', '__proto__', /^must not be there/],
    ['/v1/messages?since=2026-02-30', 'since', /^must be a time/],
    ['/v1/blacklist?category=hard', 'category', /manual, not hard$/],
    ['/v1/blacklist?cursor=', 'cursor', /^must be the next of an earlier page/],
  ] as const) {
    const answer = await ask({ url })
    t.equal(answer.statusCode, 400, url)
    t.match(answer.json(), { type: '/problems#invalid-request', errors: [{ in: 'query', field, detail }] }, url)
  }
  const two = await ask({ url: '/v1/bounces?limit=x&type=y' })
  t.equal(two.json().errors.length, 2)
  for (const url of ['/v1/bounces?cursor=abc', '/v1/messages?cursor=%00', '/v1/blacklist?cursor=%F0%9F%92%A9']) {
    const answer = await ask({ url })
    t.equal(answer.statusCode, 400, url)
    t.match(answer.json(), { type: '/problems#bad-cursor', status: 400 }, url)
  }
  await journal(fixture.store, ['a@example.com'])
  await journal(fixture.store, ['b@example.com'])
  const { next } = (await ask({ url: '/v1/messages?limit=1' })).json()
  t.type(next, 'string')
  t.equal((await ask({ url: `/v1/messages?limit=1&cursor=${next}` })).statusCode, 200)
  t.match((await ask({ url: `/v1/messages?limit=1&cursor=${next}&address=a@example.com` })).json(), { type: '/problems#bad-cursor' })
  t.match((await ask({ url: `/v1/bounces?cursor=${next}` })).json(), { type: '/problems#bad-cursor' })
})

t.test('paths and methods that are not there', async t => {
  const { server } = await openServer(t)
  for (const [url, kind] of [
    ['/nothing', 'not-found'],
    ['/v1', 'not-found'],
    ['/v1/addresses/', 'invalid-request'],
    ['/v1/addresses/../../etc/passwd', 'not-found'],
    ['/v1/bounces/..%2f..%2fetc%2fpasswd', 'not-found'],
    ['/v1/bounces/..%2f..%2fetc%2fpasswd/raw', 'not-found'],
    ['/v1/bounces/%00', 'not-found'],
    ['/v1/messages/a%0d%0aSet-Cookie:%20x=1', 'not-found'],
    ['/v1/addresses/%zz', 'bad-request'],
    ['/v1/addresses/%ff%fe@example.com', 'bad-request'],
    [`/v1/addresses/${'a'.repeat(1100)}@example.com`, 'uri-too-long'],
    [`/v1/bounces/${'a'.repeat(300)}`, 'invalid-request'],
  ] as const) {
    const answer = await server.inject(url)
    t.equal(answer.statusCode, problemKinds[kind].status, url)
    t.match(answer.json(), { type: `/problems#${kind}` }, url)
    t.equal(answer.headers['set-cookie'], undefined)
  }
  for (const [method, url, allow] of [
    ['DELETE', '/v1/blacklist', 'GET, HEAD'],
    ['GET', '/v1/addresses/jean@example.com/unblock', 'POST'],
    ['POST', '/v1/addresses/jean@example.com/block', 'PUT'],
    ['PATCH', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/v1/bounces', 'GET, HEAD'],
  ] as const) {
    const answer = await server.inject({ method, url })
    t.equal(answer.statusCode, 405, `${method} ${url}`)
    t.equal(answer.headers.allow, allow)
    t.match(answer.json(), { type: '/problems#method-not-allowed' })
  }
  t.equal((await server.inject({ method: 'HEAD', url: '/v1/blacklist' })).statusCode, 200)
})

t.test('a person with a browser is led to the log-in, a program is told in JSON', async t => {
  const { server } = await openServer(t, { withTokens: true })
  const browser = await server.inject({ url: '/r/%3Cscript%3E', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  t.equal(browser.statusCode, 303)
  t.equal(browser.headers.location, '/login?to=%2Fr%2F%253Cscript%253E')
  t.match((await server.inject('/r/x')).headers['content-type'], 'application/problem+json')
  const api = await server.inject({ url: '/v1/blacklist', headers: { accept: 'text/html' } })
  t.equal(api.headers['content-type'], 'application/problem+json')
})

t.test('every answer forbids caching, sniffing, framing and the script of others', async t => {
  const { server } = await openServer(t)
  for (const url of ['/', '/livez', '/v1/blacklist', '/v1/nothing', '/nothing', '/v1/addresses/x', '/openapi.json', '/problems']) {
    const { headers } = await server.inject(url)
    t.match(
      headers,
      {
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': /^default-src 'none'/,
        'referrer-policy': 'same-origin',
      },
      url,
    )
    t.equal(headers['access-control-allow-origin'], undefined)
    t.equal(headers['x-powered-by'], undefined)
  }
})

t.test('over a socket: requests that try to be two, and lines that are not HTTP', async t => {
  const { server } = await openServer(t, { http: { listen: { port: 0 } } })
  const { host, port } = await server.listen()
  const say = (words: string) => {
    const socket = connect(port, host)
    socket.on('error', () => {})
    socket.write(words, 'latin1')
    return text(socket)
  }
  const get = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  t.match(await say(`${get}\r\n`), /^HTTP\/1\.1 200 OK/)
  for (const words of [
    'nonsense\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    `${get}X-Header: a\0b\r\n\r\n`,
    `${get}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${get}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    'GET /livez HTTP/1.1\r\n\r\n',
  ]) {
    const answer = await say(words)
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(words.slice(0, 30)))
    t.notMatch(answer, /200 OK/)
  }
  t.match(await say(`${get}\r\n`), /^HTTP\/1\.1 200 OK/, 'the server lives')
})

t.test('no header, however odd, makes a foreign request look local', async t => {
  fc.assert(
    fc.property(fc.string(), host => {
      const why = whyNotLocal('127.0.0.1', { host })
      return (
        why !== null || /^(?:localhost|127\.\d+\.\d+\.\d+|\[(?:::1|0*(?::0*){1,7}1|::ffff:(?:127\.|7f)[0-9a-f.:]*)\])(?::\d+)?$/i.test(host)
      )
    }),
  )
  t.equal(whyNotLocal('127.0.0.1', {}), 'its Host header does not name this machine')
  t.equal(whyNotLocal('192.0.2.1', { host: 'localhost' }), 'it comes from another machine')
  t.equal(whyNotLocal('::1', { host: 'localhost' }), null)
})

t.test('a body that does not arrive in time is told so, and its connection ends; a stream may take its time', async t => {
  const app = fastify().withTypeProvider<ZodTypeProvider>()
  limitBodyTime(app as never, 20)
  app.addContentTypeParser('text/csv', (_request, _body, done) => done(null))
  app.post('/whole', { config: { access: 'none' } }, async () => 'done')
  app.post('/stream', { config: { access: 'none', streamsBody: true } }, async request => {
    let octets = 0
    for await (const piece of request.raw) octets += (piece as Buffer).length
    return String(octets)
  })
  t.teardown(() => app.close())
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const head = (path: string, type: string) =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: 10\r\nConnection: close\r\n\r\n`
  const slow = connect(port, '127.0.0.1')
  slow.write(`${head('/whole', 'application/json')}{"a":`)
  t.match(await text(slow), /^HTTP\/1\.1 408 .*problems#request-timeout/s)
  const stream = connect(port, '127.0.0.1')
  stream.write(`${head('/stream', 'text/csv')}12345`)
  // Two of the deadlines above, one after the other, and it still goes on.
  for (let i = 0; i < 2; i++) {
    const other = connect(port, '127.0.0.1')
    other.write(`${head('/whole', 'application/json')}{`)
    await text(other)
  }
  stream.end('67890')
  t.match(await text(stream), /200 OK.*10$/s)
})
