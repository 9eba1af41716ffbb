/**
 * What the mail server stands on: the private seams of smtp-server, TLS, and the pure parts behind the listener.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { createTransport } from 'nodemailer'
import NodemailerConnection from 'nodemailer/lib/smtp-connection'
import { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection'
import { SMTPStream } from 'smtp-server/lib/smtp-stream'
import t, { type Test } from 'tap'
import { createAllowance } from '../../src/intake/allowance.ts'
import { type CanaryDeps, createCanary } from '../../src/intake/canary.ts'
import { DataReader } from '../../src/intake/data-reader.ts'
import { createGate } from '../../src/intake/gate.ts'
import { Octets } from '../../src/intake/octets.ts'
import { createReporters, type Names } from '../../src/intake/reporters.ts'
import { createTokenBudget } from '../../src/intake/token-budget.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { tempDirectory } from '../support/temp-store.ts'
import { until } from '../support/until.ts'
import { openHouse } from './house.ts'
import { talkTo } from './talk.ts'

const log = createLog('silent')

t.test('smtp-server is the version whose private seams are used, and has them', async t => {
  const { version } = JSON.parse(await readFile('node_modules/smtp-server/package.json', 'utf8'))
  t.equal(version, '3.21.6', 'read its changelog and src/intake/mail-session.ts before changing this')
  const seams: readonly [string, object, readonly string[]][] = [
    [
      'SMTPServer',
      SMTPServer.prototype,
      ['connect', '_acceptSocket', '_upgrade', 'updateSecureContext', 'onMailFrom', 'onRcptTo', 'onData'],
    ],
    [
      'SMTPConnection',
      SMTPConnection.prototype,
      [
        'init',
        'connectionReady',
        'send',
        'close',
        '_setListeners',
        '_createParser',
        '_onCommand',
        '_onClose',
        '_proxyCommandAllowed',
        'handler_VRFY',
      ],
    ],
    ['SMTPStream', SMTPStream.prototype, ['startDataMode', '_feedDataStream', '_endDataMode', '_countDataBytes', 'oncommand', 'continue']],
  ]
  for (const [name, prototype, methods] of seams)
    for (const method of methods) t.type(Reflect.get(prototype, method), 'function', `${name}.${method}`)
  const server = new SMTPServer({ logger: false })
  t.ok(server._pendingSockets instanceof Map && server.connections instanceof Set)
  const stream = new SMTPStream()
  t.same([stream._maxBytes, stream._dataStream, stream.isClosed, stream.dataBytes], [Number.POSITIVE_INFINITY, null, false, 0])
})

t.test('nodemailer is the version whose private seams the forwarder uses, and has them', async t => {
  const { version } = JSON.parse(await readFile('node_modules/nodemailer/package.json', 'utf8'))
  t.equal(version, '10.6.0', 'read its changelog and src/intake/forward-connection.ts before changing this')
  t.type(Reflect.get(NodemailerConnection.prototype, '_sendCommand'), 'function')
  const house = await openHouse(t)
  const smtp = new NodemailerConnection({ ...house.at, ignoreTLS: true })
  const said: string[] = []
  const seams = smtp as unknown as { _supportedExtensions: string[]; _socket: Socket; _sendCommand(line: string, logged?: string): void }
  const say = seams._sendCommand.bind(smtp)
  seams._sendCommand = (line, logged) => {
    said.push(line)
    say(line, logged)
  }
  await new Promise<void>((resolve, reject) => {
    smtp.once('error', reject)
    smtp.connect(() => resolve())
  })
  t.match(said, [/^EHLO /], 'every command passes it')
  t.ok(seams._supportedExtensions.includes('SMTPUTF8'), 'what the server offers')
  t.equal(seams._socket.remoteAddress, house.at.host)
  smtp.close()
})

/** A certificate for localhost, made by openssl; null when the machine has none. */
async function certificate(t: Test): Promise<{ certFile: string; keyFile: string } | null> {
  const directory = await tempDirectory(t)
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout ${keyFile} -out ${certFile}`
  return promisify(execFile)('openssl', args.split(' ')).then(
    () => ({ certFile, keyFile }),
    () => null,
  )
}

t.test('TLS: our certificate, 1.2 at least, nothing carried over from before STARTTLS', async t => {
  const tls = await certificate(t)
  if (!tls) {
    t.comment('LOUD: openssl is not installed; TLS of the bounce listener was NOT tested')
    return
  }
  const house = await openHouse(t, { config: { tls, listen: [{ host: '127.0.0.1', port: 0, tls: 'starttls', protocol: 'smtp' }] } })
  const talk = await talkTo(t, house.at)
  await talk.hear()
  t.match(await talk.say('EHLO x'), /STARTTLS/)
  await talk.say('MAIL FROM:<>')
  // The RCPT is sent in clear text behind STARTTLS (CVE-2011-0411): it must never be heard.
  talk.send(`STARTTLS\r\nRCPT TO:<${house.token().address}>\r\n`)
  t.match(await talk.hear(), /^220 /)
  const secured = await talk.secure()
  t.match(secured.getProtocol(), /^TLSv1\.[23]$/)
  t.equal(secured.getPeerCertificate().subject.CN, 'localhost')
  t.equal(await talk.say('NOOP'), '250 2.0.0 OK', 'the next reply is to the next command')
  t.match(await talk.say('MAIL FROM:<>'), /^503 /, 'the EHLO before is forgotten')
  t.match(await talk.say('EHLO x'), /^250-/)
  t.match(await talk.say('DATA'), /^503 /, 'and so is the transaction')
  talk.hangUp()

  const transport = createTransport({ ...house.at, requireTLS: true, tls: { rejectUnauthorized: false } })
  const sent = await transport.sendMail({ envelope: { from: '', to: [house.token().address] }, raw: 'a\r\n' })
  t.match(sent.response, /^250 2\.0\.0 /)
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const old = createTransport({
      ...house.at,
      requireTLS: true,
      tls: { rejectUnauthorized: false, minVersion: version, maxVersion: version },
    })
    await t.rejects(old.sendMail({ envelope: { from: '', to: [house.token().address] }, raw: 'a\r\n' }), version)
  }
  await house.intake.reload()

  const implicit = await openHouse(t, { config: { tls, listen: [{ host: '127.0.0.1', port: 0, tls: 'implicit', protocol: 'smtp' }] } })
  const secure = createTransport({ ...implicit.at, secure: true, tls: { rejectUnauthorized: false } })
  t.match((await secure.sendMail({ envelope: { from: '', to: [implicit.token().address] }, raw: 'a\r\n' })).response, /^250 /)
  const garbage = await talkTo(t, implicit.at)
  garbage.send('EHLO in clear text\r\n')
  t.equal(await garbage.hear(), null)
  t.match((await secure.sendMail({ envelope: { from: '', to: [implicit.token().address] }, raw: 'a\r\n' })).response, /^250 /)
  await house.intake.stop()
  await implicit.intake.stop()
  for (const { metrics } of [house, implicit]) {
    await until(
      () => metrics.sessions.get(),
      ({ values }) => values[0]?.value === 0,
    )
  }
  t.pass('every session was counted out')
})

t.test('a front server of ours says whose mail it passes on (XFORWARD)', async t => {
  const house = await openHouse(t, { config: { reporters: ['127.0.0.1', '192.0.2.0/24'] } })
  const talk = await talkTo(t, house.at)
  await talk.hear()
  t.match(await talk.say('EHLO front'), /XFORWARD/)
  for (const [said, address, fromReporter] of [
    ['', '127.0.0.1', true],
    ['XFORWARD NAME=a.example.net ADDR=198.51.100.7 SOURCE=REMOTE', '198.51.100.7', false],
    ['XFORWARD NAME=mx.example.com ADDR=192.0.2.7 SOURCE=REMOTE', '192.0.2.7', true],
    ['XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] SOURCE=LOCAL', '127.0.0.1', true],
    ['XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]', '127.0.0.1', false],
    ['', '127.0.0.1', true],
  ] as const) {
    if (said) t.equal(await talk.say(said), '250 2.0.0 OK')
    await talk.say('MAIL FROM:<>')
    await talk.say(`RCPT TO:<${house.token().address}>`)
    await talk.say('DATA')
    const reply = await talk.say('a\r\n.')
    const stored = await house.store.report(reply?.slice(-16) ?? '')
    t.equal(stored?.client.address, address, said)
    t.equal(stored?.fromReporter, fromReporter, said)
  }
})

t.test('reporters: networks, the upstream, and names confirmed both ways', async t => {
  let clock = 0
  const asked: string[] = []
  const dns: Record<string, readonly string[]> = {
    '192.0.2.1': ['mail.OUTBOUND.example.com.'],
    'mail.outbound.example.com': ['192.0.2.1', '2001:db8::1'],
    '192.0.2.2': ['mail.outbound.example.com'], // lies: the name does not lead back
    '192.0.2.3': ['outbound.example.com'],
    'outbound.example.com': ['192.0.2.3'],
    '192.0.2.4': ['mx.example.org'],
    'mx.example.org': ['192.0.2.4'],
  }
  const names: Names = {
    async namesOf(address) {
      asked.push(address)
      const found = dns[address]
      if (!found) throw Object.assign(new Error('no'), { code: address === '192.0.2.9' ? 'ETIMEOUT' : 'ENOTFOUND' })
      return found
    },
    addressesOf: async name => dns[name] ?? [],
  }
  let upstream: () => Promise<string[]> = async () => ['203.0.113.5']
  const reporters = createReporters({
    entries: ['10.0.0.0/8', '::1/128', '*.outbound.example.com', 'mx.example.org'],
    upstreamAddresses: () => upstream(),
    names,
    now: () => clock,
    log,
  })
  await reporters.refresh()
  for (const [address, reporter, host] of [
    ['10.1.2.3', true, null],
    ['::ffff:10.1.2.3', true, null],
    ['203.0.113.5', true, null],
    ['192.0.2.1', true, 'mail.outbound.example.com'],
    ['192.0.2.2', false, null],
    ['192.0.2.3', false, null],
    ['192.0.2.4', true, 'mx.example.org'],
    ['192.0.2.8', false, null],
    ['192.0.2.9', false, null],
  ] as const) {
    t.same(await reporters.identify(address), { reporter, host }, address)
    t.equal(reporters.knows(address), reporter, address)
  }
  t.notOk(asked.includes('10.1.2.3'), 'no lookup for what a network says')
  const before = asked.length
  await Promise.all([reporters.identify('192.0.2.1'), reporters.identify('192.0.2.8')])
  t.equal(asked.length, before, 'answers are remembered')
  clock += 31_000
  dns['192.0.2.9'] = ['mx.example.org']
  dns['mx.example.org'] = ['192.0.2.9']
  t.ok((await reporters.identify('192.0.2.9')).reporter, 'a failure of DNS is forgotten soon')
  clock += 3_600_000
  t.notOk(reporters.knows('192.0.2.1'), 'and a confirmation in an hour')
  upstream = () => Promise.reject(new Error('DNS is down'))
  await reporters.refresh()
  t.ok(reporters.knows('203.0.113.5'), 'upstream is known while DNS is down')
  const without = createReporters({ entries: ['10.0.0.0/8'], names, now: () => clock, log })
  const count = asked.length
  t.same(await without.identify('192.0.2.1'), { reporter: false, host: null })
  t.equal(asked.length, count, 'no lookup without names')
})

t.test('the gate: rates refill, quiet networks are forgotten, memory is given back', async t => {
  let clock = 0
  const limits = {
    maxSessions: 100_000,
    maxSessionsPerNetwork: 1,
    connectionsPerMinute: 2,
    recipientsPerMinute: 10,
    refusedCost: 5,
    maxHeldBytes: 100,
  }
  const gate = createGate(
    limits,
    address => address === '10.0.0.1',
    () => clock,
  )
  for (let i = 0; i < 2; i++) {
    const entry = gate.enter('192.0.2.1')
    t.ok(entry.ok)
    if (entry.ok) entry.leave()
  }
  t.same(gate.enter('192.0.2.9'), { ok: false, why: 'rate' })
  clock += 30_000
  t.ok(gate.enter('192.0.2.9').ok, 'one came back in half a minute')
  t.same(gate.enter('192.0.2.9'), { ok: false, why: 'network' })
  let named = 0
  while (gate.mayName('198.51.100.1')) {
    named++
    gate.refused('198.51.100.1')
  }
  t.equal(named, 2)
  for (let i = 0; i < 100; i++) t.ok(gate.mayName('10.0.0.1'))
  const [mine, theirs] = [gate.hold('192.0.2.1', 50), gate.hold('192.0.2.2', 1)]
  t.ok(mine)
  t.equal(theirs, null, 'strangers have half')
  t.ok(gate.hold('10.0.0.1', 50))
  t.equal(gate.hold('10.0.0.1', 1), null, 'and all together the whole')
  mine?.()
  t.ok(gate.hold('192.0.2.2', 50))
  for (let i = 0; i < 30_000; i++) {
    clock += 60
    const entry = gate.enter(`100.${i % 64}.${i >> 8}.1`)
    if (entry.ok) entry.leave()
  }
  t.pass('and 30,000 networks pass')
})

t.test('an allowance begins anew after an hour, and takes back what was not used', async t => {
  let clock = 0
  const allowance = createAllowance(2, 10, () => clock)
  const nine = allowance.spend(9)
  t.ok(nine)
  t.notOk(allowance.spend(2), 'too many octets')
  t.ok(allowance.spend(1))
  t.notOk(allowance.spend(0), 'too many mails')
  nine?.giveBack()
  t.ok(allowance.spend(9))
  clock += 3_600_000
  t.ok(allowance.spend(10))
})

t.test('a token brings so many reports and octets, is asked of the store once a minute, and gets back what was not kept', async t => {
  let clock = 0
  let [asked, reports, octets] = [0, 7, 0]
  const budget = createTokenBudget(
    {
      message: async () => null,
      async tokenUse() {
        asked++
        return { reports, octets }
      },
    },
    () => clock,
  )
  const [last, over] = await Promise.all([budget.spend('m', 1), budget.spend('m', 1)])
  t.ok(last)
  t.equal(over, null, 'two sessions at once do not both get the eighth')
  t.notOk(await budget.allows('m'))
  last?.giveBack()
  t.ok(await budget.allows('m'))
  clock += 60_000
  reports = 8
  t.notOk(await budget.allows('m'), 'what another node kept counts after a minute')
  t.equal(asked, 3)
  ;[clock, reports, octets] = [clock + 60_000, 0, 19_999_999]
  t.ok(await budget.spend('m', 25_000_000), 'a large one gets in')
  t.notOk(await budget.allows('m'), 'and is the last')
  for (let i = 0; i < 25_000; i++) await budget.allows(`m${i}`)
  t.pass('25,000 tokens pass')
})

t.test('octets of any cut come out whole, and what is beyond the bound is dropped', async t => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 }), fc.nat(100_000), (pieces, most) => {
      const octets = new Octets(most)
      for (const piece of pieces) octets.push(Buffer.from(piece))
      return octets.kept.equals(Buffer.concat(pieces).subarray(0, most))
    }),
    { numRuns: 100 },
  )
  let taken = 0
  const single = new Octets(1_000_000, by => {
    taken += by
    return taken <= 600_000
  })
  let pushed = 0
  while (single.push(Buffer.from('a'))) pushed++
  t.equal(pushed, 524_288, 'refused when the memory is, not before')
})

/** Dot-stuffing removed as the RFC says it, line by line. */
const plain = (text: string) => text.replace(/(^|\r\n)\./g, '$1')

t.test('the reader removes dot-stuffing wherever the chunks are cut', async t => {
  const octet = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('.', '\r\n', '\r\n.', '..') }, fc.constantFrom('a', '\r', '\n'))
  let ended = 0
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 24 }), fc.array(fc.nat(4), { maxLength: 30 }), (parts, cuts) => {
      const text = `${parts.join('')}\r\n.\r\nREST`
      const whole = readAll([text])
      const bytes = readAll([...text])
      const pieces: string[] = []
      let from = 0
      for (const cut of cuts) {
        pieces.push(text.slice(from, from + cut))
        from += cut
      }
      const cutUp = readAll([...pieces, text.slice(from)])
      if (whole.kind === 'end') ended++
      const end = text.indexOf('\r\n.\r\n')
      const right =
        whole.kind !== 'end' ||
        text.startsWith('.\r\n') ||
        (whole.text === plain(text.slice(0, end + 2)) && whole.rest === text.slice(end + 5))
      return right && JSON.stringify(whole) === JSON.stringify(bytes) && JSON.stringify(whole) === JSON.stringify(cutUp)
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 2000) },
  )
  t.ok(ended > 100)
})

function readAll(pieces: readonly string[]): { kind: string; text: string; rest: string } {
  const reader = new DataReader()
  let text = ''
  for (const [index, piece] of pieces.entries()) {
    const read = reader.read(Buffer.from(piece, 'latin1'))
    if (read.kind === 'refused') return { kind: 'refused', text: '', rest: '' }
    text += Buffer.concat(read.octets).toString('latin1')
    if (read.kind === 'end') return { kind: 'end', text, rest: piece.slice(read.rest) + pieces.slice(index + 1).join('') }
  }
  return { kind: 'more', text, rest: '' }
}

t.test('the canary: sent under a return path of ours to nobody, known when it comes back, and only then', async t => {
  const clock = { now: Date.UTC(2026, 10, 24, 9) }
  const sent: { from: string; to: string; mail: string }[] = []
  let failure: string | null = null
  const connection = {
    async send({ from, to }: { from: string; to: string }, raw: Buffer) {
      sent.push({ from, to, mail: raw.toString() })
      return failure === null ? { ok: true } : { ok: false, failure: { words: failure } }
    },
    close() {},
  } as unknown as CanaryDeps['connection']
  const metrics = createMetrics('test')
  const value = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value
  const returnPath = { domain: 'bounces.example.com', address: (id: string) => `b-${id}@bounces.example.com` }
  const canary = createCanary({ everyMs: null, connection, returnPath, log, metrics, now: () => clock.now })
  t.teardown(() => canary.stop())
  t.equal(canary.latest(), null)
  t.equal(await value('rebond_canary_interval_seconds'), 0)

  const flight = await canary.send()
  t.match(flight, { recipient: /^canary-[0-9a-f]{16}@bounces\.example\.com$/, sentAt: clock.now, returnedAt: null, failure: null })
  t.match(sent, [{ from: `b-${flight.id}@bounces.example.com`, to: flight.recipient }])
  t.match(sent[0]?.mail, /^From: <b-[^>]+>\r\nTo: <canary-[^>]+>\r\nSubject: rebond canary\r\nDate: Tue, 24 Nov 2026 09:00:00 \+0000\r\n/)
  t.equal(canary.returned('06h0000000000000'), false, 'a token of a mail is no canary’s')
  t.equal(canary.latest()?.returnedAt, null)
  clock.now += 90_000
  t.equal(canary.returned(flight.id), true)
  t.equal(canary.latest()?.returnedAt, clock.now)
  t.equal(await value('rebond_canary_last_success_timestamp_seconds'), clock.now / 1000)
  const first = clock.now
  clock.now += 60_000
  t.equal(canary.returned(flight.id), true, 'a second report of it is a canary’s too')
  t.equal(canary.latest()?.returnedAt, first)

  failure = '550 5.7.1 you may not send from there'
  t.match(await canary.send(), { failure, returnedAt: null })
  t.equal(canary.latest()?.failure, failure)
  failure = null
  for (let i = 0; i < 999; i++) await canary.send()
  t.equal(canary.returned(flight.id), false, 'a thousand are remembered')
  const series = createCanary({ everyMs: 20, connection, returnPath, log, metrics, now: () => clock.now })
  const before = sent.length
  await until(
    async () => sent.length - before,
    count => count >= 2,
  )
  series.stop()
  t.equal(await value('rebond_canary_interval_seconds'), 0.02)
})
