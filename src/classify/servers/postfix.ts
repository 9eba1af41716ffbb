/**
 * What Postfix says in words of its own, whoever runs it.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const postfix: RuleTable = {
  name: 'postfix',
  marks: ['recipient address rejected', 'sender address rejected', 'client host rejected', 'name service error for'],
  rules: [
    {
      id: 'postfix-null-mx',
      gives: 'no_mail_domain',
      when: { says: ['nullmx'], unless: ['sender address rejected'] },
      sample: '556 5.1.10 <jean@example.org>: Recipient address rejected: Domain example.org does not accept mail (nullMX)',
      source: 'https://www.postfix.org/postconf.5.html (RFC 7505 support since 3.0)',
    },
    {
      id: 'postfix-sender-rejected',
      gives: 'relay_config',
      when: {
        says: ['sender address rejected'],
        unless: [
          'spf',
          'dmarc',
          'blocked',
          'blacklisted',
          'listed',
          'spam',
          'access denied',
          'reputation',
          'banned',
          'rejected by',
          'dnsbl',
          'rbl',
          'greylist*',
          'policy',
          'rate',
          'limit',
        ],
      },
      sample: '450 4.1.8 <news@example.com>: Sender address rejected: Domain not found',
      source: 'https://www.postfix.org/postconf.5.html#reject_unknown_sender_domain',
    },
    {
      id: 'postfix-sender-denied',
      gives: 'sender_blocked',
      when: { says: ['sender address rejected access denied', 'sender address rejected * (blocked|blacklisted|banned|listed)'] },
      sample: '554 5.7.1 <news@example.com>: Sender address rejected: Access denied',
      source: 'https://www.postfix.org/access.5.html (check_sender_access)',
    },
    {
      id: 'postfix-host-not-found',
      gives: 'invalid_domain',
      when: {
        says: [
          'host or domain name not found name service error * host not found',
          'host or domain name not found name service error for',
          'host or domain name not found',
        ],
        unless: ['try again', 'sender'],
      },
      sample: '5.4.4 Host or domain name not found. Name service error for name=oldcompany.example type=A: Host not found',
      source: 'Postfix 3.7 smtp_addr.c',
    },
    {
      id: 'postfix-no-transport',
      gives: 'temporary',
      when: { says: ['(unknown|unavailable) mail transport error', 'mail transport unavailable'] },
      sample: '4.3.0 unknown mail transport error',
      source: 'Postfix 3.7 qmgr_transport.c',
    },
    {
      id: 'postfix-relay-table',
      gives: 'invalid_address',
      when: {
        says: [
          'user unknown in (local|virtual|relay) (recipient|mailbox|alias) (table|maps)',
          'user unknown in relay recipient table',
          'user unknown in virtual',
        ],
      },
      sample: '550 5.1.1 <jean@bbox.fr>: Recipient address rejected: Utilisateur inconnu. User unknown in relay recipient table',
      source: 'Postfix 3.7 smtpd_check.c',
    },
  ],
}
