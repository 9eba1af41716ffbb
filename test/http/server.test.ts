/**
 * The HTTP server as a whole: health and figures, trouble and bugs, its own description, the pages for people, sockets.
 */
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { formatTime, parseTime } from '../../src/http/fields.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { bounceOf, checkedClient, type Document, healthy, now, openServer, storeBounces } from './fixture.ts'

t.test('health, status and metrics', async t => {
  const health = { ...healthy }
  const fixture = await openServer(t, { health: async () => health })
  const ask = await checkedClient(t, fixture)
  await storeBounces(fixture.store, bounceOf('jean@example.com', null))
  fixture.metrics.rcpt.inc({ verdict: 'relayed' }, 3)

  t.same((await ask({ url: '/livez' })).json(), { status: 'alive' })
  t.same((await ask({ url: '/readyz' })).json(), {
    status: 'ready',
    checks: { store: 'ok', upstream: 'ok', relay: 'ok', bounce: 'ok', mailboxes: 'ok' },
  })
  t.match((await ask({ url: '/v1/status' })).json(), {
    version: '1.2.3',
    ruleSetVersion: 'rules-7',
    startedAt: formatTime(now),
    uptimeSeconds: 0,
    upstream: 'ok',
    store: { kind: 'level', state: 'ok' },
    counts: { blacklisted: 1, returns: 1, mails: 0, recipients: { relayed: 3 } },
  })
  const metrics = await ask({ url: '/metrics' })
  t.match(metrics.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.match(metrics.body, /^rebond_blacklisted_addresses 1$/m)
  t.match(metrics.body, /^rebond_rcpt_total\{verdict="relayed"\} 3$/m)

  Object.assign(health, { upstream: 'it refuses connections', relay: false })
  const ill = await ask({ url: '/readyz' })
  t.equal(ill.statusCode, 503)
  t.same(ill.json().checks, { store: 'ok', upstream: 'it refuses connections', relay: 'does not answer', bounce: 'ok', mailboxes: 'ok' })
})

t.test('store trouble is 503, a bug is 500 without its stack; health and figures still answer', async t => {
  const trouble = new StoreUnavailable('the disk is full')
  const bug = new TypeError('secret detail')
  const fail = (err: Error) => {
    const rejects = async () => Promise.reject(err)
    return new Proxy({} as never, { get: (_target, name) => (name === 'kind' ? 'level' : rejects) })
  }
  const down = await openServer(t, { store: fail(trouble), health: async () => ({ ...healthy, store: 'the disk is full' }) })
  const ask = await checkedClient(t, down)
  for (const request of [
    { url: '/v1/addresses/a@example.com' },
    { url: '/v1/blacklist' },
    { url: '/v1/bounces' },
    { url: '/v1/bounces/x' },
    { url: '/v1/bounces/x/raw' },
    { url: '/v1/lists' },
    { url: '/v1/lists/x' },
    { url: '/v1/statistics' },
    { url: '/v1/messages' },
    { url: '/v1/messages/x' },
    { url: '/v1/addresses/a@example.com/unblock', method: 'POST' },
    { url: '/v1/addresses/a@example.com/block', method: 'PUT' },
  ] as const) {
    const answer = await ask(request)
    t.equal(answer.statusCode, 503, request.url)
    t.match(answer.json(), { type: '/problems#store-unavailable' })
    t.equal(answer.headers['retry-after'], '5')
  }
  t.equal((await ask({ url: '/livez' })).statusCode, 200)
  t.equal((await ask({ url: '/metrics' })).statusCode, 200)
  t.match((await ask({ url: '/v1/status' })).json(), { store: { state: 'the disk is full' }, counts: { blacklisted: null } })

  const broken = await openServer(t, { store: fail(bug) })
  const answer = await (await checkedClient(t, broken))({ url: '/v1/addresses/someone@example.com' })
  t.equal(answer.statusCode, 500)
  t.match(answer.json(), { type: '/problems#internal-error', instance: /^http-\d+$/ })
  t.notMatch(answer.body, /secret|TypeError|at /)
  t.match(broken.log.join(''), /secret detail/)
  t.match(broken.log.join(''), /"stack":"TypeError/)
  t.notMatch(broken.log.join(''), /someone@example\.com/, 'no address in the log')
})

t.test('the OpenAPI document describes every route, its scope and its problems', async t => {
  const { server } = await openServer(t)
  const document = (await server.inject('/openapi.json')).json() as Document
  t.equal(document.openapi, '3.1.0')
  t.same(
    Object.entries(document.paths)
      .flatMap(([path, item]) => Object.keys(item).map(method => `${method} ${path}`))
      .sort(),
    [
      'get /livez',
      'get /metrics',
      'get /readyz',
      'get /v1/addresses/{address}',
      'get /v1/audit',
      'get /v1/backup',
      'get /v1/blacklist',
      'get /v1/blacklist/export',
      'get /v1/bounces',
      'get /v1/bounces/{id}',
      'get /v1/bounces/{id}/raw',
      'get /v1/canary',
      'get /v1/changes',
      'get /v1/incidents',
      'get /v1/incidents/{id}/bounces',
      'get /v1/lists',
      'get /v1/lists/{id}',
      'get /v1/messages',
      'get /v1/messages/{id}',
      'get /v1/outbox',
      'get /v1/reports/{id}',
      'get /v1/statistics',
      'get /v1/status',
      'get /v1/suspects',
      'get /v1/webhooks',
      'get /v1/webhooks/{endpoint}/deliveries',
      'post /v1/addresses/check',
      'post /v1/addresses/{address}/erase',
      'post /v1/addresses/{address}/export',
      'post /v1/addresses/{address}/unblock',
      'post /v1/blacklist/import',
      'post /v1/blacklist/revert',
      'post /v1/bounces/{id}/confirm',
      'post /v1/bounces/{id}/dismiss',
      'post /v1/canary',
      'post /v1/incidents/{id}/confirm',
      'post /v1/incidents/{id}/release',
      'post /v1/intake/{provider}',
      'post /v1/outbox/retry',
      'post /v1/outbox/{id}/retry',
      'post /v1/rejudge',
      'post /v1/reports',
      'post /v1/suspects/block',
      'post /v1/webhooks/{endpoint}/deliveries/{id}/replay',
      'post /v1/webhooks/{endpoint}/enable',
      'post /v1/webhooks/{endpoint}/replay',
      'put /v1/addresses/{address}/block',
    ],
  )
  t.same(document.paths['/v1/addresses/{address}/unblock']?.post?.security, [{ token: ['unblock'] }])
  t.same(document.paths['/v1/addresses/{address}/block']?.put?.security, [{ token: ['admin'] }])
  t.same(document.paths['/livez']?.get?.security, undefined)
  for (const status of ['200', '400', '401', '403', '404', '429', '500', '503']) {
    t.ok(document.paths['/v1/addresses/{address}/unblock']?.post?.responses[status], status)
  }
  for (const name of ['Return', 'Message', 'Address', 'Block', 'Problem']) t.ok(document.components.schemas[name], name)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(match => match[1] ?? '')
  for (const name of new Set(references)) t.ok(document.components.schemas[name], `${name} is defined`)
})

t.test('over a real socket: where it listens, what is no HTTP, and a close that lets requests end', async t => {
  const { server } = await openServer(t, { http: { listen: { port: 0 } } })
  const { host, port } = await server.listen()
  t.equal(host, '127.0.0.1')
  const answer = await fetch(`http://${host}:${port}/v1/addresses/jean@example.com`)
  t.equal(answer.status, 200)
  t.match(await answer.json(), { status: 'unknown' })

  const rude = connect(port, host)
  rude.write('EHLO crm.example\r\n\r\n')
  const words = await text(rude)
  t.match(words, /^HTTP\/1\.1 400 Bad Request\r\n/)
  t.match(words, /"type":"\/problems#bad-request"/)

  const large = await new Promise<number | undefined>((resolve, reject) => {
    httpRequest({ host, port, path: '/livez', headers: { 'x-large': 'x'.repeat(20_000) } }, reply => {
      reply.resume()
      resolve(reply.statusCode)
    })
      .on('error', reject)
      .end()
  })
  t.equal(large, 431)
  await server.close()
  await t.rejects(fetch(`http://${host}:${port}/livez`))
})

t.test('times are read as RFC 3339 and nothing else', async t => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4e12 }), at => parseTime(formatTime(at)) === at))
  fc.assert(fc.property(fc.string(), text => typeof parseTime(text) === 'number'))
  for (const good of ['2026-11-24', '2026-11-24T09:00Z', '2026-11-24t09:00:00.123z', '2026-11-24T09:00:00+02:00', '2024-02-29']) {
    t.notOk(Number.isNaN(parseTime(good)), good)
  }
  for (const bad of [
    '',
    'yesterday',
    '2026',
    '2026-02-29',
    '2026-13-01',
    '2026-11-24T25:00:00Z',
    '2026-11-24T09:00:00',
    '1764000000',
    '24/11/2026',
  ]) {
    t.ok(Number.isNaN(parseTime(bad)), bad)
  }
})
