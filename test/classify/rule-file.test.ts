/**
 * Operators' rule files, and the command that classifies replies.
 */
import { readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { parse } from 'yaml'
import { classifyReply } from '../../src/classify/classify-reply.ts'
import { parseRuleFile } from '../../src/classify/rule-file.ts'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { runClassifyReply } from '../../src/cli/classify-reply.ts'

const rule = (more: object = {}) => ({
  id: 'ours',
  gives: 'inactive_address',
  when: { says: ['has left us'] },
  sample: '550 he has left us',
  ...more,
})
const problemsOf = (value: unknown): string[] => {
  const parsed = parseRuleFile(value)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}

t.test('config/rules.example.yaml is a right rule file', async t => {
  const parsed = parseRuleFile(parse(readFileSync(new URL('../../config/rules.example.yaml', import.meta.url), 'utf8')))
  t.match(parsed, { ok: true, count: 3 })
  if (!parsed.ok) return
  const host = 'mx9.mail.acme.example'
  t.equal(classifyReply('550 Employee 12 has left', { rules: parsed.rules, host }).rule, 'acme-left-the-company')
  t.not(classifyReply('550 Employee 12 has left', { rules: parsed.rules }).rule, 'acme-left-the-company', 'of another host')
  t.equal(
    classifyReply('550 User unknown to Partner Shield', { rules: parsed.rules }).category,
    'sender_blocked',
    'before the shipped rules',
  )
  t.match(classifyReply('550 5.7.1 no mailbag for you', { rules: parsed.rules }), { confirm: { mails: 2, distinctDays: 2 }, ttlDays: 180 })
  t.match(classifyReply('550 User unknown', { rules: parsed.rules }), { category: 'invalid_address' }, 'the shipped rules stand behind')
  t.not(parsed.rules.version, shippedRules.version)
})

t.test('an empty file is the shipped rules', async t => {
  for (const empty of [null, undefined, { rules: [] }]) t.match(parseRuleFile(empty), { ok: true, count: 0 })
})

t.test('a rule of the operator is asked before the last line of a shipped one', async t => {
  const parsed = parseRuleFile({ rules: [rule()] })
  if (!parsed.ok) return t.fail('must be right')
  const text = '550-he has left us\n550 5.1.1 https://support.google.com/mail/?p=NoSuchUser - gsmtp'
  t.equal(classifyReply(text, { rules: parsed.rules }).rule, 'ours')
})

t.test('everything that is wrong is said at once, where it is', async t => {
  const rows: readonly (readonly [value: unknown, problem: string])[] = [
    [7, ': must be a group of keys with rules, not 7'],
    [{ rules: 7 }, 'rules: must be a list, not 7'],
    [{ rule: [], rules: [] }, 'rule: must be a key that rebond knows, not rule (known here: rules)'],
    [{ rules: ['x'] }, 'rules[0]: must be a group of keys, not x'],
    [{ rules: [rule({ id: 'A b' })] }, 'rules[0].id: must be 2 to 60 lower-case letters, digits, dots and hyphens, not A b'],
    [{ rules: [rule({ id: 'gmail-disabled' })] }, 'rules[0].id: must be an id of its own, not that of a shipped rule, gmail-disabled'],
    [{ rules: [rule(), rule()] }, 'rules[1].id: must be an id of its own, not that of rules[0], ours'],
    [{ rules: [rule({ wen: {} })] }, 'rules[0].wen: must be a key that rebond knows, not wen'],
    [{ rules: [rule({ when: {} })] }, 'rules[0].when: must have says, code or status, or it would match every reply'],
    [{ rules: [rule({ when: { says: [] } })] }, 'rules[0].when.says: must be a list of 1 to 200 phrases, not []'],
    [{ rules: [rule({ when: { says: ['*'] } })] }, 'rules[0].when.says[0]: must begin and end with a word, not with *, not *'],
    [{ rules: [rule({ when: { says: ['(a+)+$'] } })] }, 'rules[0].when.says[0]: must have spaces around its brackets, not (a+)+$'],
    [
      { rules: [rule({ when: { says: ['a (mail|yahoo.com) account'] } })] },
      'rules[0].when.says[0]: must hold words only: yahoo.com is none',
    ],
    [{ rules: [rule({ when: { code: [200] } })] }, 'rules[0].when.code[0]: must be a code from 400 to 599, or 4yz, or 5yz, not 200'],
    [
      { rules: [rule({ when: { status: ['5.1'] } })] },
      'rules[0].when.status[0]: must be an enhanced status such as 5.1.1 or x.7.x, not 5.1',
    ],
    [{ rules: [rule({ when: { says: ['a b'], host: ['*'] } })] }, 'rules[0].when.host[0]: must be a host or domain name'],
    [{ rules: [rule({ when: { says: ['a b'], phase: ['helo'] } })] }, 'rules[0].when.phase[0]: must be connect | ehlo'],
    [
      { rules: [rule({ sample: '550 User unknown' })] },
      'rules[0].sample: must be a reply that this rule claims, not one that user-unknown claims',
    ],
    [{ rules: [rule({ sample: undefined })] }, 'rules[0].sample: must be text of 1 to 2000 characters, not missing'],
    [
      { rules: [rule({ confirm: { mails: 0, distinctDays: 1 } })] },
      'rules[0].confirm.mails: must be a whole number from 1 to 36500, not 0',
    ],
    [{ rules: [rule({ ttlDays: 'x' })] }, 'rules[0].ttlDays: must be a whole number from 1 to 36500, not x'],
  ]
  for (const [value, problem] of rows) {
    const problems = problemsOf(value)
    t.ok(
      problems.some(one => one.startsWith(problem)),
      `${problem} — ${problems.join(' / ')}`,
    )
  }
  t.equal(problemsOf({ rules: [rule({ gives: 'dead', ttlDays: -1, when: { says: [1], code: ['6yz'] } })] }).length, 4, 'all four')
})

async function run(args: string[], input: string | Buffer | Iterable<Buffer>): Promise<{ status: number; out: string; err: string }> {
  const stdin = typeof input === 'string' || Buffer.isBuffer(input) ? Readable.from([Buffer.from(input)]) : Readable.from(input)
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const texts = Promise.all([stdout, stderr].map(async stream => Buffer.concat(await stream.toArray()).toString()))
  const status = await runClassifyReply(args, { stdin, stdout, stderr, env: {} })
  stdout.end()
  stderr.end()
  const [out = '', err = ''] = await texts
  return { status, out, err }
}

t.test('classify-reply prints one line per line', async t => {
  const { status, out } = await run(['--ndjson'], '550 5.1.1 User unknown\r\n\n550-one\\n550 5.2.2 mailbox full\nlast')
  t.equal(status, 0)
  const lines = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(lines, [
    { reply: '550 5.1.1 User unknown', category: 'invalid_address', fault: 'recipient', type: 'hard', rule: 'user-unknown' },
    { reply: '', category: 'unclassified', fault: 'unknown', type: 'soft', rule: 'none' },
    { reply: '550-one\\n550 5.2.2 mailbox full', category: 'mailbox_full', fault: 'recipient', type: 'soft', rule: 'mailbox-full' },
    { reply: 'last', category: 'unclassified', fault: 'unknown', type: 'soft', rule: 'none' },
  ])
  t.match(
    (await run([], '550 5.1.1 User unknown\n')).out,
    /^hard {2}invalid_address {2}recipient {2}user-unknown {2}550 5\.1\.1 User unknown\n$/,
  )
})

t.test('classify-reply on hostile input: as many lines out as in, whatever they hold', async t => {
  const big = Buffer.alloc(3_000_000, 'user unknown ')
  const hostile = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
    Buffer.from('a\u2028b\u0085c\rd\x1b[2J\n'),
    big,
    Buffer.from('\r\n\r\n\n'),
  ])
  for (const args of [['--ndjson'], []]) {
    const { status, out } = await run(args, hostile)
    t.equal(status, 0)
    t.equal(out.split('\n').length - 1, 5)
    t.notMatch(out, /[\u2028\x85\x1b]/)
    t.ok(out.length < 400_000, 'a line of megabytes is cut')
    const bytes = await run(
      args,
      Array.from(hostile.subarray(0, 60), byte => Buffer.from([byte])),
    )
    t.equal(bytes.out, (await run(args, hostile.subarray(0, 60))).out, 'one byte at a time')
  }
})

t.test('classify-reply takes phase and host, and explains wrong usage', async t => {
  t.match((await run(['--ndjson', '--phase', 'mail'], '550 User unknown\n')).out, /"relay_config"/)
  t.match(
    (await run(['--ndjson', '--host', 'a.tmes.trendmicro.eu'], '554 5.7.1 Recipient address rejected: Access denied\n')).out,
    /"invalid_address"/,
  )
  for (const args of [['--phase', 'later'], ['--phase'], ['--what'], ['file']]) {
    const { status, out, err } = await run(args, '')
    t.equal(status, 2, args.join(' '))
    t.equal(out, '')
    t.match(err, /^rebond classify-reply: .+\n\nusage: /, args.join(' '))
  }
  const { status, out } = await run(['--help'], '')
  t.equal(status, 0)
  t.match(out, /^usage: rebond classify-reply/)
})
