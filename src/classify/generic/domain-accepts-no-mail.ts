/**
 * Words that say: the domain is there and takes no mail (null MX).
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const domainAcceptsNoMail: RuleTable = {
  name: 'domain accepts no mail',
  rules: [
    {
      id: 'null-mx',
      gives: 'no_mail_domain',
      when: {
        says: [
          'nullmx',
          'null mx',
          '(mx|srv|mx or srv) record indicated no smtp service',
          '(domain|host) * (does not|doesnt) accept (mail|email|e mail|any mail)',
          '(recipient|destination) * (host|domain) (does not|doesnt) accept',
          'no mail (is|) accepted * domain',
          'domain * (never|not) (accepts|receive|receives) (mail|email)',
          'server does not accept mail',
          'smtp service disabled * domain',
        ],
        unless: ['from', 'your'],
      },
      sample: '550 5.1.10 Domain has null MX',
      source: 'RFC 7505 §4.1; RFC 7504',
    },
    {
      id: 'host-accepts-no-mail',
      gives: 'no_mail_domain',
      when: { says: ['(does not|doesnt) accept (any|smtp|) * (mail|email)'], code: [521, 556], unless: ['from', 'your'] },
      sample: '521 5.3.2 example.org does not accept mail',
      source: 'RFC 7504 §3; RFC 7505 §4.1',
    },
    { id: 'null-mx-code', gives: 'no_mail_domain', when: { code: [556] }, sample: '556 no mail here', source: 'RFC 7504 §3' },
  ],
}
