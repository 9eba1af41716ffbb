/**
 * The page for people, without a browser: the log-in, who may do what, forms of other sites, hostile words, filters, languages, CSV.
 * test/browser/ has the same in a real browser.
 */
import { gunzipSync } from 'node:zlib'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { type WebhookEndpoint, webhookEvents } from '../../src/config/webhooks.ts'
import { dayAfter, isZone, startOfDay } from '../../src/http/page/formats.ts'
import { createSessions, formToken, isFormToken, sessionMs } from '../../src/http/page/sessions.ts'
import { acceptedLanguage } from '../../src/http/page/view.ts'
import { noReason, ourReasons, returnWords, revertWords } from '../../src/judge/audit-words.ts'
import { createNotifier } from '../../src/notify/notifier.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { AuditEntry } from '../../src/store/audit-record.ts'
import type { Delivery } from '../../src/store/delivery-records.ts'
import { owe } from '../intake/post-office.ts'
import { tempStore } from '../support/temp-store.ts'
import { bounceOf, type Fixture, hour, journal, keyOf, now, openServer, storeBounces, tokens } from './fixture.ts'

const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'

/** A browser, as far as a server sees one: it keeps cookies, follows nothing, and says where its forms come from. */
function browse({ server }: Pick<Fixture, 'server'>, headers: Record<string, string> = {}) {
  const jar = new Map<string, string>()
  const ask = async (url: string, form?: Record<string, string>, more: Record<string, string> = {}): Promise<LightMyRequestResponse> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await server.inject({
      url,
      method: form ? 'POST' : 'GET',
      headers: {
        host: 'localhost:8025',
        accept,
        ...(cookie && { cookie }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }),
        ...headers,
        ...more,
      },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    })
    for (const { name, value } of answer.cookies) {
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  return { ask, jar, logIn: (token: string, to = '/') => ask('/login', { token, to }) }
}

const formOf = ({ body }: LightMyRequestResponse): string => /name="form" value="([^"]+)"/.exec(body)?.[1] ?? ''

async function blacklisted(fixture: Fixture, address: string, more: Parameters<typeof bounceOf>[2] = {}) {
  const message = await journal(fixture.store, [address], { subject: '<script>alert(1)</script>' })
  const bounce = bounceOf(address, message, more)
  await storeBounces(fixture.store, bounce)
  return { message, bounce }
}

t.test('a token is exchanged for a cookie that does not hold it, leads back to where it began, and ends', async t => {
  let at = now
  const fixture = await openServer(t, { withTokens: true, now: () => at })
  const { ask, logIn, jar } = browse(fixture)
  const led = await ask('/r/some-id?x=1')
  t.equal(led.statusCode, 303)
  t.equal(led.headers.location, '/login?to=%2Fr%2Fsome-id%3Fx%3D1')
  t.match((await ask('/login?to=%2Fr%2Fsome-id')).body, /<input type="hidden" name="to" value="\/r\/some-id">/)

  for (const [token, status, words] of [
    ['', 400, 'Enter a token.'],
    ['wrong', 401, 'This token is not known.'],
    [tokens.unblocker, 403, 'it lacks the scope read'],
  ] as const) {
    const refused = await logIn(token)
    t.equal(refused.statusCode, status)
    t.match(refused.body, new RegExp(`<p class="error" id="field-token-error">[^<]*${words}`), 'beside the field')
    t.match(refused.body, /aria-invalid="true"/)
    t.equal(jar.has('rebond'), false)
  }

  const entered = await logIn(` ${tokens.reader}\n`, '/r/some-id?x=1')
  t.equal(entered.statusCode, 303)
  t.equal(entered.headers.location, '/r/some-id?x=1')
  const [cookie] = entered.cookies
  t.match(cookie, { name: 'rebond', httpOnly: true, sameSite: 'Strict', path: '/', maxAge: sessionMs / 1000 })
  t.notMatch(String(entered.headers['set-cookie']), tokens.reader)
  t.notMatch(fixture.log.join(''), tokens.reader)
  const first = await ask('/')
  t.equal(first.statusCode, 200)
  t.match(first.body, /Signed in as <b>reader<\/b>/)
  t.equal((await ask('/v1/bounces')).statusCode, 401, 'a session opens nothing of the API')

  const kept = jar.get('rebond') ?? ''
  t.equal((await ask('/logout', { form: formOf(first) })).headers.location, '/login?ended=1')
  t.equal((await ask('/', undefined, { cookie: `rebond=${kept}` })).statusCode, 303, 'the session has ended, not only the cookie')

  await logIn(tokens.reader)
  at += sessionMs
  t.equal((await ask('/')).statusCode, 303, 'a session ends by itself')
})

t.test('the log-in leads nowhere else, is limited, and is not needed where no tokens are', async t => {
  const fixture = await openServer(t, { withTokens: true })
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\nx', '/login']) {
    t.equal((await browse(fixture).logIn(tokens.reader, to)).headers.location, '/', to)
  }
  t.equal((await browse(fixture, { 'sec-fetch-site': 'cross-site' }).logIn(tokens.reader)).statusCode, 403)
  for (let i = 0; i < 20; i++) await browse(fixture).logIn('wrong')
  const limited = await browse(fixture).logIn('wrong')
  t.equal(limited.statusCode, 429)
  t.match(limited.headers['retry-after'], /^\d+$/)
  t.match(limited.body, /Too many wrong tokens came from your network. Wait \d+ seconds/)
  t.equal((await browse(fixture).logIn(tokens.reader)).statusCode, 303, 'a right token is never refused')

  const open = browse(await openServer(t))
  t.equal((await open.ask('/login')).headers.location, '/')
  t.equal((await open.ask('/')).statusCode, 200)
  const foreign = await open.ask('/', undefined, { 'x-forwarded-for': '192.0.2.1' })
  t.equal(foreign.statusCode, 403)
  t.match(foreign.body, /<h1>Only this machine may ask without a token<\/h1>/)
  t.notMatch(foreign.body, /<nav/)
})

t.test('a link on another site finds its reader logged in; behind https the cookie is Secure', async t => {
  const fixture = await openServer(t, { withTokens: true, http: { publicUrl: 'https://rebond.example.com' } })
  const { ask, logIn } = browse(fixture, { host: 'rebond.example.com' })
  const [cookie] = (await logIn(tokens.reader)).cookies
  t.match(cookie, { name: '__Host-rebond', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' })
  const from = await ask('/r/x"><script>', undefined, { cookie: '', 'sec-fetch-site': 'cross-site' })
  t.equal(from.statusCode, 200)
  t.match(from.body, /<meta http-equiv="refresh" content="0; url=\/r\/x/)
  t.notMatch(from.body, /"><script>/)
})

t.test('a form is taken from our own pages only', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { bounce } = await blacklisted(fixture, 'jean@example.com')
  const { ask, logIn } = browse(fixture)
  await logIn(tokens.all)
  const form = formOf(await ask('/addresses/jean%40example.com'))
  const url = '/addresses/jean%40example.com/unblock'
  const stranger = browse(fixture)
  await stranger.logIn(tokens.all)
  for (const [what, fields, headers] of [
    ['no form token', { why: 'x' }, {}],
    ['a wrong one', { why: 'x', form: `${form}x` }, {}],
    ['that of another session', { why: 'x', form: formOf(await stranger.ask('/')) }, {}],
    ['another site', { why: 'x', form }, { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour host', { why: 'x', form }, { 'sec-fetch-site': 'same-site' }],
  ] as const) {
    const refused = await ask(url, fields, headers)
    t.equal(refused.statusCode, 403, what)
    t.match(refused.body, /Nothing was changed/)
  }
  // A browser without Sec-Fetch-Site.
  const old = (origin: string) =>
    fixture.server.inject({
      method: 'POST',
      url: '/login',
      payload: `token=${tokens.all}`,
      headers: { host: 'localhost:8025', origin, 'content-type': 'application/x-www-form-urlencoded' },
    })
  t.equal((await old('https://evil.example')).statusCode, 403)
  t.equal((await old('null')).statusCode, 403)
  t.equal((await old('http://localhost:8025')).statusCode, 303)
  t.match(await fixture.store.lookup([keyOf('jean@example.com')], now), [{ bounceId: bounce.id }], 'still blacklisted')

  t.equal((await ask(url, { why: '  ', form })).statusCode, 400)
  const done = await ask(url, { why: 'the customer called', form })
  t.equal(done.headers.location, '/addresses/jean%40example.com?done=unblocked')
  t.match(await fixture.store.lookup([keyOf('jean@example.com')], now), [null])
  const after = await ask('/addresses/jean%40example.com?done=unblocked')
  t.match(after.body, /Unblocked: mail to this address passes again/)
  t.match(after.body, /data-label="Why"[^>]*><div>the customer called<\/div>/, 'its history says so')
  t.match(after.body, /data-label="By"[^>]*><div>all<\/div>/, 'under the name of the token')
  const again = await ask(url, { why: 'again', form })
  t.equal(again.statusCode, 409)
  t.match(again.body, /role="alert">The address is not blacklisted \(any more\)/)
})

t.test('nobody sees, or may use, a button that the token has no scope for', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { bounce } = await blacklisted(fixture, 'jean@example.com', { why: 'origin-unproven', counted: false, grade: 'claimed' })
  await blacklisted(fixture, 'dead@example.com')
  const reader = browse(fixture)
  await reader.logIn(tokens.reader)
  const all = browse(fixture)
  await all.logIn(tokens.all)
  for (const [url, action] of [
    ['/addresses/dead%40example.com', '/addresses/dead%40example.com/unblock'],
    ['/addresses/dead%40example.com', '/addresses/dead%40example.com/block'],
    [`/r/${bounce.id}`, `/r/${bounce.id}/decide`],
  ] as const) {
    t.match((await all.ask(url)).body, `action="${action}"`)
    const page = await reader.ask(url)
    t.equal(page.statusCode, 200)
    t.notMatch(page.body, `action="${action}"`)
    const refused = await reader.ask(action, { why: 'x', form: formOf(page) })
    t.equal(refused.statusCode, 403)
    t.match(refused.body, /<h1>The token may not do this<\/h1>/)
  }
  const decided = await all.ask(`/r/${bounce.id}/decide`, { why: 'asked them', verb: 'confirm', form: formOf(await all.ask('/')) })
  t.equal(decided.headers.location, `/r/${bounce.id}?done=confirmed`)
  t.match(await fixture.store.bounce(bounce.id), { counted: true, why: 'confirmed' })
  t.match(await fixture.store.lookup([keyOf('jean@example.com')], now), [{ bounceId: bounce.id }])
})

t.test('what others wrote stays text on every page', async t => {
  const fixture = await openServer(t)
  const hostile = '"><img src=x onerror=alert(1)>'
  const { message, bounce } = await blacklisted(fixture, '"<b>\'x"@example.com', {
    evidence: `550 ${hostile}`,
    rule: hostile,
    remoteMta: hostile,
  })
  const { ask } = browse(fixture)
  const address = encodeURIComponent('"<b>\'x"@example.com')
  for (const url of [
    '/',
    '/blacklist',
    `/blacklist?domain=${encodeURIComponent(hostile)}&category=${encodeURIComponent(hostile)}`,
    '/suspects',
    '/incidents',
    '/lists',
    '/mails',
    `/mails?from=${encodeURIComponent(hostile)}&address=${encodeURIComponent(hostile)}`,
    '/outbox',
    `/outbox?state=${encodeURIComponent(hostile)}&again=${encodeURIComponent(hostile)}`,
    '/webhooks',
    `/webhooks/${encodeURIComponent(hostile)}`,
    '/overview',
    `/overview?span=${encodeURIComponent(hostile)}`,
    `/lists/${encodeURIComponent(hostile)}`,
    `/incidents/${encodeURIComponent(hostile)}`,
    `/?q=${encodeURIComponent(hostile)}&address=${encodeURIComponent(hostile)}&since=${encodeURIComponent(hostile)}&lang=${encodeURIComponent(hostile)}`,
    `/r/${bounce.id}`,
    `/mails/${message.id}`,
    `/mails/${message.id}/returns`,
    `/addresses/${address}`,
    `/r/${encodeURIComponent(hostile)}`,
    `/nothing/${encodeURIComponent(hostile)}`,
    `/login?to=${encodeURIComponent(hostile)}`,
  ]) {
    const { body, headers } = await ask(url, undefined, { 'accept-encoding': 'identity' })
    t.notMatch(body, /<img|<b>'|<script>|onerror=alert\(1\)>/, url)
    t.match(
      headers['content-security-policy'],
      /^default-src 'none';style-src 'self';script-src 'self';img-src 'self';connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'$/,
    )
  }
  t.match((await ask('/')).body, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/)
  t.equal((await ask('/r/unknown')).statusCode, 404)
  t.match((await ask('/r/unknown?lang=fr')).body, /Aucun retour n’a cet identifiant/)
})

t.test('the view has its columns, filters, and says beside each field what is wrong with it', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const { ask } = browse(fixture)
  t.match((await ask('/')).body, /No mail has come back/)
  const message = await journal(store, ['jean@example.com'], { at: Date.UTC(2026, 10, 23, 22, 30), list: 'autumn' })
  await storeBounces(store, bounceOf('jean@example.com', message, { receivedAt: Date.UTC(2026, 10, 23, 23, 30) }))
  await storeBounces(store, bounceOf('marie@other.example', null, { type: 'soft', category: 'mailbox_full', counted: false, why: 'soft' }))
  const { body } = await ask('/')
  const heads = [...body.matchAll(/<th scope="col"[^>]*>([^<]+)/g)].map(match => match[1])
  t.same(heads, ['Subject', 'Email type', 'Sender', 'Recipient', 'Address', 'Address status', 'Sent', 'Mail', 'Return', 'Category'])
  for (const cell of [
    'Your order',
    'order',
    'News',
    'Jean Valjean',
    'jean<wbr>@example.com',
    'Blacklisted',
    'Failure',
    'Permanent',
    'Invalid address',
    'Mailbox full',
    'Temporary',
  ]) {
    t.match(body, cell, cell)
  }
  for (const [query, finds] of [
    ['q=jea', 'jean'],
    ['q=%40other', 'marie'],
    ['address=JEAN%40example.com', 'jean'],
    ['type=soft', 'marie'],
    ['category=mailbox_full', 'marie'],
    ['list=autumn', 'jean'],
    ['since=2026-11-24', 'marie'],
    ['until=2026-11-23', 'jean'],
    ['type=hard&q=', 'jean'],
  ] as const) {
    const found = (await ask(`/?${query}`)).body
    t.match(found, finds === 'jean' ? '<wbr>@example.com</a>' : '<wbr>@other.example</a>', query)
    t.notMatch(found, finds === 'jean' ? '<wbr>@other.example</a>' : '<wbr>@example.com</a>', query)
  }
  // In Paris that return came on the 24th.
  t.match((await ask('/?since=2026-11-24', undefined, { cookie: 'rebond_zone=Europe/Paris' })).body, '<wbr>@example.com</a>')
  const wrong = await ask('/?address=nobody&type=medium&category=none&since=24/11/2026&until=2026-02-30')
  t.equal(wrong.statusCode, 200)
  for (const [field, words] of [
    ['address', 'Enter a whole address, such as jean@example.com.'],
    ['type', 'Choose one of the types.'],
    ['category', 'Choose one of the categories.'],
    ['since', 'Enter a day, such as 2026-11-24.'],
    ['until', 'Enter a day, such as 2026-11-24.'],
  ]) {
    t.match(wrong.body, `<p class="error" id="field-${field}-error">${words}</p>`)
  }
  t.match(wrong.body, 'value="nobody"', 'what was typed is still there')
  t.match((await ask('/?q=nobody')).body, /Nothing matches these filters/)
  t.match((await ask('/?cursor=none-of-ours')).body, /This page of the list is no more/)
  t.equal((await ask('/addresses?address=Jean%40EXAMPLE.com')).headers.location, '/addresses/jean%40example.com')
  t.equal((await ask('/addresses?address=jea')).headers.location, '/?q=jea')
})

t.test('pages hold every return once', async t => {
  const fixture = await openServer(t)
  const { ask } = browse(fixture)
  for (let i = 0; i < 60; i++) await storeBounces(fixture.store, bounceOf(`n${i}@example.com`, null, { receivedAt: now - i * hour }))
  const first = await ask('/?type=hard')
  const next = /rel="next" href="([^"]+)"/.exec(first.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  t.match(next, /^\/\?type=hard&cursor=/)
  const second = await ask(next)
  t.notMatch(second.body, /rel="next"/)
  t.match(second.body, /<a class="button quiet" href="\/\?type=hard">Back to the newest/)
  const seen = [first, second].flatMap(({ body }) => [...body.matchAll(/href="\/addresses\/(n\d+)%40/g)].map(match => match[1]))
  t.equal(new Set(seen).size, 60)
  t.equal(seen.length, 60)
})

t.test('the CSV holds what the filters show, for spreadsheets, and no formulas', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const { ask } = browse(fixture)
  for (const subject of ['=HYPERLINK("http://evil.example")', '+1', '-1', '@SUM(A1)', '\tx', 'plain; "quoted", été']) {
    const message = await journal(store, [`jean+${subject.length}@example.com`], { subject })
    await storeBounces(store, bounceOf(`jean+${subject.length}@example.com`, message))
  }
  await storeBounces(store, bounceOf('marie@other.example', null))
  const csv = await ask('/returned-mail.csv?q=jean')
  t.match(csv.headers['content-type'], /^text\/csv/)
  t.match(csv.headers['content-disposition'], /^attachment; filename="returned-mail\.csv"$/)
  t.equal(csv.rawPayload.subarray(0, 3).toString('hex'), 'efbbbf')
  const lines = csv.body.slice(1).trimEnd().split('\r\n')
  t.equal(lines.length, 7)
  t.match(lines[0], /^Subject,Email type,Sender,Recipient,Address,Address status,Sent \(UTC\),Mail,Return,Category,/)
  for (const cell of [`"'=HYPERLINK(""http://evil.example"")"`, `'+1,`, `'-1,`, `'@SUM(A1),`, `'\tx,`, '"plain; ""quoted"", été",']) {
    t.ok(
      lines.some(line => line.startsWith(cell)),
      cell,
    )
  }
  t.match(csv.body, ',Blacklisted,2026-11-24 08:00:00,Failure,Permanent,Invalid address,')
  const french = await ask('/returned-mail.csv?q=jean&lang=fr')
  t.match(french.body, /^\ufeff?Sujet;Type d’email;/)
})

t.test('languages, time zones, compression, and what pages load', async t => {
  const fixture = await openServer(t)
  await blacklisted(fixture, 'jean@example.com')
  const { ask, jar } = browse(fixture)
  t.match((await ask('/', undefined, { 'accept-language': 'fr-CH, en;q=0.8' })).body, /<html lang="fr"[\s\S]*<h1>Mails retournés<\/h1>/)
  t.match((await ask('/')).body, /<html lang="en" data-zone="UTC">[\s\S]*<a href="\/\?lang=fr" lang="fr" hreflang="fr">Français<\/a>/)
  await ask('/?lang=fr')
  t.equal(jar.get('rebond_language'), 'fr', 'a choice lasts')
  t.match((await ask('/')).body, /24\u00a0nov\.\u00a02026, 08:00/)
  jar.set('rebond_zone', 'America/New_York')
  t.match((await ask('/')).body, /24\u00a0nov\.\u00a02026, 03:00/)
  jar.set('rebond_zone', '<script>')
  const packed = await ask('/', undefined, { 'accept-encoding': 'gzip, br' })
  t.equal(packed.headers['content-encoding'], 'gzip')
  const body = gunzipSync(packed.rawPayload).toString()
  t.match(body, /data-zone="UTC"/)
  for (const [, path = ''] of body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
    const asset = await ask(path, undefined, { 'accept-encoding': 'br' })
    t.equal(asset.statusCode, 200, path)
    t.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable')
    t.equal(asset.headers['content-encoding'], 'br')
  }
  t.equal((await ask('/assets/../package.json')).statusCode, 404)
  t.equal((await ask('/assets/style.css')).statusCode, 404)
  for (const [field, language] of [
    ['', 'en'],
    ['de, fr;q=0.5', 'fr'],
    ['fr;q=0, en;q=0.1', 'en'],
    ['en-GB;q=0.4,fr-FR;q=0.9', 'fr'],
    ['*', 'en'],
    ['fr;q=x', 'en'],
  ] as const) {
    t.equal(acceptedLanguage(field), language, field)
  }
})

t.test('days begin when their zone says so; sessions are bounded; form tokens fit their session only', (t: Test) => {
  for (const [day, zone, iso] of [
    ['2026-11-24', 'UTC', '2026-11-24T00:00:00.000Z'],
    ['2026-11-24', 'Europe/Paris', '2026-11-23T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Paris', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Paris', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Paris', '2026-10-24T22:00:00.000Z'],
    ['2026-10-26', 'Europe/Paris', '2026-10-25T23:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z'],
    ['2026-11-24', 'Pacific/Auckland', '2026-11-23T11:00:00.000Z'],
  ] as const) {
    t.equal(new Date(startOfDay(day, zone)).toISOString(), iso, `${day} ${zone}`)
  }
  for (const bad of ['', '2026-02-30', '24/11/2026', '2026-11-24T00:00', '2026-13-01']) t.ok(Number.isNaN(startOfDay(bad, 'UTC')), bad)
  t.equal(dayAfter('2026-12-31'), '2027-01-01')
  for (const zone of ['UTC', 'Europe/Paris', 'America/Argentina/Buenos_Aires']) t.ok(isZone(zone), zone)
  for (const zone of ['', 'Nowhere/City', '+01:00', '<script>', 'x'.repeat(100)]) t.notOk(isZone(zone), zone)

  const sessions = createSessions(() => now)
  const token = { name: 'one', sha256: '', scopes: ['read' as const] }
  const cookie = sessions.begin(token)
  for (let i = 0; i < 10_000; i++) sessions.begin(token)
  t.equal(sessions.find(cookie), null, 'the oldest made room')
  t.equal(sessions.find('x'), null)
  t.equal(sessions.find(undefined), null)
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  t.ok(isFormToken(key, formToken(key)))
  t.not(formToken(key), formToken(key), 'each page has its own')
  for (const text of ['', '.', 'x', formToken(other), `${formToken(key)}=`]) t.notOk(isFormToken(key, text), text)
  t.end()
})

t.test('mail that passed is found by recipient, sender, ids and day', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const { ask } = browse(fixture)
  t.match((await ask('/mails')).body, /No mail has passed yet/)
  const old = await journal(store, ['jean@example.com'], { at: Date.UTC(2026, 10, 20, 9), subject: 'The first' })
  const many = ['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example', 'e@x.example']
  const late = await journal(store, many, { subject: '<script>alert(1)</script>', outcome: null })
  const all = (await ask('/mails')).body
  t.match(all, /The first/)
  t.match(all, /&lt;script&gt;/)
  t.match(all, new RegExp(`<a href="/mails/${late.id}">and 2 more</a>`))
  t.match(all, 'Draft')
  for (const [query, finds] of [
    ['address=JEAN%40example.com', 'first'],
    ['from=news%40crm.example&until=2026-11-20', 'first'],
    [`messageId=${encodeURIComponent(`${old.id}+1@crm.example`)}`, 'first'],
    [`upstreamId=Q${old.id}`, 'first'],
    ['since=2026-11-21', 'script'],
    ['address=c%40x.example', 'script'],
  ] as const) {
    const { body } = await ask(`/mails?${query}`)
    t.equal(/The first/.test(body), finds === 'first', query)
    t.equal(/&lt;script&gt;/.test(body), finds === 'script', query)
  }
  const wrong = (await ask(`/mails?address=nobody&since=x&until=2026-02-30&from=${'x'.repeat(1001)}`)).body
  for (const [field, words] of [
    ['address', 'Enter a whole address, such as jean@example.com.'],
    ['from', 'Enter the address of a sender.'],
    ['since', 'Enter a day, such as 2026-11-24.'],
    ['until', 'Enter a day, such as 2026-11-24.'],
  ]) {
    t.match(wrong, `<p class="error" id="field-${field}-error">${words}</p>`)
  }
  t.notMatch(wrong, /The first/)
  t.match((await ask('/mails?cursor=none-of-ours')).body, /This page of the list is no more/)
})

t.test('mail that is to be forwarded: what was chosen, or all that was given up, is tried again with a reason', async t => {
  let woken = 0
  const fixture = await openServer(t, { withTokens: true, wakeForwarder: () => void woken++ })
  const { store } = fixture
  const { ask, logIn } = browse(fixture)
  await logIn(tokens.all)
  t.match((await ask('/outbox')).body, /Nothing is to be forwarded/)
  const dead = await owe(store, 'x', {}, { deadAt: now - hour, attempts: 9, lastError: '550 <b>no</b>' })
  const other = await owe(store, 'x', {}, { deadAt: now - hour, attempts: 9 })
  const waiting = await owe(store, 'x', {}, { dueAt: now + hour, inDoubt: true })
  const page = await ask('/outbox?state=dead')
  const form = formOf(page)
  t.match(page.body, /550 &lt;b&gt;no/)
  t.notMatch(page.body, waiting)
  t.match((await ask('/outbox?state=waiting')).body, /it may have arrived/)

  const empty = await ask('/outbox/retry?state=dead', { form, verb: 'picked' })
  t.equal(empty.statusCode, 400)
  t.match(empty.body, /<p class="error" role="alert">Choose at least one\./)
  t.match(empty.body, '<p class="error" id="picked-why-error">Say why, in a few words.</p>')
  const half = await ask('/outbox/retry?state=dead', { form, verb: 'picked', mail: dead })
  t.match(half.body, new RegExp(`value="${dead}"[^>]* checked`), 'what was chosen still is')
  t.equal(woken, 0)
  t.equal((await ask('/outbox/retry', { form, verb: 'picked', mail: dead, why: 'it is back' })).headers.location, '/outbox?again=1')
  t.equal(woken, 1)
  t.match(await store.outboxItem(dead), { deadAt: null, attempts: 0 })
  t.match((await ask('/outbox?again=1')).body, /To be forwarded now: 1\./)
  t.equal((await ask('/outbox/retry', { form, verb: 'all', why: 'all of it' })).headers.location, '/outbox?again=1')
  t.match(await store.outboxItem(other), { deadAt: null })
  t.match((await store.audit({}, { limit: 9, cursor: null })).items, [
    { op: 'retry', by: 'all', subject: 'dead letters', why: 'all of it' },
    { op: 'retry', by: 'all', subject: `mail ${dead}`, why: 'it is back' },
  ])
})

t.test('webhooks: endpoints, the log of one, and telling it again', async t => {
  const store = await tempStore(t, { now: () => now })
  const url = 'https://crm.example/hook?secret=1'
  const endpoints = [
    { name: 'crm', url, secretFiles: [], events: [...webhookEvents], mayReachPrivate: false },
  ] as unknown as WebhookEndpoint[]
  const notifier = createNotifier(endpoints, {
    ...{ store, log: createLog('silent'), metrics: createMetrics('1'), now: () => now, version: '1', publicUrl: null },
  })
  const fixture = await openServer(t, { withTokens: true, store, notifier })
  const { ask, logIn } = browse(fixture)
  await logIn(tokens.all)
  const delivery = (id: string, how: 'failed' | 'delivered' | null): Delivery => ({
    ...{ id, endpoint: 'crm', event: 'address.blacklisted', at: now - hour, data: { address: 'jean@example.com' }, bounceId: null },
    ...{
      since: now - hour,
      dueAt: now,
      attempts: 3,
      lastStatus: null,
      lastError: 'it answered <b>500</b>',
      ended: how && { at: now, how },
    },
  })
  const deliveries = [delivery('d1', 'failed'), delivery('d2', 'failed'), delivery('d3', 'delivered'), delivery('d4', null)]
  await store.update({ keys: [] }, () => ({ changes: { deliveries }, result: null }))

  const list = (await ask('/webhooks')).body
  t.match(list, /<a class="strong" href="\/webhooks\/crm">crm<\/a>/)
  t.notMatch(list, /secret=1/)
  const page = await ask('/webhooks/crm?state=failed')
  const form = formOf(page)
  t.equal([...page.body.matchAll(/name="event" value="(d\d)"/g)].length, 2)
  t.match(page.body, /it answered &lt;b&gt;500/)
  const empty = await ask('/webhooks/crm/replay', { form, why: 'x' })
  t.equal(empty.statusCode, 400)
  t.match(empty.body, /role="alert">Choose at least one/)
  t.equal((await ask('/webhooks/crm/replay', { form, why: 'mended', event: 'd1' })).headers.location, '/webhooks/crm?again=1')
  t.match(await store.delivery('crm', 'd1'), { ended: null, attempts: 0 })
  t.match(await store.delivery('crm', 'd2'), { ended: { how: 'failed' } })

  const wrong = await ask('/webhooks/crm/replay-time', { form, since: '24/11/2026', until: '2026-02-30', state: 'lost' })
  t.equal(wrong.statusCode, 400)
  for (const [field, words] of [
    ['since', 'Enter a day, such as 2026-11-24.'],
    ['until', 'Enter a day, such as 2026-11-24.'],
    ['state', 'Choose one of the two.'],
    ['why', 'Say why, in a few words.'],
  ]) {
    t.match(wrong.body, `<p class="error" id="replay-${field}-error">${words}</p>`)
  }
  t.match(wrong.body, 'value="24/11/2026"', 'what was typed is still there')
  const time = { form, since: '2026-11-24', until: '2026-11-24', state: 'failed', why: 'lost' }
  t.equal((await ask('/webhooks/crm/replay-time', time)).headers.location, '/webhooks/crm?again=1')
  t.match(await store.delivery('crm', 'd2'), { ended: null })
  t.match(await store.delivery('crm', 'd3'), { ended: { how: 'delivered' } })
  for (const path of ['/webhooks/other', '/webhooks/other?state=failed']) t.equal((await ask(path)).statusCode, 404)
  t.equal((await ask('/webhooks/other/replay', { form, why: 'x', event: 'd1' })).headers.location, '/webhooks/other?again=0')
  t.match((await ask('/webhooks/crm?enabled=1')).body, /Switched on/)
  t.equal((await ask('/webhooks/crm/enable', { form })).statusCode, 400)
  t.equal((await ask('/webhooks/crm/enable', { form, why: 'moved back' })).headers.location, '/webhooks/crm?enabled=1')
})

t.test('personal data is exported, and erased once the address is typed again', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { store } = fixture
  await blacklisted(fixture, 'jean@example.com')
  const reader = browse(fixture)
  await reader.logIn(tokens.reader)
  const path = '/addresses/jean%40example.com'
  t.notMatch((await reader.ask(path)).body, /\/erase"/)
  t.equal(
    (await reader.ask(`${path}/erase`, { form: formOf(await reader.ask(path)), why: 'x', confirm: 'jean@example.com' })).statusCode,
    403,
  )
  const { ask, logIn } = browse(fixture)
  await logIn(tokens.all)
  const form = formOf(await ask(path))
  const file = await ask(`${path}/export`, { form })
  t.match(file.headers['content-disposition'], /^attachment; filename="address-2026-11-24\.ndjson"$/)
  t.match(JSON.parse(file.body.trimEnd().split('\n').at(-1) ?? ''), { kind: 'end', records: 3 })

  const wrong = await ask(`${path}/erase`, { form, confirm: 'jean@example.org' })
  t.equal(wrong.statusCode, 400)
  t.match(wrong.body, '<p class="error" id="erase-confirm-error">This is not the address of this page.</p>')
  t.match(wrong.body, '<p class="error" id="erase-why-error">Say why, in a few words.</p>')
  t.equal((await ask(`${path}/erase`, { form, why: 'asked for it' })).statusCode, 400)
  t.match((await store.messages({ key: keyOf('jean@example.com') }, { limit: 5, cursor: null })).items, [Object], 'nothing was erased')
  const done = await ask(`${path}/erase`, { form, why: 'asked for it', confirm: ' Jean@EXAMPLE.com ' })
  t.equal(done.headers.location, `${path}?done=erased&mails=1&returns=1`)
  t.same((await store.messages({ key: keyOf('jean@example.com') }, { limit: 5, cursor: null })).items, [])
  t.match((await ask(`${path}?done=erased&mails=1&returns=1`)).body, /Erased\. Mails it stood in: 1; returns: 1\./)
})

t.test('the history says what is ours in the reader’s language, and what was typed as it was typed', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const key = keyOf('jean@example.com')
  const entry = (op: AuditEntry['op'], actor: AuditEntry['actor'], why: string): AuditEntry => ({ at: now, op, actor, by: null, key, why })
  const audit = [
    entry('block', 'return', returnWords('id-1', { rule: 'rfc3463-x.1.1' })),
    entry('release', 'rebond', returnWords('id-2', { why: ourReasons.accepted })),
    entry('confirm', 'hand', returnWords('id-3', { why: 'they called: <b>dead</b>' })),
    entry('rejudge', 'hand', returnWords('id-4', { rule: 'a', ruleNow: 'b', why: noReason })),
    entry('revert', 'hand', revertWords('id-5', 'an outage')),
    entry('unblock', 'hand', 'return id-6, rule x'),
    entry('unblock', 'hand', ourReasons.accepted),
  ]
  await store.update({ keys: [key] }, () => ({ changes: { audit }, result: null }))
  const { ask } = browse(fixture)
  const cells = [...(await ask('/addresses/jean%40example.com?lang=fr')).body.matchAll(/data-label="Pourquoi"[^>]*><div>(.*?)<\/div>/g)]
  t.same(cells.map(match => match[1]).sort(), [
    '<a href="/r/id-1">le retour</a>, règle <code>rfc3463-x.1.1</code>',
    '<a href="/r/id-2">le retour</a> : un mail a été accepté depuis',
    '<a href="/r/id-3">le retour</a> : they called: &lt;b&gt;dead&lt;/b&gt;',
    '<a href="/r/id-4">le retour</a>, règle <code>a</code>, désormais <code>b</code> : sans raison donnée',
    'annulé par <code>id-5</code> : an outage',
    'mail was accepted since',
    'return id-6, rule x',
  ])
})

t.test('every form answers bad input beside the field, shows it again, and changes nothing', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const { bounce } = await blacklisted(fixture, 'jean@example.com')
  const claimed = await blacklisted(fixture, 'marie@example.com', { why: 'origin-unproven', counted: false, grade: 'claimed' })
  const incident = { id: 'inc-1', operator: 'big.example', rule: 'r', category: 'invalid_address', openedAt: now, lastAt: now } as const
  await store.update({ keys: [] }, () => ({
    changes: { incidents: [{ ...incident, held: 1, blacklisted: 0, closed: null }] },
    result: null,
  }))
  const { ask } = browse(fixture)
  const form = formOf(await ask('/addresses/jean%40example.com'))
  const [jean, missing, long] = ['/addresses/jean%40example.com', 'Say why, in a few words.', 'At most 500 characters.']
  const day = 'Enter a day that is still to come, or leave it empty.'
  for (const [action, fields, errors] of [
    [`${jean}/unblock`, {}, { 'unblock-why': missing }],
    [`${jean}/unblock`, { why: 'x'.repeat(501), by: 'y'.repeat(101) }, { 'unblock-why': long, 'unblock-by': 'At most 100 characters.' }],
    [`${jean}/block`, { why: 'stop', until: '2026-11-23' }, { 'block-until': day }],
    [`${jean}/block`, { until: '24/12/2026' }, { 'block-why': missing, 'block-until': day }],
    [`${jean}/erase`, { why: 'x', confirm: '<b>' }, { 'erase-confirm': 'This is not the address of this page.' }],
    [
      `/r/${claimed.bounce.id}/decide`,
      { verb: 'confirm', by: 'y'.repeat(101) },
      { 'decide-why': missing, 'decide-by': 'At most 100 characters.' },
    ],
    ['/incidents/inc-1/end', { verb: 'release' }, { 'decide-why': missing }],
  ] as const) {
    const answer = await ask(action, { ...fields, form })
    t.equal(answer.statusCode, 400, action)
    for (const [field, words] of Object.entries(errors)) {
      t.match(answer.body, `<p class="error" id="${field}-error">${words}</p>`, `${action}: ${field}`)
      t.match(
        answer.body,
        new RegExp(`id="${field}"[^>]* aria-describedby="[^"]*${field}-error[^"]*" aria-invalid="true"`),
        `${field} is tied to it`,
      )
    }
    for (const text of Object.values(fields))
      if (text.length < 20 && text !== 'confirm' && text !== 'release')
        t.match(answer.body, `value="${text.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`)
    t.notMatch(answer.body, /<b>|at .*\.ts:\d/)
  }
  for (const [url, field, words] of [
    ['/blacklist?domain=not%20one!', 'domain', 'Enter a domain, such as example.com.'],
    ['/blacklist?category=none', 'category', 'Choose one of the categories.'],
  ] as const) {
    t.match((await ask(url)).body, `<p class="error" id="field-${field}-error">${words}</p>`, url)
  }
  t.match(await store.lookup([keyOf('jean@example.com')], now), [{ bounceId: bounce.id }])
  t.match(await store.incident('inc-1'), { closed: null })
  t.match(await store.bounce(claimed.bounce.id), { why: 'origin-unproven' })
})
