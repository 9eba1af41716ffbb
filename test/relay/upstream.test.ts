/**
 * What goes on with upstream beside the CRM's commands: access tokens and the log-in with them, XCLIENT and XFORWARD; and what a reload and a slow
 * body bring.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import { formatClientAddress, xtext } from '../../src/relay/client-attributes.ts'
import { createOAuth2Token } from '../../src/relay/oauth2-token.ts'
import { type RelayUnderTest, relayUnderTest } from '../support/relay-under-test.ts'
import type { Script } from '../support/scripted-upstream.ts'
import { SmtpClient, smtpClient } from '../support/smtp-client.ts'
import { tempDirectory } from '../support/temp-store.ts'
import { tlsFile } from '../support/tls-files.ts'
import { type TokenAnswer, tokenServer } from '../support/token-server.ts'
import { until } from '../support/until.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const xoauth2 = (token: string) => `AUTH XOAUTH2 ${base64(`user=crm@shop.example\x01auth=Bearer ${token}\x01\x01`)}`
const numbered = (number: number): TokenAnswer => ({ body: { access_token: `t${number}`, expires_in: 3600 } })

/** A token server, and the configuration of a client of it. */
async function client(t: Test, answer: (number: number) => TokenAnswer | null = numbered) {
  const { url, asked } = await tokenServer(t, answer)
  const clientSecretFile = join(await tempDirectory(t), 'secret')
  await writeFile(clientSecretFile, 'cl1ent-s3cret\n')
  return { asked, oauth2: { tokenUrl: url, clientId: 'rebond', clientSecretFile, scope: 'https://mail.example/.default' } }
}

t.test('a token is asked for once for all who wait, and again before it expires', async t => {
  let time = 0
  const { asked, oauth2 } = await client(t)
  const token = createOAuth2Token({ config: oauth2, now: () => time })
  t.same(await Promise.all([token.get(), token.get(), token.get()]), ['t1', 't1', 't1'])
  t.same(asked, [
    {
      grant_type: 'client_credentials',
      client_id: 'rebond',
      client_secret: 'cl1ent-s3cret',
      scope: 'https://mail.example/.default',
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      method: 'POST',
    },
  ])
  time = 3_539_999
  t.equal(await token.get(), 't1')
  time = 3_540_000
  t.same(await Promise.all([token.get(), token.get()]), ['t2', 't2'], 'not in its last minute')
  t.equal(await token.renew('t1'), 't2', 'another session has renewed it')
  t.equal(await token.renew('t2'), null, 'made a moment ago')
  time += 5_000
  t.same(await Promise.all([token.renew('t2'), token.renew('t2')]), ['t3', 't3'])
  t.equal(asked.length, 3)
})

t.test('the life of a token that is short, or that nobody says', async t => {
  for (const [life, until] of [
    [80, 40],
    ['600', 540],
    [undefined, 240],
    [-1, 240],
    ['soon', 240],
  ] as const) {
    let time = 0
    const { oauth2 } = await client(t, number => ({ body: { access_token: `t${number}`, expires_in: life } }))
    const token = createOAuth2Token({ config: oauth2, now: () => time })
    await token.get()
    time = until * 1000 - 1
    t.equal(await token.get(), 't1', `${life}`)
    time++
    t.equal(await token.get(), 't2', `${life}`)
  }
})

t.test('a token server in trouble: a clear error without secrets, and no hammering', async t => {
  for (const [name, answer, message] of [
    ['refuses', { status: 401, body: { error: 'invalid_client', error_description: 'cl1ent-s3cret' } }, /answered 401 \(invalid_client\)$/],
    ['refuses in strange words', { status: 400, body: { error: 'cl1ent-s3cret is wrong' } }, /answered 400 \(no access token\)$/],
    ['says no JSON', { status: 502, body: '<html>' }, /answered 502 \(no access token\)$/],
    ['says null', { body: null }, /answered 200 \(no access token\)$/],
    ['gives a number', { body: { access_token: 7 } }, /no access token/],
    ['gives what would end the field', { body: { access_token: 'a\x01b' } }, /no access token/],
    ['redirects', { status: 307, location: 'http://127.0.0.1:1/' }, /127\.0\.0\.1:\d+ of upstream\.auth\.oauth2 cannot be reached$/],
    ['is silent', null, /did not answer within 50 ms$/],
  ] as const) {
    let time = 0
    const { asked, oauth2 } = await client(t, () => answer)
    const token = createOAuth2Token({ config: oauth2, now: () => time, timeoutMs: answer ? 20_000 : 50 })
    const failure = await token.get().catch((err: Error) => err)
    t.match(failure, { code: 'ERR_UPSTREAM_UNAVAILABLE', why: 'login', message }, name)
    t.notMatch(String((failure as Error).message), 's3cret', name)
    await t.rejects(token.get(), { message }, `${name}: the next one is told the same`)
    t.equal(asked.length, 1, name)
    time = 5_000
    await t.rejects(token.get(), { message }, name)
    t.equal(asked.length, 2, name)
  }
  const { oauth2 } = await client(t)
  const token = createOAuth2Token({ config: { ...oauth2, clientSecretFile: '/nowhere/secret' }, now: () => 0 })
  await t.rejects(token.get(), { why: 'login', message: 'the secret /nowhere/secret cannot be read' })
})

t.test('the token URL is https, or loopback', async t => {
  for (const [tokenUrl, ok] of [
    ['https://login.example/token', true],
    ['http://127.0.0.1:8080/token', true],
    ['http://[::1]/token', true],
    ['http://login.example/token', false],
    ['http://127.0.0.1.evil.example/token', false],
    ['ftp://127.0.0.1/token', false],
  ] as const) {
    const oauth2 = { tokenUrl, clientId: 'c', clientSecretFile: 's', scope: 'x' }
    const parsed = parseConfig({ upstream: { auth: { user: 'u', oauth2 } } })
    t.equal(parsed.ok, ok, tokenUrl)
    if (!parsed.ok) t.match(parsed.problems, [{ path: 'upstream.auth.oauth2.tokenUrl', message: /must be an https URL/ }])
  }
})

t.test('with upstream.auth.oauth2 the relay logs in by XOAUTH2; a token that is refused is renewed once', async t => {
  const { asked, oauth2 } = await client(t)
  let time = Date.now()
  let good = 't1'
  const script: Script = {
    keywords: ['AUTH LOGIN XOAUTH2', 'PIPELINING'],
    answer: line => {
      if (line === xoauth2(good)) return '235 2.7.0 in'
      if (line.startsWith('AUTH')) return `334 ${base64('{"status":"401"}')}`
      return line === '' ? '535 5.7.8 no' : undefined
    },
  }
  const under = await relayUnderTest(t, { upstream: { auth: { user: 'crm@shop.example', oauth2 } }, script, deps: { now: () => time } })
  const lines = async () => {
    const crm = await under.connect()
    const answer = await crm.ask('EHLO crm.test')
    return [answer.slice(0, 4), ...(under.upstream.sessions.at(-1)?.lines ?? [])]
  }
  t.same(await lines(), ['250-', 'EHLO relay.test', xoauth2('t1'), 'EHLO crm.test'])
  t.same(await lines(), ['250-', 'EHLO relay.test', xoauth2('t1'), 'EHLO crm.test'], 'the token is kept')
  good = 't2'
  time += 10_000
  t.same(await lines(), ['250-', 'EHLO relay.test', xoauth2('t1'), '', xoauth2('t2'), 'EHLO crm.test'])
  t.equal(asked.length, 2)
  good = 'none'
  time += 10_000
  t.same(await lines(), ['421 ', 'EHLO relay.test', xoauth2('t2'), '', xoauth2('t3'), ''])
  t.same(await lines(), ['421 ', 'EHLO relay.test', xoauth2('t3'), ''], 'not renewed again at once')
  t.equal(asked.length, 3)
  t.equal(await under.metric('upstream_failures_total', { why: 'login' }), 2)
  t.match(under.log(), /upstream refused the log-in of crm@shop\.example with 535/)
  t.notMatch(under.log(), new RegExp(`s3cret|${base64('user=crm').slice(0, 8)}|"t[123]"`))
})

t.test('XOAUTH2 that upstream does not offer, and a token server that refuses, are 421', async t => {
  const { oauth2 } = await client(t, () => ({ status: 401, body: { error: 'invalid_client' } }))
  const auth = { user: 'crm@shop.example', oauth2 }
  for (const [keywords, why] of [
    [['AUTH PLAIN LOGIN'], /upstream does not offer AUTH XOAUTH2/],
    [['AUTH XOAUTH2'], /the token server 127\.0\.0\.1:\d+ of upstream\.auth\.oauth2 answered 401 \(invalid_client\)/],
  ] as const) {
    const under = await relayUnderTest(t, { upstream: { auth }, script: { keywords } })
    t.match(await (await under.connect()).ask('EHLO crm.test'), /^421 4\.3\.0 /)
    t.match(under.log(), why)
    t.notMatch(under.log(), 's3cret')
  }
})

const trusting = { trustsXclient: true }
const viaBalancers = { proxyProtocolFrom: ['127.0.0.1'], clients: ['192.0.2.0/24', '2001:db8::/32'] }
const told = (address: string) => `XCLIENT ADDR=${address} NAME=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=ESMTP`
const xclient: Script = {
  keywords: ['PIPELINING', 'XCLIENT NAME ADDR PORT PROTO HELO LOGIN', 'XFORWARD NAME ADDR'],
  answer: line => (line.startsWith('XCLIENT') ? '220 upstream.test ESMTP' : undefined),
}

/** A CRM as a balancer shows it. */
async function from(t: Test, under: RelayUnderTest, address: string): Promise<SmtpClient> {
  const crm = await smtpClient(t, under)
  crm.write(`PROXY TCP${address.includes(':') ? '6' : '4'} ${address} 198.51.100.1 1 25\r\n`)
  await crm.read()
  return crm
}

t.test('addresses and words as XCLIENT and XFORWARD want them', async t => {
  t.same(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', 'fe80::1%eth0'].map(formatClientAddress), [
    '192.0.2.1',
    '192.0.2.1',
    'IPV6:2001:db8::1',
    'IPV6:fe80::1',
  ])
  t.equal(xtext('a+b=c d\xe9\x00~!'), 'a+2Bb+3Dc+20d+E9+00~!')
})

t.test('an upstream that trusts us is told of each CRM by XCLIENT', async t => {
  const under = await relayUnderTest(t, { relay: viaBalancers, upstream: { ...trusting, warmConnections: 1 }, script: xclient })
  const { upstream, metric } = under
  const lines: string[][] = []
  for (const address of ['192.0.2.1', '2001:db8::7', '192.0.2.3']) {
    const crm = await from(t, under, address)
    t.match(await crm.ask('EHLO crm.test'), /^250-relay\.test\n250 PIPELINING$/, 'and the CRM is offered neither')
    t.match(await crm.ask('XCLIENT ADDR=192.0.2.99'), /^502 5\.5\.1 /)
    t.match(await crm.ask('XFORWARD ADDR=192.0.2.99'), /^50[02] /)
    lines.push(upstream.session().lines.slice())
    await until(
      () => metric('upstream_connections', { state: 'warm' }),
      count => count === 1,
    )
    t.match(await crm.ask('QUIT'), /^221 2\.0\.0 upstream/)
  }
  const tale = (address: string) => ['EHLO relay.test', told(address), 'EHLO crm.test']
  t.same(lines, [tale('192.0.2.1'), tale('IPV6:2001:db8::7'), tale('192.0.2.3')], 'warm connections too')
  t.equal(upstream.sessions.length, 4, 'the second and the third CRM had a warm one')
})

t.test('nobody is told anything unless upstream.trustsXclient says so, and by what upstream offers', async t => {
  const silent = await relayUnderTest(t, { script: xclient })
  await silent.hello()
  t.same(silent.upstream.session().lines, ['EHLO crm.test'])

  const little = await relayUnderTest(t, { upstream: trusting, script: { ...xclient, keywords: ['XCLIENT ADDR'] } })
  await little.hello()
  t.same(little.upstream.session().lines, ['EHLO relay.test', 'XCLIENT ADDR=127.0.0.1', 'EHLO crm.test'])

  const nothing = await relayUnderTest(t, { upstream: trusting })
  await nothing.hello()
  await nothing.hello()
  t.same(nothing.upstream.session().lines, ['EHLO relay.test', 'EHLO crm.test'])
  t.equal(nothing.log().match(/offers us neither XCLIENT nor XFORWARD/g)?.length, 1, 'said once')

  for (const reply of ['550 5.7.0 insufficient authorization', '421 4.3.0 bye', null]) {
    const refusing = await relayUnderTest(t, {
      upstream: trusting,
      relay: { timeouts: { greetingSeconds: reply ? 300 : 0.1 } },
      script: { ...xclient, answer: line => (line.startsWith('XCLIENT') ? reply : undefined) },
    })
    t.match(await (await refusing.connect()).ask('EHLO crm.test'), /^421 4\.3\.0 /, `${reply}`)
    t.match(refusing.log(), reply ? `upstream refused XCLIENT: ${reply}` : 'no reply within 100 ms')
    t.equal(await refusing.metric('upstream_failures_total', { why: 'protocol' }), 1)
  }
})

t.test('XCLIENT comes before our log-in, and such a connection is for one CRM', async t => {
  const passwordFile = join(await tempDirectory(t), 'password')
  await writeFile(passwordFile, 'up-s3cret')
  const login = `AUTH PLAIN ${base64('\0relay\0up-s3cret')}`
  for (const [keyword, lines] of [
    ['XCLIENT ADDR', ['EHLO relay.test', 'XCLIENT ADDR=127.0.0.1', 'EHLO relay.test', login, 'EHLO crm.test']],
    ['XFORWARD ADDR', ['EHLO relay.test', login, 'EHLO crm.test']],
  ] as const) {
    const under = await relayUnderTest(t, {
      upstream: { ...trusting, auth: { user: 'relay', passwordFile } },
      script: {
        keywords: [keyword, 'AUTH PLAIN'],
        answer: line => (line === login ? '235 in' : xclient.answer?.(line, under.upstream.session())),
      },
    })
    for (const count of [1, 2]) {
      const crm = await under.hello()
      t.equal(under.upstream.sessions.length, count)
      t.same(under.upstream.session().lines, lines)
      t.match(await crm.ask('QUIT'), /^221 /)
      await until(
        async () => under.upstream.session().lines.at(-1),
        last => last === 'QUIT',
      )
    }
  }
})

t.test('where only XFORWARD is offered it goes before each mail, and its replies are not the CRM’s', async t => {
  const ours = 'XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.1 PROTO=ESMTP HELO=crm+2Btest SOURCE=REMOTE'
  const offered = 'XFORWARD NAME ADDR PROTO HELO SOURCE IDENT'
  for (const [name, keywords, reply, batches] of [
    ['in batches', [offered, 'PIPELINING'], '250 2.0.0 noted', [[ours, 'MAIL', 'RCPT', 'DATA']]],
    ['one at a time', [offered], '250 2.0.0 noted', [[ours], ['MAIL'], ['RCPT'], ['DATA']]],
    ['refused', [offered], '501 5.5.4 no', [[ours], ['MAIL'], ['RCPT'], ['DATA']]],
  ] as const) {
    const under = await relayUnderTest(t, {
      relay: viaBalancers,
      upstream: trusting,
      script: { keywords, answer: line => (line.startsWith('XFORWARD') ? reply : undefined) },
    })
    const crm = await from(t, under, '192.0.2.1')
    await crm.ask('EHLO crm+test')
    const seen = under.upstream.session().batches.length
    const mail = 'MAIL FROM:<a@b.test>\r\nRCPT TO:<a@example.com>\r\nDATA\r\n'
    const replies: string[] = []
    crm.write(mail)
    for (let i = 0; i < 3; i++) replies.push(await crm.read())
    // The next mail is asked for before the reply to this one.
    crm.write(`Subject: x\r\n\r\n.\r\nNOOP\r\n${mail}`)
    for (let i = 0; i < 5; i++) replies.push(await crm.read())
    crm.write('Subject: y\r\n\r\n.\r\nQUIT\r\n')
    for (let i = 0; i < 2; i++) replies.push(await crm.read())
    const parts = [/sender/, /recipient/, /^354/]
    t.match(replies, [...parts, /queued/, /fine/, ...parts, /queued/, /^221/], name)
    const said = under.upstream.session().batches.slice(seen)
    const short = said.map(batch => batch.map(line => (line.startsWith('XF') ? line : line.slice(0, 4))))
    t.same(short.slice(0, batches.length), batches, name)
    t.equal(short.flat().filter(line => line === ours).length, 2, `${name}: before each mail`)
    t.equal(under.upstream.session().messages.length, 2, name)
    t.equal(await under.metric('upstream_failures_total', { why: 'xforward' }), reply.startsWith('2') ? 0 : 2, name)
  }
  const leaving = await relayUnderTest(t, {
    upstream: trusting,
    script: { keywords: [offered], answer: line => (line.startsWith('XFORWARD') ? '421 4.3.2 shutting down' : undefined) },
  })
  t.equal(await (await leaving.hello()).ask('MAIL FROM:<a@b.test>'), '421 4.3.2 shutting down')
})

t.test('a line of a log-in that looks like MAIL is not preceded by XFORWARD', async t => {
  const { hello, upstream } = await relayUnderTest(t, {
    upstream: trusting,
    script: {
      keywords: ['XFORWARD ADDR', 'AUTH LOGIN'],
      answer: line => (line.startsWith('EHLO') ? undefined : line === 'AUTH LOGIN' ? '334 VXNlcm5hbWU6' : '501 5.5.2 no'),
    },
  })
  const crm = await hello()
  await crm.ask('AUTH LOGIN')
  t.equal(await crm.ask('MAIL FROM:<a@b.test>'), '501 5.5.2 no')
  t.same(upstream.session().lines.slice(-2), ['AUTH LOGIN', 'MAIL FROM:<a@b.test>'])
})

t.test('a changed certificate is shown to sessions after a reload, and those before it go on', async t => {
  const directory = await tempDirectory(t)
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  await copyFile(tlsFile('server.pem'), certFile)
  await copyFile(tlsFile('server.key'), keyFile)
  const under = await relayUnderTest(t, {
    relay: { listen: [{ host: '127.0.0.1', port: 0, tls: 'implicit' }], tls: { certFile, keyFile } },
  })
  const session = async () => {
    const socket = connectTls({ port: under.port, host: '127.0.0.1', rejectUnauthorized: false })
    t.teardown(() => socket.destroy())
    await once(socket, 'secureConnect')
    const crm = new SmtpClient(socket)
    t.match(await crm.read(), /^220 /)
    return { crm, name: socket.getPeerCertificate().subject.CN }
  }
  const before = await session()
  t.equal(before.name, 'mail.test')
  await writeFile(certFile, 'no certificate')
  await t.rejects(under.relay.reload(), { message: /are no certificate and key that fit together/ })
  t.equal((await session()).name, 'mail.test', 'one that cannot be used changes nothing')
  const made = spawnSync('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' '),
    '-subj',
    '/CN=new.test',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ])
  if (made.error || made.status !== 0) return t.fail('openssl is needed to make a second certificate')
  t.equal((await session()).name, 'mail.test', 'not before the reload')
  await under.relay.reload()
  t.equal((await session()).name, 'new.test')
  t.match(await before.crm.ask('EHLO crm.test'), /^250-/)
})

t.test('a body slower than relay.minBytesPerSecond over a minute is ended, one that is as fast is not', async t => {
  for (const [name, octets, answer] of [
    ['too slow', 5_000, /^421 4\.4\.2 The message came too slowly/],
    ['fast enough', 6_000, /^250 /],
  ] as const) {
    let time = 0
    const under = await relayUnderTest(t, {
      relay: { minBytesPerSecond: 100, timeouts: { connectSeconds: 0.02, blockSeconds: 600 } },
      deps: { clock: () => time },
    })
    const crm = await under.hello()
    for (const line of ['MAIL FROM:<a@b.test>', 'RCPT TO:<a@example.com>', 'DATA']) await crm.ask(line)
    crm.write('x\r\n')
    const session = await under.upstream.until(({ partial }) => partial.length > 0)
    time = 59_999
    crm.write('y'.repeat(octets))
    await until(
      async () => session.partial.length,
      length => length >= octets,
    )
    time = 60_001
    crm.write('z')
    await until(
      async () => session.partial.length > octets + 3 || session.closed,
      done => done,
    )
    crm.write('\r\n.\r\n')
    t.match(await crm.read(), answer, name)
    t.equal(session.messages.length, answer.test('250 ') ? 1 : 0, `${name}: no half mail`)
  }
})
