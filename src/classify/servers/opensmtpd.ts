/**
 * OpenSMTPD: what it says at RCPT and, as the sending server, in its reports. Its words, seen from 6.8 (mta.c, lka_session.c).
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'OpenSMTPD 6.8 (lka_session.c, mta.c, scheduler.c), run on loopback'

export const opensmtpd: RuleTable = {
  name: 'OpenSMTPD',
  rules: [
    {
      // No other server has a 524. It also says so of an alias that goes in circles, which its administrator may mend.
      id: 'opensmtpd-no-expansion',
      gives: 'invalid_address',
      when: { says: ['mailing list expansion problem'], code: [524] },
      confirm: { mails: 2, distinctDays: 2 },
      sample: '524 5.2.4 Mailing list expansion problem: <user@example.com>',
      source,
    },
    {
      id: 'opensmtpd-no-route',
      gives: 'no_answer',
      when: {
        says: [
          'network error on destination mxs',
          'no valid route to (remote mx|destination)',
          'all routes to destination blocked',
          'address family mismatch on destination mxs',
          'envelope expired',
          // A lookup that found neither MX nor address counts as temporary there.
          'no mx found for (domain|destination)',
        ],
      },
      sample: 'Network error on destination MXs',
      source,
    },
    {
      id: 'opensmtpd-refused-everywhere',
      gives: 'sender_blocked',
      when: { says: ['destination seem to reject all mails'] },
      sample: 'Destination seem to reject all mails',
      source,
    },
    {
      id: 'opensmtpd-relay-config',
      gives: 'relay_config',
      when: {
        says: [
          '(cannot parse|cannot retrieve) smarthost',
          'no auth table for relaying',
          'tls required for relaying',
          'could not retrieve (credentials|source address)',
        ],
      },
      sample: 'Cannot parse smarthost',
      source,
    },
  ],
}
