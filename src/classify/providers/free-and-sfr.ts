/**
 * Free, SFR and the domains they host.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const freeDoc = 'https://postmaster.free.fr/'

export const freeAndSfr: RuleTable = {
  name: 'free, sfr',
  hosts: ['free.fr', 'proxad.net', 'sfr.fr', 'neuf.fr', 'numericable.fr', 'alice.fr'],
  rules: [
    {
      id: 'free-reverse-dns',
      gives: 'auth_failed',
      when: { says: ['your reverse dns entry does not resolve'] },
      sample: '421 Refused. Your reverse DNS entry does not resolve. You may also be using the wrong SMTP server.',
      source: freeDoc,
    },
    {
      id: 'free-inactive',
      gives: 'inactive_address',
      when: { says: ['mailbox has been blocked due to inactivity'] },
      sample: '550 5.2.1 This mailbox has been blocked due to inactivity',
      source: freeDoc,
    },
    {
      id: 'free-ip-errors',
      gives: 'rate_limited',
      when: { says: ['too many errors from your ip', 'too many errors from your ip address'] },
      sample: '421 Too many errors from your IP (192.0.2.10), please visit http://postmaster.free.fr/',
      source: freeDoc,
    },
    {
      id: 'free-ip-blocked',
      gives: 'sender_blocked',
      when: { says: ['adresse ip * temporairement bloquee'] },
      sample: '550 5.7.1 [192.0.2.10] Votre adresse IP est temporairement bloquee pour envoi de spam, voir http://postmaster.free.fr/',
      source: freeDoc,
    },
    {
      // x01 spam, x02 virus, x03 protocol errors, x04 unknown users, x05 volume: two hours of throttling, whatever the reason.
      id: 'sfr-throttled',
      gives: 'sender_blocked',
      when: { says: ['sfr in'], and: ['(101|102|103|104|105|201|202|203|204|205|301|302|303|304|305|401|402|403|404|405)'] },
      sample: '450 4.7.1 SFR_IN_104 too many unknown users',
      source: 'https://postmaster.sfr.fr/',
    },
    {
      id: 'sfr-errors',
      gives: 'rate_limited',
      when: { says: ['error too many errors', 'too many errors'], code: [421], here: true },
      sample: '421 4.7.0 msfrf2604.sfr.fr Error: too many errors',
      source: 'https://postmaster.sfr.fr/',
    },
  ],
}
