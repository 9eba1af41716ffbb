/** The manual of `rebond backup`. Pure. */
import { apiExit, apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const backupManual = {
  name: 'backup',
  summary: 'copy the store of the running server, and the key of its return paths',
  synopsis: ['backup --config FILE [OPTION…] DIR'],
  description: [
    'Makes DIR a data directory: everything the store held when the backup began, and the key that signs return paths. The server goes on meanwhile. What was written is read again and compared by count and SHA-256; DIR has its name only when it is whole, is readable by its owner only, and must be empty or not exist before.',
    'To restore, stop rebond and put DIR where store.path is, or let store.path name it. A key that returnPath.keyFile names lies in DIR as return-path.key (previousKeyFiles as previous-1.key and on): put it back where the configuration says.',
    'The key is read from this machine, where --config says. Without it no token that is out there can be read after a restore, and no return counts: so a backup without it must be asked for.',
    'A store in PostgreSQL is backed up with pg_dump; the key file belongs to that backup too.',
  ],
  operands: 'files',
  options: {
    'without-key': { type: 'boolean', says: 'leave the key out: it is kept elsewhere' },
    ...apiOptions,
    config: { type: 'string', short: 'c', value: 'FILE', says: "the server's configuration, for http.listen and the key file" },
    json: { type: 'boolean', says: 'print what was done as JSON' },
  },
  examples: [
    ['every night, kept for a week', 'rebond backup --config /etc/rebond/rebond.yaml /var/backups/rebond-$(date +%a-%H%M)'],
    ['from another machine', 'rebond backup --url https://rebond.example.com --token-file admin.token --without-key rebond-copy'],
  ],
  exit: apiExit,
} as const satisfies Manual
