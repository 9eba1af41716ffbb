/**
 * Internet providers and carriers elsewhere: Comcast, Cox, Charter, AT&T, Verizon, GoDaddy, T-Online, docomo, and the codes of the mail
 * platforms they share.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const carriers: RuleTable = {
  name: 'carriers',
  hosts: [
    'comcast.net',
    'cox.net',
    'charter.net',
    'att.net',
    'prodigy.net',
    'bellsouth.net',
    'sbcglobal.net',
    'verizon.net',
    'secureserver.net',
    't-online.de',
    'docomo.ne.jp',
    'ezweb.ne.jp',
    'auone-net.jp',
    'softbank.ne.jp',
    'earthlink.net',
  ],
  rules: [
    {
      id: 'tonline-problem',
      gives: 'sender_blocked',
      when: { says: ['a problem occurred * (bl|nowl)', 'a problem occurred ask your postmaster', 'none bad reputation'] },
      sample: '554 IP=192.0.2.10 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)',
      source: 'https://postmaster.t-online.de/',
    },
    {
      id: 'not-our-customer',
      gives: 'invalid_address',
      when: { says: ['not our (customer|user|subscriber)'] },
      sample: '551 not our customer',
      source: 'https://postmaster.comcast.net/smtp-error-codes.php',
    },
    {
      id: 'comcast-blocked',
      gives: 'sender_blocked',
      when: {
        says: ['block for spam', '(bl000000|bl000001|bl000010|bl000100|bl000110)', '/bl000000', '/bl000001', '/bl000010', '/bl000100'],
      },
      sample:
        '554 resimta-po-10v.sys.comcast.net comcast 192.0.2.10 Comcast block for spam. Please see http://postmaster.comcast.net/smtp-error-codes.php#BL000000',
      source: 'https://postmaster.comcast.net/smtp-error-codes.php',
    },
    {
      id: 'comcast-rate',
      gives: 'rate_limited',
      when: { says: ['(rl000001|rl000002|rl000003|rl000010)', '/rl000001', '/rl000002', '/rl000003', '/rl000010'] },
      sample: '421 4.1.0 192.0.2.10 throttled; see http://postmaster.comcast.net/smtp-error-codes.php#RL000001',
      source: 'https://postmaster.comcast.net/smtp-error-codes.php',
    },
    {
      id: 'cox-blocked',
      gives: 'sender_blocked',
      when: { says: ['aup (cdrbl|cxsndr|sndr|bl|inbl|cxbl)', '(cxbl|cxsndr)', 'sender rejected refer to error codes'] },
      sample: '550 5.1.0 <b@news.example.com> sender rejected. Refer to Error Codes section. AUP#CDRBL',
      source: 'https://www.cox.com/residential/support/email-error-codes.html',
    },
    {
      id: 'cox-rate',
      gives: 'rate_limited',
      when: { says: ['(cxcnct|cxthrt|cxmxrt|cxmj)', 'aup (cxcnct|cxthrt|cxmxrt|mxrt|cnx|cnct|out|1310|1320|1260|1270|1280)'] },
      sample: '421 4.7.1 Too much from you: AUP#1310',
      source: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    },
    {
      id: 'att-suspended',
      gives: 'inactive_address',
      when: { says: ['suspend mailbox currently suspended', 'mailbox currently suspended'] },
      sample: '550 [SUSPEND] Mailbox currently suspended - Please contact correspondent directly',
      source: 'seen in the field',
    },
    {
      id: 'verizon-blocked',
      gives: 'sender_blocked',
      when: { says: ['email from is currently blocked', 'currently blocked by verizon', 'mail from * currently blocked'] },
      sample: "571 Email from 192.0.2.10 is currently blocked by Verizon Online's anti-spam system.",
      source: 'seen in the field',
    },
    {
      id: 'godaddy-rate',
      gives: 'rate_limited',
      when: { says: ['sent to too many recipients this hour', '(ib607|ib504|ib605|ib104|ib110)', 'daily relay quota'] },
      sample: '550 5.1.1 <jean@example.com> - 192.0.2.10 has sent to too many recipients this hour. IB607 <http://x.co/rlbounce>',
      source: 'https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685',
    },
    {
      id: 'godaddy-spf',
      gives: 'auth_failed',
      when: { says: ['(ib508|ib111|ib108)', 'per its spf'] },
      sample: "550 5.1.0 192.0.2.10 is not allowed to send from <example.net> per it's SPF Record. IB508 <http://x.co/srbounce>",
      source: 'https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685',
    },
    {
      id: 'godaddy-content',
      gives: 'content_rejected',
      when: { says: ['(ib701|ib702|ib703|ib704|ib705|ib510|ib212)'] },
      sample: '552 Virus infected message rejected. IB705',
      source: 'https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685',
    },
    {
      id: 'godaddy-blocked',
      gives: 'sender_blocked',
      when: { says: ['(ib101|ib103|ib105|ib106|ib401)'], unless: ['too many'] },
      sample: '554 refused. IB103 <http://x.co/rblbounce>',
      source: 'https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685',
    },
    {
      // docomo answers so, too, when the owner of the address does not want mail from outside; a 5.1.1 beside it would say more.
      id: 'docomo-unknown-user',
      gives: 'recipient_policy',
      when: { says: ['unknown user'], status: ['5.0.0'], here: true },
      sample: '550 5.0.0 Unknown user jean@docomo.ne.jp',
      sampleHost: 'mfsmax.docomo.ne.jp',
      source: 'https://www.docomo.ne.jp/service/docomo_mail/ (receiving settings)',
    },
    {
      id: 'carrier-gateway-unknown-user',
      gives: 'recipient_policy',
      when: { says: ['the following addresses had delivery errors'], and: ['user unknown'] },
      sample: 'The following addresses had delivery errors: User unknown',
      source: 'https://libsisimai.org/en/reason/filtered/ (refused by the settings of its owner, in the words of an unknown user)',
    },
    {
      id: 'au-recipient-rejected',
      gives: 'invalid_address',
      when: { says: ['recipient address rejected'], unless: ['denied', 'blocked', 'later', 'limit', 'policy'], here: true },
      sample: '550 <jean@auone-net.jp>: Recipient address rejected.',
      sampleHost: 'lsean.auone-net.jp',
      source: 'seen in the field',
    },
    {
      id: 'docomo-too-much-data',
      gives: 'mailbox_full',
      when: { says: ['too much mail data'] },
      sample: '552 Too much mail data jean@docomo.ne.jp',
      source: 'seen in the field',
    },
    {
      id: 'docomo-too-many-recipients',
      gives: 'rate_limited',
      when: { says: ['too many recipients'], code: [452, 550, 552, 451] },
      sample: '552 Too many recipients',
      source: 'RFC 5321 §4.5.3.1.10',
    },
    {
      id: 'forpsi-policy',
      gives: 'rate_limited',
      when: { says: ['policy violation'], and: ['forpsi.com'] },
      sample: '550 5.1.0 cNkj1y00 policy violation, see https://support.forpsi.com/kb/a4081',
      source: 'https://support.forpsi.com/kb/a4081',
    },
  ],
}
