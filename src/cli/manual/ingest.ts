/** The manual of `rebond ingest`. Pure. */
import { apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const ingestManual = {
  name: 'ingest',
  summary: 'hand a returned mail to the running server',
  synopsis: ['ingest [FILE|-] [--recipient ADDR] [--sender ADDR] [--client ADDR] [--local]'],
  description: [
    'For a mail server or a filter that has the mail already: a Postfix pipe, getmail, sieve, procmail. One mail, from FILE or from standard input. When the command ends with 0 the mail is durable on the server; it is judged afterwards.',
    'The return path is --recipient, else it is looked for in the mail (Delivered-To, X-Original-To, To and others). A mail without one is kept and shown, and blacklists nobody.',
    'A mail proves where it came from only if --client names one of bounce.reporters, or if --local says that it was born at the mail server that runs this command. Otherwise a return blacklists only if its mail had one recipient.',
    'The exit statuses are those of sysexits.h, so that a mail server knows whether to try again.',
  ],
  operands: 'files',
  options: {
    recipient: { type: 'string', value: 'ADDR', says: 'the return path that the mail came to' },
    sender: { type: 'string', value: 'ADDR', says: 'its envelope sender; empty for <>' },
    client: { type: 'string', value: 'ADDR', says: 'IP address of the host that brought it; empty: not known' },
    local: { type: 'boolean', says: 'unless --client names a host, the mail was born at the mail server that runs this' },
    ...apiOptions,
  },
  examples: [
    ['by hand', 'rebond ingest returned.eml'],
    ['from a filter', 'rebond ingest --token-file /etc/rebond/ingest-token - < mail'],
  ],
  exit: {
    0: 'the mail is durable',
    64: 'wrong usage',
    65: 'the server does not want this mail (no return path of ours, too large)',
    66: 'the file cannot be read',
    75: 'try again later (no server, its store is down, wrong token, too much mail)',
  },
} as const satisfies Manual
