/**
 * The sentence of RFC 5321 for 550, which some servers send before they say what they mean.
 *
 * Pure.
 */

import type { RuleTable } from '../rule.ts'

export const mailboxUnavailable: RuleTable = {
  name: 'mailbox unavailable',
  rules: [
    {
      id: 'mailbox-unavailable',
      gives: 'invalid_address',
      when: {
        says: [
          'requested action not taken mailbox unavailable',
          'requested mail action not taken mailbox unavailable',
          'requested action not taken mailbox not found',
          'mailbox unavailable',
          'mailbox not available',
          'mailbox unavaiable',
          'unavailable mailbox',
          'requested action not taken mailbox',
        ],
        code: [550, 553],
        oneLine: true,
        unless: [
          'access denied',
          'blocked',
          'rejected',
          'refused',
          'denied',
          'dns',
          'not allowed',
          'ip',
          'message',
          'invalid dns',
          'resource record',
          'explanation',
        ],
      },
      sample: '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)',
      source: 'RFC 5321 §4.2.3 (550): "mailbox unavailable (e.g., mailbox not found, no access)"',
    },
  ],
}
