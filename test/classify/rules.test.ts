/**
 * The rule tables and the language they are written in: every row can be reached, every phrase means what it says.
 */
import fc from 'fast-check'
import t from 'tap'
import { classifyReply } from '../../src/classify/classify-reply.ts'
import { compileRules } from '../../src/classify/compile-rules.ts'
import { readEvidence } from '../../src/classify/evidence.ts'
import { innermostReply } from '../../src/classify/innermost.ts'
import { parsePhrase } from '../../src/classify/phrase.ts'
import { PhraseIndex } from '../../src/classify/phrase-index.ts'
import { shippedRules, shippedTables } from '../../src/classify/rule-set.ts'
import { categories } from '../../src/classify/verdict.ts'
import { readWords } from '../../src/classify/words.ts'

t.test('every rule claims its own sample: none is shadowed, none is a duplicate', async t => {
  for (const { id, gives, sample, sampleHost, samplePhase } of shippedRules.rules) {
    const verdict = classifyReply(sample, { host: sampleHost ?? null, phase: samplePhase ?? 'rcpt' })
    t.equal(verdict.rule, id, sample)
    if (!/^4/.test(sample)) t.equal(verdict.category, gives, id)
  }
})

t.test('every shipped phrase is one: the index parses most of them only when a text holds their first word', async t => {
  for (const { name, marks = [], rules } of shippedTables) {
    const said = rules.flatMap(({ when: { says = [], and = [], unless = [] } }) => [...says, ...and, ...unless])
    t.same(
      [...marks, ...said].filter(phrase => !parsePhrase(phrase).ok),
      [],
      name,
    )
  }
})

t.test('a rule behind one that takes its sample is found out', async t => {
  const twice = compileRules([
    { name: 'a', rules: [{ id: 'first', gives: 'temporary', when: { says: ['come back'] }, sample: 'come back', source: '' }] },
    { name: 'b', rules: [{ id: 'second', gives: 'temporary', when: { says: ['back later'] }, sample: 'come back later', source: '' }] },
  ])
  t.equal(classifyReply('come back later', { rules: twice }).rule, 'first')
})

t.test('ids are unique, sources are named, every category can be reached', async t => {
  const ids = shippedRules.rules.map(rule => rule.id)
  t.same(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
    'an id that stands twice',
  )
  for (const { id, source, sample } of shippedRules.rules) {
    t.match(id, /^[a-z0-9][a-z0-9.-]+$/, id)
    t.ok(source.length > 3 && sample.length > 3, id)
  }
  const reached = new Set<string>(shippedRules.rules.map(rule => rule.gives))
  reached.add(classifyReply('550 Bonjour').category)
  t.same([...reached].sort(), [...categories].sort())
})

t.test('the version changes with the tables', async t => {
  t.match(shippedRules.version, /^[0-9a-f]{12}$/)
  t.equal(compileRules(shippedTables).version, shippedRules.version)
  t.not(compileRules(shippedTables.slice(1)).version, shippedRules.version)
})

t.test('a phrase', async t => {
  const said = (phrase: string, text: string): boolean => {
    const index = new PhraseIndex()
    const added = index.add(phrase, 0)
    if (!added.ok) throw new Error(`${phrase}: must ${added.why}`)
    const hits = new Uint8Array(1)
    index.find(readWords(text), hits)
    return hits[0] === 1
  }
  const rows: readonly (readonly [phrase: string, yes: readonly string[], no: readonly string[]])[] = [
    [
      'user unknown',
      ['<a@b.example>... User unknown', 'user <x@y.example> UNKNOWN!', 'User-Unknown'],
      ['unknown user', 'superuser unknown'],
    ],
    ['no such (user|mail box)', ['No such user', 'no such mail-box here'], ['no such mail', 'no such']],
    ['mailbox (is|) full', ['mailbox full', 'mailbox is full'], ['mailbox was full']],
    ['reject*', ['rejected', 'rejecting'], ['reject'.slice(0, 5), 'objected']],
    ['user * not found', ['user not found', 'user of that name was not found'], ['user one two three four five six not found']],
    ['empfänger unbekannt', ['Empfänger unbekannt', 'EMPFAENGER UNBEKANNT', 'Empfanger unbekannt'], ['Empfngr unbekannt']],
    ["n'existe pas", ["n'existe pas", 'n existe pas', 'n’existe pas'], ['existe pas']],
    ["doesn't exist", ["doesn't exist", 'doesnt exist', 'doesn’t exist'], ['does exist']],
    ['用户不存在', ['该用户不存在', '用户 不存在'], ['用户存在']],
    ['saturée', ['Boîte saturee', 'SATURÉE'], ['satur']],
    [
      'spamhaus.org',
      ['see https://www.spamhaus.org/query', 'zen.spamhaus.org'],
      ['notspamhaus.org', 'spamhaus.org.example', 'a@spamhaus.org'],
    ],
    ['/nosuchuser', ['https://support.google.com/mail/?p=NoSuchUser x'], ['nosuchuser', 'http://nosuchuser.example/']],
    ['@ does not exist', ['<a@b.example> does not exist'], ['a.b.example does not exist', '<a@b.example> he does not exist']],
    ['spam', ['SPAM.'], ['<spam@example.com>', 'spam.example.com', 'http://example.com/spam', 'spammer']],
    ['later please', ['try later.Please', 'later, please'], ['later-on please']],
  ]
  for (const [phrase, yes, no] of rows) {
    for (const text of yes) t.ok(said(phrase, text), `${phrase}: ${text}`)
    for (const text of no) t.notOk(said(phrase, text), `${phrase} is not in: ${text}`)
  }
  for (const bad of [
    '',
    '*',
    '* user',
    'user *',
    'a * b * c * d',
    'us*',
    'u*er',
    '(a|b',
    'a|b',
    '(a|(b|c))',
    'x(a|b)',
    '/',
    '/a b',
    '(a|) (b|)',
  ]) {
    t.equal(parsePhrase(bad).ok, false, JSON.stringify(bad))
  }
})

t.test('words leave addresses, hosts, links and codes aside, and keep them', async t => {
  const words = readWords(
    '550 5.1.1 <Jean@Example.com>: see https://postmaster.example.net/Case?c=r0601, host MX.example.org [192.0.2.1] (#5.7.1) 2001:db8::1',
  )
  t.same(words.words, ['550', 'see', 'host'])
  t.same(words.addresses, ['jean@example.com'])
  t.same(words.names, ['postmaster.example.net', 'mx.example.org'])
  t.same(words.links, ['case', 'c', 'r0601'])
  t.equal(words.hasIp, true)
  t.same(words.statuses, [
    { class: 5, subject: 1, detail: 1 },
    { class: 5, subject: 7, detail: 1 },
  ])
  t.same(readWords('jean@example.com:blocked').words, ['blocked'])
  t.same(readWords('jean@example.com...User').words, ['user'])
})

t.test('of nested replies the innermost is read', async t => {
  const rows: readonly (readonly [text: string, inner: string | null])[] = [
    ['550 5.1.1 undeliverable address: host mx[192.0.2.1] said: 554 5.7.1 blocked', '554 5.7.1 blocked'],
    ['SMTP error from remote mail server after RCPT TO:<a@b.example>: host mx.b.example [192.0.2.1]: 550 No such user', '550 No such user'],
    ['192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown', '550 5.1.1 unknown'],
    ["Remote Server returned '550 5.1.1 unknown'", "550 5.1.1 unknown'"],
    ['550 5.4.300 Message expired -> 421 4.4.2 Connection dropped', '421 4.4.2 Connection dropped'],
    ['host a said: 550 host b said: 551 moved', '551 moved'],
    ['550 User unknown', null],
    ['he said: hello', null],
  ]
  for (const [text, inner] of rows) t.equal(innermostReply(text), inner, text)
})

t.test('evidence: code, status and lines, the last line first', async t => {
  const evidence = readEvidence('550-#5.1.0 first\n550 last (in reply to RCPT TO command)', { phase: 'rcpt', host: 'MX.Example.com.' })
  t.equal(evidence.code, 550)
  t.same(evidence.status, { class: 5, subject: 1, detail: 0 })
  t.same(evidence.lines, ['last', 'first'])
  t.equal(evidence.host, 'mx.example.com')
  t.equal(evidence.text, 'first last')
  t.same(
    readEvidence('550-one 550-two 550 three', { phase: 'rcpt', host: null }).lines,
    ['three', 'two', 'one'],
    'lines that a server joined',
  )
  t.same(
    readEvidence({ code: 550, enhanced: { class: 5, subject: 1, detail: 1 }, text: ['a', 'b'] }, { phase: 'rcpt', host: null }).lines,
    ['b', 'a'],
  )
})

t.test('words and phrases of any kind never throw', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      readWords(text)
      innermostReply(text)
      parsePhrase(text)
    }),
  )
  t.pass()
})
