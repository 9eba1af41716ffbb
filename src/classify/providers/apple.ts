/**
 * iCloud Mail.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'https://support.apple.com/en-us/102322'

export const apple: RuleTable = {
  name: 'icloud',
  hosts: ['icloud.com', 'me.com', 'apple.com', 'mail.icloud.com'],
  rules: [
    {
      id: 'icloud-moved',
      gives: 'moved_address',
      when: { says: ['recipient no longer on server'] },
      sample: '550 5.1.6 recipient no longer on server: jean@icloud.com',
      source,
    },
    {
      id: 'icloud-content',
      gives: 'content_rejected',
      when: { says: ['cs01', 'local policy', '(hme1|hm08)'], here: true },
      sample: '554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137',
      source,
    },
    {
      id: 'icloud-volume',
      gives: 'rate_limited',
      when: { says: ['deferred due to excessive volume'] },
      sample: '421 4.7.1 Messages to jean@icloud.com deferred due to excessive volume. Try again later',
      source,
    },
  ],
}
