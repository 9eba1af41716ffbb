/** The manual of `rebond check-config`. Pure. */
import type { Manual } from './manual.ts'

export const checkConfigManual = {
  name: 'check-config',
  summary: 'say everything that is wrong with a configuration file',
  synopsis: ['check-config --config FILE [--json]'],
  description: [
    'Checks a configuration file, the rule file and the certificates, keys and secrets it names, and prints every problem, one a line:',
    '  FILE: key.path: must be …, not …',
    'A line "FILE: warning: key.path: …" names what is allowed and probably not meant. Nothing is started or changed, and nothing is asked over the network: rebond doctor does that.',
  ],
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', says: 'the configuration (YAML)' },
    json: { type: 'boolean', says: 'print { ok, problems, warnings } as JSON' },
  },
  examples: [
    ['before a restart', 'rebond check-config --config /etc/rebond/rebond.yaml && systemctl restart rebond'],
    ['in a deployment', 'rebond check-config --config rebond.yaml --json'],
  ],
  exit: { 0: 'the file is right', 1: 'it is not', 2: 'wrong usage' },
} as const satisfies Manual
