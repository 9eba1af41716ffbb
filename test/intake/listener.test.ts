import { createTransport } from 'nodemailer'
import t, { type Test } from 'tap'
import { networkOf } from '../../src/intake/gate.ts'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { tempStore } from '../support/temp-store.ts'
import { until } from '../support/until.ts'
import { type House, openHouse, otherReport, returnPathOf } from './house.ts'
import { type Talk, talkTo } from './talk.ts'

/** Greets and says who it is. */
async function greet(t: Test, house: House): Promise<Talk> {
  const talk = await talkTo(t, house.at)
  t.equal(await talk.hear(), '220 rebond.test ESMTP')
  t.match(await talk.say('EHLO mx.example.net'), /^250-rebond\.test\r\n/)
  return talk
}

/** Sends one report to `address` as far as the final dot, and gives the reply to it. */
async function sendReport(t: Test, talk: Talk, address: string, body: string): Promise<string | null> {
  t.equal(await talk.say('MAIL FROM:<>'), '250 2.1.0 Accepted')
  t.equal(await talk.say(`RCPT TO:<${address}>`), '250 2.1.5 Accepted')
  t.match(await talk.say('DATA'), /^354 /)
  talk.send(body)
  return talk.say('.')
}

t.test('a report to a valid token is kept before it is answered, and judged', async t => {
  const house = await openHouse(t)
  const { id, address } = house.token()
  const talk = await greet(t, house)
  const reply = await sendReport(t, talk, address.toUpperCase(), 'Subject: x\r\n\r\n..dots\r\n.lone\r\n')
  t.match(reply, /^250 2\.0\.0 Ok: kept as [0-9a-v]{16}$/)
  const reportId = reply?.slice(-16) ?? ''
  t.same(await house.store.rawReport(reportId), Buffer.from('Subject: x\r\n\r\n.dots\r\nlone\r\n'), 'octets, dot-stuffing removed')
  t.match(await house.store.report(reportId), {
    messageId: id,
    sender: '',
    client: { address: '127.0.0.1', host: null },
    fromReporter: false,
    size: 27,
  })
  await house.intake.idle()
  t.equal(house.judged.length, 1)
  t.equal(house.judged[0]?.stored.id, reportId)
  t.equal(house.judged[0]?.problem, null)
  t.equal(await house.count('reports', { kind: 'other' }), 1)
  t.equal(await talk.say('QUIT'), '221 2.0.0 Bye')
})

t.test('what is offered and what is not', async t => {
  const house = await openHouse(t)
  const talk = await talkTo(t, house.at)
  await talk.hear()
  const offered = (await talk.say('EHLO x'))?.split('\r\n').map(line => line.slice(4))
  t.same(offered, ['rebond.test', 'PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'SIZE 26214400'])
  t.equal(await talk.say('VRFY jean'), '502 5.5.1 this server verifies no addresses')
  for (const line of ['AUTH PLAIN AGEAYg==', 'EXPN list', 'STARTTLS', 'XCLIENT ADDR=10.0.0.1', 'WIZ x'])
    t.equal(await talk.say(line), '500 5.5.2 Error: command not recognized', line)
  t.equal(await talk.say('XFORWARD ADDR=192.0.2.9'), '550 5.7.0 Error: Not allowed')
})

t.test('forged, foreign and expired addresses are refused before any body, and counted', async t => {
  const house = await openHouse(t)
  const { address } = house.token()
  const forged = address.replace(/.@/, letter => (letter === '0@' ? '1@' : '0@'))
  const otherKey = returnPathOf(8).address(house.token().id)
  const expired = house.token(Date.now() - 31 * 86_400_000).address
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  for (const [to, why, words] of [
    [forged, 'forged', 'no such address here'],
    [otherKey, 'forged', 'no such address here'],
    [expired, 'expired', 'this return path has expired'],
    ['jean@bounces.example.com', 'foreign', 'no such address here'],
    [address.replace('bounces.', ''), 'foreign', 'no such address here'],
    ['postmaster@example.com', 'foreign', 'no such address here'],
  ] as const) {
    const before = await house.count('reportsRejected', { why })
    t.equal(await talk.say(`RCPT TO:<${to}>`), `550 5.1.1 ${words}`, to)
    t.equal(await house.count('reportsRejected', { why }), before + 1, why)
  }
  t.match(await talk.say('DATA'), /^503 5\.5\.1 /, 'no recipient, no body')
  t.same(await house.store.pendingReports(10), [])
})

t.test("return paths of all domains are taken, in the company's own domain nothing but them", async t => {
  const returnPath = createReturnPath({
    address: 'crm+b-{token}@example.com',
    domain: 'unused.test',
    domains: [{ senders: ['brand-a.com'], domain: 'bounces.brand-a.com', address: 'b-{token}@{domain}' }],
    keys: [Buffer.alloc(32, 7)],
    maxAgeDays: 30,
  })
  const house = await openHouse(t, { returnPath })
  const { id, address } = house.token()
  const brand = returnPath.address(id, 'news@brand-a.com')
  const talk = await greet(t, house)
  t.equal(await talk.say('MAIL FROM:<>'), '250 2.1.0 Accepted')
  for (const ours of [address, address.toUpperCase(), brand, 'postmaster@example.com', 'postmaster@bounces.brand-a.com'])
    t.match(await talk.say(`RCPT TO:<${ours}>`), /^250 /, ours)
  for (const other of [
    'crm@example.com',
    'crm+b-x@example.com',
    brand.replace('bounces.brand-a.com', 'example.com'),
    'postmaster@unused.test',
  ])
    t.match(await talk.say(`RCPT TO:<${other}>`), /^(?:550|452) /, other)
  await talk.say('RSET')
  t.match(await sendReport(t, talk, brand, 'Subject: x\r\n\r\n'), /^250 /)
  await house.intake.idle()
  t.equal(house.judged[0]?.stored.messageId, id)
})

t.test('a call-out from anyone hears 250 and leaves nothing behind', async t => {
  const house = await openHouse(t)
  const talk = await greet(t, house)
  t.match(await talk.say('MAIL FROM:<probe@example.net>'), /^250 /)
  t.equal(await talk.say(`RCPT TO:<${house.token().address}>`), '250 2.1.5 Accepted')
  t.match(await talk.say('RSET'), /^250 /)
  t.match(await talk.say('QUIT'), /^221 /)
  t.same(await house.store.pendingReports(10), [])
})

t.test('postmaster is accepted with and without a domain, and kept', async t => {
  const house = await openHouse(t)
  const talk = await greet(t, house)
  for (const to of ['Postmaster', 'postmaster@bounces.EXAMPLE.com'])
    t.match(await sendReport(t, talk, to, 'hello\r\n'), /^250 2\.0\.0 /, to)
  await house.intake.idle()
  t.same(
    house.judged.map(({ stored }) => stored.messageId),
    ['postmaster', 'postmaster'],
  )
})

t.test('up to five recipients, one report for each token', async t => {
  const house = await openHouse(t)
  const tokens = [1, 2, 3, 4, 5, 6].map(() => house.token())
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  for (const { address } of tokens.slice(0, 5)) t.equal(await talk.say(`RCPT TO:<${address}>`), '250 2.1.5 Accepted')
  t.equal(await talk.say(`RCPT TO:<${tokens[5]?.address}>`), '452 4.5.3 Error: too many recipients')
  await talk.say('DATA')
  t.match(await talk.say('one for all\r\n.'), /^250 2\.0\.0 Ok: kept as(?: [0-9a-v]{16}){5}$/)
  await house.intake.idle()
  t.same(
    house.judged.map(({ stored }) => stored.messageId).sort(),
    tokens
      .slice(0, 5)
      .map(({ id }) => id)
      .sort(),
  )
})

t.test('a message over the limit is cut at the limit, not read to its end', async t => {
  const house = await openHouse(t, { config: { maxMessageBytes: 100_000 } })
  const { address } = house.token()
  const declared = await greet(t, house)
  t.equal(await declared.say('MAIL FROM:<> SIZE=100001'), '552 5.3.4 Error: message exceeds fixed maximum message size 100000')
  t.equal(await house.count('reportsRejected', { why: 'too_large' }), 1)
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  await talk.say(`RCPT TO:<${address}>`)
  await talk.say('DATA')
  talk.send(Buffer.alloc(100_001, 'a'))
  t.equal(await talk.hear(), '552 5.3.4 the message is larger than this server takes', 'said without waiting for the end')
  t.equal(await talk.hear(), null, 'and closed')
  t.equal(await house.count('reportsRejected', { why: 'too_large' }), 2)
  const fits = await greet(t, house)
  t.match(await sendReport(t, fits, address, `${'a'.repeat(99_998)}\r\n`), /^250 /, 'exactly the limit passes')
})

t.test('every look-alike of the end of data ends the session with nothing kept', async t => {
  const house = await openHouse(t, { config: { reporters: ['127.0.0.1'] } })
  for (const shape of ['\n.\n', '\n.\r\n', '\r.\r', '\r.\r\n', '\r\n.\n', '\r\n.\r\r\n', '\r\n\0.\r\n']) {
    for (const cut of [[shape], [...shape]]) {
      const talk = await greet(t, house)
      await talk.say('MAIL FROM:<>')
      await talk.say(`RCPT TO:<${house.token().address}>`)
      await talk.say('DATA')
      talk.send('Subject: a')
      for (const piece of cut) talk.send(piece)
      talk.send(`MAIL FROM:<x@y>\r\n.\r\n`)
      t.match(await talk.hear(), /^521 5\.5\.2 /, JSON.stringify(cut))
      t.equal(await talk.hear(), null)
    }
  }
  t.same(await house.store.pendingReports(10), [])
})

t.test('bare CR and LF that look like no end of data are kept as they are', async t => {
  const house = await openHouse(t)
  const talk = await greet(t, house)
  const body = 'Subject: a\nTo: b\rc\n..d\n.e\r\n'
  const reply = await sendReport(t, talk, house.token().address, body)
  t.match(reply, /^250 /)
  t.same(await house.store.rawReport(reply?.slice(-16) ?? ''), Buffer.from(body))
})

t.test('a report is read whole however its octets are cut, and what is pipelined behind it is heard', async t => {
  const house = await openHouse(t, { config: { reporters: ['127.0.0.1'] } })
  const talk = await greet(t, house)
  const one = house.token().address
  const text = `MAIL FROM:<>\r\nRCPT TO:<${one}>\r\nDATA\r\n..a\r\n.\r\nRSET\r\nNOOP\r\n`
  for (const octet of text) talk.send(octet)
  const heard = [await talk.hear(), await talk.hear(), await talk.hear(), await talk.hear(), await talk.hear(), await talk.hear()]
  t.same(
    heard.map(reply => reply?.slice(0, 3)),
    ['250', '250', '354', '250', '250', '250'],
  )
  t.same(await house.store.rawReport(heard[3]?.slice(-16) ?? ''), Buffer.from('.a\r\n'))
  talk.send(text)
  t.match(await talk.hear(), /^250 /)
})

t.test('ten megabytes of dots cost one pass over the octets', async t => {
  const house = await openHouse(t, { config: { reporters: ['127.0.0.1'] } })
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  await talk.say(`RCPT TO:<${house.token().address}>`)
  await talk.say('DATA')
  const chunk = Buffer.from('..\r\n'.repeat(16_384))
  for (let sent = 0; sent < 10_000_000; sent += chunk.length) t.ok(await talk.pour(chunk))
  const reply = await talk.say('.')
  t.match(reply, /^250 /)
  t.equal((await house.store.report(reply?.slice(-16) ?? ''))?.size, 3 * 16_384 * 153, 'one dot of each line is gone')
})

t.test('the store in trouble is 451, at RCPT and at the dot, and the session goes on', async t => {
  const real = await tempStore(t)
  let broken: (keyof Store)[] = []
  const store = new Proxy(real, {
    get(target, name: keyof Store) {
      if (broken.includes(name)) return () => Promise.reject(new StoreUnavailable('the disk is full'))
      return target[name]
    },
  })
  const house = await openHouse(t, { store })
  const { address } = house.token()
  const talk = await greet(t, house)
  broken = ['tokenUse']
  await talk.say('MAIL FROM:<>')
  t.equal(await talk.say(`RCPT TO:<${address}>`), '451 4.3.0 cannot store mail now; try again later')
  broken = ['acceptReport']
  t.equal(await talk.say(`RCPT TO:<${address}>`), '250 2.1.5 Accepted')
  await talk.say('DATA')
  t.equal(await talk.say('x\r\n.'), '451 4.3.0 cannot store mail now; try again later')
  broken = []
  t.match(await sendReport(t, talk, address, 'x\r\n'), /^250 /, 'the same session, when the store is back')
})

t.test('a bug in a handler ends that session with 421 and no other', async t => {
  const real = await tempStore(t)
  let broken = true
  const store = new Proxy(real, {
    get: (target, name: keyof Store) => (broken && name === 'tokenUse' ? () => Promise.reject(new TypeError('bug')) : target[name]),
  })
  const house = await openHouse(t, { store })
  const [one, other] = [await greet(t, house), await greet(t, house)]
  await one.say('MAIL FROM:<>')
  t.equal(await one.say(`RCPT TO:<${house.token().address}>`), '421 4.3.0 internal error; closing')
  t.equal(await one.hear(), null)
  broken = false
  t.match(await sendReport(t, other, house.token().address, 'x\r\n'), /^250 /)
})

t.test('one token brings eight reports for one recipient, and then no more', async t => {
  const house = await openHouse(t)
  const { address } = house.token()
  const talk = await greet(t, house)
  for (let i = 0; i < 8; i++) t.match(await sendReport(t, talk, address, `${i}\r\n`), /^250 /)
  await talk.say('MAIL FROM:<>')
  t.equal(await talk.say(`RCPT TO:<${address}>`), '452 4.5.3 this return path has brought enough mail')
  t.equal(await talk.say(`RCPT TO:<${house.token().address}>`), '250 2.1.5 Accepted', 'another token is not concerned')
  t.equal(await house.count('reportsRejected', { why: 'rate' }), 1)
})

t.test('the token is counted again at the dot: many sessions at once bring no more', async t => {
  const house = await openHouse(t, { config: { reporters: ['127.0.0.1'] } })
  const { address } = house.token()
  const talks = await Promise.all(Array.from({ length: 12 }, () => greet(t, house)))
  for (const talk of talks) {
    await talk.say('MAIL FROM:<>')
    t.match(await talk.say(`RCPT TO:<${address}>`), /^250 /)
    t.match(await talk.say('DATA'), /^354 /)
  }
  const replies = await Promise.all(talks.map(talk => talk.say('x\r\n.')))
  t.equal(replies.filter(reply => reply?.startsWith('250 ')).length, 8)
  t.equal(replies.filter(reply => reply?.startsWith('452 4.5.3 ')).length, 4)
})

t.test('sessions are bounded per network and in total; reporters have room of their own', async t => {
  const house = await openHouse(t, { config: { maxSessions: 4, maxSessionsPerNetwork: 2 } })
  const first = await greet(t, house)
  await greet(t, house)
  const third = await talkTo(t, house.at)
  t.equal(await third.hear(), '421 4.7.0 too many sessions; try again in a minute')
  t.equal(await third.hear(), null)
  t.equal(await house.count('sessionsRefused', { listener: 'bounce', why: 'network' }), 1)
  t.equal(await first.say('QUIT'), '221 2.0.0 Bye')
  await until(
    () => house.metrics.sessions.get(),
    ({ values }) => values[0]?.value === 1,
  )
  await greet(t, house)

  const trusting = await openHouse(t, { config: { maxSessions: 4, maxSessionsPerNetwork: 2, reporters: ['127.0.0.0/8'] } })
  await Promise.all([1, 2, 3, 4].map(() => greet(t, trusting)))
  const fifth = await talkTo(t, trusting.at)
  t.equal(await fifth.hear(), '421 4.7.0 too many sessions; try again in a minute')
  t.equal(await trusting.count('sessionsRefused', { listener: 'bounce', why: 'sessions' }), 1)
})

t.test('a flood of forged addresses is slowed down and counted; a reporter is not slowed', async t => {
  const house = await openHouse(t, { limits: { recipientsPerMinute: 50, refusedCost: 10 } })
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  const replies: (string | null)[] = []
  for (let i = 0; i < 8; i++) replies.push(await talk.say('RCPT TO:<b-0000000000000000000000000000000000000@bounces.example.com>'))
  t.equal(replies.filter(reply => reply?.startsWith('550 5.1.1 ')).length, 5)
  t.equal(replies.filter(reply => reply === '450 4.7.1 too many recipients from your network; try again in a minute').length, 3)
  t.equal(await house.count('reportsRejected', { why: 'rate' }), 3)

  const trusting = await openHouse(t, { config: { reporters: ['127.0.0.1'] }, limits: { recipientsPerMinute: 5, refusedCost: 1 } })
  const reporter = await greet(t, trusting)
  await reporter.say('MAIL FROM:<>')
  for (let i = 0; i < 8; i++) t.match(await reporter.say('RCPT TO:<nobody@bounces.example.com>'), /^550 /)
})

t.test('connections of one network are rated', async t => {
  let clock = Date.now()
  const house = await openHouse(t, { limits: { connectionsPerMinute: 2 }, now: () => clock })
  await greet(t, house)
  await greet(t, house)
  const third = await talkTo(t, house.at)
  t.match(await third.hear(), /^421 4\.7\.0 /)
  t.equal(await house.count('reportsRejected', { why: 'rate' }), 1)
  clock += 60_000
  await greet(t, house)
})

t.test('slow clients are ended: silent ones, those that drip a body, those that drip commands', async t => {
  const silent = await openHouse(t, { limits: { idleMs: 400 } })
  const talk = await greet(t, silent)
  t.match(await talk.hear(), /^421 4\.4\.2 /)

  const dripping = await openHouse(t, { config: { dataSeconds: 0.15 }, limits: { idleMs: 10_000 } })
  const drip = await greet(t, dripping)
  await drip.say('MAIL FROM:<>')
  await drip.say(`RCPT TO:<${dripping.token().address}>`)
  await drip.say('DATA')
  const drops = setInterval(() => drip.send('a'), 10)
  t.teardown(() => clearInterval(drops))
  t.equal(await drip.hear(), '421 4.4.2 too slow; closing')
  clearInterval(drops)
  t.equal(await dripping.count('protocolErrors', { side: 'bounce', why: 'slow' }), 1)

  const idling = await openHouse(t, { limits: { sessionMs: 300, idleMs: 10_000 } })
  const idle = await greet(t, idling)
  const noops = setInterval(() => idle.send('NO'), 10)
  t.teardown(() => clearInterval(noops))
  t.equal(await idle.hear(), '421 4.4.2 too slow; closing')
  clearInterval(noops)
})

t.test('endless lines and endless commands are ended', async t => {
  const house = await openHouse(t, { limits: { maxCommands: 20 } })
  const endless = await greet(t, house)
  endless.send('x'.repeat(4000))
  t.equal(await endless.hear(), '500 5.5.2 the line is too long; closing')
  t.equal(await endless.hear(), null)
  const chatty = await greet(t, house)
  chatty.send('NOOP\r\n'.repeat(40))
  let heard = 0
  for (let reply = await chatty.hear(); reply !== null; reply = await chatty.hear()) {
    heard++
    if (heard === 20) t.equal(reply, '421 4.7.0 too many commands without a message; closing')
  }
  t.equal(heard, 20)
  const early = await talkTo(t, house.at)
  early.send('EHLO x\r\n')
  t.match(await early.hear(), /^421 .*talk too soon/, 'and those that talk before the greeting')
})

t.test('memory for messages is bounded: strangers have half, a cut session gives its own back', async t => {
  const house = await openHouse(t, { limits: { maxHeldBytes: 400_000 } })
  const begin = async () => {
    const talk = await greet(t, house)
    await talk.say('MAIL FROM:<>')
    await talk.say(`RCPT TO:<${house.token().address}>`)
    await talk.say('DATA')
    return talk
  }
  const greedy = await begin()
  greedy.send(Buffer.alloc(300_000, 'a'))
  t.equal(await greedy.hear(), '452 4.3.1 no room for the message now')
  t.equal(await greedy.hear(), null)
  const gone = await begin()
  await gone.pour(Buffer.alloc(100_000, 'a'))
  gone.hangUp()
  const modest = await begin()
  modest.send(Buffer.alloc(100_000, 'a'))
  t.match(await modest.say('\r\n.'), /^250 /)
})

t.test('a session that drops in the middle of a body leaves nothing', async t => {
  const house = await openHouse(t)
  const talk = await greet(t, house)
  await talk.say('MAIL FROM:<>')
  await talk.say(`RCPT TO:<${house.token().address}>`)
  await talk.say('DATA')
  await talk.pour(Buffer.from('half of it'))
  talk.hangUp()
  await house.intake.stop()
  t.same(await house.store.pendingReports(10), [])
  await until(
    () => house.metrics.sessions.get(),
    ({ values }) => values[0]?.value === 0,
  )
  t.pass('and the session is no longer counted')
})

t.test('a stop ends idle sessions at once and lets a message in flight finish', async t => {
  const house = await openHouse(t)
  const idle = await greet(t, house)
  const busy = await greet(t, house)
  await busy.say('MAIL FROM:<>')
  await busy.say(`RCPT TO:<${house.token().address}>`)
  await busy.say('DATA')
  const stopped = house.intake.stop()
  t.equal(await idle.hear(), '421 4.3.2 shutting down; try again in a moment')
  t.equal(await idle.hear(), null)
  const reply = await busy.say('last\r\n.')
  t.match(reply, /^250 /)
  t.match(await busy.hear(), /^421 4\.3\.2 /)
  await stopped
  t.ok(await house.store.rawReport(reply?.slice(-16) ?? ''))
})

t.test('LMTP: a reply for each recipient that was accepted, the same acceptance, and no proof without XFORWARD', async t => {
  let broken = false
  const store = await tempStore(t)
  const failing: Store = {
    ...store,
    acceptReport: (...given) => (broken ? Promise.reject(new StoreUnavailable('the disk is full')) : store.acceptReport(...given)),
  }
  const house = await openHouse(t, {
    store: failing,
    config: {
      listen: [{ host: '127.0.0.1', port: 0, tls: 'none', protocol: 'lmtp' }],
      reporters: ['127.0.0.0/8', '192.0.2.0/24'],
      maxMessageBytes: 10_000,
    },
  })
  const talk = await talkTo(t, house.at)
  t.equal(await talk.hear(), '220 rebond.test LMTP')
  t.match(await talk.say('EHLO mx.example.net'), /^500 /)
  t.match(await talk.say('LHLO front.example.com'), /PIPELINING.*8BITMIME.*ENHANCEDSTATUSCODES/s)
  const [one, two] = [house.token(), house.token()]

  async function hand(recipients: readonly string[], text: string): Promise<(string | null)[]> {
    await talk.say('MAIL FROM:<>')
    for (const address of recipients) await talk.say(`RCPT TO:<${address}>`)
    t.match(await talk.say('DATA'), /^354 /)
    talk.send(`${text}\r\n.\r\n`)
    const heard: (string | null)[] = []
    const accepted = recipients.filter(address => address !== 'nobody@bounces.example.com')
    for (let said = 0; said < accepted.length; said++) heard.push(await talk.hear())
    return heard
  }

  const [first, again, second] = await hand([one.address, 'nobody@bounces.example.com', one.address.toUpperCase(), two.address], 'a')
  t.match(first, /^250 2\.0\.0 Ok: kept as [0-9a-v]{16}$/)
  t.equal(again, first, 'an address that came twice is answered twice, and its mail kept once')
  t.match(second, /^250 2\.0\.0 Ok/)
  t.not(second, first)
  t.match(await house.store.report(first?.slice(-16) ?? ''), { messageId: one.id, fromReporter: false, client: { address: '127.0.0.1' } })

  for (const [said, fromReporter] of [
    ['XFORWARD NAME=mx.example.com ADDR=192.0.2.7 SOURCE=REMOTE', true],
    ['XFORWARD NAME=a.example.net ADDR=198.51.100.7 SOURCE=REMOTE', false],
    ['XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] SOURCE=LOCAL', true],
  ] as const) {
    await talk.say(said)
    const [reply] = await hand([house.token().address], 'a')
    t.equal((await house.store.report(reply?.slice(-16) ?? ''))?.fromReporter, fromReporter, said)
  }

  const [spent, fresh] = [house.token(), house.token()]
  for (let times = 0; times < 7; times++) await hand([spent.address], 'a')
  const slow = await talkTo(t, house.at)
  await slow.hear()
  for (const line of ['LHLO other', 'MAIL FROM:<>', `RCPT TO:<${spent.address}>`, `RCPT TO:<${fresh.address}>`, 'DATA'])
    await slow.say(line)
  await hand([spent.address], 'a')
  t.match([await slow.say('a\r\n.'), await slow.hear()], [/^452 4\.5\.3 /, /^250 2\.0\.0 /], 'one that is spent stands in nobody’s way')
  broken = true
  t.match(await hand([house.token().address, house.token().address], 'a'), [/^451 4\.3\.0 /, /^451 4\.3\.0 /])
  broken = false

  await talk.say('MAIL FROM:<>')
  for (const { address } of [one, two]) await talk.say(`RCPT TO:<${address}>`)
  await talk.say('DATA')
  talk.send(`${'x'.repeat(70)}\r\n`.repeat(300))
  t.same(
    [await talk.hear(), await talk.hear()].map(reply => reply?.slice(0, 9)),
    ['552 5.3.4', '552 5.3.4'],
    'a cut is said to each',
  )
  t.equal(await talk.hear(), null)

  const transport = createTransport({ ...house.at, lmtp: true })
  t.match((await transport.sendMail({ envelope: { from: '', to: [house.token().address] }, raw: 'a\r\n' })).response, /^250 2\.0\.0 Ok/)
  transport.close()
})

t.test('a port in use is said in a sentence, and nothing stays open', async t => {
  const house = await openHouse(t)
  await t.rejects(
    openHouse(t, {
      config: {
        listen: [
          { host: '127.0.0.1', port: 0, tls: 'none', protocol: 'smtp' },
          { ...house.at, tls: 'none', protocol: 'smtp' },
        ],
      },
    }),
    {
      code: 'ERR_LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${house.at.port}: another program listens there already`,
    },
  )
})

t.test('nodemailer delivers a report as a mail server would', async t => {
  const house = await openHouse(t, { parse: async () => ({ ...otherReport, kind: 'auto_reply' }) })
  const transport = createTransport({ ...house.at, ignoreTLS: true })
  const { id, address } = house.token()
  const sent = await transport.sendMail({ envelope: { from: '', to: [address] }, raw: 'Subject: away\r\n\r\n.dot\r\n' })
  t.match(sent.response, /^250 2\.0\.0 Ok: kept as /)
  await house.intake.idle()
  t.equal(house.judged[0]?.stored.messageId, id)
  t.equal(house.judged[0]?.report.kind, 'auto_reply')
})

t.test('networks are /24 and /64', async t => {
  for (const [one, other, same] of [
    ['192.0.2.1', '192.0.2.254', true],
    ['192.0.2.1', '192.0.3.1', false],
    ['192.0.2.1', '::ffff:192.0.2.9', true],
    ['2001:db8:0:1::1', '2001:db8::1:ffff:0:0:9', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['nonsense', 'nonsense', true],
  ] as const)
    t.equal(networkOf(one) === networkOf(other), same, `${one} ${other}`)
})
