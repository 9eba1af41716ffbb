/** The manual of `rebond import`. Pure. */
import { apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const importManual = {
  name: 'import',
  summary: 'blacklist the addresses of a list on the running server',
  synopsis: ['import [--dry-run] [OPTION…] FILE', 'import [OPTION…] -'],
  description: [
    "Blacklists the addresses of a list. Lists that are known by their columns: what rebond export wrote; a plain list (a column address or email, with or without reason, or just one address a line); the Amazon SES suppression list; Mailgun bounces; Postmark suppressions and bounces; SendGrid bounces; Brevo's blocklist and logs; listmonk subscribers and bounces. CSV with comma, semicolon or tab, or one JSON object a line; UTF-8.",
    "Only dead addresses are blacklisted: what the words of the recipient's server say is not the address's fault is passed over, and so are complaints and unsubscribes, unless told. Every line that was not blacklisted is printed with the reason. Importing a list again changes nothing more.",
  ],
  operands: 'files',
  options: {
    'dry-run': { type: 'boolean', says: 'only say what would become of each line (one listed twice may count twice)' },
    complaints: { type: 'boolean', says: 'blacklist people who complained, too' },
    unsubscribes: { type: 'boolean', says: 'blacklist people who unsubscribed, too' },
    'override-unblocks': { type: 'boolean', says: 'blacklist again what a person has unblocked' },
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: ['csv', 'ndjson'],
      says: 'what FILE is: csv or ndjson; else by its name, csv unless it ends in .ndjson, .jsonl or .json',
    },
    why: { type: 'string', value: 'TEXT', says: 'the reason, for whoever asks later' },
    by: { type: 'string', value: 'NAME', says: "who does it; the token's name unless told" },
    all: { type: 'boolean', says: 'print what became of every line' },
    ...apiOptions,
    json: { type: 'boolean', says: 'print what became of every line, one JSON object a line, the summary last' },
  },
  examples: [
    ['what would become of it?', 'rebond import --dry-run suppression-list.csv'],
    ['from Mailgun', 'rebond import mailgun-bounces.csv --why "moved from Mailgun"'],
    ['from Amazon SES (doc/migrate.md says how its list is fetched)', 'rebond import --format ndjson ses.ndjson'],
  ],
  exit: { 0: 'every line was understood', 1: 'some were not, or the import failed', 2: 'wrong usage' },
} as const satisfies Manual
