/**
 * Reports that are cut, flipped and made to be expensive: no reader throws, none hangs.
 *
 * `npm run fuzz`: every golden mail, and every corpus mail where the corpus is there, cut at 50 places and flipped; FUZZ_SEED repeats a run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classifyRecipient } from '../../src/classify/classify-recipient.ts'
import { parseReportGeneral } from '../../src/report/general.ts'
import { readMail } from '../../src/report/mail.ts'
import { readReport } from '../../src/report/read-report.ts'

const golden = fileURLToPath(new URL('../golden/mail/', import.meta.url))
const corpus = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url))
const files = [golden, corpus].filter(existsSync).flatMap(directory =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.(?:eml|txt|msg)$/.test(name))
    .map(name => directory + name),
)
const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const cuts = 50
const flips = 20
/** A reader that needs longer for one mail hangs: the slowest machine reads one in a hundredth of it. */
const hangsMs = 5_000

/** Numbers from 0 to `below`, the same for the same seed (mulberry32). */
function numbers(from: number): (below: number) => number {
  let state = from
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) % below
  }
}

let slowest = { ms: 0, what: '' }

/** Reads and judges a mail; gives what went wrong. */
function trouble(raw: Buffer, what: string): string[] {
  const startedAt = performance.now()
  try {
    const report = readReport(readMail(raw))
    for (const one of report.recipients) if (one.action === 'failed' || one.action === 'delayed') classifyRecipient(one, report)
    const ms = performance.now() - startedAt
    if (ms > slowest.ms) slowest = { ms, what }
    return ms > hangsMs ? [`${what}: ${Math.round(ms)} ms`] : []
  } catch (err) {
    return [`${what}: ${err instanceof Error ? err.stack : String(err)}`]
  }
}

t.comment(`FUZZ_SEED=${seed}, ${files.length} mails`)

t.test('cut at 50 places, every mail reads', async t => {
  for (const file of files) {
    const raw = readFileSync(file)
    const wrong = Array.from({ length: cuts }, (_, i) => Math.floor((raw.length * i) / cuts)).flatMap(at =>
      trouble(raw.subarray(0, at), `${file} cut at ${at}`),
    )
    t.same(wrong, [], file)
  }
})

t.test('with octets flipped, every mail reads', async t => {
  for (const [index, file] of files.entries()) {
    const below = numbers(seed + index)
    const wrong = Array.from({ length: flips }).flatMap((_, i) => {
      const raw = Buffer.from(readFileSync(file))
      for (let left = 1 + below(30); left > 0 && raw.length > 0; left--) raw[below(raw.length)] = below(256)
      return trouble(raw, `${file}, flip ${i}`)
    })
    t.same(wrong, [], file)
  }
})

t.test('mailparser survives what is cut as well', async t => {
  const below = numbers(seed)
  for (const file of files) {
    const raw = readFileSync(file)
    await t.resolves(parseReportGeneral(raw.subarray(0, below(raw.length + 1))), file)
  }
})

t.test('mails made to be expensive end', async t => {
  const head = 'From: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\n'
  const units = [
    '@',
    'a@b ',
    '<a@b>:\n',
    '<',
    '550-',
    '=?utf-8?q?a?= ',
    '(',
    '"',
    '\n',
    '--b\n',
    'x: y\n',
    '[1.2.3.4] ',
    'user unknown ',
    'said: 550 ',
  ].concat([
    'Final-Recipient: rfc822;a@b\n',
    'Reporting-MTA: dns; x\n',
    '>>> RCPT TO:<a@b>\n<<< 550 x\n',
    'https://x.y/z ',
    '邮箱',
    '\xff',
    '<br>',
    '{"a":',
  ])
  const frames: readonly ((unit: string) => string)[] = [
    unit => `${head}\n${unit}`,
    unit => `Subject: ${unit}`,
    unit => `Content-Type: ${unit}`,
    unit => `${head}Content-Type: text/html\n\n${unit}`,
    unit =>
      `${head}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n${unit}`,
  ]
  for (const unit of units) {
    for (const [i, frame] of frames.entries()) {
      const raw = Buffer.from(frame(unit.repeat(Math.ceil(1_048_576 / unit.length))))
      t.same(trouble(raw, `${JSON.stringify(unit)} in frame ${i}`), [])
    }
  }
  t.same(trouble(Buffer.alloc(50 * 1_048_576, 'a@b.example '), '50 MB'), [], 'of 50 MB the first MiB is read')
  const nested = Array.from({ length: 900 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join('')
  t.same(trouble(Buffer.from(nested), '900 nested parts'), [])
})

t.teardown(() => t.comment(`the slowest: ${slowest.what}, ${Math.round(slowest.ms)} ms`))
