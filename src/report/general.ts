/**
 * The general path: mailparser, for mail whose structure is not what it declares (about 2 % of real reports).
 *
 * Slow and, on hostile input, very slow (900 nested parts and 10 MB took 15 s): run it where it can be terminated (intake/report-worker.ts).
 * What mailparser does not find in a broken structure is looked for by the lenient half of the direct reader.
 */
import { simpleParser } from 'mailparser'
import { decodeOctets } from './charset.ts'
import { parseReportDirect } from './direct.ts'
import { parseHeaderText } from './header.ts'
import { type Mail, type Part, readMail, withLf } from './mail.ts'
import { readReport } from './read-report.ts'
import type { Report } from './report.ts'

/** Longest header of one part that mailparser is given (octets), and most parts of one mail. */
const maxHeadSize = 131_072
const maxChildNodes = 50

/** Reads the report in a mail, directly when its structure is sound, else by mailparser. Never rejects because of what the mail holds. */
export async function parseReport(raw: Buffer): Promise<Report> {
  return parseReportDirect(raw) ?? parseReportGeneral(raw)
}

/** Reads the report in a mail by mailparser whatever its structure. */
export async function parseReportGeneral(raw: Buffer): Promise<Report> {
  const own = readMail(raw)
  const mail = await readMailGeneral(own)
  const report = mail ? readReport(mail) : null
  if (report && own.sound) return report
  const lenient = readReport(own)
  return report && knows(report) >= knows(lenient) ? report : lenient
}

/** How much a report says: of a broken mail, the reading that finds more is the better one. */
function knows({ kind, recipients }: Report): number {
  const found = recipients.filter(one => one.address !== null)
  return 2 * found.length + found.filter(one => one.diagnostic !== null).length + (kind === 'other' ? 0 : 1)
}

/** Null: mailparser gave up on this mail. */
async function readMailGeneral(own: Mail): Promise<Mail | null> {
  // One kind of line end, and an empty header where there is none: mailparser knows neither CR alone nor a bare body.
  const raw = Buffer.from(own.header.fields.length === 0 ? `\n${own.source}` : own.source, 'latin1')
  try {
    const parsed = await simpleParser(raw, {
      keepDeliveryStatus: true,
      ignoreEmbedded: true,
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipImageLinks: true,
      skipTextLinks: true,
      keepCidLinks: true,
      checksumAlgo: false,
      maxChildNodes,
      maxHeadSize,
    })
    const parts: Part[] = []
    for (const [type, text] of [
      ['text/plain', parsed.text],
      ['text/html', parsed.html],
    ] as const) {
      if (text) parts.push({ type, text: withLf(text.includes('\ufffd') ? ownText(own, type, text) : text) })
    }
    for (const { contentType, content, headers } of parsed.attachments) {
      const charset = charsetOf(headers.get('content-type'))
      parts.push({ type: contentType.toLowerCase(), text: decodeOctets(withLf(content.toString('latin1')), charset) })
    }
    const lines = parsed.headerLines.map(({ line }) => line).join('\n')
    return { ...own, header: lines === '' ? own.header : parseHeaderText(withLf(lines)), parts }
  } catch {
    // Too many parts, too long a header: mailparser's own limits. The lenient reader takes the mail.
    return null
  }
}

/** mailparser takes 8 bit that nobody declared for UTF-8 and loses it: the direct reader guesses. */
function ownText(own: Mail, type: string, text: string): string {
  return (
    own.parts
      .filter(part => part.type === type)
      .map(part => part.text)
      .join('\n') || text
  )
}

function charsetOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('params' in value)) return null
  const { params } = value
  return typeof params === 'object' && params !== null && 'charset' in params && typeof params.charset === 'string' ? params.charset : null
}
