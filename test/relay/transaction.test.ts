import t from 'tap'
import { wordings } from '../../src/judge/refusal-words.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { relayUnderTest } from '../support/relay-under-test.ts'
import { until } from '../support/until.ts'

const message =
  'From: CRM <crm@sender.test>\r\nTo: "Jean" <jean@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@crm.test>\r\nX-Campaign-Id: spring\r\n\r\nBonjour\r\n..dots\r\n'

t.test('a mail goes through: reverse-path replaced, all else byte for byte, replies verbatim, journalled', async t => {
  const { connect, upstream, store, returnPath } = await relayUnderTest(t)
  const crm = await connect()
  t.match(await crm.ask('EHLO crm.test'), /^250-relay\.test\n250-PIPELINING\n250-SIZE 10485760\n/)
  t.equal(await crm.ask('mail FROM:<crm@sender.test> SIZE=100 BODY=8BITMIME'), '250 2.1.0 sender fine')
  t.equal(await crm.ask('RCPT TO:<jean@example.com> NOTIFY=FAILURE'), '250 2.1.5 recipient fine')
  t.equal(await crm.ask('DATA'), '354 go ahead')
  crm.write(message)
  t.equal(await crm.ask('.'), '250 2.0.0 Ok: queued as UP1')
  t.equal(await crm.ask('QUIT'), '221 2.0.0 upstream says goodbye')
  await crm.closed()
  const { lines, messages } = upstream.session()
  const [, mail = ''] = lines
  const [, path = ''] = /<(.*)>/.exec(mail) ?? []
  t.same(lines, [
    'EHLO crm.test',
    `mail FROM:<${path}> SIZE=100 BODY=8BITMIME`,
    'RCPT TO:<jean@example.com> NOTIFY=FAILURE',
    'DATA',
    'QUIT',
  ])
  t.equal(messages[0], message)
  const reading = returnPath.read({ local: path.split('@')[0] ?? '', domain: 'bounces.relay.test' }, Date.now())
  t.ok(reading.ok)
  const journalled = reading.ok ? await store.message(reading.id) : null
  t.match(journalled, {
    reversePath: 'crm@sender.test',
    from: { name: 'CRM', address: 'crm@sender.test' },
    subject: 'Hello',
    list: 'spring',
    recipients: [{ address: 'jean@example.com', key: 'jean@example.com', name: 'Jean', verdict: 'relayed' }],
    outcome: { outcome: 'accepted', upstreamId: 'UP1' },
  })
  t.match(await store.list('spring'), { subject: 'Hello', counts: { sent: 1, recipients: 1 } })
})

t.test('mode keep: the reverse-path goes on as it came, with our envelope id where DSN is offered and the CRM gave none', async t => {
  for (const [keywords, mail, expected] of [
    [['DSN'], 'MAIL FROM:<crm@sender.test> SIZE=9', /^MAIL FROM:<crm@sender\.test> SIZE=9 ENVID=[0-9a-v]{38}$/],
    [['DSN'], 'MAIL FROM:<crm@sender.test> ENVID=QQ314159', /^MAIL FROM:<crm@sender\.test> ENVID=QQ314159$/],
    [['DSN'], 'MAIL FROM:<>', /^MAIL FROM:<>$/],
    [['DSN'], 'MAIL FROM:<b-nobody@bounces.relay.test>', /^MAIL FROM:<b-nobody@bounces\.relay\.test> ENVID=/],
    [['8BITMIME'], 'MAIL FROM:<crm@sender.test>', /^MAIL FROM:<crm@sender\.test>$/],
  ] as const) {
    const { hello, upstream, store, returnPath, block } = await relayUnderTest(t, { returnPath: { mode: 'keep' }, script: { keywords } })
    block('dead@example.com')
    const crm = await hello()
    t.match(await crm.ask(mail), /^250 /)
    t.match(await crm.ask('RCPT TO:<dead@example.com>'), /^550 5\.1\.1 /, 'recipients are screened')
    await crm.ask('RCPT TO:<jean@example.com>')
    await crm.ask('DATA')
    crm.write(message)
    t.match(await crm.ask('.'), /^250 /)
    const sent = upstream.session().lines.find(line => line.startsWith('MAIL')) ?? ''
    t.match(sent, expected, mail)
    const [journalled] = (await store.messages({ headerMessageId: '<1@crm.test>' }, { limit: 1, cursor: null })).items
    t.match(journalled, { outcome: { outcome: 'accepted' }, recipients: [{ verdict: 'blacklisted' }, { verdict: 'relayed' }] })
    const envelopeId = /ENVID=([0-9a-v]{38})$/.exec(sent)?.[1]
    if (envelopeId) t.match(returnPath.readEnvelopeId(envelopeId, Date.now()), { ok: true, id: journalled?.id }, mail)
  }
})

t.test('mail of other senders leaves under their own domain; what the company keeps of its own is no return path of ours', async t => {
  const domains = [{ senders: ['brand-a.test'], domain: 'bounces.brand-a.test' }]
  const brands = await relayUnderTest(t, { returnPath: { domains } })
  const crm = await brands.hello()
  for (const [sender, domain] of [
    ['news@brand-a.test', 'bounces.brand-a.test'],
    ['news@brand-b.test', 'bounces.relay.test'],
  ] as const) {
    t.match(await crm.ask(`MAIL FROM:<${sender}>`), /^250 /)
    t.match(brands.upstream.session().lines.at(-1), new RegExp(`^MAIL FROM:<b-[0-9a-v]{38}@${domain}>$`), sender)
    await crm.ask('RSET')
  }
  t.match(await crm.ask('MAIL FROM:<news@bounces.brand-a.test>'), /^553 5\.1\.8 /)
  const own = await relayUnderTest(t, { returnPath: { address: 'crm+b-{token}@sender.test' } })
  const company = await own.hello()
  for (const sender of ['crm@sender.test', 'crm+b-nobody@sender.test']) {
    t.match(await company.ask(`MAIL FROM:<${sender}>`), /^250 /)
    t.match(own.upstream.session().lines.at(-1), /^MAIL FROM:<crm\+b-[0-9a-v]{38}@sender\.test>$/, sender)
    await company.ask('RSET')
  }
})

t.test('a blacklisted recipient is refused here, and upstream never hears of it', async t => {
  const { hello, upstream, block, store, judged, metric } = await relayUnderTest(t)
  block('dead@example.com')
  const crm = await hello()
  await crm.ask('MAIL FROM:<crm@sender.test>')
  for (const written of ['<dead@example.com>', '<"DEAD"@Example.COM>', '<@route.test:dead@example.com>', '<dead@example.com.>']) {
    t.match(await crm.ask(`RCPT TO:${written}`), /^550 5\.1\.1 <.*> is blacklisted$/, written)
  }
  t.equal(await crm.ask('DATA'), '554 5.5.1 No valid recipients')
  t.equal(await crm.ask('RCPT TO:<living@example.com>'), '250 2.1.5 recipient fine')
  t.equal(await crm.ask('DATA'), '354 go ahead')
  crm.write('Subject: x\r\n\r\n')
  t.match(await crm.ask('.'), /^250 /)
  t.same(
    upstream.session().lines.filter(line => line.startsWith('RCPT')),
    ['RCPT TO:<living@example.com>'],
  )
  const { items } = await store.messages({}, { limit: 10, cursor: null })
  t.same(
    items[0]?.recipients.map(({ verdict }) => verdict),
    ['blacklisted', 'blacklisted', 'blacklisted', 'blacklisted', 'relayed'],
  )
  const returns = await store.bounces({}, { limit: 10, cursor: null })
  t.match(returns.items, [{ source: 'relay', key: 'dead@example.com', why: 'refused-by-us', counted: false }])
  t.equal(await metric('rcpt_total', { verdict: 'blacklisted' }), 4)
  t.same(judged, [])
})

t.test('with scope message a mail with a blacklisted recipient reaches nobody, and the next one passes', async t => {
  const refuseData = wordings.fr.data
  const { hello, upstream, block, store } = await relayUnderTest(t, { deps: { refuseData } })
  block('dead@example.com')
  const crm = await hello()
  t.match(await crm.ask('MAIL FROM:<crm@sender.test>'), /^250/)
  t.match(await crm.ask('RCPT TO:<living@example.com>'), /^250/)
  t.equal(await crm.ask('RCPT TO:<dead@example.com>'), '250 2.1.5 Ok')
  t.equal(
    await crm.ask('DATA'),
    '554-5.1.1 Envoye a personne ; destinataires sur liste noire : 1\n554 5.1.1 <dead@example.com> is blacklisted',
  )
  t.match(await crm.ask('RSET'), /^250/)
  t.match(await crm.ask('MAIL FROM:<crm@sender.test>'), /^250/)
  t.match(await crm.ask('RCPT TO:<living@example.com>'), /^250/)
  t.match(await crm.ask('DATA'), /^354/)
  crm.write('Subject: x\r\n\r\n')
  t.match(await crm.ask('.'), /^250/)
  t.notOk(
    upstream.session().lines.some(line => line.includes('dead@')),
    'upstream never hears of it',
  )
  t.equal(upstream.session().messages.length, 1)
  const { items } = await until(
    () => store.messages({}, { limit: 10, cursor: null }),
    found => found.items.every(({ outcome }) => outcome !== null),
  )
  t.match(items, [
    { outcome: { outcome: 'accepted' } },
    { outcome: { outcome: 'refused', reply: null }, recipients: [{ verdict: 'relayed' }, { verdict: 'blacklisted' }] },
  ])
  t.match((await store.bounces({}, { limit: 10, cursor: null })).items, [
    { source: 'relay', key: 'dead@example.com', why: 'refused-by-us' },
  ])
  t.same((await store.list(null))?.counts, { refusedByUs: 1, sent: 1, recipients: 1 })
})

t.test('a refusal alone is journalled too, and so are recipients whose mail never came', async t => {
  const { hello, block, store } = await relayUnderTest(t)
  block('dead@example.com')
  const crm = await hello()
  await crm.ask('MAIL FROM:<crm@sender.test>')
  await crm.ask('RCPT TO:<dead@example.com>')
  t.match(await crm.ask('RSET'), /^250 /)
  await crm.ask('MAIL FROM:<crm@sender.test>')
  await crm.ask('RCPT TO:<living@example.com>')
  crm.socket.destroy()
  const list = () => store.messages({}, { limit: 10, cursor: null })
  const { items } = await until(list, ({ items }) => items.length === 2 && items.every(({ outcome }) => outcome !== null))
  t.match(
    items.map(({ recipients, subject, outcome }) => ({ verdict: recipients[0]?.verdict, subject, outcome: outcome?.outcome })),
    [
      { verdict: 'relayed', subject: null, outcome: 'aborted' },
      { verdict: 'blacklisted', subject: null, outcome: 'refused' },
    ],
  )
  t.same((await store.list(null))?.counts, { refusedByUs: 1 }, 'a refusal without DATA counts for no list')
})

t.test("upstream's replies reach the CRM verbatim, whatever they are", async t => {
  const replies = new Map([
    ['RCPT TO:<a@example.com>', '250-first\r\n250 second line'],
    ['RCPT TO:<b@example.com>', '450 4.2.1   odd   spacing '],
    ['RCPT TO:<c@example.com>', '550-5.1.1 no such\r\n550 5.1.1 user; caf\xe9'],
    ['RCPT TO:<d@example.com>', '251 will forward'],
    ['NOOP', '250'],
    ['DATA', '354'],
    ['.', '554 5.7.1 no thanks'],
  ])
  const { hello, judged, store } = await relayUnderTest(t, { script: { answer: line => replies.get(line) } })
  const crm = await hello()
  await crm.ask('MAIL FROM:<crm@sender.test>')
  for (const line of [
    'RCPT TO:<a@example.com>',
    'RCPT TO:<b@example.com>',
    'RCPT TO:<c@example.com>',
    'RCPT TO:<d@example.com>',
    'NOOP',
    'DATA',
  ]) {
    t.equal(await crm.ask(line), replies.get(line)?.replaceAll('\r\n', '\n').trimEnd(), line)
  }
  crm.write('Subject: x\r\n\r\nx\r\n')
  t.equal(await crm.ask('.'), '554 5.7.1 no thanks')
  t.equal(judged.length, 1, 'the 5yz to RCPT is handed over once')
  t.same(
    judged[0]?.recipients.map(({ verdict }) => verdict),
    ['relayed', 'deferred', 'refused', 'relayed'],
  )
  const { items } = await store.messages({}, { limit: 10, cursor: null })
  t.match(items[0]?.outcome, { outcome: 'refused', reply: { code: 554, text: ['no thanks'] } })
})

t.test('what upstream refused is judged before the CRM reads the end of the transaction', async t => {
  for (const [last, outcome] of [
    ['.', 'accepted'],
    ['RSET', 'refused'],
  ] as const) {
    const order: string[] = []
    let judge = () => {}
    const { hello } = await relayUnderTest(t, {
      script: { answer: line => (line.includes('<c@') ? '550 5.1.1 no such user' : undefined) },
      deps: {
        judgeReplies: message =>
          new Promise(resolve => {
            order.push(`judging ${message.outcome?.outcome ?? 'recorded'}`)
            judge = resolve
          }),
      },
    })
    const crm = await hello()
    await crm.ask('MAIL FROM:<crm@sender.test>')
    await crm.ask('RCPT TO:<c@example.com>')
    if (last === '.') {
      await crm.ask('RCPT TO:<d@example.com>')
      await crm.ask('DATA')
      crm.write('Subject: x\r\n\r\n')
    }
    const answer = crm.ask(last).then(() => order.push('answered'))
    await until(
      async () => order,
      ([first]) => first !== undefined,
    )
    judge()
    await answer
    t.same(order, ['judging recorded', 'answered'], `${last}, ${outcome}`)
  }
})

t.test('the reverse-path: null stays null, ours goes on when it is signed, a stranger at our domain is refused', async t => {
  const { hello, upstream, returnPath, store } = await relayUnderTest(t)
  const id = makeId(Date.now(), Buffer.from('abcd'))
  const ours = returnPath.address(id)
  const crm = await hello()
  for (const [said, answer, goesOn] of [
    ['MAIL FROM:<>', /^250/, 'MAIL FROM:<>'],
    [`MAIL FROM:<${ours}> RET=HDRS`, /^250/, `MAIL FROM:<${ours}> RET=HDRS`],
    [`MAIL FROM:<${ours.replace(/.@/, '~@')}>`, /^553 5\.1\.8 /, null],
    ['MAIL FROM:<someone@Bounces.Relay.Test>', /^553 5\.1\.8 /, null],
    ['MAIL FROM:crm@sender.test', /^501 5\.5\.4|^501 5\.1\.7/, null],
    ['MAIL FROM:<crm@sender.test>SIZE=3', /^501 5\.1\.7/, null],
    ['MAIL FROM:<a@b@c>', /^501 5\.1\.7/, null],
  ] as const) {
    const before = upstream.session().lines.length
    t.match(await crm.ask(said), answer, said)
    t.same(upstream.session().lines.slice(before), goesOn === null ? [] : [goesOn], said)
    await crm.ask('RSET')
  }
  await crm.ask(`MAIL FROM:<${ours}>`)
  await crm.ask('RCPT TO:<again@example.com>')
  await crm.ask('DATA')
  crm.write('Subject: x\r\n\r\n')
  await crm.ask('.')
  t.match(
    await store.message(id),
    { recipients: [{ address: 'again@example.com' }] },
    'its recipients are added to the message of that return path',
  )
})

t.test('internationalised addresses go on byte for byte and are looked up folded', async t => {
  const { hello, upstream, block } = await relayUnderTest(t)
  block('j\u00e9r\u00f4me@xn--exmple-cua.com')
  const octets = (text: string) => Buffer.from(text).toString('latin1')
  const crm = await hello()
  await crm.ask('MAIL FROM:<crm@sender.test> SMTPUTF8')
  t.match(await crm.ask(octets('RCPT TO:<J\u00c9R\u00d4ME@ex\u00e4mple.com> NOTIFY=NEVER')), /^550 /)
  const line = octets('RCPT TO:<"j\u00e9r\u00f4me b"@ex\u00e4mple.com> ORCPT=utf-8;x')
  t.match(await crm.ask(line), /^250 /)
  t.equal(upstream.session().lines.at(-1), line)
  t.match(await crm.ask('RCPT TO:<\xff\xfe@example.com>'), /^501 5\.1\.3 /)
})

t.test('the store in trouble defers recipients and mails; in mode pass both go on', async t => {
  const down = () => {
    throw new StoreUnavailable('down')
  }
  for (const mode of ['defer', 'pass'] as const) {
    const { hello, metric, upstream } = await relayUnderTest(t, {
      deps: {
        whenUnavailable: mode,
        screen: keys =>
          keys[0]?.startsWith('late') ? Promise.reject(new StoreUnavailable('down')) : keys[0]?.startsWith('up') ? [null] : down(),
        store: { appendMessage: async () => down(), settleMessage: down },
      },
    })
    const crm = await hello()
    const send = async (...recipients: string[]) => {
      await crm.ask('MAIL FROM:<crm@sender.test>')
      const replies: string[] = []
      for (const one of recipients) replies.push(await crm.ask(`RCPT TO:<${one}@example.com>`))
      const data = await crm.ask('DATA')
      if (!data.startsWith('354')) return [...replies, data]
      crm.write('Subject: x\r\n\r\nbody\r\n')
      return [...replies, data, await crm.ask('.')]
    }
    const both = await send('now', 'late')
    if (mode === 'defer') {
      t.match(both, [/^451 4\.3\.0 /, /^451 4\.3\.0 /, /^451 4\.3\.0 /])
      t.match(await send('up'), [/^503|^250/, /^354/, /^451 4\.3\.0 /])
      t.same(upstream.session().messages, [], 'no terminator reached upstream')
      await until(
        async () => upstream.session().closed,
        closed => closed,
      )
    } else {
      t.match(both, [/^250/, /^250/, /^354/, /^250/])
      t.equal(await metric('messages_unjournalled_total'), 1)
    }
  }
})
