/**
 * Web hooks of mail providers, from the request to the record.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { parseConfig } from '../../src/config/config.ts'
import { composeReport } from '../../src/intake/providers/compose-report.ts'
import { eventOf, type Provider } from '../../src/intake/providers/provider-event.ts'
import { createProviderIntake } from '../../src/intake/providers/provider-intake.ts'
import { createReportJudge } from '../../src/judge/report-judge.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { parseReportDirect } from '../../src/report/direct.ts'
import { unreadableReport } from '../../src/report/report.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { Message } from '../../src/store/message-records.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { checkedClient, keyOf, openServer } from '../http/fixture.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import {
  basic,
  brevoHook,
  certificateUrl,
  hookOf,
  mailgunEvent,
  mailgunHook,
  now,
  password,
  postmarkHook,
  type Snapshot,
  second,
  sendgrid,
  sendgridEvent,
  sendgridHook,
  sesBounce,
  sesHook,
  signingKey,
  sns,
  snsHook,
  topic,
  unknownUser,
} from './hooks.ts'
import { openHouse, returnPathOf } from './house.ts'
import { talkTo } from './talk.ts'

const hour = 3_600_000
const der = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64')
const returnPath = returnPathOf()
const json = { 'content-type': 'application/json' }
let made = 0

/** A server whose providers are configured, with the judge behind it; `fetched`: what Amazon was asked for. */
async function open(t: Test, { fetchFails = false, providers = {} as object } = {}) {
  const directory = await tempDirectory(t)
  for (const [name, secret] of [
    ['password', password],
    ['key', signingKey],
  ] as const)
    await writeFile(join(directory, name), `${secret}\n`)
  const parsed = parseConfig({
    intake: {
      providers: {
        ses: { topicArns: [topic] },
        postmark: { passwordFile: join(directory, 'password') },
        sendgrid: { publicKey: der(sendgrid.publicKey) },
        mailgun: { signingKeyFile: join(directory, 'key') },
        brevo: { passwordFile: join(directory, 'password') },
        ...providers,
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const clock = { now }
  const store = await tempStore(t, { now: () => clock.now })
  const [metrics, log] = [createMetrics('test'), createLog('silent')]
  const deps = { store, policy: parsed.config.policy, metrics, log, now: () => clock.now, rules: () => shippedRules, returnPath }
  const house = await openHouse(t, {
    ...{ store, metrics, now: () => clock.now, config: { reporters: ['127.0.0.0/8'] } },
    parse: async raw => parseReportDirect(raw) ?? unreadableReport,
    judgeReport: createReportJudge({ ...deps, forwarding: { forwardTo: 'original', postmaster: null } }),
  })
  const fetched: string[] = []
  const pauses: number[] = []
  const takeHook = await createProviderIntake({
    ...{
      config: parsed.config.intake.providers,
      store,
      acceptance: house.intake.acceptance,
      returnPath,
      hostname: 'rebond.test',
      log,
      metrics,
    },
    now: () => clock.now,
    async fetchText(url) {
      fetched.push(url)
      if (fetchFails) throw new Error('no route')
      return String(sns.publicKey.export({ format: 'pem', type: 'spki' }))
    },
    async pause(ms) {
      pauses.push(ms)
    },
  })
  const fixture = await openServer(t, { store, takeHook })
  const ask = await checkedClient(t, fixture)

  return {
    ...{ ...house, clock, fetched, pauses, ask },
    /** Sends a hook from somewhere in the world, and lets what it brought be judged. */
    async post(provider: string, { body, headers }: { readonly body: Buffer; readonly headers: object }) {
      const answer = await ask({
        ...{ method: 'POST', url: `/v1/intake/${provider}`, remoteAddress: '198.51.100.9', payload: body },
        headers: { ...json, ...headers, 'x-forwarded-for': '198.51.100.7' },
      })
      await house.intake.idle()
      return answer
    },
    async sent(addresses: readonly string[], more: { upstreamId?: string; headerMessageId?: string } = {}): Promise<Message> {
      const id = makeId(clock.now - hour, Buffer.from([3, 0, 0, ++made]))
      const message = await store.appendMessage(
        {
          ...{
            id,
            at: clock.now - hour,
            reversePath: 'news@shop.example',
            from: null,
            subject: 'Hello',
            template: null,
            list: null,
            size: 9,
          },
          headerMessageId: more.headerMessageId ?? null,
          recipients: addresses.map(address => ({
            address,
            key: keyOf(address),
            name: null,
            verdict: 'relayed',
            reply: reply(250, '2.1.5', 'Ok'),
          })),
        },
        [],
      )
      const accepted = {
        outcome: 'accepted',
        at: clock.now,
        reply: reply(250, '2.0.0', 'Ok'),
        upstreamId: more.upstreamId ?? null,
      } as const
      store.settleMessage(id, accepted)
      return message
    },
    async returnsOf(address: string) {
      const { items } = await store.bounces({ key: keyOf(address) }, { limit: 20, cursor: null })
      return items
    },
    async counted(): Promise<Record<string, number>> {
      const { values } = await metrics.providerEvents.get()
      return Object.fromEntries(values.map(({ labels, value }) => [`${labels.provider} ${labels.outcome}`, value]))
    },
  }
}

t.test('each provider: an authentic return blacklists as a DSN does, and comes again as a duplicate', async t => {
  const { post, sent, returnsOf, store, counted } = await open(t)
  const table: readonly [Provider, string, (address: string, message: Message) => Snapshot][] = [
    [
      'ses',
      'one@example.com',
      (address, { id }) => sesHook(sesBounce(returnPath.address(id), [{ emailAddress: address, ...unknownUser }])),
    ],
    [
      'ses',
      'two@example.com',
      address => sesHook(sesBounce('a@b.example', [{ emailAddress: address, ...unknownUser }]), {}, { version: '1' }),
    ],
    ['sendgrid', 'three@example.com', address => sendgridHook([sendgridEvent(address)])],
    ['mailgun', 'four@example.com', address => mailgunHook(mailgunEvent(address))],
    ['postmark', 'five@example.com', address => postmarkHook({ Email: address })],
    ['brevo', 'six@example.com', address => brevoHook({ email: address })],
  ]
  for (const [provider, address, make] of table) {
    const upstreamId = provider === 'postmark' ? 'pm-1' : '0102-ses'
    const message = await sent([address, 'other@example.com'], { upstreamId, headerMessageId: '<one@shop.example>' })
    const hook = make(address, message)
    t.match((await post(provider, hook)).json(), { accepted: 1, duplicate: 0 }, provider)
    t.match(
      await returnsOf(address),
      [
        {
          messageId: message.id,
          type: 'hard',
          category: 'invalid_address',
          grade: 'proven',
          counted: true,
          why: 'blacklisted',
          status: '5.1.1',
        },
      ],
      `${provider} ${address}`,
    )
    const before = await store.counts()
    t.match((await post(provider, hook)).json(), { accepted: 0, duplicate: 1 }, `${provider}: again`)
    t.same(await store.counts(), before, 'nothing is changed by it')
    t.equal((await store.address(keyOf(address)))?.counts.hard, 1)
  }
  t.same(await store.dueOutbox(Number.MAX_SAFE_INTEGER, 9), [], 'an event was no mail: nobody is sent one')
  t.match(await counted(), { 'ses accepted': 2, 'ses duplicate': 2, 'brevo accepted': 1, 'brevo duplicate': 1 })
})

t.test('the same return by SMTP and by web hook gives the same record, and the second is a duplicate', async t => {
  const dsn = (address: string, words: string, status: string) =>
    `From: MAILER-DAEMON@amazonses.com\r\nSubject: Delivery Status Notification (Failure)\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; amazonses.com\r\n\r\nFinal-Recipient: rfc822; ${address}\r\nAction: failed\r\nStatus: ${status}\r\nDiagnostic-Code: smtp; ${words}\r\n\r\n--b--\r\n`
  for (const [words, status] of [
    ['550 5.1.1 user unknown', '5.1.1'],
    ['552 5.2.2 mailbox full', '5.2.2'],
    ['554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org', '5.7.1'],
    ['450 4.4.7 Message expired: unable to deliver in 840 minutes', '4.4.7'],
    ['550 something that nobody has seen', '5.0.0'],
  ] as const) {
    const { post, sent, returnsOf, at, intake } = await open(t)
    const bySmtp = async ({ id }: Message, address: string) => {
      const talk = await talkTo(t, at)
      await talk.hear()
      for (const line of ['EHLO mx.example.com', 'MAIL FROM:<>', `RCPT TO:<${returnPath.address(id)}>`, 'DATA']) await talk.say(line)
      talk.send(dsn(address, words, status))
      t.match(await talk.say('.'), /^250 /)
      await intake.idle()
    }
    const byHook = ({ id }: Message, emailAddress: string) =>
      post(
        'ses',
        sesHook(sesBounce(returnPath.address(id), [{ emailAddress, action: 'failed', status, diagnosticCode: `smtp; ${words}` }])),
      )
    const records: object[] = []
    for (const [address, ways] of [
      ['one@example.com', [bySmtp, byHook]],
      ['two@example.com', [byHook, bySmtp]],
    ] as const) {
      const message = await sent([address, 'other@example.com'])
      for (const way of ways) await way(message, address)
      const [record, ...more] = await returnsOf(address)
      t.same(more, [], 'one record, whichever came first')
      if (!record) throw new Error('no record')
      const { id: _id, messageId: _message, reportId: _report, address: _address, key: _key, ...rest } = record
      records.push(rest)
    }
    t.same(records[0], records[1], words)
  }
})

t.test('what does not prove itself is refused and counted, and changes nothing', async t => {
  const { post, sent, store, counted, fetched } = await open(t)
  const message = await sent(['jean@example.com'], { upstreamId: 'pm-1', headerMessageId: '<one@shop.example>' })
  const text = sesBounce(returnPath.address(message.id), [{ emailAddress: 'jean@example.com', ...unknownUser }])
  const late = now - 25 * hour
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const tampered = (hook: Snapshot) => ({ ...hook, body: Buffer.from(hook.body.toString().replace('jean', 'paul')) })
  const confirmation = {
    Type: 'SubscriptionConfirmation',
    Token: 'x',
    SubscribeURL: 'https://sns.eu-west-3.amazonaws.com/?Action=ConfirmSubscription',
  }
  const table: readonly [Provider, string, number, Snapshot][] = [
    ['ses', 'signature', 403, sesHook(text, {}, { after: { Message: text.replace('5.1.1', '5.1.2') } })],
    ['ses', 'signature', 403, sesHook(text, {}, { after: { Signature: '' } })],
    ['ses', 'signature', 403, sesHook(text, {}, { after: { SignatureVersion: '1' } })],
    ['ses', 'signature', 403, sesHook(text, {}, { after: { SignatureVersion: '3' } })],
    ['ses', 'signature', 403, snsHook(confirmation, { after: { SubscribeURL: 'https://sns.eu-west-3.amazonaws.com/?Action=Publish' } })],
    ['ses', 'old', 403, sesHook(text, { Timestamp: new Date(late).toISOString() })],
    ['ses', 'old', 403, sesHook(text, { Timestamp: new Date(now + hour).toISOString() })],
    ['ses', 'old', 403, sesHook(text, { Timestamp: 'yesterday' })],
    ['ses', 'foreign', 403, sesHook(text, { TopicArn: 'arn:aws:sns:eu-west-3:999999999999:returns' })],
    ...[
      'http://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0.pem',
      'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem',
      'https://sns.eu-west-3.amazonaws.com.evil.example/SimpleNotificationService-0.pem',
      'https://sns.eu-west-3.amazonaws.com@evil.example/SimpleNotificationService-0.pem',
      'https://evil@sns.eu-west-3.amazonaws.com/SimpleNotificationService-0.pem',
      'https://sns.eu-west-3.amazonaws.com:444/SimpleNotificationService-0.pem',
      'https://sns.eu-west-3.amazonaws.com/?Action=GetTopicAttributes&x=/SimpleNotificationService-0.pem',
      'https://169.254.169.254/SimpleNotificationService-0.pem',
      'file:///etc/passwd',
      'none',
    ].map((SigningCertURL): [Provider, string, number, Snapshot] => ['ses', 'foreign', 403, sesHook(text, { SigningCertURL })]),
    ...['https://evil.example/', 'http://sns.eu-west-3.amazonaws.com/', 'https://127.0.0.1/', 'https://sns.eu-west-1.amazonaws.com/'].map(
      (SubscribeURL): [Provider, string, number, Snapshot] => ['ses', 'foreign', 403, snsHook({ ...confirmation, SubscribeURL })],
    ),
    ['ses', 'malformed', 400, hookOf({ Type: 'constructor', TopicArn: topic })],
    ['ses', 'malformed', 400, hookOf([])],
    ['sendgrid', 'signature', 403, tampered(sendgridHook([sendgridEvent('jean@example.com')]))],
    ['sendgrid', 'signature', 403, sendgridHook([sendgridEvent('jean@example.com')], { key: stranger })],
    ['sendgrid', 'signature', 403, hookOf([sendgridEvent('jean@example.com')])],
    ['sendgrid', 'old', 403, sendgridHook([sendgridEvent('jean@example.com')], { at: late })],
    ['sendgrid', 'malformed', 400, sendgridHook({ not: 'a list' } as unknown as object[])],
    ['mailgun', 'signature', 403, mailgunHook(mailgunEvent('jean@example.com'), { key: 'key-of-somebody-else-00' })],
    ['mailgun', 'old', 403, mailgunHook(mailgunEvent('jean@example.com'), { at: late })],
    ['mailgun', 'malformed', 400, hookOf({ 'event-data': mailgunEvent('jean@example.com') })],
    ['postmark', 'signature', 403, postmarkHook({}, basic('rebond:wrong-horse-battery'))],
    ['postmark', 'signature', 403, postmarkHook({}, {})],
    ['postmark', 'old', 403, postmarkHook({ BouncedAt: new Date(late).toISOString() })],
    ['postmark', 'old', 403, postmarkHook({ BouncedAt: undefined })],
    ['postmark', 'malformed', 400, { body: Buffer.from('{'), headers: basic() }],
    ['brevo', 'signature', 403, brevoHook({}, basic('rebond:'))],
    ['brevo', 'old', 403, brevoHook({ ts_event: late / second })],
  ]
  const before = await store.counts()
  for (const [provider, why, status, hook] of table) {
    const name = `${provider} ${why}`
    const { [name]: was = 0 } = await counted()
    const answer = await post(provider, hook)
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
    t.equal((await counted())[name], was + 1, `${name}: counted`)
  }
  t.same(await store.counts(), before)
  t.equal(await store.address(keyOf('jean@example.com')), null)
  t.same([...new Set(fetched)], [certificateUrl], 'nobody but SNS was asked for anything, and no subscription was confirmed')
})

t.test("a signature of Mailgun's is good for one event, also after a restart", async t => {
  const { post, sent, returnsOf, counted } = await open(t)
  await sent(['jean@example.com', 'paul@example.com'], { headerMessageId: '<one@shop.example>' })
  const token = 'seen-once'
  const event = mailgunEvent('jean@example.com')
  t.match((await post('mailgun', mailgunHook(event, { token }))).json(), { accepted: 1 })
  const replayed = await post('mailgun', mailgunHook(mailgunEvent('paul@example.com'), { token }))
  t.match([replayed.statusCode, replayed.json().type], [403, '/problems#not-authentic'])
  t.same(await returnsOf('paul@example.com'), [], 'nothing is kept: the report that the token brought stands in the store')
  t.match((await post('mailgun', mailgunHook(event))).json(), { accepted: 0, duplicate: 1 }, 'the same event under a new signature')
  t.match(await counted(), { 'mailgun accepted': 1, 'mailgun duplicate': 1, 'mailgun replayed': 1 })
})

t.test('SNS is asked for a certificate once, confirms what is ours, and its silence is 503', async t => {
  const { post, sent, fetched } = await open(t)
  const { id } = await sent(['jean@example.com'])
  const url = 'https://sns.eu-west-3.amazonaws.com/?Action=ConfirmSubscription&Token=x'
  const confirm = () =>
    snsHook({ Type: 'SubscriptionConfirmation', Token: 'x', SubscribeURL: url, Message: 'You have chosen to subscribe' })
  t.match((await post('ses', confirm())).json(), { accepted: 0, unknown: 0 })
  t.same(fetched, [certificateUrl, url])
  const text = sesBounce(returnPath.address(id), [{ emailAddress: 'jean@example.com', ...unknownUser }])
  t.match((await post('ses', sesHook(text))).json(), { accepted: 1 })
  t.equal((await post('ses', sesHook('Successfully validated SNS topic'))).statusCode, 200)
  t.equal((await post('ses', snsHook({ Type: 'UnsubscribeConfirmation', Token: 'x', SubscribeURL: url }))).statusCode, 200)
  t.same(fetched, [certificateUrl, url], 'the certificate is remembered, and the end of a subscription is not undone')

  const away = await open(t, { fetchFails: true })
  for (let asked = 0; asked < 15; asked++) {
    const SigningCertURL = certificateUrl.replace('0123', `${asked}`)
    const answer = await away.post('ses', sesHook(text, { SigningCertURL }))
    t.match([answer.statusCode, answer.headers['retry-after']], [503, '60'])
  }
  t.equal(away.fetched.length, 10, 'who names certificates that do not exist does not make us ask for more')
  t.match(await away.counted(), { 'ses unreachable': 15 })
})

t.test('what the kinds of events mean', async t => {
  const { post, sent, returnsOf, store, intake } = await open(t)
  const cases: readonly [what: string, provider: Provider, make: (email: string) => Snapshot, wanted: object | null][] = [
    [
      'Postmark SoftBounce',
      'postmark',
      Email => postmarkHook({ Email, Type: 'SoftBounce', Details: 'smtp;452 4.2.2 over quota' }),
      { action: 'failed', type: 'soft', category: 'mailbox_full' },
    ],
    [
      'Postmark Transient',
      'postmark',
      Email => postmarkHook({ Email, Type: 'Transient', Details: '' }),
      { action: 'delayed', type: 'soft' },
    ],
    ['Postmark DnsError', 'postmark', Email => postmarkHook({ Email, Type: 'DnsError', Details: '' }), { action: 'delayed', type: 'soft' }],
    [
      'Postmark HardBounce without words',
      'postmark',
      Email => postmarkHook({ Email, Details: '' }),
      { action: 'failed', type: 'soft', category: 'unclassified' },
    ],
    [
      'Postmark ManuallyDeactivated',
      'postmark',
      Email => postmarkHook({ Email, Type: 'ManuallyDeactivated' }),
      { category: 'recipient_policy', type: 'soft' },
    ],
    ['Postmark AutoResponder', 'postmark', Email => postmarkHook({ Email, Type: 'AutoResponder' }), null],
    [
      'SES Transient MailboxFull',
      'ses',
      emailAddress => sesHook(sesBounce('', [{ emailAddress }], ['Transient', 'MailboxFull'])),
      { action: 'failed', type: 'soft', category: 'mailbox_full', status: '4.0.0' },
    ],
    [
      'SES Transient General',
      'ses',
      emailAddress => sesHook(sesBounce('', [{ emailAddress }], ['Transient', 'General'])),
      { action: 'failed', type: 'soft', status: '4.0.0' },
    ],
    [
      'SES Permanent suppressed',
      'ses',
      emailAddress => sesHook(sesBounce('', [{ emailAddress }], ['Permanent', 'OnAccountSuppressionList'])),
      { type: 'soft', category: 'recipient_policy' },
    ],
    [
      'SES DeliveryDelay',
      'ses',
      emailAddress =>
        sesHook(
          JSON.stringify({
            eventType: 'DeliveryDelay',
            deliveryDelay: { delayedRecipients: [{ emailAddress, status: '4.4.1' }] },
            mail: { messageId: '0102-ses' },
          }),
        ),
      { action: 'delayed' },
    ],
    [
      'SendGrid dropped',
      'sendgrid',
      email => sendgridHook([sendgridEvent(email, { event: 'dropped', reason: 'Bounced Address', status: undefined })]),
      { type: 'soft', category: 'recipient_policy' },
    ],
    [
      'SendGrid blocked',
      'sendgrid',
      email =>
        sendgridHook([
          sendgridEvent(email, { type: 'blocked', status: '5.7.1', reason: '550 5.7.1 [192.0.2.1] blocked using zen.spamhaus.org' }),
        ]),
      { type: 'soft', category: 'sender_blocked' },
    ],
    ['SendGrid open', 'sendgrid', email => sendgridHook([sendgridEvent(email, { event: 'open' })]), null],
    ['Mailgun temporary', 'mailgun', to => mailgunHook(mailgunEvent(to, { severity: 'temporary' })), { action: 'delayed' }],
    [
      'Mailgun suppressed',
      'mailgun',
      to =>
        mailgunHook(
          mailgunEvent(to, {
            reason: 'suppress-bounce',
            'delivery-status': { code: 605, message: 'Not delivering to previously bounced address' },
          }),
        ),
      { category: 'recipient_policy', type: 'soft' },
    ],
    ['Brevo blocked', 'brevo', email => brevoHook({ email, event: 'blocked' }), { category: 'recipient_policy', type: 'soft' }],
    ['Brevo deferred', 'brevo', email => brevoHook({ email, event: 'deferred', reason: '450 4.7.1 greylisted' }), { action: 'delayed' }],
    [
      'Brevo soft bounce',
      'brevo',
      email => brevoHook({ email, event: 'soft_bounce', reason: '452 4.2.2 mailbox full' }),
      { action: 'failed', type: 'soft', category: 'mailbox_full' },
    ],
    ['Brevo opened', 'brevo', email => brevoHook({ email, event: 'unique_opened' }), null],
  ]
  for (const [index, [what, provider, make, wanted]] of cases.entries()) {
    const address = `case-${index}@example.com`
    await sent([address], { upstreamId: provider === 'postmark' ? 'pm-1' : '0102-ses', headerMessageId: '<one@shop.example>' })
    const answer = await post(provider, make(address))
    t.match([answer.statusCode, answer.json().accepted], [200, wanted === null ? 0 : 1], what)
    const found = await returnsOf(address)
    if (wanted === null) t.same(found, [], what)
    else t.match(found, [{ ...wanted, counted: false }], what)
    t.notOk((await store.address(keyOf(address)))?.block, what)
  }

  const complained = await sent(['cross@example.com', 'glad@example.com'], { upstreamId: 'pm-1', headerMessageId: '<two@shop.example>' })
  await post('postmark', postmarkHook({ RecordType: 'SpamComplaint', Type: 'SpamComplaint', Email: 'cross@example.com' }))
  await post(
    'postmark',
    postmarkHook({
      RecordType: 'Delivery',
      ID: undefined,
      Email: undefined,
      Recipient: 'glad@example.com',
      Details: '250 Ok',
      BouncedAt: undefined,
      DeliveredAt: new Date(now).toISOString(),
    }),
  )
  await intake.idle()
  const kinds = (await store.reportsOf(complained.id)).map(({ judged }) => judged?.kind)
  t.same(kinds.sort(), ['complaint', 'success'])
  t.ok((await store.address(keyOf('glad@example.com')))?.lastDelivered, 'a delivery is known')
})

t.test('a batch: what is not ours is left, many delays are one, and a mail that has brought enough does not stop the others', async t => {
  const { post, sent, store, pauses, counted, clock } = await open(t)
  const [spent, other] = [
    await sent(['jean@example.com'], { headerMessageId: '<spent@shop.example>' }),
    await sent(['paul@example.com'], { headerMessageId: '<other@shop.example>' }),
  ]
  const events = [
    ...Array.from({ length: 30 }, () => sendgridEvent('jean@example.com', { event: 'deferred', 'smtp-id': '<spent@shop.example>' })),
    ...Array.from({ length: 10 }, () => sendgridEvent('jean@example.com', { event: 'delivered', 'smtp-id': '<spent@shop.example>' })),
    sendgridEvent('paul@example.com', { 'smtp-id': '<other@shop.example>' }),
    sendgridEvent('stranger@example.com', { 'smtp-id': '<not-ours@elsewhere.example>', sg_message_id: 'x' }),
    sendgridEvent('paul@example.com', { event: 'open' }),
    { event: 'bounce' },
    'nonsense',
    null,
  ]
  const hook = sendgridHook(events as object[])
  t.same((await post('sendgrid', hook)).json(), { accepted: 9, duplicate: 29, unknown: 1, spent: 3 })
  t.same((await store.reportsOf(spent.id)).length, 8, 'as many as any return path may bring')
  t.equal((await store.reportsOf(other.id)).length, 1)
  t.match(await counted(), { 'sendgrid spent': 3, 'sendgrid unknown': 1 })
  t.same(pauses, [1000], 'an event that is young is looked for once more: the reply that names its mail may be under way')
  clock.now += hour
  await post(
    'sendgrid',
    sendgridHook([sendgridEvent('stranger@example.com', { 'smtp-id': '<not-ours@elsewhere.example>', sg_message_id: 'x' })], {
      at: clock.now,
    }),
  )
  t.same(pauses, [1000])
})

t.test('a provider that is not configured is 404; what we do not know is 400; a store that is away is 503', async t => {
  const { post, ask } = await open(t, { providers: { brevo: null } })
  t.equal((await post('brevo', brevoHook({}))).statusCode, 404)
  t.equal((await post('other', brevoHook({}))).statusCode, 400)
  t.equal(
    (await ask({ method: 'POST', url: '/v1/intake/brevo', payload: 'x', headers: { 'content-type': 'application/xml' } })).statusCode,
    415,
  )
  t.equal((await post('ses', { body: Buffer.alloc(1_100_000, ' '), headers: {} })).statusCode, 413)
  const takeHook = async () => Promise.reject(new StoreUnavailable('the disk is full'))
  const { server } = await openServer(t, { takeHook })
  t.equal((await server.inject({ method: 'POST', url: '/v1/intake/ses', payload: '{}', headers: json })).statusCode, 503)
})

t.test('whatever words a hook brings, the report that is made of it speaks of that recipient alone', t => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\r\n--rebond-provider-event--\r\n', 'a\r\nFinal-Recipient: rfc822; x@example.com', '--rebond-provider-event'),
  )
  fc.assert(
    fc.property(text, text, text, text, (diagnostic, status, remoteMta, headerMessageId) => {
      const [event] = eventOf(
        { action: 'failed' },
        { id: '1', at: now, recipient: 'jean@example.com', diagnostic, status, remoteMta, headerMessageId },
      )
      const report = event && parseReportDirect(composeReport('ses', event, 'rebond.test'))
      return report?.recipients.length === 1 && report.recipients[0]?.address === 'jean@example.com' && report.kind === 'bounce'
    }),
  )
  t.end()
})
