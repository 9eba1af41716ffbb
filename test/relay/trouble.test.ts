import t from 'tap'
import type { MessageOutcome } from '../../src/store/message-records.ts'
import type { Store } from '../../src/store/store.ts'
import { relayUnderTest } from '../support/relay-under-test.ts'
import type { UpstreamSession } from '../support/scripted-upstream.ts'
import type { SmtpClient } from '../support/smtp-client.ts'
import { until } from '../support/until.ts'

/** The outcome of the newest message, once it is recorded. */
async function outcome(store: Store): Promise<MessageOutcome | null> {
  const newest = async () => (await store.messages({}, { limit: 1, cursor: null })).items[0]?.outcome ?? null
  return await until(newest, found => found !== null)
}

/** Opens a transaction up to the 354. */
async function openData(crm: SmtpClient): Promise<void> {
  await crm.ask('MAIL FROM:<crm@sender.test>')
  await crm.ask('RCPT TO:<a@example.com>')
  const answer = await crm.ask('DATA')
  if (!answer.startsWith('354')) throw new Error(answer)
}

t.test('every look-alike of the end of data ends both connections, and nothing after it is taken for a command', async t => {
  const smuggled = 'MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nx\r\n.\r\n'
  const { hello, upstream, store, metric } = await relayUnderTest(t)
  const cases = ['\n.\n', '\n.\r\n', '\r.\r', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\n.\r', '\r.\n', '\r\n\0.\r\n', '\0']
  for (const ending of cases) {
    for (const how of ['whole', 'octet by octet'] as const) {
      const name = `${JSON.stringify(ending)} ${how}`
      const crm = await hello()
      await openData(crm)
      const session = upstream.session()
      if (how === 'whole') crm.write(`Subject: x\r\n\r\nbody${ending}${smuggled}`)
      else await crm.trickle(`S: x\r\n\r\nbody${ending}${smuggled.slice(0, 12)}`)
      t.match(await crm.read(), /^521 5\.5\.2 /, name)
      await crm.closed()
      t.equal(crm.unread, '', name)
      await until(
        async () => session.closed,
        closed => closed,
      )
      t.same([session.messages, session.lines.filter(line => /evil|victim/.test(line))], [[], []], name)
    }
  }
  t.match(await outcome(store), { outcome: 'refused' })
  t.equal(await metric('protocol_errors_total', { side: 'client', why: 'look-alike' }), 16)
})

t.test('a message arrives the same however its octets come', async t => {
  const { hello, upstream } = await relayUnderTest(t)
  const message = '.leading dot\r\n\r\n..\r\n.\t\r\na\nb\rc\r\n.. .\r\n\r\r\n'
  const crm = await hello()
  for (const send of [
    async () => crm.write(`${message}.\r\n`),
    async () => crm.trickle(`${message}.\r\n`),
    async () => {
      for (const piece of [message.slice(0, -1), '\n', '.', '\r', '\n']) await crm.trickle(piece)
    },
  ]) {
    await openData(crm)
    await send()
    t.match(await crm.read(), /^250 /)
    t.equal(upstream.session().messages.at(-1), message)
  }
  await openData(crm)
  t.match(await crm.ask('.'), /^250 /, 'an empty message')
  t.equal(upstream.session().messages.at(-1), '')
})

t.test('commands that follow the dot in the same packet are commands, in order', async t => {
  const { hello, upstream } = await relayUnderTest(t)
  const crm = await hello()
  await openData(crm)
  crm.write('x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nNOOP\r\n')
  t.match([await crm.read(), await crm.read(), await crm.read(), await crm.read()], [/queued/, /sender/, /recipient/, /fine/])
  t.same(upstream.session().messages, ['x\r\n'])
})

t.test('upstream that cannot be had is 421 to EHLO, and the greeting comes at once', async t => {
  for (const [name, script, why] of [
    ['refuses', { greeting: '554 5.7.1 go away' }, 'greeting'],
    ['greets 4yz', { greeting: '421 4.3.2 busy' }, 'greeting'],
    ['greets nonsense', { greeting: 'hello' }, 'protocol'],
    ['closes', { greeting: null, onConnect: ({ socket }: UpstreamSession) => socket.destroy() }, 'protocol'],
  ] as const) {
    const { connect, metric, relay } = await relayUnderTest(t, { script })
    const crm = await connect()
    t.match(await crm.ask('EHLO crm.test'), /^421 4\.3\.0 /, name)
    await crm.closed()
    t.equal(await metric('upstream_failures_total', { why }), 1, name)
    t.equal(relay.health().upstream, false, name)
  }
  const { upstream, connect, relay } = await relayUnderTest(t)
  const first = await connect()
  await first.ask('EHLO crm.test')
  t.equal(relay.health().upstream, true)
  upstream.close()
  t.match(await first.read(), /^421 4\.4\.2 /, 'an idle session is told at once')
  const second = await connect()
  t.match(await second.ask('EHLO crm.test'), /^421 4\.3\.0 /)
  t.equal(relay.health().upstream, false)
  const third = await connect()
  t.match(await third.ask('QUIT'), /^221 /, 'goodbye needs no upstream')
})

t.test('upstream that dies gives the CRM a temporary answer, and a truthful record', async t => {
  const dying =
    (at: string) =>
    (line: string, { socket }: UpstreamSession) => {
      if (!line.startsWith(at)) return undefined
      socket.destroy()
      return null
    }
  for (const [at, steps, last] of [
    ['MAIL', ['MAIL FROM:<a@b.test>'], /^421 4\.4\.2 /],
    ['RCPT', ['MAIL FROM:<a@b.test>', 'RCPT TO:<a@example.com>'], /^421 4\.4\.2 /],
    ['DATA', ['MAIL FROM:<a@b.test>', 'RCPT TO:<a@example.com>', 'DATA'], /^421 4\.4\.2 /],
    ['QUIT', ['QUIT'], /^221 /],
  ] as const) {
    const { hello } = await relayUnderTest(t, { script: { answer: dying(at) } })
    const crm = await hello()
    let answer = ''
    for (const step of steps) answer = await crm.ask(step)
    t.match(answer, last, at)
    await crm.closed()
  }
  const { hello, store, metric } = await relayUnderTest(t, { script: { answer: dying('.') } })
  const crm = await hello()
  await openData(crm)
  crm.write('Subject: x\r\n\r\nx\r\n')
  t.match(await crm.ask('.'), /^451 4\.4\.2 /, 'after the dot')
  t.match(await outcome(store), { outcome: 'indeterminate', reply: null })
  t.equal(await metric('messages_total', { outcome: 'indeterminate' }), 1)
  t.match(await crm.ask('NOOP'), /^421 4\.4\.2 /)
  await crm.closed()
})

t.test('upstream that answers in the middle of a message is heard at its end', async t => {
  for (const [name, onBody, answer, became] of [
    [
      '552 and reset',
      ({ socket }: UpstreamSession) => socket.write('552 5.3.4 too big for us\r\n', () => socket.destroy()),
      /^552 5\.3\.4 too big for us$/,
      'refused',
    ],
    ['a reset alone', ({ socket }: UpstreamSession) => socket.resetAndDestroy(), /^451 4\.4\.2 /, 'deferred'],
    ['421', ({ socket }: UpstreamSession) => socket.write('421 4.3.2 shutting down\r\n'), /^421 4\.3\.2 shutting down$/, 'deferred'],
    ['250 too early', ({ socket }: UpstreamSession) => socket.write('250 2.0.0 fine\r\n'), /^451 4\.4\.2 /, 'deferred'],
  ] as const) {
    let done = false
    const { hello, upstream, store } = await relayUnderTest(t, {
      script: {
        onBody: session => {
          if (!done) onBody(session)
          done = true
        },
      },
    })
    const crm = await hello()
    await openData(crm)
    const line = `${'x'.repeat(70)}\r\n`
    for (let i = 0; i < 200; i++) {
      crm.write(line.repeat(50))
      await new Promise(setImmediate)
    }
    await until(
      async () => upstream.session().closed,
      closed => closed,
    )
    t.match(await crm.ask('.'), answer, name)
    t.same(upstream.session().messages, [], `${name}: never a whole message`)
    t.match(await outcome(store), { outcome: became }, name)
  }
})

t.test('a slow upstream slows the CRM down, and nothing is lost or kept', async t => {
  let stop = true
  const { hello, upstream } = await relayUnderTest(t, {
    script: {
      onBody: ({ socket }) => {
        if (!stop) return
        stop = false
        socket.pause()
      },
    },
  })
  const crm = await hello()
  await openData(crm)
  const line = `${'y'.repeat(998)}\r\n`
  // More than the kernel's buffers of all four sockets may grow to.
  const lines = 48_000
  let taken = 0
  const write = () => {
    while (taken < lines) {
      taken++
      if (!crm.socket.write(line, 'latin1')) return void crm.socket.once('drain', write)
    }
    crm.write('.\r\n')
  }
  write()
  await until(
    async () => taken,
    (() => {
      let last = -1
      let same = 0
      return (now: number) => {
        same = now === last ? same + 1 : 0
        last = now
        return same > 10
      }
    })(),
  )
  t.ok(taken < lines, `only ${taken} of ${lines} lines were taken while upstream did not read`)
  upstream.session().socket.resume()
  t.match(await crm.read(), /^250 /)
  t.equal(upstream.session().messages[0]?.length, lines * line.length)
  t.ok(upstream.session().messages[0] === line.repeat(lines), 'octet for octet')
})

t.test('replies that are none end the session with 421', async t => {
  for (const [name, said] of [
    ['no code', 'what?'],
    ['two codes', '250-a\r\n251 b'],
    ['a control character', '250 a\x07b'],
    ['a bare LF', '250 a\nb'],
    ['too many lines', `${'250-x\r\n'.repeat(300)}250 x`],
    ['a line without end', `250 ${'x'.repeat(9000)}`],
    ['a 3yz that nobody asked for', '354 go'],
    ['two replies for one', '250 a\r\n250 b'],
  ] as const) {
    const { hello, upstream } = await relayUnderTest(t, { script: { answer: line => (line.startsWith('MAIL') ? said : undefined) } })
    const crm = await hello()
    const answer = await crm.ask('MAIL FROM:<a@b.test>')
    t.match(answer === '250 a' ? await crm.read() : answer, /^421 4\.4\.2 /, name)
    await crm.closed()
    await until(
      async () => upstream.session().closed,
      closed => closed,
    )
  }
})

t.test('a 421 that nobody asked for is passed on, and the session ends', async t => {
  const { hello, upstream } = await relayUnderTest(t)
  const crm = await hello()
  upstream.session().socket.write('421 4.4.2 idle too long\r\n')
  t.equal(await crm.read(), '421 4.4.2 idle too long')
  await crm.closed()
  const busy = await relayUnderTest(t, { script: { answer: line => (line.startsWith('RCPT') ? '421 4.7.0 enough' : undefined) } })
  const second = await busy.hello()
  await second.ask('MAIL FROM:<a@b.test>')
  t.equal(await second.ask('RCPT TO:<a@example.com>'), '421 4.7.0 enough')
  await second.closed()
})

t.test('a CRM that leaves takes its message with it', async t => {
  const { hello, upstream, store, metric } = await relayUnderTest(t)
  for (const cut of ['', 'Subject: x\r\n', 'Subject: x\r\n\r\nhalf', 'Subject: x\r\n\r\nall\r\n.', 'Subject: x\r\n\r\nall\r\n.\r']) {
    const crm = await hello()
    await openData(crm)
    const session = upstream.session()
    crm.write(cut)
    await until(
      async () => session.partial.length,
      length => length >= Math.max(0, cut.length - 2),
    )
    crm.socket.destroy()
    await until(
      async () => session.closed,
      closed => closed,
    )
    t.same(session.messages, [], JSON.stringify(cut))
  }
  await until(
    () => metric('messages_total', { outcome: 'aborted' }),
    count => count === 5,
  )
  t.match(await outcome(store), { outcome: 'aborted' })
})

t.test('a CRM that leaves after the dot leaves a message that upstream has', async t => {
  let answerLate = () => {}
  const { hello, store } = await relayUnderTest(t, {
    script: {
      answer: (line, { socket }) => {
        if (line !== '.') return undefined
        answerLate = () => socket.write('250 2.0.0 queued as LATE1\r\n')
        return null
      },
    },
  })
  const crm = await hello()
  await openData(crm)
  crm.write('Subject: x\r\n\r\nx\r\n.\r\n')
  await until(
    async () => answerLate.toString().includes('LATE1'),
    ready => ready,
  )
  crm.socket.destroy()
  await crm.closed()
  answerLate()
  t.match(await outcome(store), { outcome: 'accepted', upstreamId: 'LATE1' })
})

t.test('lines that are no commands get the standard reply, go nowhere, and end the session when there are too many', async t => {
  const { hello, upstream, metric } = await relayUnderTest(t)
  const crm = await hello()
  for (const [line, answer] of [
    ['WHAT', /^500 5\.5\.2 /],
    ['', /^500 5\.5\.2 /],
    ['NOOP \x00', /^500 5\.5\.2 /],
    ['NO\nOP', /^500 5\.5\.2 /],
    ['MAIL FROM:<a\x7f@b.test>', /^500 5\.5\.2 /],
    [`NOOP ${'x'.repeat(5000)}`, /^500 5\.5\.2 Line too long/],
    [`NOOP ${'x'.repeat(100_000)}`, /^500 5\.5\.2 Line too long/],
    ['BDAT 3 LAST', /^502 5\.5\.1 /],
    ['XCLIENT ADDR=1.2.3.4', /^502 5\.5\.1 /],
    ['ETRN x', /^502 5\.5\.1 /],
    ['VRFY a', /^252 2\.5\.0 /],
    ['EXPN a', /^252 2\.5\.0 /],
    ['HELP', /^214 /],
    ['DATA now', /^501 5\.5\.4 /],
    ['STARTTLS', /^502 5\.5\.1 /],
    ['RCPT TO:<>', /^501 5\.1\.3 /],
    ['MAIL FROM:<a@b.test> BODY=BINARYMIME', /^501 5\.5\.4 /],
    ['MAIL FROM:<a@b.test> REQUIRETLS', /^555 5\.5\.4 /],
  ] as const) {
    t.match(await crm.ask(line), answer, line.slice(0, 40))
  }
  t.same(upstream.session().lines, ['EHLO crm.test'])
  t.ok((await metric('protocol_errors_total', { side: 'client' })) >= 12)
  const flood = await hello()
  flood.write('?\r\n'.repeat(50))
  let last = ''
  for (let i = 0; i < 20; i++) last = await flood.read()
  t.match(last, /^500 /)
  t.match(await flood.read(), /^421 4\.7\.0 /)
  await flood.closed()
})

t.test('commands that come octet by octet are commands', async t => {
  const { connect } = await relayUnderTest(t)
  const crm = await connect()
  await crm.trickle('EHLO crm.test\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n')
  t.match([await crm.read(), await crm.read(), await crm.read()], [/^250-/, /^250 /, /^221 /])
})

t.test('limits: sessions, sessions of a client, recipients, octets of a message, networks', async t => {
  const some = await relayUnderTest(t, { relay: { maxSessions: 2 } })
  await some.hello()
  await some.hello()
  const third = await some.connect()
  t.equal(await third.read(), '(closed)')
  t.equal(await some.metric('sessions_refused_total', { why: 'sessions' }), 1)

  const one = await relayUnderTest(t, { relay: { maxSessionsPerClient: 1 } })
  const held = await one.hello()
  await (await one.connect()).closed()
  held.socket.destroy()
  await until(
    () => one.metric('sessions'),
    open => open === 0,
  )
  t.match(await (await one.hello()).ask('NOOP'), /^250 /, 'a session that ended makes room')

  const strangers = await relayUnderTest(t, { relay: { clients: ['192.0.2.0/24'] } })
  await (await strangers.connect()).closed()
  t.equal(await strangers.metric('sessions_refused_total', { why: 'network' }), 1)

  const many = await relayUnderTest(t, { relay: { maxRecipients: 100, maxMessageBytes: 2000 } })
  const crm = await many.hello()
  await crm.ask('MAIL FROM:<a@b.test>')
  crm.write(Array.from({ length: 101 }, (_, i) => `RCPT TO:<u${i}@example.com>\r\n`).join(''))
  for (let i = 0; i < 100; i++) t.match(await crm.read(), /^250 /)
  t.match(await crm.read(), /^452 4\.5\.3 /)
  await crm.ask('DATA')
  crm.write(`Subject: x\r\n\r\n${'z'.repeat(70)}\r\n`.repeat(40))
  t.match(await crm.ask('.'), /^552 5\.3\.4 /)
  t.same(many.upstream.session().messages, [])
  const again = await many.hello()
  t.match(await again.ask('MAIL FROM:<a@b.test> SIZE=2001'), /^552 5\.3\.4 /)
})

t.test('deadlines: an idle CRM, a body that stops, an upstream that does not answer', async t => {
  const short = { timeouts: { idleSeconds: 0.1, blockSeconds: 0.1, commandSeconds: 0.1, finalDotSeconds: 0.1 } }
  const idle = await relayUnderTest(t, { relay: short })
  const quiet = await idle.hello()
  t.match(await quiet.read(), /^421 4\.4\.2 /)
  await quiet.closed()

  const stopped = await idle.hello()
  await openData(stopped)
  const session = idle.upstream.session()
  stopped.write('Subject: x\r\n\r\nhalf')
  t.match(await stopped.read(), /^421 4\.4\.2 /)
  await until(
    async () => session.closed,
    closed => closed,
  )
  t.same(session.messages, [])

  for (const [mute, steps, answer] of [
    ['MAIL', ['MAIL FROM:<a@b.test>'], /^421 4\.4\.2 /],
    ['.', [], /^451 4\.4\.2 /],
  ] as const) {
    const silent = await relayUnderTest(t, {
      relay: { timeouts: { ...short.timeouts, idleSeconds: 60 } },
      script: { answer: line => (line.startsWith(mute) ? null : undefined) },
    })
    const crm = await silent.hello()
    let last = ''
    for (const step of steps) last = await crm.ask(step)
    if (mute === '.') {
      await openData(crm)
      crm.write('x\r\n')
      last = await crm.ask('.')
      t.match(await outcome(silent.store), { outcome: 'indeterminate' })
    }
    t.match(last, answer, mute)
  }
})
