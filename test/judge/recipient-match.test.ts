import fc from 'fast-check'
import t from 'tap'
import { matchRecipient, means, passedRecipients } from '../../src/judge/recipient-match.ts'
import { gradeOf } from '../../src/judge/return-event.ts'
import { keyOf, mail, recipient, reported } from './material.ts'

const one = mail(['jean.dupont@example.com'])
const two = mail(['jean.dupont@example.com', 'marie@example.org'])

/** `recipient jean…`, `via-forward jean…`, `not-a-recipient …`: fate and address in one word for the tables. */
function fate(message: typeof one, ...given: Parameters<typeof reported>): string {
  const match = matchRecipient(message, reported(...given))
  return `${match.fate} ${match.fate === 'not-a-recipient' ? match.address : match.recipient.address}`
}

t.test('a report means a recipient by its address and by what mail systems make of it', async t => {
  for (const [written, why] of [
    ['jean.dupont@example.com', 'itself'],
    ['Jean.Dupont@EXAMPLE.COM.', 'in other letters'],
    ['"jean.dupont"@example.com', 'quoted'],
    [' <jean.dupont@example.com> ', 'in brackets'],
    ['jean.dupont@mail.example.com', 'at a child domain'],
    ['jean.dupont', 'a local name'],
    ['JEAN.DUPONT', 'a local name in other letters'],
    ['IMCEAEX-_O=EXAMPLE_OU=FIRST+20GROUP_CN=RECIPIENTS_CN=JEAN+2EDUPONT@example.com', 'wrapped by Exchange'],
    ['IMCEAEX-_O=EX_CN=RECIPIENTS_CN=0123456789ABCDEF0123456789ABCDEF-JEAN.DUPONT@mail.example.com', 'wrapped with an object id'],
    ['IMCEASMTP-jean+2Edupont+40example+2Ecom@gateway.example.net', 'a wrapped Internet address'],
    ['/G=Jean/S=Dupont/O=Example/PRMD=EX/ADMD=ATLAS/C=FR/', 'X.400 with slashes'],
    ['c=fr;a= ;p=ex;o=example;s=Dupont;g=Jean;', 'X.400 with semicolons'],
    ['/DD.RFC-822=jean.dupont(a)example.com/ADMD=ATLAS/C=FR/', 'X.400 around an Internet address'],
  ] as const) {
    t.ok(means(keyOf('jean.dupont@example.com'), written), why)
    t.equal(fate(two, written), 'recipient jean.dupont@example.com', why)
  }
  t.ok(means(keyOf('jean@mail.example.com'), 'jean@example.com'), 'at a parent domain')
  t.ok(means(keyOf('jean@bücher.example'), 'jean@xn--bcher-kva.example'), 'A-labels')
})

t.test('and nobody else', async t => {
  for (const written of [
    'marie@example.com',
    'jean.dupont@example.net',
    'jean.dupont@notexample.com',
    'jean.dupont@com',
    'dupont',
    'jean.dupont+news@example.com',
    'IMCEAEX-_O=EX_CN=RECIPIENTS_CN=JEAN.DUPONT@example.net',
    'IMCEAEX-_O=EX_CN=RECIPIENTS_CN=MARIE@example.com',
    'IMCEAFAX-jean+2Edupont@example.com',
    '/G=Marie/S=Dupont/ADMD=ATLAS/C=FR/',
    '/S=Dupont/ADMD=ATLAS/C=FR/',
    'G=Jean/S=Dupont',
    '',
    '@',
    '@example.com',
  ]) {
    t.notOk(means(keyOf('jean.dupont@example.com'), written), written)
    t.match(fate(two, written), /^not-a-recipient/, written)
  }
})

t.test('a name that fits two recipients means neither, unless the report says which', async t => {
  const namesakes = mail(['info@example.com', 'info@example.org'])
  t.equal(fate(namesakes, 'info'), 'not-a-recipient info')
  t.equal(fate(namesakes, 'info', { originalAddress: 'info@example.org' }), 'recipient info@example.org')
  t.equal(fate(namesakes, 'info@example.com'), 'recipient info@example.com', 'the very address comes first')
  const kin = mail(['a@example.com', 'a@mail.example.com'])
  t.equal(fate(kin, 'a@mail.example.com'), 'recipient a@mail.example.com')
  t.equal(fate(kin, 'a@mx.mail.example.com'), 'not-a-recipient a@mx.mail.example.com')
})

t.test('a report that names nobody means the one recipient there was', async t => {
  t.equal(fate(one, null), 'recipient jean.dupont@example.com')
  t.equal(fate(two, null), 'not-a-recipient null')
  t.equal(fate(two, null, { diagnostic: '550 <marie@example.org>: unknown' }), 'recipient marie@example.org', 'its words name one')
  t.equal(fate(one, null, { diagnostic: '550 <x@elsewhere.example>: unknown' }), 'via-forward jean.dupont@example.com')
  t.equal(fate(two, null, { diagnostic: '550 <x@elsewhere.example>: unknown' }), 'not-a-recipient x@elsewhere.example')
})

t.test('a failure further on is a dead forward, not a dead recipient', async t => {
  const original = { originalAddress: 'jean.dupont@example.com' }
  for (const [message, written, more, expected] of [
    [two, 'old@elsewhere.example', original, 'via-forward jean.dupont@example.com'],
    [one, 'old@elsewhere.example', {}, 'via-forward jean.dupont@example.com'],
    [two, 'old@elsewhere.example', {}, 'not-a-recipient old@elsewhere.example'],
    [two, 'old@elsewhere.example', { originalAddress: 'list@elsewhere.example' }, 'not-a-recipient old@elsewhere.example'],
    [one, 'other@example.com', {}, 'via-forward jean.dupont@example.com'],
    [two, 'marie@example.org', original, 'via-forward jean.dupont@example.com'],
    [two, null, original, 'via-forward jean.dupont@example.com'],
    [one, null, original, 'recipient jean.dupont@example.com'],
  ] as const)
    t.equal(fate(message, written, more), expected, `${written} ${JSON.stringify(more)}`)
})

t.test('an address elsewhere in the diagnostic is a dead forward too', async t => {
  const says = (diagnostic: string) => fate(one, 'jean.dupont@example.com', { diagnostic })
  for (const diagnostic of [
    '550 5.1.1 <old@elsewhere.example>: Recipient address rejected: User unknown',
    'host mx.example.com said: 550 5.1.1 <old@elsewhere.example> user unknown (in reply to RCPT TO command)',
    '550 5.1.1 <jean.dupont@example.com>: host mx.elsewhere.example[192.0.2.1] said: 550 5.1.1 <old@elsewhere.example> unknown',
    '<old@elsewhere.example>: host mx.elsewhere.example[192.0.2.1] said: 550 5.1.1 User unknown',
  ])
    t.equal(says(diagnostic), 'via-forward jean.dupont@example.com', diagnostic)
  for (const diagnostic of [
    '550 5.1.1 User unknown',
    '550 5.1.1 <jean.dupont@example.com>: User unknown',
    '550 5.1.1 <jean.dupont@mx1.example.com>: User unknown',
    '550 5.1.1 jean.dupont@example.com unknown, ask postmaster@mx.example.net',
    '550 5.1.1 User unknown, ask <postmaster@mx.example.net> or abuse@mx.example.net',
    '550 5.1.1 No such user; mail from <news@shop.example> was not taken',
    `550 5.1.1 No such user; mail from <b-${one.id}k1sig@bounces.example.com>`,
    '550 5.1.1 <jean.dupont@example.com>: unknown; did you mean jean.durand@example.com',
  ])
    t.equal(says(diagnostic), 'recipient jean.dupont@example.com', diagnostic)
  const moved = reported('jean.dupont@example.com', { diagnostic: '551 5.1.6 User not local; please try <jean@new.example>' })
  t.equal(matchRecipient(one, moved).fate, 'via-forward')
  t.equal(matchRecipient(one, { ...moved, moved: true }).fate, 'recipient', 'the new address of one that has moved')
})

t.test('only a recipient that upstream took can come back', async t => {
  const mixed = mail([recipient('a@example.com'), recipient('b@example.com', 'blacklisted'), recipient('c@example.com', 'refused')])
  t.equal(fate(mixed, 'a@example.com'), 'recipient a@example.com')
  t.equal(fate(mixed, 'b@example.com'), 'not-a-recipient b@example.com')
  t.equal(fate(mail([recipient('b@example.com', 'deferred')]), 'b@example.com'), 'not-a-recipient b@example.com')
  const twice = mail([recipient('a@example.com', 'deferred'), recipient('a@example.com'), recipient('A@example.com')])
  t.equal(passedRecipients(twice).length, 1, 'the same address twice is one recipient')
})

t.test('a report proves itself by its reporter, or by there being nobody else who saw the mail', async t => {
  for (const [fromReporter, message, grade] of [
    [true, one, 'proven'],
    [true, two, 'proven'],
    [true, null, 'proven'],
    [false, one, 'single'],
    [false, mail(['a@example.com', 'A@EXAMPLE.com']), 'single'],
    [false, mail([recipient('a@example.com'), recipient('b@example.com', 'blacklisted')]), 'single'],
    [false, two, 'claimed'],
    [false, mail([recipient('a@example.com', 'refused')]), 'claimed'],
    [false, null, 'claimed'],
  ] as const)
    t.equal(gradeOf(fromReporter, message), grade)
})

t.test('hostile names: matching ends, gives a recipient of the mail or none, and never throws', async t => {
  const bits = fc.constantFrom(
    '@',
    '/',
    ';',
    '=',
    'IMCEAEX-',
    'cn=',
    'S=',
    'G=',
    'C=',
    '_',
    '+2E',
    '+zz',
    '"',
    '\\',
    '<',
    '>',
    '.',
    'é',
    '\0',
    ' ',
  )
  const text = fc.array(fc.oneof(bits, fc.string({ maxLength: 8 })), { maxLength: 12 }).map(parts => parts.join(''))
  const address = fc.option(text)
  fc.assert(
    fc.property(address, address, address, (written, originalAddress, diagnostic) => {
      const match = matchRecipient(two, reported(written, { originalAddress, diagnostic }))
      return match.fate === 'not-a-recipient' || two.recipients.includes(match.recipient)
    }),
  )
  const many = mail(Array.from({ length: 1000 }, (_, i) => `user${i}@example.com`))
  for (const long of [
    '@'.repeat(2000),
    ' '.repeat(2000),
    `IMCEAEX-${'_CN='.repeat(300)}@example.com`,
    `/${'a ='.repeat(300)}`,
    ';'.repeat(900),
  ])
    t.equal(matchRecipient(many, reported(long, { originalAddress: long, diagnostic: long })).fate, 'not-a-recipient')
})
