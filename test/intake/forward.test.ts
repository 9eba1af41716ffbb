/**
 * Forwarding: from the outbox of a real store to a scripted server, which sees the octets; asserts on both sides.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { retryAfterMs } from '../../src/intake/forward-failure.ts'
import { composeForward } from '../../src/intake/forward-mail.ts'
import type { StoredReport } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { message as journalled } from '../store/samples.ts'
import { scriptedUpstream, type UpstreamSession } from '../support/scripted-upstream.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { tlsFile } from '../support/tls-files.ts'
import { until } from '../support/until.ts'
import { crm, day, hour, idAt, itemOf, minute, owe, post, reportOf, returnPath, start } from './post-office.ts'

const wire = (raw: Buffer | string) => composeForward({ report: reportOf(), deliveredTo: crm, hostname: 'rebond.test' }, Buffer.from(raw))
const below = (mail: string) => mail.split('\r\n').slice(3).join('\r\n')

t.test('a mail in wire form: three lines on top, every line ended by CRLF, all else as it was', async t => {
  const report = reportOf()
  const written = (client: StoredReport['client']) =>
    String(composeForward({ report: { ...report, client }, deliveredTo: crm, hostname: 'rebond.test' }, Buffer.from('Subject: x\r\n')))
  t.equal(
    written(report.client),
    `Received: from mx.example.net (mx.example.net [192.0.2.7]) by rebond.test with ESMTP id ${report.id}; Tue, 24 Nov 2026 09:00:00 +0000\r\n` +
      `Delivered-To: ${crm}\r\nX-Rebond-Forwarded: ${report.id}\r\nSubject: x\r\n`,
  )
  t.match(written({ address: '2001:db8::1', host: null }), /^Received: from \[IPv6:2001:db8::1\] by /)
  t.match(written({ address: '192.0.2.7', host: 'evil\r\nBcc: x' }), /^Received: from \[192\.0\.2\.7\] by /, 'a name that no host can have')
  t.match(written({ address: 'no address', host: null }), /^Received: from \[0\.0\.0\.0\] by /)

  for (const [raw, wanted] of [
    ['', ''],
    ['a: b\r\n\r\nc\r\n', 'a: b\r\n\r\nc\r\n'],
    ['a: b\n\nc\n', 'a: b\r\n\r\nc\r\n'],
    ['a: b\r\rc\r', 'a: b\r\n\r\nc\r\n'],
    ['a: b\r\r\nc', 'a: b\r\n\r\nc\r\n'],
    ['a: b\n\r\nc', 'a: b\r\n\r\nc\r\n'],
    ['\n', '\r\n'],
    ['\r', '\r\n'],
    ['a', 'a\r\n'],
    ['\0\xe9.\r\n.\r\n..', '\0\xe9.\r\n.\r\n..\r\n'],
  ] as const)
    t.equal(below(wire(Buffer.from(raw, 'latin1')).toString('latin1')), wanted, JSON.stringify(raw))

  const octet = fc.oneof(fc.constantFrom(13, 10, 46), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 40 }), octets => {
      const raw = Buffer.from(octets)
      const mail = below(wire(raw).toString('latin1'))
      // Line ends apart, nothing is added, lost or moved.
      t.equal(mail.replace(/[\r\n]/g, ''), raw.toString('latin1').replace(/[\r\n]/g, ''))
      t.notMatch(mail.replaceAll('\r\n', ''), /[\r\n]/)
      t.equal(below(wire(Buffer.from(mail, 'latin1')).toString('latin1')), mail, 'a mail in wire form stays as it is')
      t.ok(mail === '' || mail.endsWith('\r\n'))
    }),
  )
})

t.test('a return reaches the return path that the CRM gave, from <>, and is owed no more', async t => {
  const p = await post(t)
  const original = await p.store.appendMessage(journalled({ reversePath: crm }), [])
  const id = await owe(p.store, 'Subject: returned\n\n.\n..dots\nend', { messageId: original.id })
  await p.forwarder.idle()
  t.same(p.commands().slice(0, 4), [
    'EHLO rebond.test',
    `MAIL FROM:<> SIZE=${wire('Subject: returned\n\n.\n..dots\nend').length}`,
    `RCPT TO:<${crm}>`,
    'DATA',
  ])
  const [mail = ''] = p.taken()
  t.same(mail.split('\r\n').slice(1, 3), [`Delivered-To: ${crm}`, `X-Rebond-Forwarded: ${id}`])
  t.equal(below(mail), 'Subject: returned\r\n\r\n..\r\n...dots\r\nend\r\n', 'dots stuffed')
  t.same([await p.waiting(), await p.dead()], [[], []])
  t.same(await p.outcomes(), { sent: 1 })
  t.notMatch(p.log(), /shop\.example/, 'nothing personal in the log')
})

t.test('forwardTo and forwardFrom: the envelope is theirs, Delivered-To stays the original', async t => {
  const p = await post(t, { bounce: { forwardFrom: 'rebond@shop.example' } })
  const original = await p.store.appendMessage(journalled({ reversePath: crm }), [])
  await owe(p.store, 'a: b\r\n', { messageId: original.id }, { to: 'returns@shop.example' })
  await p.forwarder.idle()
  t.match(p.commands()[1], /^MAIL FROM:<rebond@shop\.example> /)
  t.equal(p.commands()[2], 'RCPT TO:<returns@shop.example>')
  t.match(p.taken()[0], /\r\nDelivered-To: news@shop\.example\r\n/)
})

t.test('8BITMIME and SMTPUTF8 are said where the mail needs them and the server knows them', async t => {
  const all = ['PIPELINING', '8BITMIME', 'SMTPUTF8']
  const eight = 'Subject: d\u00e9j\u00e0\r\n'
  for (const [what, keywords, raw, more, mail, to] of [
    ['7 bits', all, 'a: b\r\n', {}, 'MAIL FROM:<>', `<${crm}>`],
    ['8 bits', all, eight, {}, 'MAIL FROM:<> BODY=8BITMIME', `<${crm}>`],
    ['8 bits, not offered', ['PIPELINING'], eight, {}, 'MAIL FROM:<>', `<${crm}>`],
    ['it came with SMTPUTF8', all, eight, { smtpUtf8: true }, 'MAIL FROM:<> BODY=8BITMIME SMTPUTF8', `<${crm}>`],
    ['it came with SMTPUTF8, not offered', ['8BITMIME'], eight, { smtpUtf8: true }, 'MAIL FROM:<> BODY=8BITMIME', `<${crm}>`],
    // Delivered-To makes the header one of RFC 6532.
    [
      'a local part that needs it',
      all,
      'a: b\r\n',
      { to: 'd\u00e9j\u00e0@shop.example' },
      'MAIL FROM:<> SMTPUTF8 BODY=8BITMIME',
      '<d\u00e9j\u00e0@shop.example>',
    ],
    [
      'a domain has an ASCII form',
      ['8BITMIME'],
      'a: b\r\n',
      { to: 'news@b\u00fccher.example' },
      'MAIL FROM:<> BODY=8BITMIME',
      '<news@xn--bcher-kva.example>',
    ],
  ] as const) {
    const p = await post(t, { script: { keywords } })
    const { to: address = crm, smtpUtf8 = false } = more as { to?: string; smtpUtf8?: boolean }
    await owe(p.store, raw, { smtpUtf8 }, { to: address })
    await p.forwarder.idle()
    t.equal(p.commands()[1], mail, what)
    t.equal(Buffer.from(p.commands()[2] ?? '', 'latin1').toString(), `RCPT TO:${to}`, what)
    t.equal(Buffer.from(below(p.taken()[0] ?? ''), 'latin1').toString(), raw, `${what}: the octets stay`)
  }

  t.test('an address that needs SMTPUTF8 where it is not offered is a dead letter', async t => {
    const p = await post(t, { script: { keywords: ['8BITMIME'] } })
    await owe(p.store, 'a: b\r\n', {}, { to: 'd\u00e9j\u00e0@shop.example' })
    await owe(p.store, 'a: c\r\n')
    await p.forwarder.idle()
    t.match(await p.dead(), [{ to: 'd\u00e9j\u00e0@shop.example', lastError: /SMTPUTF8/, inDoubt: false }])
    t.equal(p.taken().length, 1, 'and the next one is sent')
  })
})

t.test('a mail of many dots and of many pieces arrives whole', async t => {
  const p = await post(t)
  const raw = `a: b\r\n\r\n${'.\r\n'.repeat(100_000)}${'x'.repeat(200_000)}\r\n`
  await owe(p.store, raw)
  await p.forwarder.idle()
  t.ok(below(p.taken()[0] ?? '').replace(/^\./gm, '') === raw)
})

t.test('what fails for now is tried again, later each time', async t => {
  const failing = { left: 3, at: 'RCPT' }
  const answer = (line: string) =>
    line.startsWith(failing.at) && failing.left-- > 0 ? '451 4.3.0 try <news@shop.example> later' : undefined
  const p = await post(t, { script: { answer } })
  const id = await owe(p.store, 'a: b\r\n')
  for (const [tries, waits] of [
    [1, minute],
    [2, 2 * minute],
    [3, 4 * minute],
  ] as const) {
    await p.forwarder.idle()
    const words = '451 4.3.0 try <news@shop.example> later'
    t.match(await p.waiting(), [{ id, attempts: tries, lastError: words, dueAt: p.clock.now + waits, inDoubt: false }])
    await p.after(waits - 1)
    t.equal((await p.waiting())[0]?.attempts, tries, 'not before it is due')
    await p.after(1)
  }
  t.equal(p.taken().filter(mail => mail !== '').length, 1)
  t.equal(p.server.sessions.length, 1, 'over one connection')
  t.equal(p.commands().filter(line => line === 'RSET').length, 3)
  t.same(await p.outcomes(), { deferred: 3, sent: 1 })
  t.notMatch(p.log(), /shop\.example/)

  t.test('the waits grow to four hours and are spread by chance', async t => {
    const steps = Array.from({ length: 12 }, (_, n) => retryAfterMs(n + 1, () => 0) / minute)
    t.same(steps, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240])
    t.equal(
      retryAfterMs(3, () => 0.999),
      Math.round(4 * minute * 0.5005),
    )
    t.equal(
      retryAfterMs(5000, () => 0),
      4 * hour,
    )
  })
})

t.test('what is refused for good is a dead letter at once, whichever command it was refused at', async t => {
  for (const keywords of [['PIPELINING'], ['8BITMIME']]) {
    for (const at of ['RCPT', 'DATA', '.']) {
      const said = `554 5.7.1 not that (${at})`
      const p = await post(t, { script: { keywords, answer: line => (line.startsWith(at) && line.length < 30 ? said : undefined) } })
      const id = await owe(p.store, 'a: b\r\n')
      await p.forwarder.idle()
      t.match(await p.dead(), [{ id, attempts: 1, lastError: said, deadAt: start, inDoubt: false }], at)
      t.same(await p.waiting(), [])
      t.same(await p.outcomes(), { dead: 1 })
      await p.after(30 * day)
      t.equal(p.commands().filter(line => line.startsWith('MAIL')).length, 1, 'and not tried again')
      await p.store.settleOutbox({ ...itemOf(reportOf({ id })), deadAt: null, dueAt: p.clock.now, since: p.clock.now }, false)
      await p.forwarder.idle()
      t.equal(p.commands().filter(line => line.startsWith('MAIL')).length, 2, 'before somebody asks for it')
    }
  }
})

t.test('a sender that is refused: a dead letter with advice, which is logged once a minute', async t => {
  for (const [said, bounce, advice] of [
    ['550 5.7.1 null sender not allowed here', {}, /does not take mail from <>: set bounce\.forwardFrom/],
    ['530 5.7.57 Client not authenticated', {}, /wants a log-in: set upstream\.auth, or bounce\.forwardVia with auth/],
    ['503 5.5.4 Authentication required', {}, /wants a log-in/],
    ['553 5.7.1 not yours', { forwardFrom: 'rebond@shop.example' }, /does not take mail from bounce\.forwardFrom/],
  ] as const) {
    const p = await post(t, { bounce, script: { answer: line => (line.startsWith('MAIL') ? said : undefined) } })
    for (let n = 0; n < 3; n++) await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    const dead = await p.dead()
    t.equal(dead.length, 3, said)
    for (const { lastError } of dead) {
      t.ok(lastError?.startsWith(`${said}; `))
      t.match(lastError, advice)
    }
    const advised = () => p.log().match(/refuses the sender/g)?.length
    t.equal(advised(), 1)
    t.match(p.log(), advice)
    await owe(p.store, 'a: b\r\n', {}, { dueAt: start + minute })
    await p.after(minute)
    t.equal(advised(), 2, 'a minute later again')
    t.equal(p.taken().length, 0)
  }
})

t.test('a mail that is larger than the server takes is a dead letter, and was not begun', async t => {
  const p = await post(t, { script: { keywords: ['SIZE 1024'] } })
  await owe(p.store, `a: b\r\n\r\n${'x'.repeat(2000)}\r\n`)
  await p.forwarder.idle()
  t.match(await p.dead(), [{ lastError: /larger than allowed/, inDoubt: false }])
  t.equal(p.commands().filter(line => line.startsWith('MAIL')).length, 0)
})

t.test('given up after bounce.forwardForDays', async t => {
  const p = await post(t, {
    bounce: { forwardForDays: 2 },
    script: { answer: line => (line.startsWith('RCPT') ? '450 4.2.0 busy' : undefined) },
  })
  const id = await owe(p.store, 'a: b\r\n')
  await p.forwarder.idle()
  while ((await p.waiting()).length > 0) await p.after(hour)
  t.match(await p.dead(), [{ id, lastError: '450 4.2.0 busy' }])
  const [item] = await p.dead()
  t.ok(item?.deadAt && item.deadAt - start <= 2 * day && item.deadAt - start > 2 * day - 5 * hour, `${item?.deadAt}`)

  t.test('one that nobody had time for is tried once more', async t => {
    const p = await post(t, { begin: false })
    await owe(p.store, 'a: b\r\n')
    p.clock.now += 40 * day
    await p.forwarder.start()
    await p.forwarder.idle()
    t.equal(p.taken().length, 1)
  })
})

t.test('while the server cannot be used, one mail is tried and the others rest', async t => {
  let broken = true
  const p = await post(t, { script: { onConnect: ({ socket }) => void (broken && socket.destroy()) }, bounce: { forwardForDays: 1 } })
  const first = await owe(p.store, 'a: 1\r\n')
  await owe(p.store, 'a: 2\r\n')
  await owe(p.store, 'a: 3\r\n', {}, { since: start - day + 1 })
  await p.forwarder.idle()
  t.same((await p.waiting()).map(({ attempts }) => attempts).sort(), [0, 0, 1])
  t.match(await p.store.outboxItem(first), { attempts: 1, inDoubt: false, lastError: /closed/ })
  t.equal(p.server.sessions.length, 1)
  t.match(p.log(), /forwarding rests/)
  for (let n = 0; n < 10; n++) p.forwarder.wake()
  await p.forwarder.idle()
  t.equal(p.server.sessions.length, 1, 'however often it is woken')
  await p.after(500)
  t.match(await p.dead(), [{ attempts: 0, lastError: /closed/ }], 'the one whose time is up is a dead letter meanwhile')
  await p.after(500)
  t.equal(p.server.sessions.length, 2, 'a second later the next one')
  await p.after(1000)
  t.equal(p.server.sessions.length, 2, 'then two seconds')
  broken = false
  await p.after(hour)
  t.equal(p.taken().length, 2, 'and all of them when it is back')
  t.same(await p.waiting(), [])
})

t.test('a clock that is set back during a rest does not make it one of hours', async t => {
  let broken = true
  const p = await post(t, { script: { onConnect: ({ socket }) => void (broken && socket.destroy()) } })
  await owe(p.store, 'a: 1\r\n')
  await p.forwarder.idle()
  broken = false
  await owe(p.store, 'a: 2\r\n', {}, { since: start - hour, dueAt: start - hour })
  await p.after(-hour)
  t.equal(p.taken().length, 1)
})

t.test('a server that answers nothing but refusals before the mail is a route that rests, not a mail that is refused', async t => {
  for (const script of [
    { greeting: '554 5.3.2 go away' },
    { greeting: '421 4.3.2 too busy' },
    { answer: (line: string) => (/^(?:EHLO|HELO)/.test(line) ? '554 5.3.2 go away' : undefined) },
    { answer: (line: string) => (line.startsWith('MAIL') ? '421 4.3.2 closing' : undefined) },
  ] as const) {
    const p = await post(t, { script })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.match(await p.waiting(), [{ attempts: 1, lastError: /554 5\.3\.2|421 4\.3\.2/, inDoubt: false }], JSON.stringify(script))
    t.same(await p.dead(), [])
    t.match(p.log(), /forwarding rests/)
  }
})

t.test('an old connection that died is opened again, and that is no failure', async t => {
  for (const [what, die] of [
    ['it was closed while nothing was sent', 'idle'],
    ['it is closed at the next MAIL', 'mail'],
    ['it has had enough mails', '421'],
  ] as const) {
    let mails = 0
    const p = await post(t, {
      script: {
        answer(line, session) {
          if (!line.startsWith('MAIL') || ++mails !== 2 || die === 'idle') return undefined
          if (die === '421') return '421 4.7.0 enough; connect again'
          session.socket.destroy()
          return null
        },
      },
    })
    await owe(p.store, 'a: 1\r\n')
    await p.forwarder.idle()
    if (die === 'idle') {
      p.server.session().socket.destroy()
      await until(
        async () => p.server.session(),
        ({ closed }) => closed,
      )
    }
    await owe(p.store, 'a: 2\r\n')
    await p.forwarder.idle()
    t.equal(p.taken().length, 2, what)
    t.equal(p.server.sessions.length, 2, what)
    t.same(await p.outcomes(), { sent: 2 }, what)
  }
})

t.test('no reply to the final dot: in doubt, tried again, counted as sent again', async t => {
  let lost = true
  const p = await post(t, {
    script: {
      answer(line, { socket }) {
        if (line !== '.' || !lost) return undefined
        lost = false
        socket.destroy()
        return null
      },
    },
  })
  const id = await owe(p.store, 'a: b\r\n')
  await p.forwarder.idle()
  t.match(await p.waiting(), [{ id, inDoubt: true, attempts: 1 }])
  await p.after(minute)
  t.equal(p.taken().length, 2)
  t.same(await p.outcomes(), { deferred: 1, resent: 1 })
})

t.test('what was sent is not sent again because the store did not take that in', async t => {
  const inner = await tempStore(t, { now: () => start })
  let failures = 2
  const store: Store = {
    ...inner,
    async settleOutbox(item, sent) {
      if (sent && failures-- > 0) throw new StoreUnavailable('the disk is full')
      await inner.settleOutbox(item, sent)
    },
  }
  const p = await post(t, { store })
  await owe(store, 'a: b\r\n')
  await p.forwarder.idle()
  t.equal((await p.waiting()).length, 1)
  while ((await p.waiting()).length > 0) await p.forwarder.idle()
  t.equal(p.taken().length, 1)
  t.same(await p.outcomes(), { sent: 1 })
  t.match(p.log(), /forwarding waits for the store/)
})

t.test('a mail that meets a bug does not stop those behind it', async t => {
  const inner = await tempStore(t, { now: () => start })
  const bad = await owe(inner, 'a: 1\r\n')
  const store: Store = {
    ...inner,
    async rawReport(id) {
      if (id === bad) throw new TypeError('a bug')
      return await inner.rawReport(id)
    },
  }
  await owe(inner, 'a: 2\r\n', {}, { dueAt: start + 1 })
  const p = await post(t, { store })
  await p.after(1)
  t.equal(p.taken().length, 1)
  t.match(await p.waiting(), [{ id: bad, attempts: 1, lastError: 'internal error' }])
})

t.test('nothing goes in a circle', async t => {
  const p = await post(t, { bounce: { forwardFrom: 'rebond@shop.example' } })
  const known = reportOf()
  await p.store.acceptReport(known, Buffer.from('x'))
  const tokenOf = (at: number) => returnPath.address(idAt(at))
  const mark = (id: string) => `X-Rebond-Forwarded: ${id}\r\n`
  const cases: readonly (readonly [what: string, raw: string, to: string, passes: boolean])[] = [
    ['a plain return', 'a: b\r\n', crm, true],
    ['we forwarded it', mark(known.id), crm, false],
    ['in other letters', `a: b\nx-rebond-FORWARDED:${known.id.toUpperCase()}\n`, crm, false],
    ['it returns what we forwarded', `a: b\r\n\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\n${mark(known.id)}`, crm, false],
    ['it quotes what we forwarded', `a: b\r\n\r\n> ${mark(known.id)}`, crm, false],
    ['another rebond forwarded it', mark(idAt(start)), crm, true],
    ['a mark that is none', 'X-Rebond-Forwarded: yes\r\n', crm, true],
    ['to a return path of ours', 'a: b\r\n', tokenOf(start), false],
    ['to an expired one', 'a: b\r\n', tokenOf(start - 90 * day), false],
    ['to a forged one', 'a: b\r\n', tokenOf(start).replace(/.@/, '_@'), false],
    ['to the postmaster of our bounce domain', 'a: b\r\n', 'postmaster@BOUNCES.shop.example', false],
  ]
  for (const [what, raw, to, passes] of cases) {
    const before = p.taken().length
    await owe(p.store, raw, {}, { to })
    await p.forwarder.idle()
    t.equal(p.taken().length - before, passes ? 1 : 0, what)
    t.same(await p.waiting(), [], `${what}: owed no more`)
  }
  t.same(await p.outcomes(), { sent: 3, withheld: cases.length - 3 })
  t.match(p.log(), /"why":"own-return-path"/)
})

t.test('what people write to one token is passed on three times', async t => {
  const letter = { sender: 'jean@example.com', judged: { at: start, kind: 'other', bounceIds: [], problem: null } } as const
  const messageId = idAt(start - hour)
  const p = await post(t)
  await owe(p.store, 'a: an auto-reply\r\n', { messageId, sender: 'jean@example.com' })
  for (let n = 1; n <= 5; n++) await owe(p.store, `a: letter ${n}\r\n`, { ...letter, messageId })
  await owe(p.store, 'a: of no sender\r\n', { ...letter, sender: '', messageId })
  await owe(p.store, 'a: to another token\r\n', letter)
  for (let n = 1; n <= 5; n++) await owe(p.store, `a: to postmaster ${n}\r\n`, { ...letter, messageId: 'postmaster' })
  await p.forwarder.idle()
  const subjects = p.taken().map(mail => /^a: (.*)\r$/m.exec(mail)?.[1])
  t.same(
    subjects.filter(subject => subject?.startsWith('letter')),
    ['letter 1', 'letter 2', 'letter 3'],
  )
  t.equal(subjects.length, 3 + 3 + 5, 'all else passes')
  t.same(await p.outcomes(), { sent: 11, withheld: 2 })

  t.test('also when earlier ones have not been read yet: those are waited for', async t => {
    const p = await post(t)
    const unread = [1, 2, 3].map(n => reportOf({ ...letter, messageId, receivedAt: start - n, judged: null }))
    for (const one of unread) await p.store.acceptReport(one, Buffer.from('x'))
    await owe(p.store, 'a: letter\r\n', { ...letter, messageId })
    await p.forwarder.idle()
    t.match([p.taken().length, (await p.waiting()).length, (await p.waiting())[0]?.attempts], [0, 1, 0])
    for (const one of unread) {
      const judged = { ...letter.judged, kind: 'delay' } as const
      await p.store.update({ keys: [] }, () => ({ changes: { report: { ...one, judged } }, result: null }))
    }
    await p.after(minute)
    t.equal(p.taken().length, 1)
  })
})

t.test('what retention has taken cannot be sent any more, and says so', async t => {
  const p = await post(t)
  const report = reportOf()
  await p.store.update({ keys: [] }, () => ({ changes: { outbox: [itemOf(report)] }, result: null }))
  await p.forwarder.idle()
  t.match(await p.dead(), [{ id: report.id, lastError: /forgotten/ }])
})

t.test('stop waits for the mail in flight, and begins no more', async t => {
  let answerDot = () => {}
  const p = await post(t, {
    script: {
      answer(line, session) {
        if (line !== '.') return undefined
        answerDot = () => void session.socket.write('250 2.0.0 Ok\r\n')
        return null
      },
    },
  })
  for (let n = 0; n < 3; n++) await owe(p.store, 'a: b\r\n')
  p.forwarder.wake()
  await until(
    async () => p.taken().length,
    count => count === 1,
  )
  let stopped = false
  const stopping = p.forwarder.stop().then(() => {
    stopped = true
  })
  await new Promise(setImmediate)
  t.notOk(stopped)
  answerDot()
  await stopping
  t.equal(p.taken().length, 1)
  t.equal((await p.waiting()).length, 2)
  t.same(await p.outcomes(), { sent: 1 })

  t.test('but not for ever: a mail without an answer stays owed, in doubt', async t => {
    const p = await post(t, { script: { answer: line => (line === '.' ? null : undefined) } })
    await owe(p.store, 'a: b\r\n')
    p.forwarder.wake()
    await until(
      async () => p.taken().length,
      count => count === 1,
    )
    await p.forwarder.stop(0)
    t.match(await p.waiting(), [{ inDoubt: true, attempts: 1 }])
  })
  t.test('nor for a server that does not greet', async t => {
    const p = await post(t, { script: { greeting: null } })
    await owe(p.store, 'a: b\r\n')
    p.forwarder.wake()
    await until(
      async () => p.server.sessions.length,
      count => count === 1,
    )
    await p.forwarder.stop(0)
    t.match(await p.waiting(), [{ inDoubt: false, attempts: 1 }])
  })
})

t.test('the way there: TLS and log-in as configured', async t => {
  const passwordFile = join(await tempDirectory(t), 'password')
  await writeFile(passwordFile, 's3cret\n')
  const auth = { user: 'rebond', passwordFile }
  const caFile = tlsFile('ca.pem')
  const secured = { tls: 'starttls', caFile, serverName: 'localhost' }
  const answer = (line: string) => (/^AUTH PLAIN /.test(line) ? '235 2.7.0 welcome' : undefined)
  const said = `AUTH PLAIN ${Buffer.from('\0rebond\0s3cret').toString('base64')}`

  await t.test('STARTTLS with a certificate that is checked, and AUTH PLAIN over it', async t => {
    const p = await post(t, {
      script: { tls: 'starttls', keywords: ['STARTTLS', 'AUTH PLAIN LOGIN'], answer },
      upstream: { ...secured, auth },
    })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.same(p.commands().slice(0, 4), ['EHLO rebond.test', 'STARTTLS', 'EHLO rebond.test', said])
    t.equal(p.taken().length, 1)
    t.notMatch(p.log(), /s3cret/)
  })
  await t.test('TLS from the first octet', async t => {
    const p = await post(t, { script: { tls: 'implicit' }, upstream: { ...secured, tls: 'implicit' } })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.equal(p.taken().length, 1)
  })
  await t.test('a certificate that does not fit, or no TLS at all, and nothing is sent', async t => {
    for (const [script, upstream] of [
      [{ tls: 'starttls', keywords: ['STARTTLS'] }, { tls: 'starttls' }],
      [{ tls: 'implicit' }, { tls: 'implicit' }],
      [{ keywords: ['8BITMIME'], answer: (line: string) => (line === 'STARTTLS' ? '502 5.5.1 no' : undefined) }, secured],
    ] as const) {
      const p = await post(t, { script, upstream: { ...upstream, auth } })
      await owe(p.store, 'a: b\r\n')
      await p.forwarder.idle()
      t.match(await p.waiting(), [{ attempts: 1, inDoubt: false }])
      t.notMatch(p.commands().join(), /AUTH|MAIL/)
    }
  })
  await t.test('opportunistic: TLS where it works, else without', async t => {
    /** Says yes to STARTTLS, and then does not speak TLS. */
    const goesAway = (line: string, { socket }: UpstreamSession) => {
      if (line !== 'STARTTLS') return undefined
      socket.end('220 2.0.0 go ahead\r\n')
      return null
    }
    for (const script of [
      { tls: 'starttls', keywords: ['STARTTLS'] },
      { keywords: ['8BITMIME'] },
      { keywords: ['STARTTLS'], answer: (line: string) => (line === 'STARTTLS' ? '454 4.7.0 not now' : undefined) },
      { keywords: ['STARTTLS'], answer: goesAway },
    ] as const) {
      const p = await post(t, { script, upstream: { tls: 'opportunistic' } })
      await owe(p.store, 'a: b\r\n')
      await p.forwarder.idle()
      t.equal(p.taken().length, 1, JSON.stringify(script))
    }
  })
  await t.test('a log-in that is refused is a route that rests: the mail stays', async t => {
    const refused = (line: string) => (line.startsWith('AUTH') ? '535 5.7.8 wrong' : undefined)
    const p = await post(t, { script: { keywords: ['AUTH PLAIN'], answer: refused }, upstream: { auth } })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.match(await p.waiting(), [{ lastError: /535 5\.7\.8/ }])
    t.same(await p.dead(), [])
  })
  await t.test('bounce.forwardVia goes before upstream', async t => {
    const via = await scriptedUpstream(t, { keywords: ['AUTH PLAIN'], answer })
    const p = await post(t, { bounce: { forwardVia: { host: '127.0.0.1', port: via.port, tls: 'none', auth } } })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.equal(via.session().messages.length, 1)
    t.equal(via.session().lines[1], said)
    t.equal(p.server.sessions.length, 0)
  })
  await t.test('a secret that cannot be read stops the start and names its key', async t => {
    const empty = join(await tempDirectory(t), 'empty')
    await writeFile(empty, '\n')
    const oauth2 = { tokenUrl: 'http://127.0.0.1:1/', clientId: 'c', clientSecretFile: '/nowhere/secret', scope: 's' }
    for (const [options, wanted] of [
      [{ upstream: { auth: { user: 'u', passwordFile: '/nowhere/password' } } }, /^upstream\.auth\.passwordFile: must be .*no such file/],
      [{ upstream: { auth: { user: 'u', passwordFile: empty } } }, /^upstream\.auth\.passwordFile: must be .*which is empty/],
      [
        { bounce: { forwardVia: { host: 'x.example', auth: { user: 'u', oauth2 } } } },
        /^bounce\.forwardVia\.auth\.oauth2\.clientSecretFile: must be .*no such file/,
      ],
    ] as const) {
      const p = await post(t, { ...options, begin: false })
      await t.rejects(p.forwarder.start(), { message: wanted, code: 'ERR_CONFIG_INVALID' })
    }
  })
  await t.test('OAuth2: a token by client credentials, said as XOAUTH2, asked for once', async t => {
    const forms: string[] = []
    let trouble = true
    const tokens = createServer(async (request, response) => {
      let form = ''
      for await (const piece of request) form += piece
      forms.push(form)
      response.setHeader('content-type', 'application/json')
      response.statusCode = trouble ? 401 : 200
      response.end(JSON.stringify(trouble ? { error: 'invalid_client' } : { access_token: 'tok', expires_in: 3600 }))
    })
    tokens.listen(0, '127.0.0.1')
    await once(tokens, 'listening')
    t.teardown(() => tokens.close())
    const tokenUrl = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`
    const oauth2 = { tokenUrl, clientId: 'rebond', clientSecretFile: passwordFile, scope: 'https://mail.example/.default' }
    const welcome = (line: string) => (line.startsWith('AUTH XOAUTH2') ? '235 2.7.0 welcome' : undefined)
    const p = await post(t, {
      script: { keywords: ['AUTH XOAUTH2'], answer: welcome },
      upstream: { auth: { user: 'crm@shop.example', oauth2 } },
    })
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.match(await p.waiting(), [{ lastError: 'the token server answered 401 (invalid_client)' }])
    trouble = false
    await p.after(minute)
    t.equal(p.taken().length, 1)
    p.server.session().socket.destroy()
    await until(
      async () => p.server.session(),
      ({ closed }) => closed,
    )
    await owe(p.store, 'a: b\r\n')
    await p.forwarder.idle()
    t.equal(p.taken().length, 2)
    t.equal(forms.length, 2)
    t.match(new URLSearchParams(forms[1]).get('grant_type'), 'client_credentials')
    t.match(forms[1], /client_id=rebond&client_secret=s3cret&scope=https/)
    const token = Buffer.from('user=crm@shop.example\x01auth=Bearer tok\x01\x01').toString('base64')
    t.ok(p.commands().includes(`AUTH XOAUTH2 ${token}`))
    t.notMatch(p.log(), /s3cret|\btok\b/)
  })
})
