/** The manual of `rebond repair`. Pure. */
import type { Manual } from './manual.ts'

export const repairManual = {
  name: 'repair',
  summary: 'mend a damaged store of a stopped server',
  synopsis: ['repair --config FILE'],
  description: [
    'For a store in LevelDB that rebond calls damaged. Stop rebond first. A copy of the directory as it is is kept beside it (level.damaged-TIME): there must be room for it. LevelDB then salvages the tables that can be read, records that cannot be read are taken out, indexes and counters are made again from what is left, and the count before and now says what was lost.',
    'What was lost is in a backup, if there is one: compare before you choose between the two. A block that was lost comes back when the address bounces again, or with rebond import of an exported list.',
  ],
  options: { config: { type: 'string', short: 'c', value: 'FILE', says: "the server's configuration" } },
  examples: [['after a damaged disk, with the server stopped', 'rebond repair --config /etc/rebond/rebond.yaml']],
  exit: {
    0: 'repaired; what was lost is printed',
    1: 'refused or failed: the copy, if one was made, is as the store was',
    2: 'wrong usage',
  },
} as const satisfies Manual
