/**
 * Which list a mail is of: by headers, presets, subjects; and patterns that no text can make slow.
 */
import fc from 'fast-check'
import t from 'tap'
import { parseConfig } from '../../src/config/config.ts'
import { matchWildcard, parseWildcard } from '../../src/config/wildcard.ts'
import { createListReader } from '../../src/relay/list-names.ts'
import { readMessageHeader } from '../../src/relay/message-header.ts'

function match(pattern: string, text: string): string | null {
  const parsed = parseWildcard(pattern)
  if (!parsed.ok) throw new Error(`${pattern} ${parsed.why}`)
  return matchWildcard(parsed.wildcard, text)
}

t.test('a pattern matches the whole text, and gives what stands at {id}', async t => {
  for (const [pattern, text, found] of [
    ['[{id}] *', '[Autumn sale] Dear customer', 'Autumn sale'],
    ['[{id}] *', 'Re: [Autumn] x', null],
    ['*[{id}]*', 'Re: [Autumn] x', 'Autumn'],
    ['[{id}]*', '[a][b]', 'a'],
    ['newsletter {id}', 'NEWSLETTER 12/2026', '12/2026'],
    ['Newsletter *', 'Newsletter 12', ''],
    ['Newsletter *', 'Newsletter', null],
    ['Newsletter', 'Newsletter', ''],
    ['Newsletter', 'Newsletters', null],
    ['*a*b', 'xxaxxbxxb', ''],
    ['a*a', 'a', null],
    ['{id}: *', ': nothing', null],
    ['{id}: *', '   : blank', null],
    ['*/mailing/{id}/*', '<https://crm.example/mailing/7/unsubscribe_oneclick?x=1>', '7'],
    ['Été {id}', 'été 2026', '2026'],
    ['İ{id}', 'İx', 'x'],
  ] as const)
    t.equal(match(pattern, text), found, `${pattern} on ${text}`)
})

t.test('a pattern that cannot be told apart is refused with what is wrong', async t => {
  for (const [pattern, why] of [
    ['*', /must hold some text/],
    ['{id}', /must hold some text/],
    ['a*{id}b', /text between two wildcards/],
    ['a**b', /text between two wildcards/],
    ['{id} and {id} x', /may hold \{id\} once/],
    ['{list} x', /knows \* and \{id\}, not \{list\}/],
  ] as const)
    t.match(parseWildcard(pattern), { ok: false, why }, pattern)
  t.equal(match('{ x *', '{ x y'), '', 'a brace alone is text')
})

t.test('a pattern finds what an ordinary search finds, and hostile text is no slower than other text', async t => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*]{1,8}$/), fc.stringMatching(/^[ab]{0,12}$/), (pattern, text) => {
      const parsed = parseWildcard(pattern)
      if (!parsed.ok) return true
      return (matchWildcard(parsed.wildcard, text) !== null) === new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 500 }), (pattern, text) => {
      const parsed = parseWildcard(pattern)
      return !parsed.ok || matchWildcard(parsed.wildcard, text) !== undefined
    }),
  )
  const hard = parseWildcard(`${'*a'.repeat(90)}*b`)
  t.ok(hard.ok && matchWildcard(hard.wildcard, 'a'.repeat(100_000)) === null)
})

/** What a configuration reads from a header. */
function names(lists: object, header: string) {
  const parsed = parseConfig({ lists })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { list, template } = readMessageHeader(Buffer.from(`${header}\r\n\r\n`), createListReader(parsed.config.lists))
  return { list, template }
}

t.test('headers name list and template, the first configured one first, decoded', async t => {
  const none = { list: null, template: null }
  for (const [lists, header, wanted] of [
    [{}, 'Subject: x', none],
    [{}, 'X-Campaign-Id: =?utf-8?q?=C3=89t=C3=A9?=', { ...none, list: 'Été' }],
    [{}, 'List-Id: Our news <news.example.com>', { ...none, list: 'news.example.com' }],
    [{}, 'List-Id: <a>\r\nX-Rebond-List: b', { ...none, list: 'b' }],
    [{}, 'X-Rebond-List: \r\nList-Id: <a>', { ...none, list: 'a' }],
    [{}, 'X-Rebond-Template: welcome', { ...none, template: 'welcome' }],
    [{ idHeaders: ['X-Job'], presets: [] }, 'List-Id: <a>\r\nx-job: 7', { ...none, list: '7' }],
    [{}, 'List-Unsubscribe: <https://odoo.example/mailing/42/unsubscribe_oneclick?document_id=1>', { ...none, list: '42' }],
    [{}, 'List-Unsubscribe: <https://odoo.example/mail/mailing/42/unsubscribe?res_id=1>, <mailto:x@y>', { ...none, list: '42' }],
    [{}, 'List-Unsubscribe: <mailto:x@y>\r\nX-EMAIL-ID: 9', { ...none, list: '9' }],
    [{}, 'X-Odoo-Objects: sale.order-17', { ...none, template: 'sale.order' }],
    [{}, 'X-Mailin-Campaign: 3\r\nX-Mailin-Tag: welcome', { list: '3', template: 'welcome' }],
    [{}, 'X-CampTrackID: 5f1b\r\nSubject: Autumn', none],
    [{ presets: ['suitecrm'] }, 'X-CampTrackID: 5f1b\r\nSubject: =?utf-8?b?QXV0dW1u?=', { ...none, list: 'Autumn' }],
    [{ presets: ['suitecrm'] }, 'Subject: Your invoice', none],
    [{ presets: ['espocrm'] }, 'X-Queue-Item-Id: 1\r\nSubject: Autumn', { ...none, list: 'Autumn' }],
    [
      { presets: ['espocrm'], subjectPatterns: [{ match: '{id}, dear *' }] },
      'X-Queue-Item-Id: 1\r\nSubject: Autumn, dear Jean',
      { ...none, list: 'Autumn' },
    ],
    [
      { subjectPatterns: [{ match: 'Newsletter *', list: 'news' }, { match: '[{id}] *' }] },
      'Subject: Newsletter 12',
      { ...none, list: 'news' },
    ],
    [{ subjectPatterns: [{ match: 'Newsletter *', list: 'news' }, { match: '[{id}] *' }] }, 'Subject: [Sale] x', { ...none, list: 'Sale' }],
    [{ subjectPatterns: [{ match: '[{id}] *' }] }, 'List-Id: <a>\r\nSubject: [Sale] x', { ...none, list: 'a' }],
  ] as const)
    t.same(names(lists, header), wanted, `${JSON.stringify(lists)} ${header}`)
  t.equal(names({}, `X-Campaign-Id: ${'x'.repeat(600)}`).list?.length, 100, 'a name is bounded')
  t.equal(names({}, `X-Campaign-Id: ${'x'.repeat(99)}=?utf-8?q?=F0=9F=98=80?=`).list, 'x'.repeat(99), 'and not cut within a character')
})

t.test('a configuration of lists is checked', async t => {
  for (const [lists, where, why] of [
    [{ presets: ['odo'] }, 'lists.presets[0]', /odoo \| mautic \| suitecrm \| espocrm \| brevo, not odo/],
    [{ subjectPatterns: [{ match: '*' }] }, 'lists.subjectPatterns[0].match', /must be a pattern such as "\[\{id\}\] \*"/],
    [{ subjectPatterns: [{ match: 'News *' }] }, 'lists.subjectPatterns[0]', /must have either \{id\} in match, or list/],
    [{ subjectPatterns: [{ match: '{id} *a', list: 'x' }] }, 'lists.subjectPatterns[0]', /must have either/],
    [{ subjectPatterns: Array(101).fill({ match: 'a', list: 'b' }) }, 'lists.subjectPatterns', /at most 100/],
  ] as const) {
    const parsed = parseConfig({ lists })
    t.match(parsed, { ok: false, problems: [{ path: where, message: why }] }, JSON.stringify(lists).slice(0, 80))
  }
})
