/**
 * Yahoo, AOL and the domains they host.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'https://senders.yahooinc.com/smtp-error-codes/'

export const yahoo: RuleTable = {
  name: 'yahoo',
  hosts: ['yahoodns.net', 'yahoo.com', 'yahoo.co.jp', 'yahooinc.com', 'aol.com', 'mx.aol.com'],
  marks: ['delivery error dd'],
  rules: [
    {
      id: 'yahoo-disabled',
      gives: 'inactive_address',
      when: {
        says: [
          'mailbox is disabled',
          'is no longer valid 20',
          'delivery error dd is no longer valid',
          'delivery error * (no longer valid|disabled|inactive)',
        ],
      },
      sample: '554 delivery error: dd jean@example.com is no longer valid. [-20] - mta1.mail.example.com',
      source,
    },
    {
      id: 'yahoo-no-account',
      gives: 'invalid_address',
      when: {
        says: [
          'this user doesnt have a * account',
          'this user doesnt have an account',
          'this user doesnt have a account',
          'delivery error * (doesnt have|not found|user unknown)',
          'mailbox not found',
          'unknown user',
        ],
        here: true,
      },
      sample: "554 delivery error: dd This user doesn't have a yahoo.com account (jean@yahoo.com) [-9] - mta1.mail.yahoo.com",
      source,
    },
    {
      id: 'yahoo-reputation',
      gives: 'sender_blocked',
      when: {
        says: [
          '(tss01|tss02|tss03|tss04|tss05|tss06|tss07|tss08|tss09|tss10|tss11|tss12|ts01|ts02|ts03|ts04)',
          '(bl20|bl21|bl22|bl23|bl24)',
          '(con|rtr|rly|dyn|dns|cdn) (b1|b2|bl|bd|t1|t2|b10|b11|nr)',
        ],
      },
      sample:
        '553 5.7.2 [TSS09] All messages from 192.0.2.10 will be permanently deferred; Retrying will NOT succeed. See https://postmaster.yahooinc.com/error-codes',
      source,
    },
    {
      id: 'yahoo-unresolvable-sender',
      gives: 'temporary',
      when: { says: ['temporarily deferred due to unresolvable'] },
      sample:
        '451 Message temporarily deferred due to unresolvable RFC.5321 from domain. See https://senders.yahooinc.com/error-codes#unresolvable-from-domain',
      source,
    },
    {
      id: 'yahoo-authentication',
      gives: 'auth_failed',
      when: { says: ['dkim signature did not verify', 'au01', 'due to * dmarc', 'unable to authenticate'], here: true },
      sample:
        '554 5.7.5 (AU01) Message not accepted for policy reasons: DKIM signature did not verify. See https://postmaster.yahooinc.com/error-codes',
      source,
    },
    {
      id: 'yahoo-volume',
      gives: 'rate_limited',
      when: { says: ['(hvu|hva|hvi) (b1|b2|b3)'], and: ['(volume|temporarily|deferred)'] },
      sample: '421 4.7.0 HVU:B1 Messages from 192.0.2.10 temporarily deferred due to sending volume',
      source,
    },
    {
      id: 'yahoo-policy',
      gives: 'content_rejected',
      when: {
        says: [
          'message not accepted for policy reasons',
          'email not accepted for policy reasons',
          '(ph01|ph02|ph03)',
          '(hvu|hva|hvi|cnt) (b1|b2|b3)',
          'message not allowed',
        ],
        unless: ['dmarc'],
      },
      sample:
        '554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes',
      source,
    },
    {
      id: 'yahoo-busy',
      gives: 'rate_limited',
      when: { says: ['max message per connection reached'] },
      sample: '421 Max message per connection reached, closing transmission channel',
      source,
    },
  ],
}
