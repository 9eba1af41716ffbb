/** The manual of `rebond store`. Pure. */
import type { Manual } from './manual.ts'

export const storeManual = {
  name: 'store',
  summary: 'copy a store to another engine, or bring the tables of PostgreSQL forward',
  synopsis: ['store copy --from FILE --to FILE', 'store migrate --config FILE'],
  description: [
    'copy reads the store that one configuration file names and writes it into the empty one that the other names, LevelDB to PostgreSQL or back, then reads both again and compares them by count and checksum. No server may use either meanwhile. A copy that was cut short goes on where it was when it is run again.',
    'migrate brings the tables of a PostgreSQL database forward to this version. An empty database needs none: the first server makes its tables.',
  ],
  verbs: {
    copy: 'everything from one store into another, verified',
    migrate: 'bring the tables of a PostgreSQL database forward',
  },
  operands: 'words',
  options: {
    from: { type: 'string', value: 'FILE', says: 'copy: the configuration whose store is read' },
    to: { type: 'string', value: 'FILE', says: 'copy: the configuration whose store is written, and must be empty' },
    config: { type: 'string', value: 'FILE', says: 'migrate: the configuration' },
  },
  examples: [
    ['from one machine to many', 'rebond store copy --from level.yaml --to postgres.yaml'],
    ['after an upgrade that says so', 'rebond store migrate --config /etc/rebond/rebond.yaml'],
  ],
  exit: {
    0: 'done, and verified',
    1: 'refused or failed; what was copied stays, and a copy goes on when it is run again',
    2: 'wrong usage',
  },
} as const satisfies Manual
