/**
 * How right verdicts are on labelled replies and mail: confusion matrices and every miss.
 *
 * Run: npm run accuracy [-- --summary] [-- --corpus DIR]. Prints Markdown; doc/accuracy.md is the last run with --summary, which leaves the
 * misses out. The corpus lies beside the repository (../shared/corpus) and is no part of it. Exit 1 when it is not there.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { classifyRecipient } from '../src/classify/classify-recipient.ts'
import { classifyReply } from '../src/classify/classify-reply.ts'
import { shippedRules } from '../src/classify/rule-set.ts'
import { createReportParser } from '../src/intake/report-parser.ts'
import { rightFor } from './accuracy-labels.ts'

const { values } = parseArgs({ options: { summary: { type: 'boolean', default: false }, corpus: { type: 'string' } } })
const corpus = values.corpus ?? fileURLToPath(new URL('../../shared/corpus', import.meta.url))
if (!existsSync(join(corpus, 'labels.jsonl'))) {
  console.error(`accuracy: there is no labelled corpus at ${corpus}; --corpus DIR names another place`)
  process.exit(1)
}

const readLines = <T>(file: string): T[] =>
  readFileSync(join(corpus, file), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T)

const share = (part: number, whole: number): string =>
  `${part} of ${whole}${whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)} %)`}`
const say = (...lines: readonly string[]) => console.log(lines.join('\n'))

/** Counts of (label, verdict), printed as one row a label: right ones first, then what was said instead. */
class Confusion {
  readonly #rows = new Map<string, Map<string, number>>()

  add(label: string, verdict: string): void {
    const row = this.#rows.get(label) ?? new Map<string, number>()
    row.set(verdict, (row.get(verdict) ?? 0) + 1)
    this.#rows.set(label, row)
  }

  print(label: string): void {
    say('', `| ${label} | verdicts |`, '| --- | --- |')
    for (const [name, row] of [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const parts = [...row].sort(([, a], [, b]) => b - a).map(([verdict, count]) => `${verdict} ${count}`)
      say(`| ${name} | ${parts.join(', ')} |`)
    }
  }
}

function printMisses(misses: readonly string[]): void {
  if (values.summary || misses.length === 0) return
  say('', 'Misses:', '')
  for (const miss of misses) say(`* ${miss}`)
}

type LabelledReply = { reply: string; provider: string; type: string; category: string; alsoOk: string[] }

function replies(): void {
  const confusion = new Confusion()
  const misses: string[] = []
  const labelled = readLines<LabelledReply>('replies-dev.ndjson')
  const count = { living: 0, wronglyHard: 0, dead: 0, missed: 0, right: 0 }
  for (const { reply, provider, type, category, alsoOk } of labelled) {
    const verdict = classifyReply(reply.replaceAll('\\n', '\n'))
    confusion.add(category, verdict.category)
    const why: string[] = []
    if (type === 'hard') count.dead++
    else count.living++
    if (type === 'hard' && verdict.type === 'soft') {
      count.missed++
      why.push('dead, missed')
    }
    if (type === 'soft' && verdict.type === 'hard') {
      count.wronglyHard++
      why.push('living, called hard')
    }
    if (verdict.category === category || alsoOk.includes(verdict.category)) count.right++
    else why.push(`${category}, not ${verdict.category}`)
    if (why.length > 0) misses.push(`${provider}: ${why.join('; ')} (${verdict.rule}): ${reply.slice(0, 100)}`)
  }
  say('', `## Replies (${labelled.length})`, '', '| measure | figure |', '| --- | --- |')
  say(`| living addresses called hard | ${share(count.wronglyHard, count.living)} |`)
  say(`| dead addresses missed | ${share(count.missed, count.dead)} |`)
  say(`| category right | ${share(count.right, labelled.length)} |`)
  confusion.print('label')
  printMisses(misses)
}

type LabelledRecipient = { address?: string; also?: string[]; reason?: string; hard?: boolean | null; disputed?: string }
type LabelledMail = {
  file: string
  kind: string
  recipients: LabelledRecipient[]
  ambiguous?: boolean
  variant_of?: string
  textonly?: boolean
}
const deadReasons = new Set(['userunknown', 'hostunknown', 'hasmoved'])

async function mails(): Promise<void> {
  const labelled = readLines<LabelledMail>('labels.jsonl').filter(one => !one.ambiguous && !one.variant_of && !one.textonly)
  const parser = createReportParser({ inlineOctets: Number.POSITIVE_INFINITY })
  const kinds = new Confusion()
  const reasons = new Confusion()
  const misses: string[] = []
  const count = { recipients: 0, found: 0, dead: 0, deadRight: 0, living: 0, wronglyHard: 0, judged: 0, right: 0 }
  for (const { file, kind, recipients } of labelled) {
    const report = await parser.parse(readFileSync(join(corpus, file)))
    kinds.add(kind, report.kind)
    if (kind !== 'bounce') continue
    for (const { address, also = [], reason = '', hard = null, disputed } of recipients) {
      if (!address) continue
      count.recipients++
      const names = [address, ...also].map(one => one.toLowerCase())
      const found = report.recipients.find(one =>
        [one.address, one.originalAddress].some(name => name && names.includes(name.toLowerCase())),
      )
      if (!found) {
        misses.push(`${file}: ${reason}: the recipient was not found`)
        if (hard) count.dead++
        continue
      }
      count.found++
      const verdict = classifyRecipient(found, report)
      const right = rightFor(reason)
      if (right && !disputed) {
        count.judged++
        reasons.add(reason, verdict.category)
        if (right.includes(verdict.category)) count.right++
        else misses.push(`${file}: ${reason}, not ${verdict.category} (${verdict.rule})`)
      }
      if (hard === null || reason === 'suspend' || disputed === 'suspend' || (disputed && deadReasons.has(disputed) !== hard)) continue
      if (hard) count.dead++
      else count.living++
      if (hard && verdict.type === 'hard') count.deadRight++
      else if (hard) misses.push(`${file}: dead, missed (${verdict.rule})`)
      else if (verdict.type === 'hard') {
        count.wronglyHard++
        misses.push(`${file}: soft, called hard (${verdict.rule})`)
      }
    }
  }
  await parser.close()
  say('', `## Returned mail (${labelled.length})`, '', '| measure | figure |', '| --- | --- |')
  say(`| recipients found | ${share(count.found, count.recipients)} |`)
  say(`| hard bounces found and called hard | ${share(count.deadRight, count.dead)} |`)
  say(`| soft bounces called hard | ${share(count.wronglyHard, count.living)} |`)
  say(`| category right | ${share(count.right, count.judged)} |`)
  kinds.print('kind')
  reasons.print('reason (undisputed)')
  printMisses(misses)
}

say('# Accuracy', '')
say(
  'Verdicts on the labelled development corpus; `npm run accuracy` prints this and every miss. The rules were written with this corpus in view:',
)
say('on mail that nobody has seen, expect less. Labels that contradict the words of their own mail count as misses.', '')
say(`Rule set ${shippedRules.version}, ${shippedRules.rules.length} rules.`)
replies()
await mails()
