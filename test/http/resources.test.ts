/**
 * The resources of the HTTP API: addresses, the blacklist, returned mail, mail that passed; every answer held against the OpenAPI document.
 */
import t from 'tap'
import { formatTime } from '../../src/http/fields.ts'
import { bounceOf, checkedClient, hour, idAt, journal, keyOf, now, openServer, storeBounces, tokens } from './fixture.ts'

const day = 24 * hour

t.test('an address says its status and why, heard of or not', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const message = await journal(store, ['Jean@Example.com'])
  const bounce = bounceOf('Jean@Example.com', message)
  await storeBounces(store, bounce)
  await journal(store, ['fine@example.com'], { at: now - 4 * day })

  const known = await ask({ url: '/v1/addresses/jean@example.com' })
  t.equal(known.statusCode, 200)
  t.match(known.json(), {
    address: 'jean@example.com',
    status: 'blacklisted',
    since: '2026-11-24T08:30:00.000Z',
    until: null,
    reason: {
      category: 'invalid_address',
      type: 'hard',
      fault: 'recipient',
      rule: 'rfc3463-x.1.1',
      evidence: '550 5.1.1 User unknown',
      bounceId: bounce.id,
      messageId: message.id,
      by: null,
    },
    counts: { hard: 1, soft: 0, uncounted: 0 },
    bounces: [{ id: bounce.id, addressStatus: 'blacklisted', subject: 'Your order', mailStatus: 'failure', returnStatus: 'permanent' }],
  })
  t.match((await ask({ url: '/v1/addresses/fine@example.com' })).json(), { status: 'ok', since: null, reason: null, bounces: [] })
  t.match((await ask({ url: '/v1/addresses/nobody@example.com' })).json(), {
    address: 'nobody@example.com',
    status: 'unknown',
    since: null,
    until: null,
    reason: null,
    counts: { hard: 0, soft: 0, uncounted: 0 },
    lastUnblock: null,
    bounces: [],
  })
})

t.test('an address is found however it is written', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  const long = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}`
  t.equal(long.length, 320)
  for (const [written, normal] of [
    ['JEAN+news@Example.COM', 'jean+news@example.com'],
    ['jean%2Bnews%40example.com', 'jean+news@example.com'],
    ['jean@example.com.', 'jean@example.com'],
    [encodeURIComponent('"a/b"@example.com'), 'a/b@example.com'],
    [encodeURIComponent('"Jean Valjean"@example.com'), '"jean valjean"@example.com'],
    [encodeURIComponent('"a@b"@example.com'), '"a@b"@example.com'],
    [encodeURIComponent('"a\\"b\\\\"@example.com'), '"a\\"b\\\\"@example.com'],
    [encodeURIComponent('jürgen@müller.example'), 'jürgen@xn--mller-kva.example'],
    [encodeURIComponent('ju\u0308rgen@mu\u0308ller.example'), 'jürgen@xn--mller-kva.example'],
    [encodeURIComponent('用户@例え.テスト'), '用户@xn--r8jz45g.xn--zckzah'],
    [encodeURIComponent('jean@[192.0.2.1]'), 'jean@[192.0.2.1]'],
    [encodeURIComponent('jean@[IPv6:2001:db8::1]'), 'jean@[ipv6:2001:db8::1]'],
    [encodeURIComponent("o'brien#1%2f@example.com"), "o'brien#1%2f@example.com"],
    [long, long],
    // All 320 octets percent-encoded.
    [[...Buffer.from(long)].map(octet => `%${octet.toString(16)}`).join(''), long],
  ] as const) {
    const answer = await ask({ url: `/v1/addresses/${written}` })
    t.equal(answer.statusCode, 200, written)
    t.equal(answer.json().address, normal, written)
    const blocked = await ask({ method: 'PUT', url: `/v1/addresses/${written}/block`, payload: { why: 'test' } })
    t.match(blocked.json(), { address: normal, status: 'blacklisted', reason: { category: 'manual', evidence: 'test' } }, written)
    const lifted = await ask({ method: 'POST', url: `/v1/addresses/${written}/unblock` })
    t.equal(lifted.json().status, 'unknown', written)
  }
  for (const bad of [
    'jean',
    '@example.com',
    'jean@',
    'jean%00@example.com',
    'a%20b@example.com',
    'jean@exa%0d%0ample.com',
    `a${long}`,
    '%22a@b.c',
    '%2e%2e%2fetc',
  ]) {
    const answer = await ask({ url: `/v1/addresses/${bad}` })
    t.equal(answer.statusCode, 400, bad)
    t.match(
      answer.json(),
      { type: '/problems#invalid-request', errors: [{ in: 'path', field: 'address', detail: /^must be a mail address/ }] },
      bad,
    )
  }
})

t.test('a block is lifted at once, and lifted once', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { store, metrics } = fixture
  const ask = await checkedClient(t, fixture)
  const bounce = bounceOf('jean@example.com', await journal(store, ['jean@example.com']))
  await storeBounces(store, bounce)
  const unblock = (payload: object) =>
    ask({
      method: 'POST',
      url: '/v1/addresses/Jean@example.com/unblock',
      headers: { authorization: `Bearer ${tokens.unblocker}` },
      payload,
    })

  const first = await unblock({ why: ' he rang ' })
  t.equal(first.statusCode, 200)
  t.match(first.json(), {
    address: 'jean@example.com',
    status: 'unknown',
    lifted: { address: 'jean@example.com', since: '2026-11-24T08:30:00.000Z', reason: { bounceId: bounce.id } },
  })
  t.same(await store.lookup([keyOf('jean@example.com')], now), [null])
  const again = await unblock({ why: 'he rang' })
  t.equal(again.statusCode, 404)
  t.match(again.json(), { type: '/problems#not-blacklisted', title: 'The address is not blacklisted', status: 404 })

  const read = { authorization: `Bearer ${tokens.reader}` }
  t.match((await ask({ url: '/v1/addresses/jean@example.com', headers: read })).json(), {
    lastUnblock: { at: formatTime(now), by: 'unblocker', why: 'he rang' },
  })
  t.match((await metrics.blacklistChanges.get()).values, [{ labels: { op: 'unblock', actor: 'hand' }, value: 1 }])
})

t.test('a block by hand replaces the one before, and may end', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const ask = await checkedClient(t, fixture)
  const headers = { authorization: `Bearer ${tokens.all}` }
  const block = (payload?: object) =>
    ask({ method: 'PUT', url: '/v1/addresses/info@example.com/block', headers, ...(payload && { payload }) })
  t.match((await block()).json(), { status: 'blacklisted', until: null, reason: { by: 'all', evidence: 'no reason given' } })
  const until = formatTime(now + day)
  t.match((await block({ why: 'asked to', by: 'Marius', until })).json(), {
    until,
    reason: { category: 'manual', rule: null, evidence: 'asked to', by: 'Marius', bounceId: null },
  })
  t.match((await ask({ url: '/v1/blacklist', headers })).json(), {
    items: [{ address: 'info@example.com', until, reason: { by: 'Marius' } }],
    next: null,
  })
  const past = await block({ until: '2020-01-01' })
  t.match(past.json(), { status: 400, errors: [{ in: 'body', field: 'until', detail: /^must be in the future/ }] })
})

t.test('the view of returned mail carries every field, and null for what is not known', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const message = await journal(store, ['jean@example.com'])
  const known = bounceOf('jean@example.com', message)
  const stranger = bounceOf('stranger@example.org', null, {
    receivedAt: now - hour,
    counted: false,
    why: 'unknown-message',
    type: 'soft',
    category: 'mailbox_full',
  })
  const delivered = bounceOf('ok@example.org', null, {
    receivedAt: now - 2 * hour,
    counted: false,
    why: 'not-a-failure',
    kind: 'success',
    action: 'delivered',
    type: 'soft',
  })
  await storeBounces(store, known, stranger, delivered)
  const { items } = (await ask({ url: '/v1/bounces' })).json()
  t.same(items[0], {
    id: known.id,
    receivedAt: '2026-11-24T08:30:00.000Z',
    source: 'dsn',
    kind: 'bounce',
    subject: 'Your order',
    template: 'order',
    from: { name: 'News', address: 'news@crm.example' },
    recipient: { name: 'Jean Valjean', address: 'jean@example.com' },
    addressStatus: 'blacklisted',
    sentAt: '2026-11-24T08:00:00.000Z',
    mailStatus: 'failure',
    returnStatus: 'permanent',
    type: 'hard',
    category: 'invalid_address',
    fault: 'recipient',
    rule: 'rfc3463-x.1.1',
    evidence: '550 5.1.1 User unknown',
    list: 'autumn',
    messageId: message.id,
    counted: true,
    why: 'blacklisted',
  })
  t.match(items[1], {
    subject: null,
    template: null,
    from: null,
    recipient: { name: null, address: 'stranger@example.org' },
    addressStatus: 'unknown',
    sentAt: null,
    mailStatus: null,
    returnStatus: 'temporary',
    list: null,
    messageId: null,
  })
  t.match(items[2], { kind: 'success', type: null, category: null, fault: null, rule: null, returnStatus: null })

  const one = (await ask({ url: `/v1/bounces/${known.id}` })).json()
  t.match(one, {
    ...items[0],
    action: 'failed',
    grade: 'proven',
    status: '5.1.1',
    replyCode: 550,
    remoteMta: 'mx.example.com',
    report: null,
  })
  t.match((await ask({ url: '/v1/bounces/nothing' })).json(), { type: '/problems#not-found', status: 404 })
})

t.test('the mail of a return is given byte for byte, and is never a page', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const message = await journal(store, ['jean@example.com'])
  const raw = Buffer.from('Subject: <script>\xff\r\n\r\nbody\r\n', 'latin1')
  const reportId = idAt(now)
  await store.acceptReport(
    {
      id: reportId,
      messageId: message.id,
      receivedAt: now,
      sender: '',
      client: { address: '192.0.2.1', host: 'mx.example.com' },
      fromReporter: true,
      size: raw.length,
      judged: null,
    },
    raw,
  )
  const bounce = bounceOf('jean@example.com', message, { reportId })
  await storeBounces(store, bounce)
  const answer = await ask({ url: `/v1/bounces/${bounce.id}/raw` })
  t.equal(answer.statusCode, 200)
  t.same(answer.rawPayload, raw)
  t.match(answer.headers, {
    'content-type': 'message/rfc822',
    'content-disposition': `attachment; filename="${reportId}.eml"`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  t.match((await ask({ url: `/v1/bounces/${bounce.id}` })).json().report, {
    id: reportId,
    sender: '',
    fromReporter: true,
    size: raw.length,
  })

  const live = bounceOf('other@example.com', message, { source: 'reply' })
  await storeBounces(store, live)
  t.match((await ask({ url: `/v1/bounces/${live.id}/raw` })).json(), { type: '/problems#no-mail-kept', status: 404 })
})

t.test('lists filter and page, and the pages hold every item once', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const addresses = Array.from({ length: 23 }, (_, i) => `user${i}+x@d${i % 3}.example`)
  for (const [i, address] of addresses.entries()) {
    const message = await journal(store, [address], { at: now - 100 * hour + i, list: i % 2 ? 'odd' : 'even' })
    const soft = { type: 'soft', category: 'mailbox_full', fault: 'recipient', counted: false, why: 'soft' } as const
    await storeBounces(store, bounceOf(address, message, { receivedAt: now - hour + i * 1000, ...(i % 2 ? soft : {}) }))
  }

  for (const path of ['/v1/bounces', '/v1/messages', '/v1/blacklist']) {
    const all = (await ask({ url: `${path}?limit=500` })).json()
    t.equal(all.next, null)
    const seen: { id?: string; address?: string }[] = []
    let url: string | undefined = `${path}?limit=5`
    while (url !== undefined) {
      const answer = await ask({ url })
      const { items, next } = answer.json()
      t.ok(items.length <= 5)
      seen.push(...items)
      const link = /^<(.*)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1]
      t.equal(link !== undefined, next !== null, 'a Link stands there exactly when there is a next page')
      if (link) t.equal(new URL(link, 'http://x').searchParams.get('cursor'), next)
      url = link
    }
    t.same(seen, all.items, path)
  }

  const count = async (url: string) => {
    const answer = await ask({ url })
    t.equal(answer.statusCode, 200, `${url} ${answer.body}`)
    return answer.json().items.length
  }
  for (const [url, wanted] of [
    ['/v1/bounces?address=USER3%2Bx@d0.example', 1],
    ['/v1/bounces?address=user3+x@d0.example', 1], // a plus that nobody encoded
    ['/v1/bounces?domain=D1.example', 8],
    ['/v1/bounces?type=hard', 12],
    ['/v1/bounces?category=mailbox_full&domain=d1.example', 4],
    ['/v1/bounces?list=odd', 11],
    [`/v1/bounces?since=${formatTime(now - hour + 20_000)}`, 3],
    [`/v1/bounces?until=${formatTime(now - hour + 20_000)}`, 20],
    ['/v1/bounces?since=2026-11-24T09:00:00+01:00&until=2026-11-24T08:00:01Z', 1],
    ['/v1/bounces?q=user1', 11],
    ['/v1/bounces?q=d2', 7],
    ['/v1/bounces?q=USER3+x@d0', 1],
    ['/v1/messages?address=user3%2Bx@d0.example', 1],
    ['/v1/messages?from=NEWS@crm.example', 23],
    ['/v1/messages?from=else@crm.example', 0],
    [`/v1/messages?since=${formatTime(now - 100 * hour + 20)}`, 3],
    ['/v1/blacklist?domain=d1.example', 4],
    ['/v1/blacklist?category=manual', 0],
    ['/v1/blacklist?category=invalid_address', 12],
    [`/v1/blacklist?since=${formatTime(now - hour + 20_000)}`, 2],
  ] as const) {
    t.equal(await count(url), wanted, url)
  }
  const { headerMessageId, upstreamId, id } = (await ask({ url: '/v1/messages?limit=1' })).json().items[0]
  for (const url of [
    `/v1/messages?messageId=${encodeURIComponent(headerMessageId)}`,
    `/v1/messages?messageId=${headerMessageId.slice(1, -1)}`,
    `/v1/messages?upstreamId=${upstreamId}`,
  ]) {
    t.match((await ask({ url })).json().items, [{ id }], url)
  }
})

t.test('what became of a mail, for each recipient and as a whole', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  for (const [what, { outcome, verdict }, hard, wanted] of [
    ['accepted', { outcome: 'accepted', verdict: 'relayed' }, false, 'success'],
    ['accepted, then returned hard', { outcome: 'accepted', verdict: 'relayed' }, true, 'failure'],
    ['no final reply yet', { outcome: null, verdict: 'relayed' }, false, 'draft'],
    ['lost before the final reply', { outcome: 'indeterminate', verdict: 'relayed' }, false, 'draft'],
    ['deferred after the dot', { outcome: 'deferred', verdict: 'relayed' }, false, 'draft'],
    ['refused after the dot', { outcome: 'refused', verdict: 'relayed' }, false, 'failure'],
    ['aborted', { outcome: 'aborted', verdict: 'relayed' }, false, 'failure'],
    ['refused at RCPT', { outcome: 'aborted', verdict: 'refused' }, false, 'failure'],
    ['deferred at RCPT', { outcome: 'aborted', verdict: 'deferred' }, false, 'draft'],
    ['refused by us', { outcome: 'aborted', verdict: 'blacklisted' }, false, 'failure'],
  ] as const) {
    const message = await journal(store, ['a@example.com'], { outcome, verdict })
    if (hard) await storeBounces(store, bounceOf('a@example.com', message))
    const detail = (await ask({ url: `/v1/messages/${message.id}` })).json()
    t.match(detail, { id: message.id, status: wanted, recipients: [{ address: 'a@example.com', verdict, status: wanted }] }, what)
    t.equal(detail.returns.length, hard ? 1 : 0, what)
  }
  const two = await journal(store, ['a@example.com', 'b@example.com'])
  await storeBounces(store, bounceOf('b@example.com', two))
  t.match((await ask({ url: `/v1/messages/${two.id}` })).json(), {
    status: 'success',
    reversePath: 'news@crm.example',
    returnPath: `b-${two.id}@bounces.crm.example`,
    subject: 'Your order',
    outcome: { outcome: 'accepted', reply: /^250 2\.0\.0 Ok: queued as Q/ },
    recipients: [
      { name: 'Jean Valjean', address: 'a@example.com', reply: '250 2.1.5 Ok', status: 'success' },
      { address: 'b@example.com', status: 'failure' },
    ],
    returns: [{ recipient: { address: 'b@example.com' } }],
  })
  t.equal((await ask({ url: '/v1/messages/nothing' })).statusCode, 404)
})
