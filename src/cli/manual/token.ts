/** The manual of `rebond token`. Pure. */
import type { Manual } from './manual.ts'

export const tokenManual = {
  name: 'token',
  summary: 'make a token for the HTTP API',
  synopsis: ['token new NAME --scope SCOPE [--scope SCOPE…] [--json]'],
  description: [
    'Makes a token for the HTTP API. The first line is the token: it is shown this once and kept nowhere. The second line goes under http.tokens of the configuration, which keeps only its SHA-256; restart rebond after adding it.',
    'NAME says who will hold it, and stands as "by" in blocks and unblocks made with it. No scope implies another:',
    '  read     see addresses, returned mail, mail that passed, metrics\n  unblock  lift a block\n  admin    blacklist an address by hand, and everything else that is changed\n  ingest   hand in returned mail (rebond ingest), and say where it came from',
  ],
  verbs: { new: 'make one' },
  operands: 'words',
  options: {
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      choices: ['read', 'unblock', 'admin', 'ingest'],
      says: 'what it may do; a list with commas works too',
    },
    json: { type: 'boolean', says: 'print { name, token, sha256, scopes }' },
  },
  examples: [
    ['for the support team', 'rebond token new support --scope read,unblock'],
    ['straight into a file that only its owner reads', '(umask 077; rebond token new metrics --scope read | head -1 > token)'],
  ],
  exit: { 0: 'done', 2: 'wrong usage' },
} as const satisfies Manual
