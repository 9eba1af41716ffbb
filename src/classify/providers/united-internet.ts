/**
 * GMX, WEB.DE, mail.com, IONOS: no enhanced status; the first of several lines always says "mailbox unavailable", what decides is the
 * last line and the code in its link.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'https://postmaster.gmx.net/en/error-messages'
const firstLine = ['requested action not taken mailbox unavailable', 'requested action not taken']

export const unitedInternet: RuleTable = {
  name: 'united internet',
  hosts: [
    'gmx.net',
    'gmx.de',
    'gmx.com',
    'web.de',
    'mail.com',
    'kundenserver.de',
    '1und1.de',
    'ionos.com',
    'ionos.de',
    'perfora.net',
    'schlund.de',
  ],
  marks: ['nemesis'],
  rules: [
    {
      id: 'gmx-quota',
      gives: 'mailbox_full',
      when: { says: ['exceeded storage allocation', 'quota exceeded'], here: true },
      sample:
        '552-Requested mail action aborted: exceeded storage allocation\n552-Quota exceeded\n552 For explanation visit https://postmaster.1und1.de/en/case?c=r0602&i=rcpt',
      source,
    },
    {
      id: 'gmx-authentication',
      gives: 'auth_failed',
      when: { says: ['spf policy', 'dmarc policy', 'dkim policy', 'bad dns ptr', 'ptr resource record', '/r0604'], here: true },
      sample:
        '550-Requested action not taken: mailbox unavailable\n550-Reject due to SPF policy.\n550 For explanation visit https://postmaster.gmx.net/en/case?c=r0604&i=ip',
      source,
    },
    {
      id: 'gmx-policy',
      gives: 'sender_blocked',
      when: {
        says: [
          'reject due to policy restrictions',
          'block listed',
          'ip address is * listed',
          '(header|domain|ip) based',
          'no smtp service',
          'transaction failed',
        ],
        here: true,
      },
      sample:
        '550-Requested action not taken: mailbox unavailable\n550-Reject due to policy restrictions.\n550 For explanation visit https://postmaster.gmx.net/en/case?c=hi&i=ip',
      source,
    },
    {
      id: 'gmx-sender',
      gives: 'relay_config',
      when: { says: ['sender address is not allowed', 'sender address * not', 'invalid dns mx', 'resource record'], here: true },
      sample:
        '550-Requested action not taken: mailbox unavailable\n550-Sender address is not allowed.\n550 For explanation visit https://postmaster.gmx.net/en/case?c=r0104',
      source,
    },
    {
      id: 'gmx-unknown-local-part',
      gives: 'invalid_address',
      when: { says: ['unknown local part'] },
      sample: '550 Unknown local part jean in <jean@web.de>',
      source,
    },
    {
      id: 'gmx-mailbox-unavailable',
      gives: 'invalid_address',
      when: {
        says: firstLine,
        and: ['/r0601', '/r0600', '/rcpt'],
        unless: ['reject', 'policy', 'sender', 'listed', 'not allowed', '/ip', 'dns'],
        here: true,
      },
      sample:
        '550-Requested action not taken: mailbox unavailable\n550 For explanation visit https://postmaster.gmx.net/en/case?c=r0601&i=rcpt',
      source,
    },
  ],
}
