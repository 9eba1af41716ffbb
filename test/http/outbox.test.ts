/**
 * `/v1/outbox` and its metrics, and the warning of a configuration that cannot forward.
 */
import t from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import { warningsOf } from '../../src/config/warnings.ts'
import { itemOf, owe, reportOf } from '../intake/post-office.ts'
import { checkedClient, hour, now, openServer, tokens } from './fixture.ts'

const as = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('what is owed is shown with its last error, and a dead letter is tried again when an administrator asks', async t => {
  let woken = 0
  const fixture = await openServer(t, { withTokens: true, wakeForwarder: () => void woken++ })
  const { store, server } = fixture
  const ask = await checkedClient(t, fixture)
  const waiting = await owe(store, 'x', {}, { dueAt: now + hour, attempts: 2, lastError: '451 later', inDoubt: true })
  const dead = await owe(store, 'x', { messageId: 'postmaster' }, { deadAt: now - hour, attempts: 9, lastError: '550 no' })
  const list = async (query = '') => (await ask({ url: `/v1/outbox${query}`, headers: as(tokens.reader) })).json().items

  const shown = { id: waiting, state: 'waiting', to: 'news@shop.example', attempts: 2, nextAt: new Date(now + hour).toISOString() }
  t.match(await list('?state=waiting'), [{ ...shown, lastError: '451 later', inDoubt: true, deadAt: null, messageId: String }])
  const given = { id: dead, state: 'dead', nextAt: null, deadAt: new Date(now - hour).toISOString(), lastError: '550 no', messageId: null }
  t.match(await list('?state=dead'), [given])
  t.equal((await list()).length, 2)
  t.equal((await ask({ url: '/v1/outbox?state=lost', headers: as(tokens.reader) })).statusCode, 400)
  const metrics = (await server.inject({ url: '/metrics', headers: as(tokens.reader) })).body
  t.match(metrics, /^rebond_outbox_mails\{state="waiting"\} 1$/m)
  t.match(metrics, /^rebond_outbox_mails\{state="dead"\} 1$/m)

  const retry = (id: string, token: string) => ask({ method: 'POST', url: `/v1/outbox/${id}/retry`, headers: as(token) })
  t.equal((await retry(dead, tokens.reader)).statusCode, 403)
  t.equal(woken, 0)
  t.match((await retry(dead, tokens.admin)).json(), { state: 'waiting', attempts: 0, deadAt: null, lastError: '550 no' })
  t.equal(woken, 1)
  t.match(await store.dueOutbox(now, 10), [{ ...itemOf(reportOf({ id: dead })), lastError: '550 no', since: now, dueAt: now }])
  t.same(await list('?state=dead'), [])
  t.equal((await retry('none', tokens.admin)).statusCode, 404)

  await owe(store, 'x', {}, { deadAt: now - hour })
  await owe(store, 'x', {}, { deadAt: now - hour })
  const all = (payload: object) => ask({ method: 'POST', url: '/v1/outbox/retry', headers: as(tokens.admin), payload })
  t.match((await all({ by: 'amy', why: 'the server is back' })).json(), { retried: 2, more: false })
  t.match((await all({})).json(), { retried: 0, more: false })
  t.equal(woken, 2)
  t.same(await list('?state=dead'), [])
  t.equal((await list('?state=waiting')).length, 4)
  t.match((await store.audit({}, { limit: 9, cursor: null })).items, [
    { op: 'retry', actor: 'hand', by: 'amy', key: null, subject: 'dead letters', why: 'the server is back' },
    { op: 'retry', by: 'boss', subject: `mail ${dead}` },
  ])
})

t.test('a configuration that forwards through a server that probably wants a log-in is warned of', async t => {
  const upstream = { host: 'smtp.example.com', port: 587, tls: 'starttls' }
  const auth = { user: 'u', passwordFile: 'p' }
  for (const [what, config, paths] of [
    ['the sandbox', {}, []],
    ['port 25', { upstream: { host: 'mail.example.com' } }, []],
    ['submission without a log-in of ours', { upstream }, ['bounce.forwardVia']],
    ['with one', { upstream: { ...upstream, auth } }, []],
    ['another way', { upstream, bounce: { forwardVia: { host: 'mx.example.com' } } }, []],
    [
      'another way that wants one too',
      { upstream, bounce: { forwardVia: { host: 'x.example.com', port: 465 } } },
      ['bounce.forwardVia.auth'],
    ],
    ['nothing is forwarded', { upstream, bounce: { forwardTo: 'none' } }, []],
    ['but mail to postmaster is', { upstream, bounce: { forwardTo: 'none', postmaster: 'ops@example.com' } }, ['bounce.forwardVia']],
  ] as const) {
    const parsed = parseConfig({ returnPath: { domain: 'bounces.example.com' }, ...config })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    t.same(
      warningsOf(parsed.config).map(({ path }) => path),
      paths,
      what,
    )
  }
})
