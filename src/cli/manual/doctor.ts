/** The manual of `rebond doctor`. Pure. */
import { apiOptions } from './api-options.ts'
import type { Manual } from './manual.ts'

export const doctorManual = {
  name: 'doctor',
  summary: 'look at everything around rebond that can be wrong, and say the fix',
  synopsis: ['doctor --config FILE [--round-trip] [--wait SECONDS] [--json]'],
  description: [
    'Looks at the files that the configuration names and their modes, disk and clock; upstream (reachable, TLS, log-in, what it offers); the bounce domain (MX, who answers at port 25, SPF); the running server, and whether the From domains of its latest mail stay aligned (DMARC). Each finding that is not right comes with its fix.',
    'Nothing is changed and no mail is sent. With --round-trip the running server sends one mail of its own through upstream to an address of the bounce domain that does not exist, and the doctor waits until it has come back; no mailbox is touched. What cannot be seen from here is called unknown: port 25 may look different from outside.',
  ],
  options: {
    ...apiOptions,
    config: { type: 'string', short: 'c', value: 'FILE', says: 'the configuration (YAML)' },
    'round-trip': { type: 'boolean', says: 'send a canary and wait until it has come back (scope admin)' },
    wait: { type: 'string', value: 'SECONDS', says: 'how long to wait for it; 60 unless told' },
    json: { type: 'boolean', says: 'print { ok, findings: [{ check, state, said, fix }] }' },
  },
  examples: [
    ['before the first mail', 'rebond doctor --config /etc/rebond/rebond.yaml'],
    ['do returns find their way? with patience for greylisting', 'rebond doctor -c rebond.yaml --round-trip --wait 900'],
    ['in a monitoring script', 'rebond doctor -c rebond.yaml --json'],
  ],
  exit: { 0: 'no problem (there may be warnings)', 1: 'a problem was found', 2: 'wrong usage' },
} as const satisfies Manual
