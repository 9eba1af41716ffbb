import fc from 'fast-check'
import t from 'tap'
import { ourReplies } from '../../src/smtp/our-replies.ts'
import { queueIdOf } from '../../src/smtp/queue-id.ts'
import { formatReply, formatReplyLine, parseEnhancedStatus, parseReply, type Reply, reply } from '../../src/smtp/reply.ts'
import { ReplyReader } from '../../src/smtp/reply-reader.ts'

t.test('replies of one line and of many', async t => {
  for (const [lines, parsed] of [
    [['250 ok'], { code: 250, text: ['ok'] }],
    [['250'], { code: 250, text: [''] }],
    [['250 '], { code: 250, text: [''] }],
    [['550 5.1.1 no'], { code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: ['no'] }],
    [['550-5.1.1 a', '550 5.1.1 b'], { code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: ['a', 'b'] }],
    [['250-a', '250-b', '250 c'], { code: 250, text: ['a', 'b', 'c'] }],
    [['550 4.1.1 no'], { code: 550, text: ['4.1.1 no'] }],
    [['550 5.1.1'], { code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: [''] }],
    [['250 5.1.1 ok'], { code: 250, text: ['5.1.1 ok'] }],
  ] as const) {
    t.same(parseReply(lines), { ok: true, reply: parsed }, lines.join('|'))
  }
  for (const lines of [
    [],
    ['hello'],
    ['25 ok'],
    ['2500 ok'],
    ['250ok'],
    ['650 ok'],
    ['199 ok'],
    ['250-a'],
    ['250 a', '250 b'],
    ['250-a', '251 b'],
    ['250-a', 'b'],
  ]) {
    t.notOk(parseReply(lines).ok, lines.join('|'))
  }
})

t.test('what is written is read back', async t => {
  const texts = fc.array(fc.stringMatching(/^[a-z][a-zA-Z ]{0,20}$/), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 59 }), texts, fc.boolean(), (first, rest, text, enhanced) => {
      const code = first * 100 + rest
      const written = reply(code, enhanced && first !== 3 ? `${first}.1.2` : null, ...(text as [string, ...string[]]))
      const lines = formatReply(written).slice(0, -2).split('\r\n')
      const read = parseReply(lines)
      return read.ok && formatReply(read.reply) === formatReply(written)
    }),
  )
  t.equal(formatReplyLine({ code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: ['a', 'b'] }), '550 5.1.1 a b')
  t.equal(parseEnhancedStatus('5.1.1 text'), null)
  t.equal(parseEnhancedStatus('6.1.1'), null)
})

t.test('our own replies are of the standard: ASCII, short, with a status of their class', async t => {
  for (const [name, { reply: said, wire }] of Object.entries(ourReplies)) {
    t.match(wire, /^\d{3} [\x20-\x7e]*\r\n$/, name)
    t.ok(wire.length <= 512, name)
    t.ok(said.enhanced ? said.enhanced.class === Math.floor(said.code / 100) : said.code === 334, name)
  }
})

t.test('a reader gives the same replies however the octets come, and stops at what is no reply', async t => {
  const whole = '220 a\r\n250-b\r\n250-c\r\n250 d\r\n550 5.1.1 e\r\n'
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 }), cuts => {
      const reader = new ReplyReader()
      const seen: string[] = []
      let at = 0
      for (const cut of [...cuts, whole.length]) {
        reader.push(Buffer.from(whole.slice(at, at + cut)))
        at += cut
        for (let next = reader.next(); next; next = reader.next()) seen.push(next.ok ? next.spoken.wire : next.why)
      }
      return seen.join('') === whole && seen.length === 3 && reader.buffered === 0
    }),
  )
  for (const [octets, why] of [
    ['what\r\n', 'reply-malformed'],
    ['250-a\r\n251 b\r\n', 'reply-malformed'],
    ['250 \x07\r\n', 'reply-malformed'],
    ['250 a\n250 b\r\n', 'reply-malformed'],
    [`250 ${'x'.repeat(5000)}\r\n`, 'reply-too-long'],
    ['250-x\r\n'.repeat(256), 'reply-too-long'],
  ] as const) {
    const reader = new ReplyReader()
    reader.push(Buffer.from(octets))
    t.same(reader.next(), { ok: false, why }, octets.slice(0, 20))
  }
})

t.test("upstream's queue id is read from the common forms of its reply", async t => {
  const said = (...text: [string, ...string[]]): Reply => ({ code: 250, text })
  for (const [text, id] of [
    ['Ok: queued as 4Xy1ZaBc', '4Xy1ZaBc'],
    ['OK id=1rGx4N-0003kR-2F', '1rGx4N-0003kR-2F'],
    ['<abc@mail.test> [InternalId=123, Hostname=x] Queued mail for delivery', 'abc@mail.test'],
    ['3f1a2b4c Message accepted for delivery', '3f1a2b4c'],
    ['OK  1700000000 x12si123456qts.7 - gsmtp', 'x12si123456qts.7'],
    ['Ok 0102018a-1111-2222-3333-abcdefabcdef-000000', '0102018a-1111-2222-3333-abcdefabcdef-000000'],
    ['thank you', null],
  ] as const) {
    t.equal(queueIdOf(said(text)), id, text)
  }
})
