/**
 * The blacklist as a file: CSV for spreadsheets, with cells that cannot become formulas, or NDJSON, one block of /v1/blacklist a line.
 *
 * Promises: what is written here is read back by `createListReader` field for field. Pure.
 */
import { stringify } from 'csv-stringify/sync'
import { defuse } from './formulas.ts'
import { ownColumns } from './own-list.ts'

/** The fields of one block; times are RFC 3339. */
export type OwnRow = Readonly<Record<(typeof ownColumns)[number], string | null>>

/** The line that names the columns. */
export const csvHeader = `${ownColumns.join(',')}\r\n`

/** Writes rows as CSV (RFC 4180), lines end in CRLF. */
export function formatCsv(rows: readonly OwnRow[]): string {
  return stringify(
    rows.map(row => ownColumns.map(name => defuse(row[name] ?? ''))),
    { record_delimiter: 'windows' },
  )
}
