/**
 * How long the event loop is held by mails made to be expensive: those that are read in the tick, the direct reader and the verdict on each recipient.
 *
 * Run: npm run bench:hostile-mails. Every piece, repeated to 64 KiB, in every frame, twice: the second round counts, by processor time. The bound
 * is the listener's: never held over 50 ms; exits 1 when a mail is over it.
 */
import { classifyRecipient } from '../src/classify/classify-recipient.ts'
import { parseReportDirect } from '../src/report/direct.ts'
import { frames } from './load/hostile-frames.ts'
import { pieces } from './load/hostile-pieces.ts'

const boundMs = 50
const shown = 10
/** A mail over the bound is read again: of the processor's other work none counts. */
const attempts = 3

type Figure = { readonly ms: number; readonly what: string; readonly found: string }

/** Reads and judges a mail; gives what came out. */
function read(raw: Buffer): string {
  const report = parseReportDirect(raw)
  if (!report) return 'left to the thread'
  for (const one of report.recipients) if (one.action === 'failed' || one.action === 'delayed') classifyRecipient(one, report)
  return `${report.kind}, ${report.recipients.length} recipients`
}

function measure(raw: Buffer, what: string): Figure {
  let ms = Number.POSITIVE_INFINITY
  let found = ''
  for (let attempt = 0; attempt < attempts && ms > boundMs / 2; attempt++) {
    const before = process.cpuUsage()
    found = read(raw)
    const { user, system } = process.cpuUsage(before)
    ms = Math.min(ms, (user + system) / 1_000)
  }
  return { ms, what, found }
}

function round(): Figure[] {
  return Object.entries(frames)
    .flatMap(([frame, make]) => pieces.map(piece => measure(make(piece), `${JSON.stringify(piece.slice(0, 60))} in ${frame}`)))
    .sort((a, b) => b.ms - a.ms)
}

round()
const figures = round()
const over = figures.filter(({ ms }) => ms > boundMs)
console.log(`${figures.length} mails of 64 KiB; over ${boundMs} ms: ${over.length}\n`)
console.log('| ms | what | read as |\n| --- | --- | --- |')
for (const { ms, what, found } of figures.slice(0, shown)) console.log(`| ${ms.toFixed(1)} | ${what.replaceAll('|', '\\|')} | ${found} |`)
process.exitCode = over.length > 0 ? 1 : 0
