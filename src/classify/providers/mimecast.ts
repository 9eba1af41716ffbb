/**
 * Mimecast, a filter in front of other people's servers.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const mimecast: RuleTable = {
  name: 'mimecast',
  hosts: ['mimecast.com', 'mimecast.org', 'mimecast.co.za'],
  rules: [
    {
      id: 'mimecast-prohibited',
      gives: 'sender_blocked',
      when: {
        says: ['administrative prohibition', 'envelope blocked', 'manually blocked', 'poor reputation sender', 'header based blocked'],
      },
      sample: '550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550',
      source: 'https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691 (SMTP error codes)',
    },
    {
      id: 'mimecast-spoofing',
      gives: 'auth_failed',
      when: { says: ['anti spoofing', 'antispoofing'] },
      sample: '550 Rejected by header based Anti-Spoofing policy: news@example.com',
      source: 'https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691 (SMTP error codes)',
    },
    {
      id: 'mimecast-signature',
      gives: 'content_rejected',
      when: { says: ['email rejected due to security policies'] },
      sample: '554 Email rejected due to security policies - MCSpamSignature.sa.2.2',
      source: 'https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691 (SMTP error codes)',
    },
    {
      id: 'mimecast-busy',
      gives: 'temporary',
      when: {
        says: [
          'internal resources are temporarily unavailable',
          'recipient temporarily unavailable',
          'account (inbounds|outbounds) disabled',
        ],
      },
      sample: '451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451',
      source: 'https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691 (SMTP error codes)',
    },
  ],
}
