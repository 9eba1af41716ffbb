import fc from 'fast-check'
import t from 'tap'
import { categories } from '../../src/classify/verdict.ts'
import { bounceId } from '../../src/judge/bounce-id.ts'
import { asciiWords, cleanWords } from '../../src/judge/clean-words.ts'
import { formatRefusal } from '../../src/judge/refusal.ts'
import { refusalBounces } from '../../src/judge/refusals.ts'
import { formatReply, formatReplyLine, reply } from '../../src/smtp/reply.ts'
import type { Block } from '../../src/store/address-record.ts'
import { keyOf, mail, recipient } from './material.ts'

const options = { code: 550, enhancedStatus: '5.1.1', language: 'en', template: null, publicUrl: null } as const
const at = Date.parse('2026-11-20T23:59:00Z')
const id = bounceId('06guh0b5g0000001', keyOf('jean@example.com'), 'failed')
const block: Block = {
  address: 'jean@example.com',
  since: at,
  until: null,
  category: 'invalid_address',
  type: 'hard',
  fault: 'recipient',
  rule: 'rfc3463-x.1.1',
  evidence: '550 5.1.1 User unknown',
  bounceId: id,
  messageId: '06guh0b5g0000001',
  by: null,
}
const manual: Block = {
  ...block,
  category: 'manual',
  fault: 'unknown',
  rule: null,
  bounceId: null,
  messageId: null,
  by: 'support',
  evidence: 'left us',
}
const say = (some: Partial<Block> = {}, address = 'jean@example.com', more: object = {}) =>
  formatReplyLine(formatRefusal({ ...block, ...some }, address, { ...options, ...more }))

t.test("the operator's own text says what it is given to say, on one line that is not too long", async t => {
  const template = 'no mail for {address} since {since}: {what} {unknown}; {link}'
  t.equal(
    say({}, undefined, { template }),
    '550 5.1.1 no mail for <jean@example.com> since 2026-11-20: mailbox does not exist {unknown}; ask the administrator of rebond to lift it',
  )
  const long = formatRefusal(block, `${'a'.repeat(80)}@b.example`, { ...options, template: '{address}'.repeat(33) })
  t.equal(formatReply(long).length <= 512, true)
})

t.test('a refusal says since when, why, in whose words, and how to lift it', async t => {
  const head = '550 5.1.1 <jean@example.com> is blacklisted since 2026-11-20: mailbox does not exist ("550 5.1.1 User unknown")'
  t.equal(say(), `${head}; ref ${id}; ask the administrator of rebond to lift it`)
  const publicUrl = 'https://rebond.example.com'
  t.equal(say({}, undefined, { publicUrl }), `${head}; ref ${id}; https://rebond.example.com/r/${id}`)
  t.equal(say({}, undefined, { publicUrl: `${publicUrl}/mail/` }), `${head}; ref ${id}; https://rebond.example.com/mail/r/${id}`)
  t.match(say({}, undefined, { code: 554, enhancedStatus: '5.7.1' }), /^554 5\.7\.1 </)
  t.equal(
    say(manual),
    '550 5.1.1 <jean@example.com> is blacklisted since 2026-11-20: blocked by hand ("left us"); ask the administrator of rebond to lift it',
  )
  t.match(say(manual, undefined, { publicUrl }), /\("left us"\); https:\/\/rebond\.example\.com\/$/)
  t.equal(
    say({}, undefined, { language: 'fr' }),
    `550 5.1.1 <jean@example.com> est sur liste noire depuis le 2026-11-20 : la boite n'existe pas ("550 5.1.1 User unknown"); ref ${id}; demandez a l'administrateur de rebond de la lever`,
  )
})

t.test('what a reply cannot hold is not in it', async t => {
  for (const [address, who] of [
    [`${'a'.repeat(88)}@example.com`, `<${'a'.repeat(88)}@example.com>`],
    [`${'a'.repeat(89)}@example.com`, '<this address>'],
    ['jérôme@example.com', '<this address>'],
    ['jean@bücher.example', '<this address>'],
    ['"a b"@example.com', '<"a b"@example.com>'],
    ['a\r\n250 ok@example.com', '<this address>'],
  ] as const)
    t.ok(say({}, address).startsWith(`550 5.1.1 ${who} is`), address)
  t.match(say({}, 'jérôme@example.com', { language: 'fr' }), /<cette adresse>/)
  t.match(say({ evidence: 'a\r\n250 2.0.0 Ok\0 "x" é €' }), /\("a 250 2\.0\.0 Ok 'x' e \?"\)/)
  t.notMatch(say({ evidence: ' \r\n ' }), /\(/, 'no words, no quotes')
  t.match(say({ evidence: `550 ${'x'.repeat(496)}` }), /x\.\.\."\); ref /, 'the words are cut first')
  const long = { publicUrl: `https://example.com/${'p'.repeat(400)}` }
  t.match(say({}, undefined, long), /"\); ref \S+; ask the administrator/, 'a link that leaves no room is not given')
})

t.test('whatever the block says, the refusal is one ASCII line of at most 512 octets that names what it can', async t => {
  const words = fc.oneof(fc.string({ maxLength: 600 }), fc.string({ unit: 'binary', maxLength: 600 }), fc.constant('"'.repeat(500)))
  const arbitrary = fc.record({
    evidence: words,
    category: fc.constantFrom(...categories, 'manual' as const),
    bounceId: fc.option(fc.constant(id)),
    since: fc.integer({ min: 0, max: 4e12 }),
  })
  const urls = fc.constantFrom(
    null,
    'https://rebond.example.com',
    `https://bücher.example/${'p'.repeat(190)}`,
    `http://x/${'é'.repeat(60)}`,
  )
  const address = fc.oneof(fc.string({ maxLength: 120 }), fc.constant(`${'a'.repeat(90)}@b.example`))
  const language = fc.constantFrom('en' as const, 'fr' as const)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(arbitrary, address, urls, language, (some, to, publicUrl, spoken) => {
        const said = formatRefusal({ ...block, ...some }, to, { ...options, language: spoken, publicUrl })
        const wire = formatReply(said)
        return (
          said.text.length === 1 &&
          Buffer.byteLength(wire) <= 512 &&
          /^550 5\.1\.1 <[\x20-\x7e]+\r\n$/.test(wire) &&
          (some.bounceId === null || wire.includes(`ref ${id}`))
        )
      }),
    ),
  )
})

t.test('each recipient refused by us is a record of its own, beside the returns', async t => {
  const refused = recipient('Jean@example.com', 'blacklisted')
  const message = mail([refused, 'marie@example.org', recipient('paul@example.com', 'blacklisted'), recipient('x@example.com', 'refused')])
  const blocks = new Map([
    [keyOf('jean@example.com'), block],
    [keyOf('paul@example.com'), manual],
    [keyOf('marie@example.org'), block],
  ])
  const records = refusalBounces(message, blocks)
  t.match(records, [
    {
      id: bounceId(message.id, keyOf('jean@example.com'), 'refused'),
      source: 'relay',
      why: 'refused-by-us',
      counted: false,
      address: 'Jean@example.com',
      category: 'invalid_address',
      evidence: block.evidence,
      status: '5.1.1',
      replyCode: 550,
      receivedAt: message.at,
    },
    { address: 'paul@example.com', category: 'unclassified', rule: 'manual', evidence: 'left us' },
  ])
  t.strictSame(refusalBounces(message, blocks), records, 'the same ids each time')
  t.strictSame(refusalBounces({ ...message, recipients: [refused, refused] }, blocks).length, 1, 'asked for twice')
  t.strictSame(refusalBounces(message, new Map()), [])
})

t.test('ids tell the mail, and nothing of the address', async t => {
  const key = keyOf('jean@example.com')
  const one = bounceId('06guh0b5g0000001', key, 'failed')
  t.match(one, /^06guh0b5g0000001-[0-9a-v]{12}$/)
  const others = [
    bounceId('06guh0b5g0000002', key, 'failed'),
    bounceId('06guh0b5g0000001', keyOf('jeanne@example.com'), 'failed'),
    bounceId('06guh0b5g0000001', key, 'delayed'),
    bounceId('06guh0b5g0000001', key, 'refused'),
  ]
  t.equal(new Set([one, ...others].map(text => text.slice(17))).size, 5)
})

t.test("other people's words are cleaned and cut", async t => {
  t.equal(cleanWords('a\r\nb\0\u202ec \u200bd\ufeff\x85'), 'a b c d')
  t.equal(cleanWords('x'.repeat(500)).length, 500)
  t.equal(cleanWords('x'.repeat(501)), `${'x'.repeat(499)}…`)
  t.equal(cleanWords('😀'.repeat(300)), `${'😀'.repeat(249)}…`, 'never within a character')
  t.equal(asciiWords('Boîte “pleine” – l’adresse… № 5 日'), `Boite "pleine" - l'adresse... No 5 ?`)
  t.equal(formatReplyLine(reply(550, null, asciiWords('é'))), '550 e')
})
