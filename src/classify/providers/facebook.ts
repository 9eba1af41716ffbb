/**
 * Facebook: every refusal carries a code of its own (`RCP-P1`), often with no words beside it.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'https://www.facebook.com/postmaster/response_codes'

export const facebook: RuleTable = {
  name: 'facebook',
  hosts: ['facebook.com', 'postmaster.facebook.com'],
  rules: [
    {
      id: 'facebook-no-such-recipient',
      gives: 'invalid_address',
      when: { says: ['rcp p1'], here: true },
      sample: '550 5.1.1 RCP-P1 https://www.facebook.com/postmaster/response_codes?ip=192.0.2.10#rcp',
      source,
    },
    {
      id: 'facebook-preferences',
      gives: 'recipient_policy',
      when: { says: ['rcp (p2|p3)'], here: true },
      sample: '550 5.1.1 RCP-P2 https://www.facebook.com/postmaster/response_codes?ip=192.0.2.10#rcp',
      source,
    },
    {
      id: 'facebook-sender-domain',
      gives: 'relay_config',
      when: { says: ['dns (p1|p2|p3)'], here: true },
      sample: '550 5.1.8 DNS-P1 https://www.facebook.com/postmaster/response_codes?ip=192.0.2.10#dns',
      source,
    },
  ],
}
