/** The manual of `rebond address`. Pure. */
import { apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const addressManual = {
  name: 'address',
  summary: 'show, block or unblock an address on the running server',
  synopsis: [
    'address show ADDR',
    'address unblock ADDR [--why TEXT] [--by NAME]',
    'address block ADDR [--why TEXT] [--by NAME] [--until TIME]',
  ],
  description: [
    'Asks the running server about an address, lifts its block, or blacklists it by hand. A change is durable and in force when the command ends. An address blacklisted by hand is refused until --until, else until it is unblocked.',
  ],
  verbs: {
    show: 'its status, since when and why, and its latest returns',
    unblock: 'lift the block: the next mail to it passes',
    block: 'blacklist it by hand',
  },
  operands: 'words',
  options: {
    why: { type: 'string', value: 'TEXT', says: 'the reason, for whoever asks later' },
    by: { type: 'string', value: 'NAME', says: "who does it; the token's name unless told" },
    until: { type: 'string', value: 'TIME', says: 'when a block by hand ends by itself: RFC 3339, or a date' },
    ...apiOptions,
  },
  examples: [
    ['why does this customer get no mail?', 'rebond address show jean@example.com'],
    ['lift it', 'rebond address unblock jean@example.com --why "mailbox works again, says his assistant"'],
    ['somebody who asked for silence until the new year', 'rebond address block info@example.com --until 2027-01-01 --json'],
    ['from another machine', 'rebond address show jean@example.com --url https://rebond.example.com --token-file ~/.rebond-token'],
  ],
  exit: { 0: 'done', 1: 'refused or failed (no block to lift, no server, wrong token)', 2: 'wrong usage' },
} as const satisfies Manual
