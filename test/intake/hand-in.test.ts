/**
 * Returned mail that a program hands in: over HTTP, and by `rebond ingest`.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { runIngest } from '../../src/cli/ingest.ts'
import type { HandedIn } from '../../src/intake/hand-in.ts'
import { tokenInMail } from '../../src/intake/token-in-mail.ts'
import { firstIdAt } from '../../src/return-path/time-id.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { checkedClient, openServer, tokens } from '../http/fixture.ts'
import { tempDirectory } from '../support/temp-store.ts'
import { type Furnishing, openHouse, returnPathOf } from './house.ts'

const day = 86_400_000
const as = (token: string) => ({ authorization: `Bearer ${token}` })

/** An intake whose listener trusts 192.0.2.7, and the API before it. */
async function open(t: Test, furnishing: Furnishing = {}) {
  const house = await openHouse(t, { config: { reporters: ['192.0.2.7'], maxMessageBytes: 100_000 }, ...furnishing })
  const fixture = await openServer(t, { withTokens: true, store: house.store, handIn: house.intake.handIn, maxMessageBytes: 100_000 })
  const ask = await checkedClient(t, fixture)
  const post = (payload: string | Buffer, query = '', headers: object = {}) =>
    ask({
      method: 'POST',
      url: `/v1/reports${query}`,
      payload,
      headers: { 'content-type': 'message/rfc822', ...as(tokens.ingester), ...headers },
    })
  return { ...house, ...fixture, ask, post }
}

t.test('a mail is durable when it is answered 202, and is found by the return path in it or beside it', async t => {
  const { post, ask, store, token, intake, judged } = await open(t)
  const { id, address } = token()
  for (const [what, mail, query, messageId] of [
    ['in Delivered-To', `Delivered-To: ${address}\r\nTo: somebody@example.org\r\n\r\nx`, '', id],
    ['in X-Original-To, lower case, bare LF', `x-original-to: <${address.toUpperCase()}>\nTo: x@example.org\n\nx`, '', id],
    ['in To, among others', `To: "Somebody, Else" <x@example.org>, <${address}>\r\n\r\nx`, '', id],
    ['in a Received line', `Received: from mx by us\r\n\tfor <${address}>; Tue, 24 Nov 2026\r\nTo: x@example.org\r\n\r\nx`, '', id],
    ['given', 'Subject: x\r\n\r\nx', `?recipient=${encodeURIComponent(address)}`, id],
    ['nowhere', 'Subject: x\r\n\r\nx', '', null],
    ['no mail at all', Buffer.from([0, 255, 10]), '', null],
  ] as const) {
    const answer = await post(mail, query)
    t.equal(answer.statusCode, 202, what)
    t.equal(answer.json().messageId, messageId, what)
    const report = await store.report(answer.json().id)
    t.match(report, { messageId: messageId ?? answer.json().id, via: 'api', fromReporter: false, client: { address: 'unknown' } }, what)
    t.same(await store.rawReport(answer.json().id), Buffer.from(mail), 'octet for octet')
  }
  await intake.idle()
  t.equal(judged.length, 7)
  const { stored } = judged[0] ?? {}
  t.match((await ask({ url: `/v1/reports/${stored?.id}`, headers: as(tokens.reader) })).json(), {
    via: 'api',
    messageId: id,
    judged: { kind: 'other' },
  })
  t.match((await ask({ url: `/v1/reports/${judged[5]?.stored.id}`, headers: as(tokens.reader) })).json(), { messageId: null })
  t.equal((await ask({ url: '/v1/reports/none', headers: as(tokens.reader) })).statusCode, 404)
})

t.test('where a mail came from is proven by what the caller says, and by nothing in the mail', async t => {
  const { post, store, token } = await open(t)
  const { address } = token()
  const mail = `Received: from upstream ([192.0.2.7])\r\nDelivered-To: ${address}\r\n\r\nx`
  for (const [query, client, fromReporter] of [
    ['', 'unknown', false],
    ['?client=192.0.2.7&sender=', '192.0.2.7', true],
    ['?client=192.0.2.8&sender=a%40example.org', '192.0.2.8', false],
    ['?client=2001:db8::1', '2001:db8::1', false],
    ['?client=local', 'local', true],
  ] as const) {
    const { id } = (await post(mail, query)).json()
    t.match(
      await store.report(id),
      { client: { address: client }, fromReporter, sender: query.includes('a%40') ? 'a@example.org' : '' },
      query,
    )
  }
})

t.test('what is not taken says why, keeps nothing, and what is our trouble is 503', async t => {
  const { post, ask, server, store, token, returnPath } = await open(t)
  const { address } = token()
  const old = returnPath.address(token(Date.now() - 31 * day).id)
  const foreign = returnPathOf(9).address(token().id)
  for (const [what, answer, status, type] of [
    ['empty', post(''), 400, 'invalid-request'],
    ['too large', post('x'.repeat(100_001)), 413, 'body-too-large'],
    ['not a mail', post('{}', '', { 'content-type': 'application/json' }), 415, 'unsupported-media-type'],
    ['forged', post('x', `?recipient=${foreign}`), 422, 'not-a-return-path'],
    ['expired', post('x', `?recipient=${old}`), 422, 'not-a-return-path'],
    ['foreign', post('x', '?recipient=jean@example.org'), 422, 'not-a-return-path'],
    ['no address', post('x', '?recipient=jean'), 422, 'not-a-return-path'],
    ['no client', post('x', '?client=upstream'), 400, 'invalid-request'],
    ['another parameter', post('x', '?token=1'), 400, 'invalid-request'],
    [
      'without the scope',
      ask({ method: 'POST', url: '/v1/reports', payload: 'x', headers: { 'content-type': 'message/rfc822', ...as(tokens.admin) } }),
      403,
      'insufficient-scope',
    ],
    [
      'a mail elsewhere',
      server.inject({
        method: 'POST',
        url: '/v1/outbox/retry',
        payload: 'x',
        headers: { 'content-type': 'message/rfc822', ...as(tokens.admin) },
      }),
      415,
      'unsupported-media-type',
    ],
  ] as const) {
    const { statusCode, json } = await answer
    t.equal(statusCode, status, what)
    t.match(json(), { type: `/problems#${type}` }, what)
  }
  t.same(await store.pendingReports(9), [])
  // The same mail with an invalid return path in its header only: nobody's word is broken by keeping it.
  t.match((await post(`To: ${old}\r\n\r\nx`)).json(), { messageId: null })
  for (let n = 0; n < 8; n++) t.equal((await post('x', `?recipient=${address}`)).statusCode, 202)
  const spent = await post('x', `?recipient=${address}`)
  t.match([spent.statusCode, spent.headers['retry-after'], spent.json()], [429, '3600', { type: '/problems#return-path-spent' }])

  const down = async () => Promise.reject(new StoreUnavailable('the disk is full'))
  const broken = await openServer(t, { withTokens: true, handIn: down })
  const headers = { 'content-type': 'message/rfc822', ...as(tokens.ingester) }
  t.equal((await broken.server.inject({ method: 'POST', url: '/v1/reports', payload: 'x', headers })).statusCode, 503)
})

t.test('a token is found in whatever mail holds it, and never in one that does not', async t => {
  const returnPath = returnPathOf()
  const now = Date.now()
  const address = returnPath.address(firstIdAt(now))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (before, after) => {
      const mail = Buffer.concat([Buffer.from(before), Buffer.from(`\nTo: <${address}>\n`), Buffer.from(after)])
      const found = tokenInMail(mail, returnPath, now)
      return found?.ok === true && tokenInMail(Buffer.from(before), returnPath, now) === null
    }),
  )
  t.same(tokenInMail(Buffer.from(`To: ${returnPathOf(9).address(firstIdAt(now))}\n\n`), returnPath, now), { ok: false, why: 'forged' })
  const late = `To: ${returnPathOf(9).address(firstIdAt(now))}, ${address}\n\n`
  t.match(tokenInMail(Buffer.from(late), returnPath, now), { ok: true }, 'one that is not valid hides no other')
})

t.test('rebond ingest: exit statuses that a mail server understands', async t => {
  const handed: HandedIn[] = []
  let answer: 'ok' | 'forged' | 'spent' | 'down' = 'ok'
  const fixture = await openServer(t, {
    withTokens: true,
    http: { listen: { port: 0 } },
    async handIn(mail) {
      handed.push(mail)
      if (answer === 'down') throw new StoreUnavailable('the disk is full')
      if (answer !== 'ok') return { ok: false, why: answer }
      const client = { address: 'unknown', host: null }
      const report = { id: 'r', messageId: 'm', receivedAt: 0, sender: '', client, fromReporter: false, size: 1, judged: null }
      return { ok: true, report, messageId: 'm' }
    },
  })
  const { host, port } = await fixture.server.listen()
  const directory = await tempDirectory(t)
  const [tokenFile, wrongToken, file] = ['token', 'wrong', 'mail.eml'].map(name => join(directory, name)) as [string, string, string]
  await Promise.all([writeFile(tokenFile, tokens.ingester), writeFile(wrongToken, 'x'), writeFile(file, 'Subject: é\r\n\r\nx')])
  const server = ['--url', `http://${host}:${port}`]
  async function ingest(args: readonly string[], stdin = '') {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = await runIngest(args, {
      stdin: Readable.from([Buffer.from(stdin)]),
      stdout,
      stderr,
      env: { REBOND_TOKEN_FILE: tokenFile },
    })
    stdout.end()
    stderr.end()
    return { status, out: await text(stdout), err: await text(stderr) }
  }
  t.match(await ingest([file, ...server, '--recipient', 'a@b', '--sender', '', '--client', '', '--local']), { status: 0, out: '', err: '' })
  t.same(handed.at(-1), { raw: Buffer.from('Subject: é\r\n\r\nx'), recipient: 'a@b', sender: '', client: 'local' })
  t.match(await ingest(['-', ...server, '--json'], 'Subject: y\r\n\r\nx'), { status: 0, out: '{"id":"r","messageId":"m"}\n' })
  t.same(handed.at(-1), { raw: Buffer.from('Subject: y\r\n\r\nx'), recipient: null, sender: null, client: null })
  t.match(await ingest(server, 'x'), { status: 0 }, 'standard input is what there is')
  for (const [args, client] of [
    [['--client='], null],
    [['--client=192.0.2.7', '--local'], '192.0.2.7'],
    [['--local'], 'local'],
  ] as const) {
    await ingest([...server, ...args], 'x')
    t.equal(handed.at(-1)?.client, client, args.join(' '))
  }
  for (const [what, args, stdin, next, status, words] of [
    ['no return path of ours', server, 'x', 'forged', 65, /no signature of ours/],
    ['an empty mail', server, '', 'ok', 65, /must be a mail/],
    ['too much mail', server, 'x', 'spent', 75, /No more mail/],
    ['the store is down', server, 'x', 'down', 75, /store does not answer/],
    ['a wrong token', [...server, '--token-file', wrongToken], 'x', 'ok', 75, /none of those/],
    ['no token file', [...server, '--token-file', join(directory, 'none')], 'x', 'ok', 75, /must be readable/],
    ['no server', ['--url', 'http://127.0.0.1:1'], 'x', 'ok', 75, /cannot be reached/],
    ['no such file', [join(directory, 'none'), ...server], '', 'ok', 66, /ENOENT/],
    ['two files', [file, file, ...server], '', 'ok', 64, /one mail at a time/],
    ['an unknown option', ['--what'], '', 'ok', 64, /Unknown option/],
    ['no client', ['--client', 'local', ...server], '', 'ok', 64, /--client must be/],
  ] as const) {
    answer = next
    t.match(await ingest(args, stdin), { status, err: words }, what)
  }
  t.equal((await ingest(['--help'])).status, 0)
})
