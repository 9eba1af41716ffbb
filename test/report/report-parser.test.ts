import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runClassify } from '../../src/cli/classify.ts'
import { createReportParser } from '../../src/intake/report-parser.ts'

const golden = fileURLToPath(new URL('../golden/mail/', import.meta.url))
const mail = (name: string) => readFileSync(`${golden}${name}.eml`)
const scratch = mkdtempSync(join(tmpdir(), 'report-'))

/** A worker of the given JavaScript, in place of the real one. */
function worker(name: string, source: string): URL {
  const file = join(scratch, `${name}.mjs`)
  writeFileSync(file, `import { parentPort } from 'node:worker_threads'\n${source}\nparentPort.postMessage({ kind: 'ready' })`)
  return new URL(`file://${file}`)
}

t.test('mails are read at once or in a thread, with the same result', async t => {
  const atOnce = createReportParser()
  const threaded = createReportParser({ inlineOctets: 0 })
  t.teardown(() => Promise.all([atOnce.close(), threaded.close()]))
  for (const name of ['postfix-three-actions', 'broken-boundary', 'qmail', 'not-spam']) {
    const raw = mail(name)
    const before = Buffer.from(raw)
    const [one, two] = await Promise.all([atOnce.parse(raw), threaded.parse(raw)])
    t.same(one, two, name)
    t.ok(raw.equals(before), 'the buffer stays the caller’s')
  }
  const reports = await Promise.all(Array.from({ length: 20 }, () => threaded.parse(mail('exim'))))
  t.ok(
    reports.every(report => report.recipients.length === 2),
    'many at a time',
  )
})

t.test('a mail that hangs the thread comes back as other, and the next one is read', async t => {
  const warned: string[] = []
  const url = worker(
    'hangs-once',
    `parentPort.on('message', ({ id, raw }) => { if (raw[0] === 33) for (;;); parentPort.postMessage({ kind: 'read', id, report: { kind: 'mdn', recipients: [] } }) })`,
  )
  const parser = createReportParser({
    inlineOctets: 0,
    timeLimitMs: 300,
    workerUrl: url,
    log: { warn: (_, message) => warned.push(message) },
  })
  t.teardown(() => parser.close())
  const [hung, next] = await Promise.all([parser.parse(Buffer.from('!')), parser.parse(Buffer.from('.'))])
  t.match(hung, { kind: 'other', recipients: [], problem: 'time-limit' })
  t.equal(next.kind, 'mdn')
  t.equal(warned.length, 1)
})

t.test('a thread that dies or eats its memory is answered for and replaced', async t => {
  const dies = createReportParser({
    inlineOctets: 0,
    workerUrl: worker('dies', `parentPort.on('message', () => { throw new Error('bug') })`),
  })
  const exits = createReportParser({ inlineOctets: 0, workerUrl: worker('exits', `parentPort.on('message', () => process.exit(0))`) })
  const eats = createReportParser({
    inlineOctets: 0,
    maxOldSpaceMb: 16,
    workerUrl: worker('eats', `parentPort.on('message', () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) })`),
  })
  t.teardown(() => Promise.all([dies.close(), exits.close(), eats.close()]))
  for (let i = 0; i < 2; i++) t.match(await dies.parse(Buffer.from('x')), { kind: 'other', problem: 'parser-failed' })
  t.match(await exits.parse(Buffer.from('x')), { kind: 'other', problem: 'parser-failed' })
  t.match(await eats.parse(Buffer.from('x')), { kind: 'other', problem: 'memory-limit' })
})

t.test('a closed parser reads nothing more, and says so to those who wait', async t => {
  const parser = createReportParser({ inlineOctets: 0, workerUrl: worker('silent', `parentPort.on('message', () => {})`) })
  const waiting = [parser.parse(Buffer.from('x')), parser.parse(Buffer.from('y'))]
  const rejected = waiting.map(one => t.rejects(one, { code: 'ERR_PARSER_CLOSED' }))
  await parser.close()
  await Promise.all(rejected)
  await t.rejects(parser.parse(mail('qmail')), { code: 'ERR_PARSER_CLOSED' })
})

async function classify(args: readonly string[], stdin = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = Promise.all([stdout.toArray(), stderr.toArray()])
  const status = await runClassify(args, { stdin: Readable.from([Buffer.from(stdin, 'latin1')]), stdout, stderr, env: {} })
  stdout.end()
  stderr.end()
  const [out, err] = (await texts).map(chunks => Buffer.concat(chunks).toString())
  return { status, out: out ?? '', err: err ?? '' }
}

t.test('rebond classify says of every mail, in order, what contract.md promises', async t => {
  const files = ['postfix-three-actions', 'not-vacation', 'base64-status', 'success'].map(name => `${golden}${name}.eml`)
  const { status, out, err } = await classify(['--ndjson', ...files])
  t.equal(status, 0)
  t.equal(err, '')
  const records = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(
    records.map(record => record.file),
    files,
  )
  t.same(
    records.map(record => record.kind),
    ['bounce', 'auto_reply', 'bounce', 'success'],
  )
  t.same(Object.keys(records[0].recipients[0]), [
    'address',
    'originalAddress',
    'action',
    'status',
    'replyCode',
    'diagnostic',
    'remoteMta',
    'category',
    'fault',
    'type',
    'rule',
  ])
  t.match(records[0].recipients, [
    { address: 'one@example.net', action: 'failed', status: '5.2.2', replyCode: 552, category: 'mailbox_full', type: 'soft' },
    { address: 'two@example.net', action: 'delayed', type: 'soft' },
    { address: 'three@example.net', action: 'delivered', category: null, fault: null, type: null, rule: null },
  ])
  t.match(records[2].recipients, [{ address: 'jean@example.net', category: 'invalid_address', fault: 'recipient', type: 'hard' }])
  t.same(records[1].recipients, [])
})

t.test('rebond classify reads standard input, writes for people, and goes on after a file that cannot be read', async t => {
  const piped = await classify(['-'], mail('qmail').toString('latin1'))
  t.equal(piped.status, 0)
  t.match(piped.out, /^-: bounce\n {2}jean@example\.net failed 5\.1\.1: hard, invalid_address /)
  const missing = await classify(['--ndjson', join(scratch, 'none.eml'), `${golden}qmail.eml`])
  t.equal(missing.status, 1)
  t.match(missing.err, /none\.eml: ENOENT/)
  t.equal(missing.out.trimEnd().split('\n').length, 1)
  t.equal((await classify([scratch])).status, 1, 'a directory')
  t.equal((await classify([])).status, 2)
  t.equal((await classify(['--nonsense', 'x'])).status, 2)
  t.match((await classify(['--help'])).out, /^usage: rebond classify/)
  t.match(JSON.parse((await classify(['--ndjson', '-'])).out), { file: '-', kind: 'other', recipients: [] }, 'an empty mail')
})
