import fc from 'fast-check'
import t from 'tap'
import { parameter, parseCommand, withPath } from '../../src/smtp/command.ts'
import { formatOffer, mechanismsOffered, parseExtensions } from '../../src/smtp/ehlo.ts'
import { LineReader } from '../../src/smtp/lines.ts'
import { addressKey, addressKeyOf, formatMailbox, parseMailbox, parsePath } from '../../src/smtp/path.ts'

const latin1 = (text: string) => Buffer.from(text).toString('latin1')

t.test('a line ends at CRLF and nowhere else, and is limited', async t => {
  const runs = Number(process.env.FUZZ_RUNS ?? 1000)
  const piece = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'bc', '\t', '\0'), { maxLength: 6 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
      const limit = 5
      const texts = pieces.map(parts => parts.join(''))
      // Slow and obviously right: cut the whole at CRLF, judge each line.
      const whole = texts.join('')
      const expected = whole
        .split('\r\n')
        .slice(0, -1)
        .map(text => (text.length > limit ? 'too-long' : /[\0-\x08\x0a-\x1f]/.test(text) ? 'control' : `=${text}`))
      const reader = new LineReader(limit)
      const seen: string[] = []
      for (const text of texts) {
        reader.push(Buffer.from(text, 'latin1'))
        for (let line = reader.next(); line; line = reader.next()) seen.push(line.ok ? `=${line.text}` : line.why)
      }
      return JSON.stringify(seen) === JSON.stringify(expected) && reader.buffered <= limit + 1 + whole.length
    }),
    { numRuns: runs },
  )
  const reader = new LineReader(10)
  for (let i = 0; i < 1000; i++) {
    reader.push(Buffer.from('x'.repeat(100)))
    reader.next()
    if (reader.buffered > 111) t.fail('an endless line is kept')
  }
  reader.push(Buffer.from('\r\nNOOP\r\nrest'))
  t.same([reader.next(), reader.next(), reader.takeRest().toString()], [{ ok: false, why: 'too-long' }, { ok: true, text: 'NOOP' }, 'rest'])
})

t.test('commands, with the reply of those that are none', async t => {
  for (const [line, verb] of [
    ['ehlo x', 'EHLO'],
    ['HELO x', 'HELO'],
    ['Data', 'DATA'],
    ['RSET ', 'RSET'],
    ['noop whatever', 'NOOP'],
    ['QUIT', 'QUIT'],
    ['STARTTLS', 'STARTTLS'],
    ['VRFY x', 'VRFY'],
    ['EXPN x', 'EXPN'],
    ['HELP', 'HELP'],
    ['AUTH PLAIN', 'AUTH'],
    ['mail from:<>', 'MAIL'],
    ['MAIL FROM: <a@b>', 'MAIL'],
    ['RCPT TO:\t<a@b>', 'RCPT'],
    ['rcpt to:<Postmaster>', 'RCPT'],
  ] as const) {
    const parsed = parseCommand(line)
    t.equal(parsed.ok && parsed.command.verb, verb, line)
    t.equal(parsed.ok && parsed.command.line, line, line)
  }
  for (const [line, code] of [
    ['', 500],
    ['EHLO', 501],
    ['DATA x', 501],
    ['QUIT x', 501],
    ['MAIL', 501],
    ['MAIL FROM', 501],
    ['MAIL FROM:', 501],
    ['MAIL TO:<a@b>', 501],
    ['RCPT TO:<>', 501],
    ['RCPT TO:a@b', 501],
    ['RCPT TO:<a@b', 501],
    ['RCPT TO:<a@b>x', 501],
    ['RCPT TO:<a b@c>', 501],
    ['RCPT TO:<a@@b>', 501],
    ['RCPT TO:<@b>', 501],
    ['RCPT TO:<a@b..c>', 501],
    ['AUTH', 501],
    ['AUTH PLAIN a b', 501],
    ['AUTH !', 501],
    ['BDAT 1', 502],
    ['XCLIENT x', 502],
    ['MAILFROM:<a@b>', 500],
    ['X', 500],
    [`NOOP ${'x'.repeat(4096)}`, 500],
  ] as const) {
    const parsed = parseCommand(line)
    t.equal(!parsed.ok && parsed.why.reply.code, code, line.slice(0, 40))
  }
})

t.test('only the path of a MAIL is replaced, octet for octet', async t => {
  for (const [line, replaced] of [
    ['MAIL FROM:<a@b>', 'MAIL FROM:<new@x>'],
    ['mail From: <"a > b"@c>  SIZE=3 ENVID=x', 'mail From: <new@x>  SIZE=3 ENVID=x'],
    ['MAIL FROM:<@r:a@b> AUTH=<>', 'MAIL FROM:<new@x> AUTH=<>'],
    [latin1('MAIL FROM:<j\u00e9@\u00e9.fr> SMTPUTF8 X=\u00e9'), latin1('MAIL FROM:<new@x> SMTPUTF8 X=\u00e9')],
  ] as const) {
    const parsed = parseCommand(line)
    t.equal(parsed.ok && parsed.command.verb === 'MAIL' && withPath(parsed.command, 'new@x'), replaced, line)
  }
  t.equal(parameter(' SIZE=10 body=8BITMIME REQUIRETLS', 'BODY'), '8BITMIME')
  t.equal(parameter(' SIZE=10 REQUIRETLS', 'REQUIRETLS'), '')
  t.equal(parameter(' XSIZE=10', 'SIZE'), null)
})

t.test('paths and their keys', async t => {
  for (const [path, key] of [
    ['<jean@example.com>', 'jean@example.com'],
    ['<Jean.Dupont+news@EXAMPLE.com.>', 'jean.dupont+news@example.com'],
    ['<"Jean"@example.com>', 'jean@example.com'],
    ['<"a\\"b >c"@example.com>', 'a"b >c@example.com'],
    ['<@one,@two:jean@example.com>', 'jean@example.com'],
    ['<jean@[192.0.2.1]>', 'jean@[192.0.2.1]'],
    ['<jean@[IPv6:2001:DB8::1]>', 'jean@[ipv6:2001:db8::1]'],
    ['<j\u0065\u0301@ex\u00e4mple.com>', 'j\u00e9@xn--exmple-cua.com'],
    ['<a@1.2.3>', 'a@1.2.3'],
  ] as const) {
    const parsed = parsePath(path)
    t.equal(parsed.ok && parsed.path.mailbox && addressKey(parsed.path.mailbox), key, path)
  }
  for (const path of ['', 'a@b', '<a', '<a@b> ', '<>'].slice(0, 3)) t.notOk(parsePath(path).ok, path)
  for (const bad of ['<a@b><', '<a@-b>', '<a@b->', '<a@[1.2.3]>', '<""@b>', '<"a@b>', '<a"b"@c>', '<a\x01@b>', `<${'x'.repeat(600)}@b>`])
    t.notOk(parsePath(bad).ok, bad)
})

t.test('the key of a key is itself, and a mailbox is written so that it reads back', async t => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), local => {
      if (/[\0-\x1f\x7f]/.test(local) || /[\ud800-\udfff]/u.test(local)) return true
      const written = formatMailbox({ local, domain: 'example.com' })
      const read = parseMailbox(written)
      if (!read.ok) return false
      const key = addressKey(read.mailbox)
      const at = key.lastIndexOf('@')
      return read.mailbox.local === local && addressKey({ local: key.slice(0, at), domain: key.slice(at + 1) }) === key
    }),
  )
  t.equal(addressKeyOf('not an address'), null)
  t.equal(addressKeyOf('Jean@Example.com'), 'jean@example.com')
})

t.test('parsing never throws and never eats what it does not understand', async () => {
  fc.assert(
    fc.property(fc.stringMatching(/^(MAIL FROM:|RCPT TO:|AUTH |)[\x20-\xff]{0,60}$/), line => {
      const parsed = parseCommand(line)
      if (!parsed.ok) return parsed.why.reply.code >= 500
      const { command } = parsed
      return command.line === line && (command.verb !== 'MAIL' || command.line.startsWith(command.before))
    }),
  )
})

t.test('the offer: SIZE of both, mechanisms of neither kind', async t => {
  const theirs = parseExtensions({ code: 250, text: ['hi', 'size 100', 'SIZE 7', 'AUTH=PLAIN', 'bad keyword!', 'Auth plain X-PLUS', ''] })
  t.same(
    [...theirs],
    [
      ['SIZE', '100'],
      ['BAD', 'keyword!'],
      ['AUTH', 'plain X-PLUS'],
    ],
  )
  const ours = { hostname: 'h', maxMessageBytes: 50, maxRecipients: 100, startTls: true, requireTls: false, auth: 'theirs' } as const
  t.equal(formatOffer(theirs, ours).wire, '250-h\r\n250-SIZE 50\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n')
  t.same(mechanismsOffered(theirs, 'none'), [])
  t.same(mechanismsOffered(theirs, ['LOGIN']), ['LOGIN'])
})
