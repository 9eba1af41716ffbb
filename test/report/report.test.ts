import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseDeliveryStatus } from '../../src/report/delivery-status.ts'
import { cleanDiagnostic, hostIn, replyCodeIn, statusIn } from '../../src/report/diagnostic.ts'
import { parseReportDirect } from '../../src/report/direct.ts'
import { splitAtOriginal } from '../../src/report/enclosed.ts'
import { parseReport, parseReportGeneral } from '../../src/report/general.ts'
import { readMail } from '../../src/report/mail.ts'
import { readReport } from '../../src/report/read-report.ts'
import type { Report } from '../../src/report/report.ts'
import { addressesIn, parseReportedAddress } from '../../src/report/text-address.ts'

const golden = fileURLToPath(new URL('../golden/mail/', import.meta.url))
const corpus = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url))
const mails = readdirSync(golden)
  .filter(name => name.endsWith('.eml'))
  .map(name => ({
    name,
    raw: readFileSync(golden + name),
    expected: JSON.parse(readFileSync(golden + name.replace('.eml', '.json'), 'utf8')) as Report,
  }))

t.test('every golden mail gives the report beside it', async t => {
  for (const { name, raw, expected } of mails) t.same(await parseReport(raw), expected, name)
})

t.test('the direct reader and mailparser give the same report wherever both apply', async t => {
  for (const { name, raw } of mails) {
    const direct = parseReportDirect(raw)
    if (direct) t.same(await parseReportGeneral(raw), direct, name)
    else t.match(name, /broken/, `${name} is for mailparser`)
  }
})

t.test('line ends change nothing', async t => {
  for (const { name, raw, expected } of mails) {
    const text = raw.toString('latin1').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
    for (const end of ['\n', '\r\n', '\r']) {
      const report = readReport(readMail(Buffer.from(text.replaceAll('\n', end), 'latin1')))
      t.same([report.kind, report.recipients], [expected.kind, expected.recipients], `${name} with ${JSON.stringify(end)}`)
    }
  }
})

t.test('a mail that is none of a mail system names nobody', async t => {
  for (const { name, expected } of mails.filter(mail => mail.name.startsWith('not-'))) {
    t.ok(expected.kind === 'other' || expected.kind === 'auto_reply', name)
    t.same(expected.recipients, [], name)
  }
})

t.test('the groups of a delivery status are told apart by their fields', async t => {
  const two = [
    'Final-Recipient: rfc822; a@b',
    'Action: failed',
    'Status: 5.1.1',
    'Final-Recipient: rfc822; c@d',
    'Action: delayed',
    'Status: 4.2.2',
  ]
  const spread = two.join('\n\n')
  for (const [text, addresses] of [
    [`Reporting-MTA: dns; mx\n\n${two.slice(0, 3).join('\n')}\n\n${two.slice(3).join('\n')}`, ['a@b', 'c@d']],
    [`Reporting-MTA: dns; mx\n${two.join('\n')}`, ['a@b', 'c@d']],
    [spread, ['a@b', 'c@d']],
    ['Original-Recipient: <a@b>\nAction: failed\n', ['a@b']],
    ['Reporting-MTA: dns; mx\n\n', []],
    ['', []],
  ] as const) {
    const { recipients } = parseDeliveryStatus(text)
    t.same(
      recipients.map(one => one.address),
      addresses,
      JSON.stringify(text),
    )
  }
  t.match(parseDeliveryStatus('Final-Recipient: rfc822;a@b\nStatus: 5.1.1 (bad mailbox)\nAction: Failed (final)'), {
    recipients: [{ action: 'failed', status: '5.1.1' }],
  })
})

t.test('addresses are read in every dress', async t => {
  for (const [value, address] of [
    ['rfc822; a@b', 'a@b'],
    ['RFC822;<a@b>', 'a@b'],
    ['rfc822;a@b>', 'a@b'],
    ['<a@b> (Jean)', 'a@b'],
    ['utf-8; \\x{e9}@b', 'é@b'],
    ['rfc822;a+40b.example', 'a@b.example'],
    ['x400; /G=J/S=P/', '/G=J/S=P/'],
    ['unknown; jean', 'jean'],
    ['rfc822; @mx.example.org', null],
    ['LOCAL;<>', null],
    ['', null],
  ] as const)
    t.equal(parseReportedAddress(value), address, value)
  for (const [line, addresses] of [
    ['<a@b.c>: and "d e"@f.g, o\'h@i.j.', ['a@b.c', '"d e"@f.g', "o'h@i.j"]],
    ['a@b.cさん mailto:k@l.m RCPT=n@o.p', ['a@b.c', 'k@l.m', 'n@o.p']],
    ['bounce-a=b.c@d.e', ['bounce-a=b.c@d.e']],
    ['@ a@ @b a @ b', []],
  ] as const)
    t.same(
      addressesIn(line).map(one => one.address),
      addresses,
      line,
    )
})

t.test('codes, status and host are found where servers put them', async t => {
  for (const [text, code, status, host] of [
    ['550 5.1.1 User unknown', 550, '5.1.1', null],
    ['host mx.example.org[1.2.3.4] said: 451 4.7.1 later (in reply to RCPT TO command)', 451, '4.7.1', 'mx.example.org'],
    ['SMTP error from remote mail server after MAIL FROM:<a@b> SIZE=512: host mx.x.org [1.2.3.4]: 550 no', 550, null, 'mx.x.org'],
    ['Remote host said: 250 ok 550 no', 550, null, null],
    ['Sorry, no mailbox here by that name. (#5.1.1)', null, '5.1.1', null],
    ['550 #5.1.0 Address rejected.', 550, '5.1.0', null],
    ['connect to 10.5.5.0:25, 450ms, port 465, id 550e8400', null, null, null],
    ['[554 5.4.6 Hop count exceeded]', 554, '5.4.6', null],
  ] as const) {
    t.equal(replyCodeIn(text), code, text)
    t.equal(statusIn(text), status, text)
    t.equal(hostIn(text), host, text)
  }
  t.equal(cleanDiagnostic('550-5.1.1 one\n\ttwo\r\n550-5.1.1 three 550 5.1.1 four'), '550-5.1.1 one two\n550-5.1.1 three\n550 5.1.1 four')
  t.equal(cleanDiagnostic('\0\x07 \n'), null)
  t.equal(cleanDiagnostic('x'.repeat(9_000))?.length, 2_000)
})

t.test('the words of a mail system end where the copy begins', async t => {
  for (const line of [
    '--- Below this line is a copy of the message.',
    '------ This is a copy of the message, including all the headers. ------',
    '----- Original message -----',
    'Message headers follow:',
    'Oorspronkelijke berichtkoppen:',
    'Ursprüngliche Nachrichtenkopfzeilen:',
    'En-têtes de message d’origine :',
  ])
    t.same(splitAtOriginal(`words\n${line}\n\nReceived: by x\nSubject: s\n`).original?.first('subject'), 's', line)
  t.equal(splitAtOriginal('words\nReceived: by x\n\tfor y\nDate: now\nSubject: s\n\nbody').words, 'words\n')
  t.equal(splitAtOriginal('Your message\nTo: a@b\nSubject: s\nDate: now\nDid not reach c@d').original, null)
})

t.test('nothing that is cut, flipped or repeated makes a reader throw', async t => {
  for (const { name, raw } of mails) {
    for (let i = 1; i <= 50; i++) readReport(readMail(raw.subarray(0, Math.floor((raw.length * i) / 50))))
    const flipped = Buffer.from(raw)
    for (let i = 0, at = 7; i < 60; i++, at = (at * 31 + 17) % raw.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8))
    t.doesNotThrow(() => readReport(readMail(flipped)), name)
  }
  const open = 'From: MAILER-DAEMON@x\nContent-Type: multipart/mixed; boundary=b\n\n'
  for (const [what, text] of [
    ['900 nested parts', Array.from({ length: 900 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join('')],
    ['10,000 parts', `${open}${'--b\n\nx\n'.repeat(10_000)}`],
    ['50 MB', `${open}--b\n\n${'<a@b>: x\n'.repeat(5_600_000)}`],
    ['5 MB of tags', `From: MAILER-DAEMON@x\nContent-Type: text/html\n\n${'<p><b'.repeat(1_000_000)}`],
    ['a hostile charset', `From: MAILER-DAEMON@x\nContent-Type: text/plain; charset="${'x'.repeat(5_000)}"\n\n\xff`],
    ['utf-16 that is none', 'From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=utf-16le\n\nFinal-Recipient: rfc822; a@b\n'],
    ['100,000 brackets', `From: MAILER-DAEMON@x\nSubject: failure notice\n\n${'(<"['.repeat(25_000)}`],
  ] as const)
    t.doesNotThrow(() => readReport(readMail(Buffer.from(text, 'latin1'))), what)
})

type Label = {
  readonly file: string
  readonly kind: string
  readonly ambiguous?: boolean
  readonly recipients: readonly { readonly address?: string; readonly also?: readonly string[] }[]
}

t.test('the labelled corpus', { skip: existsSync(corpus) ? false : `NOT RUN: the corpus is not at ${corpus}` }, async t => {
  const labels = readFileSync(`${corpus}labels.jsonl`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Label)
  const count = { named: 0, found: 0, others: 0, taken: 0 }
  const differ: string[] = []
  for (const { file, kind, recipients } of labels.filter(label => !label.ambiguous)) {
    const raw = readFileSync(corpus + file)
    const direct = parseReportDirect(raw)
    const general = await parseReportGeneral(raw)
    if (direct && JSON.stringify(direct) !== JSON.stringify(general)) differ.push(file)
    const report = direct ?? general
    const failure = report.kind === 'bounce' || report.kind === 'delay'
    if (kind !== 'bounce' && kind !== 'delay') {
      count.others++
      if (failure) count.taken++
      continue
    }
    const named = new Set(report.recipients.flatMap(one => [one.address?.toLowerCase(), one.originalAddress?.toLowerCase()]))
    for (const { address, also = [] } of recipients) {
      if (address === undefined) continue
      count.named++
      if (failure && [address, ...also].some(one => named.has(one.toLowerCase()))) count.found++
    }
  }
  t.same(differ, [], 'both parsers agree')
  t.ok(count.found / count.named >= 0.99, `recipients found: ${count.found} of ${count.named}`)
  t.ok(count.taken <= 1, `non-bounces taken for bounces: ${count.taken} of ${count.others}`)
})
