import t from 'tap'
import { addressKeyOf } from '../../src/smtp/path.ts'
import { formatReply, parseReply, reply } from '../../src/smtp/reply.ts'

t.test('a', async t => {
  t.equal(formatReply(reply(550, '5.1.1', 'no')), '550 5.1.1 no\r\n')
  t.same(parseReply(['550-5.1.1 a', '550 5.1.1 b']), {
    ok: true,
    reply: { code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: ['a', 'b'] },
  })
  t.equal(addressKeyOf('"Jean"@EXAMPLE.com.'), 'jean@example.com')
})
