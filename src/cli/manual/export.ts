/** The manual of `rebond export`. Pure. */
import { apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const exportManual = {
  name: 'export',
  summary: "write the running server's blacklist as CSV or NDJSON",
  synopsis: ['export [--format csv|ndjson] [OPTION…]'],
  description: [
    'Writes the blacklist of the running server to standard output, the latest block first. rebond import takes it again. In CSV, cells that a spreadsheet would take for a formula (they begin with = + - @, tab or CR) get an apostrophe in front; the import takes it away.',
  ],
  options: {
    format: { type: 'string', value: 'FORMAT', choices: ['csv', 'ndjson'], says: 'csv (unless told) or ndjson, one JSON object a line' },
    category: { type: 'string', value: 'NAME', says: 'only blocks of this category' },
    domain: { type: 'string', value: 'NAME', says: 'only addresses of this domain' },
    since: { type: 'string', value: 'TIME', says: 'only blocks made at this time or later: RFC 3339, or a date' },
    until: { type: 'string', value: 'TIME', says: 'only blocks made before this time' },
    ...apiOptions,
    json: { type: 'boolean', says: 'the same as --format ndjson' },
  },
  examples: [
    ['all of it, for a spreadsheet', 'rebond export > blacklist.csv'],
    ['what people blocked this year', 'rebond export --format ndjson --category manual --since 2026-01-01 > by-hand.ndjson'],
  ],
  exit: { 0: 'done', 1: 'it failed, and what was written is not the whole', 2: 'wrong usage' },
} as const satisfies Manual
