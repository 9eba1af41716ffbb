/**
 * Verdicts on replies and on the recipients of reports: what must hold whatever the tables say, and the replies that fool others.
 */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { classifyRecipient } from '../../src/classify/classify-recipient.ts'
import { classifyReply } from '../../src/classify/classify-reply.ts'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { type Category, categories, categoryFacts, type Phase, type Verdict } from '../../src/classify/verdict.ts'
import type { Report, ReportedRecipient } from '../../src/report/report.ts'
import { reply } from '../../src/smtp/reply.ts'

const fieldReplies = readFileSync(new URL('field-replies.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => {
    const [right = '', ...rest] = line.split(' ')
    return { right: right.split('|'), text: rest.join(' ').replaceAll('\\n', '\n') }
  })

t.test('replies as servers and providers word them', async t => {
  t.ok(fieldReplies.length > 500)
  for (const { right, text } of fieldReplies) {
    const verdict = classifyReply(text)
    t.ok(right.includes(verdict.category), `${text}: ${right.join(' or ')}, not ${verdict.category} by ${verdict.rule}`)
  }
})

t.test('case, spacing, quotes, line ends and wrapping change no verdict', async t => {
  const variants: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ['upper case', text => text.toUpperCase()],
    ['lower case', text => text.toLowerCase()],
    ['double spaces', text => text.replaceAll(' ', '  ')],
    ['tabs', text => text.replace(/ (?=[a-z])/gi, '\t')],
    ['a full stop at the end', text => `${text}.`],
    ['quotes', text => text.replace(/^(\d{3}[ -](?:[245]\.\d+\.\d+ )?)(.*)$/s, '$1"$2"')],
    ['CRLF', text => text.replaceAll('\n', '\r\n')],
    ['two lines', onTwoLines],
  ]
  for (const [name, change] of variants) {
    const changed = fieldReplies.filter(({ text }) => classifyReply(change(text)).category !== classifyReply(text).category)
    t.same(
      // The sentence of RFC 5321 means a dead mailbox only where it is all that is said.
      changed.map(({ text }) => text).filter(text => !(name === 'two lines' && classifyReply(text).rule === 'mailbox-unavailable')),
      [],
      name,
    )
  }
})

t.test('what a sending server writes around a reply changes no verdict', async t => {
  const single = fieldReplies.filter(({ text }) => /^[45]\d\d /.test(text) && !text.includes('\n') && !text.includes("'"))
  t.ok(single.length > 500)
  const sendingServers: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ['the type of a Diagnostic-Code', text => `smtp; ${text}`],
    ['Postfix', text => `host mx.example.com[192.0.2.7] said: ${text} (in reply to RCPT TO command)`],
    [
      'Cisco, whose own words are "unknown address" whatever was said',
      text => `5.1.0 - Unknown address error ${text.replace(' ', "-'")}' (delivery attempts: 0)`,
    ],
    ['sendmail, whose own words are "User unknown" whatever was said', text => `${text}\n550 5.1.1 <jean@example.com>... User unknown`],
  ]
  for (const [name, change] of sendingServers) {
    const changed = single.filter(({ text }) => classifyReply(change(text)).category !== classifyReply(text).category)
    t.same(
      changed.map(({ text }) => text),
      [],
      name,
    )
  }
})

t.test('advice to look at the address once more leaves a dead one dead', async t => {
  for (const text of ['550 5.1.1 User unknown', '550 No such recipient here', '550 5.2.1 Mailbox disabled', '551 User has moved']) {
    t.equal(classifyReply(`${text}. Please check the spelling and try again.`).type, 'hard', text)
    t.equal(classifyReply(`${text}. Please try again later.`).type, 'soft', text)
  }
})

/** A long reply of one line, wrapped in its middle as servers wrap. */
function onTwoLines(text: string): string {
  const [, code, status, rest = ''] = /^(\d{3}) ((?:#?[245]\.\d+\.\d+ )?)([^\n]*)$/.exec(text) ?? []
  const words = rest.split(' ')
  if (words.length < 6) return text
  const half = Math.ceil(words.length / 2)
  return `${code}-${status}${words.slice(0, half).join(' ')}\n${code} ${status}${words.slice(half).join(' ')}`
}

t.test('no verdict is hard where words beside it lay the fault elsewhere', async t => {
  const certain = new Set(shippedRules.rules.filter(rule => rule.certain).map(rule => rule.id))
  const hard = fieldReplies.filter(({ text }) => {
    const { type, rule } = classifyReply(text)
    return type === 'hard' && !certain.has(rule)
  })
  t.ok(hard.length > 300)
  for (const doubt of [
    'Sender address rejected',
    'blocked using zen.spamhaus.org',
    'your IP 192.0.2.1 is blacklisted',
    'Greylisted, try again later',
    'SPF check failed',
    'Message rejected as spam',
    'temporary failure',
    'refused by local policy',
    'relay access denied',
    'authentication required',
    'mailbox is over quota',
    'message too large',
    'rate limit exceeded',
    'connection timed out',
  ]) {
    t.same(
      hard.map(({ text }) => `${text}; ${doubt}`).filter(text => classifyReply(text).type === 'hard'),
      [],
      doubt,
    )
  }
})

t.test('every golden mail has its verdicts', async t => {
  const golden = new URL('../golden/', import.meta.url)
  const rows = readFileSync(new URL('verdicts.txt', golden), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  const names = readdirSync(new URL('mail/', golden)).filter(name => name.endsWith('.json'))
  t.same(rows.map(row => `${row.split(' ')[0]}.json`).sort(), names.sort(), 'one row a mail')
  for (const row of rows) {
    const [name = '', ...expected] = row.split(' ')
    const report = JSON.parse(readFileSync(new URL(`mail/${name}.json`, golden), 'utf8')) as Report
    const verdicts = report.recipients.map(one =>
      one.action === 'failed' || one.action === 'delayed' ? classifyRecipient(one, report).category : one.action,
    )
    t.same(verdicts.length === 0 ? [report.kind] : verdicts, expected, name)
  }
})

t.test('living addresses whose replies fool others are soft', async t => {
  const rows: readonly (readonly [reply: string, category: Category])[] = [
    ['550-Verification failed for <b-token@bounces.example.com>\n550-No Such User Here\n550 Sender verify failed', 'relay_config'],
    [
      '550-The mail server could not deliver mail to b-token@bounces.example.com. The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.\n550 Sender verify failed',
      'relay_config',
    ],
    ['550 Sender verify failed', 'relay_config'],
    [
      '550 5.7.1 The group you tried to contact (info) may not exist, or you may not have permission to post messages to the group.',
      'recipient_policy',
    ],
    ['550-Requested action not taken: mailbox unavailable\n550 Sender address is not allowed', 'relay_config'],
    ['550-Requested action not taken: mailbox unavailable\n550 A line that nobody has seen', 'unclassified'],
    [
      '550 5.1.1 <x@example.com>: Recipient address rejected: undeliverable address: host mx[192.0.2.4] said: 554 5.7.1 Client host [192.0.2.10] blocked using zen.spamhaus.org',
      'sender_blocked',
    ],
    ['Amazon SES did not send the message to this address because it is on the suppression list for your account', 'recipient_policy'],
    ['550 5.1.8 Access denied, bad outbound sender', 'sender_blocked'],
    ['550 5.7.30 Basic authentication is not supported for Client Submission', 'relay_config'],
    ['550 5.6.7 Address is internationalized: SMTPUTF8 required', 'relay_config'],
    ['550 5.1.1 <x@example.com> Greylisting in action, please try later', 'temporary'],
    ['554 5.7.1 <x@example.com>: Recipient address rejected: Access denied', 'recipient_policy'],
    ['550 5.7.1 No such user on this list; refused by policy', 'recipient_policy'],
    ['554 5.7.26 Unauthenticated mail', 'auth_failed'],
    ['550 User unknown; your IP is on a block list', 'sender_blocked'],
  ]
  for (const [text, category] of rows) {
    const verdict = classifyReply(text)
    t.equal(verdict.type, 'soft', text)
    t.equal(verdict.category, category, text)
  }
})

t.test('dead addresses that are often missed are hard', async t => {
  t.equal(
    classifyReply('554 5.7.1 <x@example.com>: Recipient address rejected: Access denied', { host: 'in.tmes.trendmicro.eu' }).category,
    'invalid_address',
  )
  for (const text of [
    '550 #5.1.0 Address rejected.',
    '550 cuda_nsu 5.1.1 <x@example.com>: Recipient address rejected',
    '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550',
    '542 x@example.com Rejected',
    '550 5.7.1 No such user!',
    '550 5.5.0 Requested action not taken: mailbox unavailable',
  ]) {
    t.equal(classifyReply(text).category, 'invalid_address', text)
  }
})

t.test('what Exchange says of a tenant it cannot tell apart asks for two mails on two days', async t => {
  const verdict = classifyReply(
    '550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [AM1.eop-EUR01.prod.protection.outlook.com]',
  )
  t.match(verdict, { category: 'invalid_address', type: 'hard', confirm: { mails: 2, distinctDays: 2 } })
})

t.test('before RCPT nothing is the address’s fault', async t => {
  for (const phase of ['connect', 'ehlo', 'auth', 'mail'] as Phase[]) {
    for (const text of ['550 5.1.1 User unknown', '550 5.2.1 Mailbox disabled', '552 5.2.2 Mailbox full', '556 5.1.10 nullMX']) {
      const verdict = classifyReply(text, { phase })
      t.equal(verdict.type, 'soft', `${phase}: ${text}`)
      t.not(verdict.fault, 'recipient', `${phase}: ${text}`)
    }
  }
})

t.test('after the dot a reply to several recipients condemns none', async t => {
  const text = '550 5.1.1 User unknown'
  t.equal(classifyReply(text, { phase: 'data' }).type, 'hard')
  t.equal(classifyReply(text, { phase: 'data', recipientCount: 2 }).type, 'soft')
})

t.test('a 4yz is temporary at SMTP time, whatever it says', async t => {
  t.match(classifyReply('450 4.1.1 <x@example.com>: User unknown'), { category: 'temporary', type: 'soft' })
  t.match(classifyReply('450 4.1.1 unverified address: host mx[192.0.2.4] said: 550 5.1.1 User unknown'), { type: 'soft' })
  t.match(classifyReply('550 5.1.1 <x@example.com>: User unknown'), { type: 'hard' })
})

t.test('an address of ours in the reply makes it our fault', async t => {
  const text = '550 5.1.1 <b-token@bounces.example.com>: User unknown'
  t.match(classifyReply(text), { type: 'hard' })
  t.match(classifyReply(text, { ours: ['B-token@bounces.example.com'] }), {
    category: 'relay_config',
    type: 'soft',
    rule: 'names-our-address',
  })
  t.match(
    classifyReply(text, { ours: ['b-token@bounces.example.com'], recipient: 'b-token@bounces.example.com' }),
    { type: 'hard' },
    'mail to oneself',
  )
})

t.test('a reply value is read as its text is', async t => {
  t.match(classifyReply(reply(550, '5.1.1', 'User unknown')), { category: 'invalid_address' })
  t.match(classifyReply(reply(550, null, 'Requested action not taken: mailbox unavailable', 'Sender address is not allowed')), {
    category: 'relay_config',
  })
})

const failed = (diagnostic: string | null, more: Partial<ReportedRecipient> = {}): ReportedRecipient => ({
  address: 'jean@example.com',
  originalAddress: null,
  action: 'failed',
  status: null,
  replyCode: null,
  diagnostic,
  remoteMta: null,
  ...more,
})
const reportOf = (...recipients: ReportedRecipient[]): Report => ({
  kind: 'bounce',
  recipients,
  reportingMta: null,
  originalEnvelopeId: null,
  originalMessageId: null,
  from: null,
  subject: null,
  messageId: null,
})
const verdictOn = (recipient: ReportedRecipient, ...others: ReportedRecipient[]): Verdict =>
  classifyRecipient(recipient, reportOf(recipient, ...others))

t.test('the recipient of a report', async t => {
  t.match(verdictOn(failed('550 5.1.1 User unknown')), { category: 'invalid_address', type: 'hard' })
  t.match(verdictOn(failed(null, { status: '5.1.1' })), { category: 'invalid_address', rule: 'rfc3463-x.1.1' }, 'status alone')
  t.match(verdictOn(failed(null, { status: '5.0.0' })), { category: 'unclassified' }, '5.0.0 says nothing')
  t.match(verdictOn(failed('552 Mailbox full', { status: '5.1.1' })), { category: 'mailbox_full' }, 'words beat the status')
  t.match(
    verdictOn(failed('450 User unknown in local recipient table')),
    { category: 'invalid_address', type: 'hard' },
    'a final report may say it of a 450',
  )
  t.match(verdictOn(failed('450 4.7.1 Greylisted, user unknown')), { category: 'temporary', type: 'soft' })
  t.match(verdictOn(failed('The recipient server did not accept our requests to connect.')), { category: 'no_answer' })
  t.match(
    verdictOn(failed("DNS type 'mx' lookup of example.com responded with code NXDOMAIN", { status: '4.0.0' })),
    { type: 'soft' },
    'a 4.x.x is no dead domain',
  )
})

t.test('a delayed recipient is never hard', async t => {
  for (const [diagnostic, category] of [
    ['550 5.1.1 User unknown', 'temporary'],
    ['550 5.1.2 Host unknown', 'no_answer'],
    ['452 4.2.2 Mailbox full', 'mailbox_full'],
    ['connect to mx.example.com: Connection timed out', 'no_answer'],
    ['', 'temporary'],
  ] as const) {
    t.match(verdictOn(failed(diagnostic, { action: 'delayed' })), { category, type: 'soft' }, diagnostic)
  }
})

t.test('a reply to the dot, copied to several recipients of a report, condemns only the one it names', async t => {
  const words = (who: string) => `host mx.example.com[192.0.2.4] said: 550 5.1.1 ${who}User unknown (in reply to end of DATA command)`
  const other = failed(words(''), { address: 'paul@example.com' })
  t.equal(verdictOn(failed(words(''))).type, 'hard', 'one recipient')
  t.equal(verdictOn(failed(words('')), other).type, 'soft', 'two')
  t.equal(verdictOn(failed(words('<jean@example.com> ')), other).type, 'hard', 'named')
})

t.test('any reply gets a verdict that is in the vocabulary', async t => {
  const phases: readonly Phase[] = ['connect', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'report']
  const valid = ({ category, type, fault, rule }: Verdict) => {
    const facts = categoryFacts[category]
    return categories.includes(category) && facts.type === type && facts.fault === fault && rule !== ''
  }
  const mixed = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.constantFrom('550-', '550 5.1.1 ', 'said: ', '\n', 'user ', 'unknown ', '@', 'a@b.example ', '[::1]'),
      ),
    )
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(mixed, fc.constantFrom(...phases), fc.option(fc.string({ maxLength: 20 })), (text, phase, host) => {
      return valid(classifyReply(text, { phase, host })) && valid(verdictOn(failed(text, { remoteMta: host })))
    }),
  )
  t.pass()
})

t.test('hostile replies of 64 KiB end', async t => {
  const unit = [
    '550 ',
    'user ',
    'said: 550 ',
    'host a ',
    '550-',
    '1.',
    'a@',
    '((',
    'http://',
    'не найден ',
    '用户',
    '\n',
    'mailbox user recipient ',
    "'",
    ':',
    'a.b.',
  ]
  for (const one of unit) {
    const text = `550 ${one.repeat(Math.ceil(65_536 / one.length))}`
    t.ok(classifyReply(text).rule, JSON.stringify(one))
  }
})
