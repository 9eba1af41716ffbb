/**
 * The options of every command that talks to the running server.
 *
 * Pure.
 */
import type { OptionManual } from './manual.ts'

export const apiOptions = {
  url: {
    type: 'string',
    value: 'URL',
    says: 'where the server is; else REBOND_URL, else http.listen of --config, else http://127.0.0.1:8025',
  },
  config: { type: 'string', short: 'c', value: 'FILE', says: "the server's configuration, for http.listen" },
  'token-file': {
    type: 'string',
    value: 'FILE',
    says: "file that holds the token; else REBOND_TOKEN_FILE; none is needed on the server's own machine when no http.tokens are configured",
  },
  json: { type: 'boolean', says: "print the server's answer as JSON" },
} as const satisfies Record<string, OptionManual>

/** Exit statuses of those commands. */
export const apiExit = { 0: 'done', 1: 'refused or failed (no server, wrong token)', 2: 'wrong usage' } as const
