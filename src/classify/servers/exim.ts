/**
 * What Exim says in words of its own, mostly on cPanel hosts.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const exim: RuleTable = {
  name: 'exim',
  marks: ['sender verify failed', 'no such user here', 'unrouteable address'],
  rules: [
    {
      // Our own side's words, no reply: the last router of cPanel, reached when the recipient's domain is not in the DNS.
      id: 'cpanel-fail-remote-domains',
      gives: 'invalid_domain',
      when: { says: ['the mail server could not deliver mail to'], code: ['none'], unless: ['verif*', 'sender'] },
      sample:
        'The mail server could not deliver mail to jean@oldcompany.example. The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.',
      source: 'https://docs.cpanel.net/whm/service-configuration/exim-configuration-manager/ (router fail_remote_domains)',
      certain: true,
    },
    {
      id: 'exim-verification',
      gives: 'relay_config',
      when: { says: ['sender verify failed', 'verification failed for', 'the mail server could not deliver mail to'] },
      sample:
        '550-Verification failed for <news@example.com>\n550-The mail server could not deliver mail to news@example.com. The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.\n550 Sender verify failed',
      source: 'https://docs.cpanel.net/whm/service-configuration/exim-configuration-manager/ (sender verification)',
    },
    {
      id: 'exim-rejected-by-user',
      gives: 'recipient_policy',
      when: { says: ['message was rejected by this user'] },
      sample: '550-Your message was rejected by this user and was not delivered.\n550 jean@example.com',
      source: 'seen in the field',
    },
    {
      id: 'exim-full-after-retry',
      gives: 'mailbox_full',
      when: { says: ['mailbox is full * retry timeout exceeded'] },
      sample: 'mailbox is full: retry timeout exceeded',
      source: 'https://www.exim.org/exim-html-current/doc/html/spec_html/ch-retry_configuration.html',
    },
    {
      id: 'exim-no-such-user',
      gives: 'invalid_address',
      when: { says: ['no such user here'], unless: ['sender', 'verification', 'spam', 'blocked', 'policy'] },
      sample: '550 No Such User Here"',
      source: 'https://docs.cpanel.net/ (default address: fail)',
    },
  ],
}
