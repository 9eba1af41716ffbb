/** The manual of `rebond rejudge`. Pure. */
import { apiExit, apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const rejudgeManual = {
  name: 'rejudge',
  summary: 'judge the kept returns by the rules of today, on the running server',
  synopsis: ['rejudge --dry-run [OPTION…]', 'rejudge [OPTION…]'],
  description: [
    'After an update, or a change of classify.rulesFile: each return that is kept is read again and gets the verdict that the rules give it today; every one whose verdict changes is printed. Its id stays. An address is blacklisted, or its block lifted, where its returns now say so. What people blocked, unblocked, confirmed or dismissed stands, and so does what the surge guard holds.',
    'It can be stopped at any time; run again it does the rest. Look at --dry-run first.',
  ],
  options: {
    'dry-run': { type: 'boolean', says: 'only say what would change' },
    since: { type: 'string', value: 'TIME', says: 'only returns of this time or later: RFC 3339, or a date' },
    until: { type: 'string', value: 'TIME', says: 'only returns before this time' },
    domain: { type: 'string', value: 'NAME', says: 'only of addresses of this domain' },
    category: { type: 'string', value: 'NAME', says: 'only those that have this category so far' },
    cursor: { type: 'string', value: 'TEXT', says: 'go on where an earlier run, with the same options, had to stop' },
    why: { type: 'string', value: 'TEXT', says: 'the reason, for whoever asks later' },
    by: { type: 'string', value: 'NAME', says: "who does it; the token's name unless told" },
    ...apiOptions,
    json: { type: 'boolean', says: 'print each change as a JSON object on a line, the summary last' },
  },
  examples: [
    ['what would the new rules change?', 'rebond rejudge --dry-run'],
    ['what nobody could classify so far', 'rebond rejudge --category unclassified --why "rules of 1.2"'],
  ],
  exit: apiExit,
} as const satisfies Manual
