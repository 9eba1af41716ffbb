import { scryptSync } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, isIP } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createLoginGuard } from '../../src/relay/login-guard.ts'
import { parseProxyHeader } from '../../src/relay/proxy-header.ts'
import { type RelayUnderTest, relayUnderTest } from '../support/relay-under-test.ts'
import { type SmtpClient, smtpClient } from '../support/smtp-client.ts'
import { tempDirectory } from '../support/temp-store.ts'
import { tlsFile } from '../support/tls-files.ts'
import { until } from '../support/until.ts'

const files = { certFile: tlsFile('server.pem'), keyFile: tlsFile('server.key') }
const base64 = (text: string) => Buffer.from(text).toString('base64')
const secret = base64('\0jean\0s3cret')

/** Turns the client's side into TLS. */
async function startTls(crm: SmtpClient, host = 'mail.test'): Promise<void> {
  const plain = crm.socket
  plain.removeAllListeners('data')
  const socket = connectTls({ socket: plain, servername: host, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  crm.listen(socket)
}

t.test('the CRM is offered what upstream offers, through the allow-list', async t => {
  for (const [keywords, relay, offered] of [
    [['PIPELINING', '8BITMIME', 'SMTPUTF8', 'DSN'], {}, ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'DSN']],
    [
      ['ENHANCEDSTATUSCODES', 'DELIVERBY 240', 'MT-PRIORITY MIXER', 'LIMITS RCPTMAX=10', 'FUTURERELEASE 1 2'],
      {},
      ['ENHANCEDSTATUSCODES', 'DELIVERBY 240', 'MT-PRIORITY MIXER', 'LIMITS RCPTMAX=10', 'FUTURERELEASE 1 2'],
    ],
    [['CHUNKING', 'BINARYMIME', 'BURL imap', 'XCLIENT NAME', 'XFORWARD NAME', 'ETRN', 'VRFY', 'STARTTLS', 'REQUIRETLS', 'X-NEW'], {}, []],
    [['SIZE 5000000'], {}, ['SIZE 5000000']],
    [['SIZE 5000000'], { maxMessageBytes: 4000 }, ['SIZE 4000']],
    [['SIZE 5000'], { maxMessageBytes: 400_000 }, ['SIZE 5000']],
    [['SIZE 0'], { maxMessageBytes: 400_000 }, ['SIZE 400000']],
    [['SIZE'], {}, ['SIZE']],
    [['LIMITS RCPTMAX=5000 MAILMAX=9'], {}, ['LIMITS RCPTMAX=1000 MAILMAX=9']],
    [['LIMITS MAILMAX=9 rcptmax=5000'], { maxRecipients: 200 }, ['LIMITS RCPTMAX=200 MAILMAX=9']],
    [['LIMITS RCPTMAX=150'], { maxRecipients: 200 }, ['LIMITS RCPTMAX=150']],
    [['LIMITS RCPTMAX=x MAILMAX=9'], {}, ['LIMITS RCPTMAX=1000 MAILMAX=9']],
    [['LIMITS'], {}, ['LIMITS RCPTMAX=1000']],
    [['AUTH PLAIN LOGIN EXTERNAL GSSAPI DIGEST-MD5'], {}, ['AUTH PLAIN LOGIN']],
    [['AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN'], {}, ['AUTH PLAIN']],
    [['AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256'], {}, ['AUTH SCRAM-SHA-256']],
    [['auth cram-md5', 'pipelining'], {}, ['PIPELINING', 'AUTH CRAM-MD5']],
  ] as const) {
    const { connect } = await relayUnderTest(t, { relay, script: { keywords } })
    const crm = await connect()
    const [greeting, ...lines] = (await crm.ask('EHLO crm.test')).split('\n').map(line => line.slice(4))
    t.same([greeting, ...lines], ['relay.test', ...offered], keywords.join(', '))
  }
})

t.test('HELO goes upstream too, and ends the extensions', async t => {
  const { connect, upstream } = await relayUnderTest(t)
  const crm = await connect()
  t.match(await crm.ask('MAIL FROM:<a@b.test>'), /^503 5\.5\.1 /)
  t.equal(await crm.ask('HELO crm.test'), '250 upstream.test')
  crm.write('MAIL FROM:<a@b.test>\r\nRCPT TO:<a@example.com>\r\nDATA\r\n')
  t.match([await crm.read(), await crm.read(), await crm.read()], [/^250/, /^250/, /^354/])
  t.same(
    upstream.session().batches.map(({ length }) => length),
    [1, 1, 1, 1],
    'one command at a time',
  )
  t.match(await (await connect()).ask('EHLO'), /^501 5\.5\.4 /)
})

t.test('a batch goes upstream as a batch, and its replies come back in order, local and remote alike', async t => {
  for (const [keywords, batches] of [
    [['PIPELINING'], [['EHLO crm.test'], ['MAIL', 'RCPT', 'RCPT', 'DATA']]],
    [['8BITMIME'], [['EHLO crm.test'], ['MAIL'], ['RCPT'], ['RCPT'], ['DATA']]],
  ] as const) {
    const { hello, upstream, block } = await relayUnderTest(t, { script: { keywords } })
    block('dead@example.com')
    const crm = await hello()
    crm.write(
      'MAIL FROM:<a@b.test>\r\nRCPT TO:<dead@example.com>\r\nRCPT TO:<one@example.com>\r\nVRFY x\r\nRCPT TO:<dead@example.com>\r\nRCPT TO:<two@example.com>\r\nDATA\r\n',
    )
    const replies: string[] = []
    for (let i = 0; i < 7; i++) replies.push(await crm.read())
    t.match(replies, [/sender fine/, /^550 5\.1\.1 <dead/, /recipient fine/, /^252/, /^550/, /recipient fine/, /^354/])
    t.same(
      upstream.session().batches.map(batch => batch.map(line => (line.startsWith('EHLO') ? line : line.slice(0, 4)))),
      batches,
    )
  }
})

t.test('lookups that take their time do not change the order', async t => {
  const { hello, upstream } = await relayUnderTest(t, {
    deps: {
      screen: async keys => {
        for (const key of keys) if (key.startsWith('slow')) await new Promise(resolve => setImmediate(resolve))
        return keys.map(() => null)
      },
    },
  })
  const crm = await hello()
  const names = ['slow1', 'fast1', 'slow2', 'fast2']
  await crm.ask('MAIL FROM:<a@b.test>')
  for (const name of names) crm.write(`RCPT TO:<${name}@example.com>\r\n`)
  crm.write('DATA\r\n')
  for (const _ of names) t.match(await crm.read(), /^250/)
  t.match(await crm.read(), /^354/)
  t.same(upstream.session().lines.slice(2), [...names.map(name => `RCPT TO:<${name}@example.com>`), 'DATA'])
})

t.test('more commands than there are slots wait their turn', async t => {
  const { hello, upstream } = await relayUnderTest(t)
  const crm = await hello()
  crm.write('NOOP\r\n'.repeat(1000))
  const replies = new Set<string>()
  for (let i = 0; i < 1000; i++) replies.add(await crm.read())
  t.same([...replies], ['250 2.0.0 fine'])
  t.ok(upstream.session().batches.every(({ length }) => length <= 64))
})

t.test('AUTH is relayed line by line, verbatim, and never logged', async t => {
  const answer = (line: string) => {
    if (line === `AUTH PLAIN ${secret}`) return '235 2.7.0 welcome'
    if (line === 'AUTH CRAM-MD5') return '334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+'
    if (line === 'dGltIGI5MTNh') return '535 5.7.8 no'
    if (line === '*') return '501 5.7.0 cancelled'
    if (line === 'AUTH LOGIN') return '334 VXNlcm5hbWU6'
    if (line === base64('jean')) return '334 UGFzc3dvcmQ6'
    return line === base64('s3cret') ? '235 2.7.0 in' : undefined
  }
  const under = await relayUnderTest(t, { script: { keywords: ['AUTH PLAIN LOGIN CRAM-MD5'], answer } })
  const { hello, upstream, log } = under
  const crm = await hello()
  t.match(await crm.ask('AUTH EXTERNAL ='), /^504 5\.5\.4 /)
  t.equal(await crm.ask('AUTH CRAM-MD5'), '334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+')
  t.equal(await crm.ask('dGltIGI5MTNh'), '535 5.7.8 no')
  t.match(await crm.ask('auth cram-md5'), /^250|^5/, 'a mechanism in any letter case')
  t.match(await (await hello()).ask(`AUTH PLAIN ${secret}`), /^235 2\.7\.0 welcome$/)
  const login = await hello()
  t.same(
    [await login.ask('AUTH LOGIN'), await login.ask(base64('jean')), await login.ask(base64('s3cret'))],
    ['334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', '235 2.7.0 in'],
  )
  t.match(await login.ask('AUTH LOGIN'), /^503 /)
  t.match(await login.ask('MAIL FROM:<a@b.test>'), /^250 /)
  t.same(upstream.session().lines, ['EHLO crm.test', 'AUTH LOGIN', base64('jean'), base64('s3cret'), upstream.session().lines[4]])
  const cancelling = await hello()
  await cancelling.ask('AUTH LOGIN')
  t.equal(await cancelling.ask('*'), '501 5.7.0 cancelled')
  t.notMatch(log(), new RegExp(`${secret}|${base64('s3cret')}|s3cret`))
})

t.test('TLS to upstream: certificates are verified, opportunistic takes what there is', async t => {
  const caFile = tlsFile('ca.pem')
  const starttls = { tls: 'starttls', keywords: ['STARTTLS', 'PIPELINING'] } as const
  for (const [name, upstream, script, secure, answer] of [
    ['starttls, verified', { tls: 'starttls', caFile, serverName: 'mail.test' }, starttls, true, /^250-relay/],
    ['starttls, verified by address', { tls: 'starttls', caFile }, starttls, true, /^250-relay/],
    ['starttls, another name', { tls: 'starttls', caFile, serverName: 'other.test' }, starttls, false, /^421 4\.3\.0 /],
    ['starttls, an authority nobody trusts', { tls: 'starttls', serverName: 'mail.test' }, starttls, false, /^421 4\.3\.0 /],
    ['starttls, not offered', { tls: 'starttls', caFile }, {}, false, /^421 4\.3\.0 /],
    [
      'starttls, refused',
      { tls: 'starttls', caFile },
      { keywords: ['STARTTLS'], answer: (line: string) => (line === 'STARTTLS' ? '454 no' : undefined) },
      false,
      /^421/,
    ],
    ['implicit, verified', { tls: 'implicit', caFile, serverName: 'mail.test' }, { tls: 'implicit' }, true, /^250-relay/],
    ['implicit, another name', { tls: 'implicit', caFile, serverName: 'other.test' }, { tls: 'implicit' }, false, /^421/],
    ['opportunistic, nobody verifies', { tls: 'opportunistic' }, starttls, true, /^250-relay/],
    ['opportunistic, not offered', { tls: 'opportunistic' }, {}, false, /^250-relay/],
    ['opportunistic, offered and broken', { tls: 'opportunistic' }, { keywords: ['STARTTLS', 'DSN'] }, false, /^250-relay/],
  ] as const) {
    const under = await relayUnderTest(t, {
      upstream,
      script,
      relay: { timeouts: { greetingSeconds: name.includes('broken') ? 0.3 : 60 } },
    })
    const crm = await under.connect()
    t.match(await crm.ask('EHLO crm.test'), answer, name)
    if (!answer.test('250-relay')) continue
    t.equal('authorized' in under.upstream.session().socket, secure, name)
    await crm.ask('MAIL FROM:<a@b.test>')
    await crm.ask('RCPT TO:<a@example.com>')
    await crm.ask('DATA')
    crm.write(`${'line\r\n'.repeat(30_000)}`)
    t.match(await crm.ask('.'), /^250/, name)
    t.equal(under.upstream.session().messages[0]?.length, 180_000, name)
  }
})

t.test('TLS to upstream is resumed, but never one that was not verified, nor under other authorities', async t => {
  const directory = await tempDirectory(t)
  const caFile = join(directory, 'ca.pem')
  await copyFile(tlsFile('ca.pem'), caFile)
  const hello = async (under: Awaited<ReturnType<typeof relayUnderTest>>) => {
    const crm = await under.connect()
    t.match(await crm.ask('EHLO crm.test'), /^250-relay/)
    const reused = (under.upstream.session().socket as TLSSocket).isSessionReused()
    t.match(await crm.ask('QUIT'), /^221/)
    return reused
  }
  const verified = await relayUnderTest(t, {
    upstream: { tls: 'implicit', caFile, serverName: 'mail.test', warmConnections: 0 },
    script: { tls: 'implicit' },
  })
  t.equal(await hello(verified), false, 'the first')
  t.equal(await hello(verified), true)
  t.equal(await hello(verified), true)
  await writeFile(caFile, `${await readFile(tlsFile('ca.pem'), 'utf8')}\n`)
  t.equal(await hello(verified), false, 'the file of authorities has changed')
  await writeFile(caFile, await readFile(tlsFile('server.pem')))
  const refused = await verified.connect()
  t.match(await refused.ask('EHLO crm.test'), /^421 4\.3\.0 /, 'nobody who is trusted now vouches for upstream')
})

t.test('secrets go upstream over verified TLS, to loopback, or where it is allowed; REQUIRETLS needs TLS on both legs', async t => {
  const caFile = tlsFile('ca.pem')
  const keywords = ['STARTTLS', 'AUTH PLAIN', 'REQUIRETLS']
  const listen = [{ host: '127.0.0.1', port: 0, tls: 'starttls' }]
  for (const [name, upstream, requireTls] of [
    ['verified', { tls: 'starttls', caFile, serverName: 'mail.test' }, true],
    ['not verified', { tls: 'opportunistic' }, false],
  ] as const) {
    const under = await relayUnderTest(t, { relay: { listen, tls: files }, upstream, script: { tls: 'starttls', keywords } })
    const crm = await under.connect()
    t.notMatch(await crm.ask('EHLO crm.test'), /REQUIRETLS/, `${name}, the CRM in clear`)
    t.match(await crm.ask('MAIL FROM:<a@b.test> REQUIRETLS'), /^555 /)
    await crm.ask('STARTTLS')
    await startTls(crm)
    t.equal(/REQUIRETLS/.test(await crm.ask('EHLO crm.test')), requireTls, name)
    t.match(await crm.ask('MAIL FROM:<a@b.test> REQUIRETLS'), requireTls ? /^250/ : /^555/, name)
    const second = await under.connect()
    await second.ask('EHLO crm.test')
    await second.ask('STARTTLS')
    await startTls(second)
    t.equal(/REQUIRETLS/.test(await second.ask('EHLO crm.test')), requireTls, `${name}, the second session`)
  }
  const dead = await relayUnderTest(t, {
    upstream: { auth: { user: 'x', passwordFile: '/nowhere/at/all' } },
    script: { keywords: ['AUTH PLAIN'] },
  })
  t.match(await (await dead.connect()).ask('EHLO x'), /^421 /, 'a secret that cannot be read')
})

t.test('STARTTLS: the session begins anew, what was buffered is forgotten', async t => {
  const under = await relayUnderTest(t, { relay: { listen: [{ host: '127.0.0.1', port: 0, tls: 'starttls' }], tls: files } })
  const { connect, upstream } = under
  const crm = await connect()
  t.match(await crm.ask('EHLO crm.test'), /STARTTLS/)
  crm.write('STARTTLS\r\nMAIL FROM:<injected@evil.test>\r\n')
  t.match(await crm.read(), /^220 /)
  await startTls(crm)
  t.match(await crm.ask('MAIL FROM:<a@b.test>'), /^503 /, 'EHLO must be said again')
  t.notMatch(await crm.ask('EHLO crm.test'), /STARTTLS/)
  await crm.ask('MAIL FROM:<a@b.test>')
  await crm.ask('RCPT TO:<a@example.com>')
  await crm.ask('DATA')
  crm.write(`Subject: x\r\n\r\n${'line\r\n'.repeat(30_000)}`)
  t.match(await crm.ask('.'), /^250 /)
  t.equal(upstream.session().messages[0]?.length, 14 + 180_000)
  t.equal(upstream.sessions.length, 2, 'a fresh upstream session')
  t.notMatch(upstream.sessions.flatMap(({ lines }) => lines).join(), /injected/)
  t.match(await crm.ask('STARTTLS'), /^503 /)
  const broken = await connect()
  await broken.ask('EHLO x')
  await broken.ask('STARTTLS')
  broken.write('this is no TLS at all, not a bit of it\r\n')
  await broken.closed()
})

t.test('implicit TLS, and new certificates after a reload', async t => {
  const under = await relayUnderTest(t, { relay: { listen: [{ host: '127.0.0.1', port: 0, tls: 'implicit' }], tls: files } })
  await under.relay.reload()
  const socket = connectTls({ port: under.port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.2' })
  t.teardown(() => socket.destroy())
  const { SmtpClient } = await import('../support/smtp-client.ts')
  const crm = new SmtpClient(socket)
  t.match(await crm.read(), /^220 relay\.test ESMTP /)
  t.notMatch(await crm.ask('EHLO crm.test'), /STARTTLS/)
  const old = connectTls({ port: under.port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
  const [error] = (await once(old, 'error')) as [Error]
  t.ok(error, 'TLS 1.1 is refused')
})

t.test('a client from elsewhere must encrypt before it logs in', async t => {
  const relay = { proxyProtocolFrom: ['127.0.0.0/8'], clients: ['192.0.2.0/24'] }
  const script = { keywords: ['AUTH PLAIN'] }
  const far = await viaBalancer(t, await relayUnderTest(t, { relay, script }), '192.0.2.7')
  t.notMatch(await far.ask('EHLO x'), /AUTH/)
  t.match(await far.ask(`AUTH PLAIN ${secret}`), /^538 5\.7\.11 /)
  const listed = await relayUnderTest(t, { relay: { ...relay, plainAuthFrom: ['192.0.2.7'] }, script })
  t.match(await (await viaBalancer(t, listed, '192.0.2.7')).ask('EHLO x'), /AUTH PLAIN/)
})

t.test('PROXY headers tell who the client is; a balancer without one is turned away', async t => {
  const under = await relayUnderTest(t, { relay: { proxyProtocolFrom: ['127.0.0.1'], clients: ['192.0.2.0/24', '2001:db8::/32'] } })
  const v2 = (family: number, octets: readonly number[]) =>
    Buffer.concat([
      Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
      Buffer.from([0x21, family, 0, octets.length]),
      Buffer.from(octets),
    ]).toString('latin1')
  const ports = [0, 1, 0, 25]
  for (const [name, header, greeting] of [
    ['v1', 'PROXY TCP4 192.0.2.9 198.51.100.1 1 25\r\n', /^220 /],
    ['v1, IPv6', 'PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n', /^220 /],
    ['v1, a stranger', 'PROXY TCP4 203.0.113.9 198.51.100.1 1 25\r\n', /^554 5\.7\.1 /],
    ['v2', v2(0x11, [192, 0, 2, 9, 198, 51, 100, 1, ...ports]), /^220 /],
    ['v2, IPv6', v2(0x21, [...Buffer.from('20010db8000000000000000000000001', 'hex'), ...Array(16).fill(0), ...ports]), /^220 /],
    ['v2, a stranger', v2(0x11, [203, 0, 113, 9, 1, 1, 1, 1, ...ports]), /^554 /],
    ['v1, UNKNOWN: the balancer itself is no client here', 'PROXY UNKNOWN\r\n', /^554 /],
    ['none', 'EHLO crm.test\r\n', /^\(closed\)$/],
    ['too long', `PROXY TCP4 ${'1'.repeat(200)}\r\n`, /^\(closed\)$/],
  ] as const) {
    for (const how of ['whole', 'octet by octet']) {
      const crm = await smtpClient(t, under)
      if (how === 'whole') crm.write(header)
      else await crm.trickle(header)
      t.match(await crm.read(), greeting, `${name}, ${how}`)
    }
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.uint8Array()),
      fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', v2(0x11, [192, 0, 2, 9]).slice(0, 13)),
      (rest, start) => {
        const octets = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.from(rest as string)])
        const reading = parseProxyHeader(octets)
        return reading.kind !== 'header' || (reading.octets <= octets.length && (reading.address === null || isIP(reading.address) > 0))
      },
    ),
  )
  const early = await smtpClient(t, under)
  early.write('PROXY TCP4 192.0.2.9 198.51.100.1 1 25\r\nEHLO crm.test\r\n')
  t.match([await early.read(), await early.read()], [/^220/, /^250-/], 'what follows the header in the same packet is taken')
})

t.test('with upstream.auth the relay logs in itself, and asks clients from elsewhere for a log-in of its own', async t => {
  const directory = await tempDirectory(t)
  const passwordFile = join(directory, 'password')
  const passwordHashFile = join(directory, 'hash')
  await writeFile(passwordFile, 'up-s3cret\n')
  const salt = Buffer.from('0123456789abcdef')
  await writeFile(
    passwordHashFile,
    `scrypt:1024:8:1:${salt.toString('base64')}:${scryptSync('s3cret', salt, 32, { cost: 1024 }).toString('base64')}\n`,
  )
  const under = await relayUnderTest(t, {
    relay: {
      users: [{ name: 'jean', passwordHashFile }],
      proxyProtocolFrom: ['127.0.0.1'],
      clients: ['192.0.2.0/24', '127.0.0.0/8'],
      plainAuthFrom: ['192.0.2.0/24'],
    },
    upstream: { auth: { user: 'relay', passwordFile } },
    script: { keywords: ['AUTH LOGIN PLAIN', 'PIPELINING'], answer: line => (line.startsWith('AUTH') ? '235 2.7.0 in' : undefined) },
  })
  const crm = await viaBalancer(t, under, '192.0.2.1')
  t.match(await crm.ask('EHLO crm.test'), /AUTH PLAIN LOGIN/)
  t.same(under.upstream.session().lines, ['EHLO relay.test', `AUTH PLAIN ${base64('\0relay\0up-s3cret')}`, 'EHLO crm.test'])
  t.match(await crm.ask('MAIL FROM:<a@b.test>'), /^530 5\.7\.0 /)
  t.match(await crm.ask(`AUTH PLAIN ${base64('\0jean\0wrong')}`), /^535 5\.7\.8 /)
  t.match(await crm.ask(`AUTH PLAIN ${base64('\0nobody\0s3cret')}`), /^535 5\.7\.8 /)
  t.match(await crm.ask('AUTH PLAIN ***'), /^501 /)
  t.equal(await crm.ask('AUTH LOGIN'), '334 VXNlcm5hbWU6')
  t.match(await crm.ask('*'), /^501 /)
  t.equal(await crm.ask('AUTH PLAIN'), '334')
  t.match(await crm.ask(secret), /^235 2\.7\.0 /)
  t.match(await crm.ask('MAIL FROM:<a@b.test>'), /^250 /)
  const near = await viaBalancer(t, under, '127.0.0.1')
  await near.ask('EHLO crm.test')
  t.match(await near.ask('MAIL FROM:<a@b.test>'), /^250 /, 'loopback needs no log-in')
  const third = await viaBalancer(t, under, '192.0.2.3')
  await third.ask('EHLO crm.test')
  await rm(passwordHashFile)
  t.match(await third.ask(`AUTH PLAIN ${secret}`), /^454 4\.7\.0 /, 'what we cannot read is our trouble')
  t.match(await third.ask('MAIL FROM:<a@b.test>'), /^530 5\.7\.0 /)
  t.notMatch(under.log(), /s3cret/)
  await third.ask('QUIT')
  const before = under.upstream.sessions.length
  t.match(await near.ask('QUIT'), /^221 /)
  await until(
    () => under.metric('upstream_connections', { state: 'warm' }),
    count => count === 1,
  )
  const next = await viaBalancer(t, under, '127.0.0.1')
  t.match(await next.ask('EHLO crm.test'), /^250-/)
  t.equal(under.upstream.sessions.length, before, 'a session that ended clean is handed on')
  t.same(under.upstream.session().lines.slice(-2), ['RSET', 'EHLO crm.test'])
  const refused = await relayUnderTest(t, {
    upstream: { auth: { user: 'relay', passwordFile } },
    script: { keywords: ['AUTH PLAIN'], answer: line => (line.startsWith('AUTH') ? '535 5.7.8 no' : undefined) },
  })
  t.match(await (await refused.connect()).ask('EHLO x'), /^421 4\.3\.0 /)
  t.equal(await refused.metric('upstream_failures_total', { why: 'login' }), 1)
})

t.test('guessing passwords: a session has so many tries, an address one at a time and soon one a second, a right one gets in', async t => {
  let at = 0
  const waits: number[] = []
  let checking = 0
  let most = 0
  const guard = createLoginGuard(
    async (user, password) => {
      most = Math.max(most, ++checking)
      await new Promise(setImmediate)
      checking--
      return user === 'jean' && password === 's3cret'
    },
    () => at,
    async ms => {
      waits.push(ms)
      at += ms
    },
  )
  const guess = (i: number) => guard('192.0.2.1', 'jean', `guess ${i}`).catch((err: Error) => err.message)
  t.same(await Promise.all(Array.from({ length: 30 }, (_, i) => guess(i))), new Array(30).fill(false))
  t.equal(most, 1, 'one at a time')
  t.equal(waits.length, 25, 'five for free, then one a second')
  const more = await Promise.all(Array.from({ length: 30 }, (_, i) => guess(i)))
  t.equal(more.filter(ok => ok === false).length, 20, 'of an address that was wrong so often, so many may wait')
  t.match(more.at(-1), /too many log-ins/, 'the rest is put off, not refused')
  t.equal(waits.length, 45)
  t.equal(await guard('192.0.2.1', 'jean', 's3cret'), true)
  t.equal(waits.length, 46)
  await guard('192.0.2.2', 'jean', 'wrong')
  t.equal(waits.length, 46, 'another address is not concerned')
  at += 60_000
  await guard('192.0.2.1', 'jean', 'wrong')
  t.equal(waits.length, 46, 'a quiet minute is enough')

  const directory = await tempDirectory(t)
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, 'up-s3cret\n')
  const under = await relayUnderTest(t, {
    upstream: { auth: { user: 'relay', passwordFile } },
    script: { keywords: ['AUTH PLAIN'], answer: line => (line.startsWith('AUTH') ? '235 2.7.0 in' : undefined) },
  })
  const crm = await under.hello()
  const asAnother = `AUTH PLAIN ${base64('marius\0jean\0s3cret')}`
  for (let tries = 0; tries < 21; tries++) t.match(await crm.ask(asAnother), /^535 /)
  t.match(await crm.ask(asAnother), /^421 4\.7\.0 /)
  await crm.closed()
})

t.test('warm connections: greeted ahead, used once, never a broken one', async t => {
  const under = await relayUnderTest(t, { upstream: { warmConnections: 2 } })
  const { hello, upstream, metric } = under
  const first = await hello()
  const warm = async (count: number) =>
    await until(
      () => metric('upstream_connections', { state: 'warm' }),
      found => found === count,
    )
  await warm(2)
  t.equal(upstream.sessions.length, 3)
  for (const session of upstream.sessions.slice(1)) session.socket.destroy()
  await warm(0)
  const second = await hello()
  t.match(await second.ask('NOOP'), /^250 /)
  await warm(2)
  await first.ask('QUIT')
  await second.ask('QUIT')
  t.same(
    upstream.sessions.filter(({ lines }) => lines.length > 0).map(({ lines }) => lines[0]),
    ['EHLO crm.test', 'EHLO crm.test'],
  )
  upstream.sessions.at(-1)?.socket.write('421 4.4.2 bye\r\n')
  await warm(1)
})

t.test('a warm connection that turns out dead is replaced, and the CRM never knows', async t => {
  let kill = false
  const { hello, connect, metric } = await relayUnderTest(t, {
    upstream: { warmConnections: 1 },
    script: {
      answer: (line, { socket }) => {
        if (!kill || !line.startsWith('EHLO')) return undefined
        kill = false
        socket.destroy()
        return null
      },
    },
  })
  await hello()
  await until(
    () => metric('upstream_connections', { state: 'warm' }),
    count => count === 1,
  )
  kill = true
  const crm = await connect()
  t.match(await crm.ask('EHLO crm.test'), /^250-relay\.test/)
})

t.test('an upstream that is this relay itself is a loop', async t => {
  let at = 0
  const under = await relayUnderTest(t, { deps: { upstreamAddress: () => ({ host: '127.0.0.1', port: at }) } })
  at = under.port
  const crm = await under.connect()
  t.match(await crm.ask('EHLO crm.test'), /^421 4\.3\.0 /)
  t.match(under.log(), /upstream is this relay itself/)
})

t.test('a graceful stop lets a transaction finish, and takes no new session', async t => {
  const { relay, hello, port, upstream } = await relayUnderTest(t)
  const [idle, busy] = [await hello(), await hello()]
  await busy.ask('MAIL FROM:<a@b.test>')
  await busy.ask('RCPT TO:<a@example.com>')
  const stopped = relay.stop(60_000)
  t.match(await idle.read(), /^421 4\.3\.2 /)
  await idle.closed()
  await busy.ask('DATA')
  busy.write('Subject: x\r\n\r\nx\r\n')
  t.match(await busy.ask('.'), /^250 /)
  t.match(await busy.read(), /^421 4\.3\.2 /)
  await stopped
  t.same(upstream.session().messages, ['Subject: x\r\n\r\nx\r\n'])
  const late = connect({ port, host: '127.0.0.1' })
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  t.equal(error.code, 'ECONNREFUSED')
  await relay.stop(0)
})

t.test('a stop does not wait for ever', async t => {
  const { relay, hello, upstream } = await relayUnderTest(t)
  const crm = await hello()
  await crm.ask('MAIL FROM:<a@b.test>')
  await crm.ask('RCPT TO:<a@example.com>')
  await crm.ask('DATA')
  crm.write('half')
  const session = upstream.session()
  await relay.stop(10)
  t.match(await crm.read(), /^421 4\.3\.2 /)
  await until(
    async () => session.closed,
    closed => closed,
  )
  t.same(session.messages, [])
})

t.test('a return path that upstream refuses is counted, and advice is logged once', async t => {
  const { hello, metric, log } = await relayUnderTest(t, {
    script: { answer: line => (line.startsWith('MAIL') ? '553 5.7.1 <x>: Sender address rejected: not owned by user crm' : undefined) },
  })
  const crm = await hello()
  await crm.ask('MAIL FROM:<a@b.test>')
  t.match(await crm.ask('MAIL FROM:<a@b.test>'), /^553 5\.7\.1 /)
  t.equal(await metric('return_path_refused_total'), 2)
  t.equal(log().match(/returnPath\.domain/g)?.length, 1)
})

async function viaBalancer(t: Test, under: RelayUnderTest, client: string): Promise<SmtpClient> {
  const crm = await smtpClient(t, under)
  crm.write(`PROXY TCP4 ${client} 198.51.100.1 1 25\r\n`)
  await crm.read()
  return crm
}
