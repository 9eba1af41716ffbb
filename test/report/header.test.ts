import fc from 'fast-check'
import t from 'tap'
import { parseAddressList } from '../../src/report/address-list.ts'
import { decodeOctets, guessCharset } from '../../src/report/charset.ts'
import { parseContentType } from '../../src/report/content-type.ts'
import { decodeHeaderText } from '../../src/report/encoded-words.ts'
import { maxHeadOctets, parseHeader } from '../../src/report/header.ts'
import { htmlToText } from '../../src/report/html-text.ts'
import { decodeTransfer, isTransferEncoding } from '../../src/report/transfer-encoding.ts'

const header = (text: string) => parseHeader(Buffer.from(text, 'latin1'))
const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

t.test('a header is read up to the empty line, its fields unfolded, whatever ends its lines', async t => {
  const text = 'Subject: one\n two\n\tthree\nTo: a@b\nX-Empty:\nto: c@d\n\nBody: no'
  for (const end of ['\r\n', '\n', '\r', '\r\r\n']) {
    const read = header(text.replaceAll('\n', end))
    t.equal(read.first('subject'), 'one two three', JSON.stringify(end))
    t.same(read.all('to'), ['a@b', 'c@d'])
    t.equal(read.first('x-empty'), '')
    t.equal(read.first('body'), null)
    t.equal(text.replaceAll('\n', end).slice(read.bodyStart), 'Body: no', 'the body begins behind the empty line')
  }
})

t.test('what stands in a header and is no field is passed over', async t => {
  const read = header('From sender Tue Nov 24\r\nA: 1\r\nno field\r\n folded onto nothing\r\nB : 2\r\n: 3\r\nC D: 4\r\n\r\n')
  t.same(
    read.fields.map(field => [field.name, field.value]),
    [
      ['a', '1'],
      ['b', '2'],
    ],
  )
  t.equal(header('\xef\xbb\xbfFrom: a@b\r\n\r\n').first('from'), 'a@b', 'a byte order mark')
})

t.test('a mail without any header is all body', async t => {
  for (const body of ['Hi. This is a notice.\nx: y\n\n', '  indented\nA: b\n', '']) {
    const read = header(body)
    t.same(read.fields, [])
    t.equal(read.bodyStart, 0)
  }
})

t.test('a header of 10 MB is bounded', async t => {
  t.ok(header(`A: ${'x'.repeat(10_000_000)}`).bodyStart <= maxHeadOctets)
  t.ok(header('A: b\n'.repeat(1_000_000)).fields.length <= 2_000)
})

t.test('encoded words are decoded as RFC 2047 and the field want it', async t => {
  for (const [raw, text] of [
    ['plain', 'plain'],
    ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    ['=?utf-8?Q?J=C3=A9r=C3?=\r\n =?utf-8?Q?=B4me?=', 'Jérôme'],
    ['=?utf-8*en?b?w6k=?=', 'é'],
    ['=?iso-2022-jp?B?GyRCR1tBdyROJCpDTiRpJDsbKEI=?=', '配送のお知らせ'],
    ['=?koi8-r?B?79vJwsvB?=', 'Ошибка'],
    ['=?gb2312?B?z7XNs83L0MU=?=', '系统退信'],
    ['=?no-such-charset?Q?caf=E9_x?=', 'café x'],
    ['=?utf-8?Q?not closed', '=?utf-8?Q?not closed'],
    ['=?utf-8?X?abc?=', '=?utf-8?X?abc?='],
    [latin1('déjà décodé'), 'déjà décodé'],
    ['d\xe9j\xe0', 'déjà'],
    ['a\0b', 'a b'],
  ] as const)
    t.equal(decodeHeaderText(raw), text, raw)
})

t.test('an address list gives names and addresses in all their shapes', async t => {
  for (const [raw, list] of [
    ['a@b', [[null, 'a@b']]],
    ['<a@b>', [[null, 'a@b']]],
    [
      '"Doe, \\"J\\"" <x@y>, Jean Petit <j@p>',
      [
        ['Doe, "J"', 'x@y'],
        ['Jean Petit', 'j@p'],
      ],
    ],
    ['a@b (Mail System)', [['Mail System', 'a@b']]],
    ['=?utf-8?Q?J=C3=A9r=C3=B4me?= <a@b>', [['Jérôme', 'a@b']]],
    [
      'Team: a@b, C <c@d>;, e@f',
      [
        [null, 'a@b'],
        ['C', 'c@d'],
        [null, 'e@f'],
      ],
    ],
    ['<@one,@two:a@b>', [[null, 'a@b']]],
    ['"quoted@local"@example.com', [[null, '"quoted@local"@example.com']]],
    ['undisclosed-recipients:;', []],
    ['Mail Delivery System', []],
    ['<>', []],
    ['a@b (never closed', [['never closed', 'a@b']]],
    ['', []],
  ] as const)
    t.same(
      parseAddressList(raw).map(one => [one.name, one.address]),
      list,
      raw,
    )
})

t.test('octets nobody declared are guessed by what they look like', async t => {
  // "Message not delivered to the recipient" and its like, as each charset writes it.
  for (const [hex, charset, text] of [
    ['f3cfcfc2ddc5cec9c520cec520c4cfd3d4c1d7ccc5cecf', 'koi8-r', 'Сообщение не доставлено'],
    ['d1eeeee1f9e5ede8e520ede520e4eef1f2e0e2ebe5edee', 'windows-1251', 'Сообщение не доставлено'],
    ['82b182cc88b690e682cd91b68ddd82b582dc82b982f18142', 'shift_jis', 'この宛先は存在しません。'],
    ['a4b3a4ceb0b8c0e8a4cfc2b8bad fa4b7a4dea4bba4f3a1a3'.replace(' ', ''), 'euc-jp', 'この宛先は存在しません。'],
    ['c4fab5c4d3cabcfecedeb7a8cdb6b5dd', 'gb18030', '您的邮件无法投递'],
    ['426f ee7465 20706c65696e6520e020e974e9'.replaceAll(' ', ''), 'windows-1252', 'Boîte pleine à été'],
    [Buffer.from('Boîte 容量').toString('hex'), 'utf-8', 'Boîte 容量'],
  ] as const) {
    const octets = Buffer.from(hex, 'hex')
    t.equal(guessCharset(octets), charset, text)
    t.equal(decodeOctets(octets.toString('latin1'), null), text)
    t.equal(decodeOctets(octets.toString('latin1'), 'us-ascii'), text, 'and where ASCII was promised')
  }
  t.equal(decodeOctets(latin1('déjà'), 'iso-2022-jp'), 'déjà', 'a declared charset that the octets contradict is not believed')
  t.equal(decodeOctets('d\xe9j\xe0', 'utf-8'), 'déjà')
  t.equal(decodeOctets('\x80 \x92', 'iso-8859-1'), '€ ’', 'Windows octets in what says it is Latin-1')
})

t.test('a content type is read with and without its semicolons and quotes', async t => {
  const read = (value: string) => parseContentType(value)
  t.match(read('Multipart/Report; report-type=delivery-status;\tBoundary="a b"'), { type: 'multipart/report', sound: true })
  t.equal(read('multipart/mixed; boundary="a\\"b"; charset=x').parameters.get('boundary'), 'a"b')
  t.equal(read('text/plain charset="iso-2022-jp"').parameters.get('charset'), 'iso-2022-jp')
  t.equal(read('text/plain charset="iso-2022-jp"').sound, false)
  t.match(read('nonsense'), { type: 'text/plain', sound: false })
  t.match(parseContentType(null), { type: 'text/plain', sound: true })
})

t.test('transfer encodings are undone, and what is none is said', async t => {
  t.equal(decodeTransfer('a=3Db=\nc=', 'Quoted-Printable'), 'a=bc=')
  t.equal(decodeTransfer('aGVsbG8=\n--\nA footer that a gateway put there.\n', 'base64'), 'hello')
  t.equal(decodeTransfer('x', '8BIT'), 'x')
  t.equal(decodeTransfer('x', 'x-uuencode'), 'x')
  t.same(['BASE64', '7bit; x', null, 'x-uuencode'].map(isTransferEncoding), [true, true, true, false])
})

t.test('HTML shows its text', async t => {
  const html = '<head><title>no</title></head><style>no</style><p>Boîte &amp; co<br>to &lt;a@b&gt;</p><a@c> &#233;&#x20AC;'
  t.equal(htmlToText(html).trim(), 'Boîte & co\nto <a@b>\n<a@c> é€')
})

t.test('no octets make the readers of headers throw', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (text, octets) => {
      const raw = Buffer.from(octets)
      parseHeader(raw)
      for (const words of [text, raw.toString('latin1'), `=?${text}?b?${text}?=`]) {
        decodeHeaderText(words)
        parseAddressList(words)
        parseContentType(words)
        htmlToText(words)
        decodeTransfer(words, 'quoted-printable')
        decodeOctets(raw.toString('latin1'), words)
      }
    }),
  )
})
