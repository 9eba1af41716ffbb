/**
 * The direct path: a report from a mail whose structure is what it declares. It carries nearly all of them; general.ts takes the rest.
 *
 * Pure.
 */
import { readMail } from './mail.ts'
import { readReport } from './read-report.ts'
import type { Report } from './report.ts'

/** Reads a report; null when the structure of the mail is broken, so that the general parser must look. `raw` is the mail as it came. */
export function parseReportDirect(raw: Buffer): Report | null {
  const mail = readMail(raw)
  return mail.sound ? readReport(mail) : null
}
