/**
 * Lists of addresses: who wrote them, what each line says, and files that are broken or mean harm.
 */
import fc from 'fast-check'
import t from 'tap'
import { defuse, undefuse } from '../../src/block-file/formulas.ts'
import { parseListTime } from '../../src/block-file/list-time.ts'
import type { Listed } from '../../src/block-file/listing.ts'
import { createListReader } from '../../src/block-file/read-list.ts'
import { maxLineOctets } from '../../src/block-file/text-lines.ts'
import { csvHeader, formatCsv, type OwnRow } from '../../src/block-file/write-list.ts'

/** Reads a list in pieces of `size` octets. */
function readAll(text: string | Buffer, type: 'csv' | 'ndjson' = 'csv', size = Number.POSITIVE_INFINITY) {
  const reader = createListReader(type)
  const octets = Buffer.from(text)
  const lines: Listed[] = []
  for (let at = 0; at < octets.length; at += size) lines.push(...reader.read(octets.subarray(at, at + size)))
  lines.push(...reader.end())
  return { lines, refused: reader.refused, title: reader.title }
}

/** A result in one line. */
function said(one: Listed): string {
  if (!one.ok) return `${one.line} ${one.why}`
  const { fate, address, category, rule } = one.listing
  return `${one.line} ${fate} ${address} ${category}${rule === null ? '' : ` ${rule}`}`
}

t.test('the lists of mailing services are known by their columns; only what is dead is dead', async t => {
  for (const [title, text, expected] of [
    [
      'Amazon SES suppression list',
      'EmailAddress,Reason,LastUpdateTime\na@x.example,BOUNCE,2026-01-02T03:04:05Z\nb@x.example,COMPLAINT,\nc@x.example,OTHER,\n',
      [
        '2 dead a@x.example invalid_address listed-by-ses',
        '3 complaint b@x.example manual',
        '4 says "OTHER", which is nothing known of Amazon SES suppression list',
      ],
    ],
    [
      'Amazon SES suppression list',
      'a@x.example,BOUNCE\nb@x.example,complaint\n',
      ['1 dead a@x.example invalid_address listed-by-ses', '2 complaint b@x.example manual'],
    ],
    [
      'Mailgun bounces',
      'address,code,error,created_at\na@x.example,550,5.1.1 No such user here,"Fri, 21 Oct 2011 11:02:55 GMT"\nb@x.example,552,5.2.2 mailbox full,\nc@x.example,605,Not delivering to previously bounced address,\nd@x.example,607,Not delivering to a user who marked your messages as spam,\ne@x.example,550,5.7.1 blocked using Spamhaus,\n',
      [
        '2 dead a@x.example invalid_address',
        '3 alive b@x.example mailbox_full',
        '4 dead c@x.example invalid_address listed-by-mailgun',
        '5 complaint d@x.example manual',
        '6 alive e@x.example sender_blocked',
      ],
    ],
    ['Mailgun unsubscribes', 'address,tags,created_at\na@x.example,*,\n', ['2 unsubscribed a@x.example manual']],
    ['Mailgun complaints', 'address,created_at\na@x.example,\n', ['2 complaint a@x.example manual']],
    [
      'Postmark suppressions',
      'EmailAddress,SuppressionReason,Origin,CreatedAt\na@x.example,HardBounce,Recipient,2026-01-02T03:04:05-05:00\nb@x.example,SpamComplaint,Recipient,\nc@x.example,ManualSuppression,Customer,\n',
      ['2 dead a@x.example invalid_address listed-by-postmark', '3 complaint b@x.example manual', '4 unsubscribed c@x.example manual'],
    ],
    [
      'Postmark bounces',
      'ID;Type;Email;Details;BouncedAt\n1;HardBounce;a@x.example;smtp;550 5.1.1 User unknown;\n2;SoftBounce;b@x.example;;\n'.replace(
        'smtp;550',
        'smtp: 550',
      ),
      ['2 dead a@x.example invalid_address', '3 alive b@x.example manual'],
    ],
    [
      'SendGrid bounces',
      'status,reason,email,created\n5.1.1,550 5.1.1 The email account that you tried to reach does not exist,a@x.example,1700000000\n5.7.1,550 5.7.1 blocked: SPF check failed,b@x.example,1700000000\n',
      ['2 dead a@x.example invalid_address', '3 alive b@x.example auth_failed'],
    ],
    ['SendGrid spam reports', 'ip,email,created\n192.0.2.1,a@x.example,1700000000\n', ['2 complaint a@x.example manual']],
    ['SendGrid unsubscribes', 'email,created\na@x.example,1700000000\n', ['2 unsubscribed a@x.example manual']],
    [
      'Brevo logs',
      'st_text;ts;sub;frm;email;tag;mid\nHard bounce;24-11-2026 09:00:00;Hi;us@y.example;a@x.example;;\nSoft bounce;;;;b@x.example;;\nDelivered;;;;c@x.example;;\nUnsubscribed;;;;d@x.example;;\n',
      [
        '2 dead a@x.example invalid_address listed-by-brevo-logs',
        '3 alive b@x.example manual',
        '4 alive c@x.example manual',
        '5 unsubscribed d@x.example manual',
      ],
    ],
    [
      'listmonk subscribers',
      'uuid,email,name,attributes,status,created_at,updated_at\nu,a@x.example,A,"{""k"": ""v, w""}",blocklisted,,\nu,b@x.example,B,{},enabled,,\n',
      ['2 dead a@x.example manual', '3 alive b@x.example manual'],
    ],
    [
      'listmonk bounces',
      'type,email,source,created_at\nhard,a@x.example,api,\nsoft,b@x.example,api,\n',
      ['2 dead a@x.example invalid_address listed-by-listmonk-bounces', '3 alive b@x.example manual'],
    ],
    ['list of addresses', 'Email\tReason\na@x.example\tasked us\n', ['2 dead a@x.example manual']],
    [
      'list of addresses',
      'a@x.example\n\n"""b c""@x.example"\nnobody\n',
      ['1 dead a@x.example manual', '3 dead "b c"@x.example manual', '4 must hold a mail address'],
    ],
  ] as const) {
    const list = readAll(text)
    t.equal(list.refused, null, title)
    t.equal(list.title, title)
    t.equal(list.lines.length, expected.length, title)
    for (const [index, words] of expected.entries()) t.match(said(list.lines[index] as Listed), words, `${title}: ${words}`)
  }
})

t.test('the same lists as JSON, one object a line; each is known by its own fields', async t => {
  const { lines } = readAll(
    [
      { EmailAddress: 'a@x.example', Reason: 'BOUNCE', LastUpdateTime: '2026-01-02T03:04:05.678000+00:00' },
      {
        email: 'b@x.example',
        senderEmail: 'us@y.example',
        reason: { code: 'hardBounce', message: '550 5.1.1 user unknown' },
        blockedAt: '2026-01-02T03:04:05Z',
      },
      { email: 'c@x.example', reason: { code: 'unsubscribedViaEmail' }, blockedAt: '2026-01-02T03:04:05Z' },
      { created: 1443651125, email: 'd@x.example', reason: '550 5.1.1 no such user', status: '5.1.1' },
      { address: 'e@x.example', code: '550', error: '5.1.1 no such user', created_at: 'Fri, 21 Oct 2011 11:02:55 UTC' },
      { nothing: 'known' },
      ['f@x.example'],
    ]
      .map(one => JSON.stringify(one))
      .join('\n'),
    'ndjson',
  )
  t.strictSame(
    lines.map(one => (one.ok ? one.listing.fate : 'invalid')),
    ['dead', 'dead', 'unsubscribed', 'dead', 'dead', 'invalid', 'invalid'],
  )
  t.strictSame(
    lines.slice(0, 5).map(one => one.ok && one.listing.since),
    [
      Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      Date.UTC(2026, 0, 2, 3, 4, 5),
      Date.UTC(2026, 0, 2, 3, 4, 5),
      1443651125000,
      Date.UTC(2011, 9, 21, 11, 2, 55),
    ],
  )
})

t.test('a file that is no list is refused as a whole, and says what is known', async t => {
  for (const text of ['name,phone\nJean,123\n', '<html>\n', 'no address here\n']) {
    const { refused, lines } = readAll(text)
    t.match(refused, /must name the columns of one of: rebond export, Mailgun bounces, .*; it holds "/, text)
    t.same(lines, [])
  }
  t.same(readAll(''), { lines: [], refused: null, title: null })
})

t.test('a hostile line costs itself an error, and its neighbours nothing', async t => {
  const good = (name: string) => `${name}@x.example,bad\n`
  for (const [what, line, why] of [
    ['NUL', 'nul\0@x.example,bad\n', 'the line holds NUL'],
    ['a line of a megabyte', `${'x'.repeat(1_000_000)}\n`, `the line is over ${maxLineOctets} octets`],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x41, 0x0a]), 'the line is not UTF-8'],
    ['quotes within cells', 'a"b@x.example,"bad\n', 'the quotes in the line are not those of CSV'],
    ['a quote that ends too early', '"a@x.example"b,bad\n', 'the quotes in the line are not those of CSV'],
    ['a quote that never ends', '"open@x.example,bad\n', 'a quoted cell has no end'],
    ['no address', 'nobody,bad\n', 'must hold a mail address'],
  ] as const) {
    const many = Array.from({ length: 30 }, (_, index) => good(`u${index}`)).join('')
    const file = Buffer.concat([Buffer.from(`address,reason\n${good('first')}`), Buffer.from(line), Buffer.from(many)])
    for (const size of [1 << 20, 4096, 7]) {
      const { lines } = readAll(file, 'csv', size)
      t.equal(lines.length, 32, what)
      t.match(lines[1], { line: 3, ok: false, why }, what)
      t.ok(
        lines.every((one, index) => one.line === index + 2 && one.ok === (index !== 1)),
        `${what}: the others stand, each at its own line`,
      )
    }
  }
})

t.test('quoted cells hold separators, quotes and line ends; BOM, CRLF and a last line without an end are read', async t => {
  const { lines } = readAll('\ufeffaddress,reason\r\n"a@x.example","said ""no"",\r\ntwice"\r\nb@x.example,x')
  t.match(lines, [
    { line: 2, ok: true, listing: { address: 'a@x.example', evidence: 'said "no",\ntwice' } },
    { line: 4, ok: true, listing: { address: 'b@x.example' } },
  ])
  t.match(readAll(Buffer.from('\ufeffaddress\na@x.example\n', 'utf16le')).lines[0], { ok: false, why: /UTF-16: save it as UTF-8/ })
})

const ownRow = fc.record({
  address: fc.constantFrom(
    'jean@example.com',
    '=cmd@example.com',
    '+1@example.com',
    "'-a@example.com",
    '"a, b"@example.com',
    'ü@exämple.com',
  ),
  since: fc.constantFrom('2026-11-24T09:00:00.123Z', '1999-01-01T00:00:00.000Z'),
  until: fc.constantFrom(null, '2030-01-01T00:00:00.000Z'),
  category: fc.constantFrom('invalid_address', 'mailbox_full', 'manual'),
  type: fc.constantFrom('hard', 'soft'),
  fault: fc.constantFrom('recipient', 'unknown'),
  rule: fc.constantFrom(null, 'rfc3463-x.1.1'),
  evidence: fc.oneof(fc.constantFrom('=1+1', "'=1", '@SUM', '-', '\t', "''+", 'a "b"', 'a,b;c', ''), fc.string({ maxLength: 40 })),
  bounceId: fc.constantFrom(null, '06g0000000000000-abc'),
  messageId: fc.constantFrom(null, '06g0000000000000'),
  by: fc.constantFrom(null, 'Marius', '=Marius'),
})

t.test('what an export writes is read back field for field, one octet at a time too', async () => {
  fc.assert(
    fc.property(fc.array(ownRow, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 3, 10_000), (rows, size) => {
      // Evidence is cleaned of control characters before it is stored.
      const stored: OwnRow[] = rows.map(row => ({ ...row, evidence: row.evidence.replace(/[\0-\x08\x0a-\x1f]/g, '').replace(/^\r/, '') }))
      const { lines, title } = readAll(csvHeader + formatCsv(stored), 'csv', size)
      if (title !== 'rebond export' || lines.length !== rows.length) return false
      return lines.every((one, index) => {
        if (!one.ok) return false
        const { key: _key, fate: _fate, since, until, ...rest } = one.listing
        const row = stored[index]
        return (
          since === Date.parse(row?.since ?? '') &&
          until === (row?.until ? Date.parse(row.until) : null) &&
          Object.entries(rest).every(([name, value]) => (value ?? '') === (row?.[name as keyof OwnRow] ?? ''))
        )
      })
    }),
  )
})

t.test('no cell of an export begins a formula, and every cell comes back', async t => {
  for (const cell of ['=1', '+1', '-1', '@x', '\tx', '\rx', "'=1", "''@", 'plain', "'plain", '', '1=1'])
    t.equal(undefuse(defuse(cell)), cell, JSON.stringify(cell))
  fc.assert(fc.property(fc.string(), cell => !/^[=+\-@\t\r]/.test(defuse(cell)) && undefuse(defuse(cell)) === cell))
})

t.test('what is wrong with a line of our own is said, field by field', async t => {
  const head = 'address,since,until,category,type,fault\n'
  for (const [line, why] of [
    ['nobody,,,manual,,', 'address: must be a mail address'],
    ['a@x.example,,,lazy,,', /^category: must be one of invalid_address, /],
    ['a@x.example,,,manual,squishy,', 'type: must be hard or soft'],
    ['a@x.example,,,manual,,yours', /^fault: must be one of/],
    ['a@x.example,yesterday,,manual,,', /^since: must be a time/],
    ['a@x.example,,2026-13-01,manual,,', /^until: must be a time/],
  ] as const)
    t.match(readAll(`${head}${line}\n`).lines, [{ ok: false, why }], line)
})

t.test('times are read as other people write them, or not at all', async t => {
  const at = Date.UTC(2026, 10, 24, 9, 5, 6)
  for (const text of [
    '2026-11-24T09:05:06Z',
    '2026-11-24T10:05:06+01:00',
    '2026-11-24 09:05:06',
    '2026-11-24 09:05:06 UTC',
    '24-11-2026 09:05:06',
    'Tue, 24 Nov 2026 09:05:06 GMT',
    'Tue, 24 Nov 2026 10:05:06 +0100',
    String(at),
    String(at / 1000),
  ])
    t.equal(parseListTime(text), at, text)
  for (const text of [undefined, '', 'yesterday', '2026-13-01', '11/24/2026', '-1', '12345678901234567890'])
    t.equal(parseListTime(text), null, String(text))
})

t.test('no octets make a reader throw, and it answers the same in whatever pieces they come', async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          'address,reason\n',
          'a@x.example,b\n',
          '"',
          ',',
          ';',
          '\r\n',
          '\n',
          '\0',
          'email,status\n',
          '{"email":"a@x.example"}\n',
          '\u00e9',
          '""',
        ),
      ),
      fc.constantFrom('csv' as const, 'ndjson' as const),
      (parts, type) => {
        const whole = readAll(parts.join(''), type)
        const pieces = readAll(parts.join(''), type, 1)
        return JSON.stringify(whole) === JSON.stringify(pieces)
      },
    ),
  )
})
