/**
 * The doctor: SPF as RFC 7208 reads it, and every finding with its fix, with a DNS of the test's own and a server on loopback as upstream.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { createNames, type Names } from '../../src/cli/doctor/names.ts'
import { checkSpf } from '../../src/cli/doctor/spf.ts'
import { runDoctor } from '../../src/cli/doctor.ts'
import { journal, openServer } from '../http/fixture.ts'

type Zone = Readonly<Record<string, { readonly mx?: readonly string[]; readonly a?: readonly string[]; readonly txt?: readonly string[] }>>

/** DNS from a table. */
function namesOf(zone: Zone): Names {
  return {
    addresses: async name => zone[name]?.a ?? null,
    mx: async name => zone[name]?.mx ?? null,
    txt: async name => zone[name]?.txt ?? null,
  }
}

t.test('SPF: what lets a host send', async t => {
  const names = namesOf({
    'a.example': { a: ['192.0.2.1', '2001:db8::1'], mx: ['mx.a.example'] },
    'mx.a.example': { a: ['192.0.2.9'] },
    'pass.example': { txt: ['other', 'v=spf1 ip4:192.0.2.0/24 -all'] },
    'refuse.example': { txt: ['v=spf1 -all'] },
    'loop.example': { txt: ['v=spf1 include:loop.example -all'] },
    'two.example': { txt: ['v=spf1 +all', 'v=spf1 -all'] },
  })
  for (const [record, address, result] of [
    ['v=spf1 ip4:192.0.2.1 -all', '192.0.2.1', 'pass'],
    ['v=spf1 ip4:192.0.2.1 -all', '192.0.2.2', 'fail'],
    ['v=spf1 ip4:192.0.2.0/29 ~all', '192.0.2.9', 'softfail'],
    ['v=spf1 ip6:2001:db8::/32 ?all', '2001:db8::7', 'pass'],
    ['v=spf1 ip4:192.0.2.1', '::ffff:192.0.2.1', 'pass'],
    ['v=spf1 a:a.example -all', '192.0.2.1', 'pass'],
    ['v=spf1 a:a.example/28 -all', '192.0.2.14', 'pass'],
    ['v=spf1 a:a.example//64 -all', '2001:db8::99', 'pass'],
    ['v=spf1 mx:a.example -all', '192.0.2.9', 'pass'],
    ['v=spf1 include:pass.example -all', '192.0.2.200', 'pass'],
    ['v=spf1 include:refuse.example ~all', '192.0.2.200', 'softfail'],
    ['v=spf1 include:nothing.example -all', '192.0.2.1', 'permerror'],
    ['v=spf1 include:loop.example -all', '192.0.2.1', 'permerror'],
    ['v=spf1 include:two.example -all', '192.0.2.1', 'permerror'],
    ['v=spf1 redirect=pass.example', '192.0.2.1', 'pass'],
    ['v=spf1 redirect=nothing.example', '192.0.2.1', 'permerror'],
    ['v=spf1 exists:%{i}.a.example -all', '192.0.2.1', 'unknown'],
    ['v=spf1 nonsense -all', '192.0.2.1', 'permerror'],
    ['v=spf1', '192.0.2.1', 'neutral'],
    ['v=spf10 -all', '192.0.2.1', 'none'],
    ['V=SPF1 -ALL', '192.0.2.1', 'fail'],
  ] as const) {
    const zone: Names = { ...names, txt: async name => (name === 'x.example' ? [record] : names.txt(name)) }
    t.equal(await checkSpf(zone, 'x.example', address), result, `${record} for ${address}`)
  }
})

t.test('names: none of a kind is null, trouble is thrown, the most wanted MX comes first', async t => {
  const fail = (code: string) => async () => Promise.reject(Object.assign(new Error(code), { code }))
  const resolver = {
    resolve4: async () => ['192.0.2.1'],
    resolve6: fail('ENODATA'),
    resolveMx: fail('ENOTFOUND'),
    resolveTxt: fail('ESERVFAIL'),
  }
  const names = createNames(resolver as unknown as Parameters<typeof createNames>[0])
  t.same(await names.addresses('x'), ['192.0.2.1'])
  t.equal(await names.mx('x'), null)
  await t.rejects(names.txt('x'), { code: 'ESERVFAIL' })
  const two = {
    ...resolver,
    resolveMx: async () => [
      { priority: 20, exchange: 'b' },
      { priority: 10, exchange: 'a' },
    ],
  }
  t.same(await createNames(two as unknown as Parameters<typeof createNames>[0]).mx('x'), ['a', 'b'])
})

/** A mail server that says these lines to EHLO. */
async function upstream(t: Test, extensions: readonly string[]): Promise<number> {
  const server = createServer(socket => {
    socket.write('220 mail.example.com ESMTP\r\n')
    socket.on('error', () => {})
    socket.on('data', data => {
      const offer = ['mail.example.com', ...extensions]
        .map((line, index, all) => `250${index === all.length - 1 ? ' ' : '-'}${line}\r\n`)
        .join('')
      socket.write(String(data).startsWith('EHLO') ? offer : '221 2.0.0 bye\r\n')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  return (server.address() as { port: number }).port
}

/** Runs the doctor on a configuration; gives its findings by check. */
async function diagnose(
  t: Test,
  {
    port,
    zone,
    greeting,
    args = [],
    returnPath = 'domain: bounces.example.com',
  }: { port: number; zone: Zone; greeting: string | Error; args?: string[]; returnPath?: string },
) {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-doctor-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'key'), `${Buffer.alloc(32, 7).toString('base64')}\n`)
  await chmod(join(directory, 'key'), greeting instanceof Error ? 0o644 : 0o600)
  const file = join(directory, 'c.yaml')
  await writeFile(
    file,
    `hostname: bounce.example.com\nupstream: { host: 127.0.0.1, port: ${port} }\nreturnPath: { ${returnPath}, keyFile: key }\nstore: { path: data }\n`,
  )
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const asked = {
    names: namesOf(zone),
    greetingOf: async () => {
      if (greeting instanceof Error) throw greeting
      return greeting
    },
  }
  const status = await runDoctor(
    ['--config', file, ...args],
    { stdin: Readable.from([]), stdout, stderr, env: { REBOND_URL: 'http://127.0.0.1:1' } },
    asked,
  )
  return { status, text: String(stdout.read() ?? ''), errors: String(stderr.read() ?? '') }
}

const right: Zone = {
  'bounces.example.com': { mx: ['mx.example.com'], txt: ['v=spf1 ip4:127.0.0.1 -all'] },
  'mx.example.com': { a: ['192.0.2.25'] },
  '127.0.0.1': { a: ['127.0.0.1'] },
  '_dmarc.example.com': { txt: ['v=DMARC1; p=reject'] },
  '_dmarc.shop.example': { txt: ['v=DMARC1; p=reject'] },
}

t.test('everything right: no problem, and the running server tells the From domains', async t => {
  const { server, store } = await openServer(t, { http: { listen: { port: 0 } } })
  await journal(store, ['jean@example.com'])
  const { host, port: http } = await server.listen()
  const port = await upstream(t, ['PIPELINING', '8BITMIME', 'SIZE 1000000'])
  const args = ['--json', '--url', `http://${host}:${http}`]
  const { status, text } = await diagnose(t, { port, zone: right, greeting: '220 bounce.example.com ESMTP', args })
  const { ok, findings } = JSON.parse(text) as { ok: boolean; findings: Finding[] }
  t.same(
    findings.filter(({ state }) => state === 'problem'),
    [],
  )
  t.equal(status, 0)
  t.equal(ok, true)
  const said = (check: string) => findings.filter(one => one.check === check).map(({ state, said: words }) => `${state}: ${words}`)
  t.match(said('upstream'), [/^ok: 127\.0\.0\.1:\d+ answers \(without TLS\)/])
  t.match(said('dns.mx'), ['ok: bounces.example.com → mx.example.com'])
  t.match(said('port25'), [/^ok: mx\.example\.com \(192\.0\.2\.25\) greets as bounce\.example\.com/])
  t.match(said('dns.spf'), [/^ok: bounces\.example\.com lets 127\.0\.0\.1 send/])
  t.match(said('server'), ['ok: it runs, and every part of it answers'])
  t.match(said('dns.dmarc'), [/^warning: crm\.example has no DMARC record/], 'the From domain of the mail that passed')
  t.match(said('files.mode'), [/^ok: returnPath\.keyFile/])
})

t.test('everything wrong: each problem comes with its fix', async t => {
  const port = await upstream(t, ['STARTTLS', 'AUTH PLAIN'])
  const wrong = await diagnose(t, { port, zone: {}, greeting: new Error('connect ETIMEDOUT') })
  t.equal(wrong.status, 1)
  t.match(wrong.text, /^problem {2}files\.mode: .*key can be read or changed by others \(0644\)\n {9}→ chmod 600 /m)
  t.match(
    wrong.text,
    /^problem {2}dns\.mx: bounces\.example\.com has neither MX nor address.*\n {9}→ publish: bounces\.example\.com\. MX 10 bounce\.example\.com\./m,
  )
  t.match(wrong.text, /^warning {2}upstream\.extensions: it does not offer PIPELINING/m)
  t.match(wrong.text, /^warning {2}upstream\.extensions: it offers STARTTLS and upstream\.tls is none\n {9}→ set upstream\.tls: starttls/m)
  t.match(wrong.text, /^unknown {2}server: the server at .* cannot be reached/m)
  t.match(wrong.text, /\n\d problems, \d warnings\n$/)
  t.notMatch(wrong.text, /\x1b/)

  const zone: Zone = { ...right, 'bounces.example.com': { mx: ['mx.example.com'], txt: ['v=spf1 ip4:192.0.2.200 -all'] } }
  const foreign = await diagnose(t, { port, zone, greeting: '220 mail.other.example ESMTP' })
  t.match(
    foreign.text,
    /^problem {2}port25: at mx\.example\.com \(192\.0\.2\.25\) port 25 somebody else answers: 220 mail\.other\.example/m,
  )
  t.match(
    foreign.text,
    /^warning {2}dns\.spf: bounces\.example\.com does not let 127\.0\.0\.1 itself send \(127\.0\.0\.1: fail\)\n {9}→ .*v=spf1 ip4:127\.0\.0\.1 -all/m,
  )

  const gone = await diagnose(t, { port: 1, zone: right, greeting: '220 bounce.example.com' })
  t.match(gone.text, /^problem {2}upstream\.connect: upstream 127\.0\.0\.1:1 cannot be reached.*\n {9}→ check upstream\.host/m)
  t.match(await diagnose(t, { port, zone: right, greeting: '', args: ['--wait', 'long'] }), { status: 2, errors: /--wait must be seconds/ })
})

t.test('several bounce domains: MX, SPF and aspf of each, and the one that a From domain gets', async t => {
  const { server, store } = await openServer(t, { http: { listen: { port: 0 } } })
  await journal(store, ['jean@example.com'])
  const { host, port: http } = await server.listen()
  const port = await upstream(t, ['PIPELINING', '8BITMIME', 'SIZE 1000000'])
  const args = ['--json', '--url', `http://${host}:${http}`]
  const domains = [
    '{ senders: [crm.example], domain: returns.crm.example }',
    '{ senders: [shop.example], domain: bounces.shop.example }',
    "{ senders: [own.example], domain: own.example, address: 'crm+b-{token}@{domain}' }",
  ]
  const returnPath = `domain: bounces.example.com, domains: [${domains}]`
  const zone: Zone = {
    ...right,
    'returns.crm.example': { mx: ['mx.example.com'], txt: ['v=spf1 ip4:192.0.2.200 -all'] },
    '_dmarc.crm.example': { txt: ['v=DMARC1; p=reject; aspf=s'] },
    'own.example': { mx: ['mail.own.example'], txt: ['v=spf1 ip4:127.0.0.1 -all'] },
  }
  const look = async (more: Zone) => {
    const { text } = await diagnose(t, { port, zone: { ...zone, ...more }, greeting: '220 bounce.example.com ESMTP', args, returnPath })
    const { findings } = JSON.parse(text) as { findings: Finding[] }
    return (check: string) => findings.filter(one => one.check === check).map(({ state, said, fix }) => `${state}: ${said} → ${fix}`)
  }
  const said = await look({})
  t.match(said('dns.mx').sort(), [
    /^ok: bounces\.example\.com → mx\.example\.com/,
    /^ok: returns\.crm\.example → mx\.example\.com/,
    /^problem: bounces\.shop\.example has neither MX nor address: .* → publish: bounces\.shop\.example\. MX 10 bounce\.example\.com\./,
    /^unknown: own\.example → mail\.own\.example, where return paths are sub-addresses .* → let mail\.own\.example hand mail .*intake\.imap/,
  ])
  t.equal(said('port25').length, 2, 'the company’s own server need not greet as rebond')
  t.match(said('dns.spf').sort(), [
    /^ok: bounces\.example\.com lets 127\.0\.0\.1 send/,
    /^ok: own\.example lets 127\.0\.0\.1 send/,
    /^warning: returns\.crm\.example does not let 127\.0\.0\.1 itself send .* → .*returns\.crm\.example\. TXT "v=spf1 ip4:127\.0\.0\.1 -all"/,
  ])
  t.match(said('dns.dmarc'), [
    /^warning: crm\.example and returns\.crm\.example are not aligned by SPF \(aspf=s wants the same domain\).* → let _dmarc\.crm\.example say aspf=r/,
  ])
  const relaxed = await look({ '_dmarc.crm.example': { txt: ['v=DMARC1; p=reject'] } })
  t.match(relaxed('dns.dmarc'), [/^ok: crm\.example and returns\.crm\.example are aligned by SPF/])
  const kept = await diagnose(t, { port, zone: {}, greeting: '', args, returnPath: 'mode: keep, domain: bounces.example.com' })
  t.match(kept.text, /"check":"dns","state":"ok","said":"mail leaves with the CRM's own sender/)
})
