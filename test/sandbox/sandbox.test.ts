import { createTransport, type SentMessageInfo } from 'nodemailer'
import t, { type Test } from 'tap'
import { createReportParser } from '../../src/intake/report-parser.ts'
import { createLog } from '../../src/observe/log.ts'
import { fieldOf, headerOf } from '../../src/sandbox/original.ts'
import { partFor } from '../../src/sandbox/parts.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { type House, openHouse } from '../intake/house.ts'
import { talkTo } from '../intake/talk.ts'

type Stage = { readonly house: House; readonly sandbox: Sandbox; readonly at: { host: string; port: number } }

/** A sandbox and a bounce listener that trusts this machine. */
async function setUp(t: Test, more: { slowMs?: number } = {}): Promise<Stage> {
  const parser = createReportParser()
  t.teardown(() => parser.close())
  const house = await openHouse(t, { config: { reporters: ['127.0.0.0/8'] }, parse: raw => parser.parse(raw) })
  const sandbox = createSandbox({
    log: createLog('silent'),
    hostname: 'sandbox.rebond.test',
    bounceAddress: () => house.at,
    returnPathDomains: ['bounces.example.com'],
    now: Date.now,
    lateMs: 1,
    ...more,
  })
  const at = await sandbox.listen()
  t.teardown(() => sandbox.close())
  return { house, sandbox, at }
}

const mail =
  'From: "CRM" <crm@example.com>\r\nSubject: =?utf-8?Q?Facture_n=C2=B0_7?=\r\nMessage-ID: <7@crm.example.com>\r\nX-Raw: \u00e9\r\n\r\nBonjour\r\n'

function send({ at }: Stage, from: string, to: string | string[], dsn?: object): Promise<SentMessageInfo> {
  const transport = createTransport({ ...at, name: 'crm.example.com' })
  return transport.sendMail({ envelope: { from, to, ...(dsn ? { dsn } : {}) }, raw: Buffer.from(mail, 'latin1') })
}

/** The raw mails that came to the bounce listener for a token, oldest first. */
async function arrived({ house, sandbox }: Stage, id: string): Promise<string[]> {
  await sandbox.idle()
  await house.intake.idle()
  const mine = house.judged.filter(({ stored }) => stored.messageId === id)
  return Promise.all(mine.map(async ({ stored }) => (await house.store.rawReport(stored.id))?.toString('latin1') ?? ''))
}

/** The one mail that came for a token. */
async function arrivedOne(t: Test, stage: Stage, id: string): Promise<string> {
  const mails = await arrived(stage, id)
  t.equal(mails.length, 1, 'one mail came')
  return mails[0] ?? ''
}

/** How the report of a token was read. */
const readAs = ({ house }: Stage, id: string) => house.judged.find(({ stored }) => stored.messageId === id)?.report

/** The reply that refused a mail. */
function refusalOf(sending: Promise<SentMessageInfo>): Promise<string> {
  return sending.then(
    ({ response }) => `not refused: ${response}`,
    (err: { response?: string }) => err.response ?? String(err),
  )
}

/** The groups of fields of the part of a report that has this type, unfolded: per message, then per recipient. */
function partOf(raw: string, type: string): Record<string, string>[] {
  const part = raw.split(/\r\n--[^\r]*\r\n/).find(one => one.toLowerCase().startsWith(`content-type: ${type}`)) ?? ''
  const body = part.slice(part.indexOf('\r\n\r\n') + 4)
  return body
    .trim()
    .split('\r\n\r\n')
    .map(group =>
      Object.fromEntries(group.split('\r\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])),
    )
}

t.test('what it offers, and the queue id it gives', async t => {
  const stage = await setUp(t)
  const talk = await talkTo(t, stage.at)
  t.equal(await talk.hear(), '220 sandbox.rebond.test ESMTP')
  const offered = (await talk.say('EHLO crm'))?.split('\r\n').map(line => line.slice(4))
  t.same(offered, ['sandbox.rebond.test', 'PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN', 'SIZE 52428800'])
  talk.send(
    'MAIL FROM:<a@example.com> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x\r\nRCPT TO:<jean@example.org> NOTIFY=NEVER\r\nDATA\r\n',
  )
  t.match(await talk.hear(), /^250 2\.1\.0 /)
  t.match(await talk.hear(), /^250 2\.1\.5 /)
  t.match(await talk.hear(), /^354 /)
  t.match(await talk.say('hello\r\n.'), /^250 2\.0\.0 Ok: queued as [0-9A-F]{12}$/)
})

t.test('refusals at RCPT and after the dot', async t => {
  const stage = await setUp(t, { slowMs: 5 })
  const { address } = stage.house.token()
  for (const [to, reply] of [
    ['unknown@sandbox.test', '550 5.1.1 <unknown@sandbox.test>: Recipient address rejected: User unknown'],
    ['UNKNOWN+tag@sandbox.test', '550 5.1.1 <UNKNOWN+tag@sandbox.test>: Recipient address rejected: User unknown'],
    ['full+1@sandbox.test', '452 4.2.2 <full+1@sandbox.test>: Mailbox full'],
    ['greylist@sandbox.test', '451 4.7.1 <greylist@sandbox.test>: Greylisted, please try again in 5 minutes'],
    ['spam@sandbox.test', '554 5.7.1 Message refused: it looks like spam'],
  ] as const)
    t.equal(await refusalOf(send(stage, address, to)), reply, to)
  for (const to of ['jean@sandbox.test', 'unknown@example.org', 'slow@sandbox.test', 'constructor@sandbox.test']) {
    t.match((await send(stage, address, to)).response, /^250 2\.0\.0 /, to)
  }
  t.match(await refusalOf(send(stage, address, ['jean@sandbox.test', 'spam@sandbox.test'])), /^554 /, 'one mail, one fate at the dot')
  await stage.sandbox.idle()
  await stage.house.intake.idle()
  t.same(stage.house.judged, [], 'and nothing comes back')
})

t.test('every late failure comes back as a delivery status notification', async t => {
  const stage = await setUp(t)
  for (const [part, status, diagnostic, remoteMta] of [
    ['unknown-late', '5.1.1', /^smtp; 550 5\.1\.1 <unknown-late\+a@sandbox\.test>: .*User unknown$/, 'dns; mx.sandbox.test'],
    ['nodomain-late', '5.4.4', /^X-Postfix; Host or domain name not found/, undefined],
    ['disabled-late', '5.2.1', /^smtp; 550 5\.2\.1 .*disabled$/, 'dns; mx.sandbox.test'],
    ['full-late', '5.2.2', /^smtp; 552 5\.2\.2 .*over quota$/, 'dns; mx.sandbox.test'],
    ['noanswer-late', '4.4.1', /^X-Postfix; connect to .*timed out$/, undefined],
    ['spam-late', '5.7.1', /^smtp; 554 5\.7\.1 .*spam/, 'dns; mx.sandbox.test'],
  ] as const) {
    const { id, address } = stage.house.token()
    const to = `${part}+a@sandbox.test`
    t.match((await send(stage, address, to)).response, /^250 /, part)
    const raw = await arrivedOne(t, stage, id)
    t.match(raw, /^From: Mail Delivery System <MAILER-DAEMON@sandbox\.rebond\.test>\r\n/)
    t.match(raw, /\r\nAuto-Submitted: auto-replied\r\n/)
    t.match(raw, /\r\nContent-Type: multipart\/report; report-type=delivery-status;\r\n? boundary=/)
    const [perMessage, recipient, ...more] = partOf(raw, 'message/delivery-status')
    t.same(more, [])
    t.equal(perMessage?.['Reporting-MTA'], 'dns; sandbox.rebond.test')
    t.match(recipient, { 'Final-Recipient': `rfc822; ${to}`, Action: 'failed', Status: status })
    t.match(recipient?.['Diagnostic-Code'], diagnostic)
    t.equal(recipient?.['Remote-MTA'], remoteMta)
    t.match(readAs(stage, id), {
      kind: 'bounce',
      reportingMta: 'sandbox.rebond.test',
      originalMessageId: '<7@crm.example.com>',
      recipients: [{ address: to, action: 'failed', status }],
    })
    const header = mail.slice(0, mail.indexOf('\r\n\r\n') + 2)
    t.ok(
      raw.includes(`Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${header}`),
      "the mail's header, octet for octet",
    )
    t.notOk(raw.includes('Bonjour'), 'and no more of it')
  }
})

t.test('delay and success are told too', async t => {
  const stage = await setUp(t)
  for (const [part, action, status, subject] of [
    ['delay', 'delayed', '4.4.1', 'Delayed Mail (still being retried)'],
    ['success', 'delivered', '2.0.0', 'Successful Mail Delivery Report'],
  ] as const) {
    const { id, address } = stage.house.token()
    await send(stage, address, `${part}@sandbox.test`)
    const raw = await arrivedOne(t, stage, id)
    t.ok(raw.includes(`\r\nSubject: ${subject}\r\n`))
    const [, recipient] = partOf(raw, 'message/delivery-status')
    t.match(recipient, { Action: action, Status: status })
    t.equal(recipient?.['Will-Retry-Until'] !== undefined, part === 'delay')
    t.match(readAs(stage, id), { kind: part, recipients: [{ address: `${part}@sandbox.test`, action, status }] })
  }
})

t.test('an automatic reply and an abuse report', async t => {
  const stage = await setUp(t)
  const { id, address } = stage.house.token()
  await send(stage, address, 'vacation@sandbox.test')
  const reply = await arrivedOne(t, stage, id)
  t.match(reply, /^From: vacation@sandbox\.test\r\n/)
  t.match(reply, /\r\nSubject: Out of office: =\?utf-8\?Q\?Facture_n=C2=B0_7\?=\r\n/)
  t.match(reply, /\r\nAuto-Submitted: auto-replied\r\n/)
  t.match(reply, /\r\nIn-Reply-To: <7@crm\.example\.com>\r\n/)
  t.match(readAs(stage, id), { kind: 'auto_reply', recipients: [] })

  const other = stage.house.token()
  await send(stage, other.address, 'complaint+x@sandbox.test')
  const complaint = await arrivedOne(t, stage, other.id)
  t.match(complaint, /\r\nContent-Type: multipart\/report; report-type=feedback-report;/)
  t.match(partOf(complaint, 'message/feedback-report')[0], {
    'Feedback-Type': 'abuse',
    Version: '1',
    'Original-Mail-From': `<${other.address}>`,
    'Original-Rcpt-To': '<complaint+x@sandbox.test>',
  })
  t.match(complaint, /Content-Type: text\/rfc822-headers/)
  t.equal(readAs(stage, other.id)?.kind, 'complaint')
})

t.test('one notification names all that failed, another all that is delayed', async t => {
  const stage = await setUp(t)
  const { id, address } = stage.house.token()
  const to = ['jean@sandbox.test', 'unknown-late+1@sandbox.test', 'full-late+2@sandbox.test', 'delay@sandbox.test', 'vacation@sandbox.test']
  await send(stage, address, to)
  const mails = await arrived(stage, id)
  t.equal(mails.length, 3)
  const actions = mails.map(raw =>
    partOf(raw, 'message/delivery-status')
      .slice(1)
      .map(({ Action, Status }) => `${Action} ${Status}`),
  )
  t.same(actions.sort().reverse(), [['failed 5.1.1', 'failed 5.2.2'], ['delayed 4.4.1'], []].sort().reverse())
})

t.test('what the client asked of notifications is kept (RFC 3461)', async t => {
  const stage = await setUp(t)
  const { id, address } = stage.house.token()
  await send(stage, address, 'unknown-late@sandbox.test', {
    id: 'envelope+7',
    return: 'headers',
    notify: 'failure',
    recipient: 'jean@example.com',
  })
  const [perMessage, recipient] = partOf(await arrivedOne(t, stage, id), 'message/delivery-status')
  t.equal(perMessage?.['Original-Envelope-Id'], 'envelope+7')
  t.equal(recipient?.['Original-Recipient'], 'rfc822;jean@example.com')
  const silent = stage.house.token()
  await send(stage, silent.address, 'unknown-late@sandbox.test', { notify: 'never' })
  t.same(await arrived(stage, silent.id), [])
})

t.test('a forged notification really goes out, and is refused by its signature', async t => {
  const stage = await setUp(t)
  const { id, address } = stage.house.token()
  await send(stage, address, 'forged-late@sandbox.test')
  t.same(await arrived(stage, id), [])
  t.equal(await stage.house.count('reportsRejected', { why: 'forged' }), 1)
})

t.test('nothing is sent for mail that does not carry our return path', async t => {
  const stage = await setUp(t)
  for (const from of ['', 'crm@example.com', 'b-x@bounces.example.com.evil.test']) {
    t.match((await send(stage, from, 'unknown-late@sandbox.test')).response, /^250 /)
  }
  await stage.sandbox.idle()
  t.equal((await stage.house.metrics.reportsRejected.get()).values.length, 0, 'the bounce listener was not even asked')
  t.same(stage.house.judged, [])
})

t.test('a close ends what waits: slow replies and notifications', async t => {
  const house = await openHouse(t)
  const sandbox = createSandbox({
    log: createLog('silent'),
    hostname: 'sandbox.rebond.test',
    bounceAddress: () => house.at,
    returnPathDomains: ['bounces.example.com'],
    now: Date.now,
    lateMs: 3_600_000,
    slowMs: 3_600_000,
  })
  const at = await sandbox.listen()
  const stage = { house, sandbox, at }
  await send(stage, house.token().address, 'unknown-late@sandbox.test')
  const talk = await talkTo(t, at)
  await talk.hear()
  for (const line of ['EHLO x', 'MAIL FROM:<a@b.test>']) await talk.say(line)
  talk.send('RCPT TO:<slow@sandbox.test>\r\n')
  await sandbox.close()
  t.match(await talk.hear(), /^(?:250 2\.1\.5|421) /)
  t.same(house.judged, [])
})

t.test('parts are found by the local part in front of the plus, at sandbox.test only', async t => {
  for (const [address, plays] of [
    ['unknown@sandbox.test', 'refuse'],
    ['unknown+@sandbox.test', 'refuse'],
    ['Unknown-Late+a+b@SANDBOX.TEST', 'notify'],
    ['unknownx@sandbox.test', 'accept'],
    ['unknown@sandbox.test.example.com', 'accept'],
    ['toString@sandbox.test', 'accept'],
    ['sandbox.test', 'accept'],
  ] as const)
    t.equal(partFor(address).plays, plays, address)
})

t.test('header blocks and fields of any shape', async t => {
  for (const [octets, header] of [
    ['A: 1\r\nB: 2\r\n\r\nbody', 'A: 1\r\nB: 2\r\n'],
    ['A: 1\nB: 2\n\nbody', 'A: 1\r\nB: 2\r\n'],
    ['\r\nbody', ''],
    ['A: 1\r\nB: cut', 'A: 1\r\n'],
    ['', ''],
  ] as const)
    t.equal(headerOf(Buffer.from(octets)), header, JSON.stringify(octets))
  const header = 'X-Subject: no\r\nSUBJECT: folded\r\n over\r\n\tlines\r\nSubject: second\r\n'
  t.equal(fieldOf(header, 'Subject'), 'folded over\tlines')
  t.equal(fieldOf(header, 'From'), null)
})
