/**
 * Exchange Online and Outlook.com. Details of three digits (`5.7.606`) are Microsoft's own and speak for themselves.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const ndr = 'https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online'
const outlook = 'https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx'

export const microsoft: RuleTable = {
  name: 'microsoft',
  hosts: ['outlook.com', 'hotmail.com', 'office365.com', 'exchangelabs.com', 'microsoft.com', 'live.com'],
  rules: [
    {
      id: 'exchange-all-recipients-rejected',
      gives: 'recipient_policy',
      when: { says: ['all recipient addresses rejected'] },
      sample: '550 5.4.1 All recipient addresses rejected : Access denied [AM1.prod.protection.outlook.com]',
      source: ndr,
    },
    {
      // Directory-based edge blocking; a tenant that migrates answers so for everybody, hence a second mail on another day.
      id: 'exchange-edge-blocking',
      gives: 'invalid_address',
      when: { status: ['5.4.1'], says: ['recipient address rejected access denied', 'as 201806281'] },
      sample: '550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [AM1.eop-EUR01.prod.protection.outlook.com]',
      source: 'https://learn.microsoft.com/exchange/mail-flow-best-practices/use-directory-based-edge-blocking',
      certain: true,
      confirm: { mails: 2, distinctDays: 2 },
    },
    {
      id: 'exchange-recipient-not-found',
      gives: 'invalid_address',
      when: {
        says: [
          'resolver adr (recipnotfound|recipientnotfound|exrecipnotfound)',
          '(recipientnotfound|recipnotfound|exrecipnotfound)',
          'recipient not found by smtp address lookup',
          'recipient * not found in * address lookup',
        ],
      },
      sample: '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jean@example.com not found by SMTP address lookup',
      source: ndr,
    },
    {
      id: 'exchange-recipient-status',
      gives: 'invalid_address',
      when: { status: ['5.1.10'], unless: ['null mx', 'nullmx', 'accept mail', 'accept email', 'sender', 'policy', 'denied'], here: true },
      sample: "550 5.1.10 jean@example.com wasn't found at example.com [AM1.prod.outlook.com]",
      source: ndr,
    },
    {
      id: 'exchange-domain-not-found',
      gives: 'invalid_domain',
      when: { status: ['5.4.310'] },
      sample: '550 5.4.310 DNS domain oldcompany.example does not exist [Message=InfoDomainNonexistent]',
      source: ndr,
    },
    {
      id: 'outlook-domain-not-reachable',
      gives: 'invalid_domain',
      when: { says: ['could not be delivered to the recipient because the domain is not reachable'] },
      sample:
        '554 The mail could not be delivered to the recipient because the domain is not reachable. Please check the domain and try again',
      source: 'seen in the field (Outlook.com returns)',
    },
    {
      id: 'exchange-restricted-recipient',
      gives: 'recipient_policy',
      when: {
        status: [
          '5.7.124',
          '5.7.129',
          '5.7.130',
          '5.7.131',
          '5.7.132',
          '5.7.133',
          '5.7.134',
          '5.7.135',
          '5.7.136',
          '5.7.12',
          '5.7.504',
          '5.7.505',
          '5.7.507',
          '5.7.193',
          '5.2.107',
        ],
      },
      sample: '550 5.7.124 Sender not in allowed-senders list for the group',
      source: ndr,
    },
    {
      id: 'exchange-restricted-words',
      gives: 'recipient_policy',
      when: {
        says: [
          '(sendernotauthenticatedforgroup|sendernotauthenticatedformailbox|restrictedtorecipientspermission)',
          'resolver rst (notauthorized|authrequired)',
          'rejectmessage',
          'delivery restriction check failed',
        ],
      },
      sample: '550 5.7.1 RESOLVER.RST.AuthRequired; authentication required',
      source: ndr,
    },
    {
      id: 'exchange-limits',
      gives: 'rate_limited',
      when: { status: ['5.2.12x', '5.2.121', '5.2.122', '5.1.90', '5.7.232', '5.7.233', '5.7.508', '4.5.127'] },
      sample:
        '554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour. (S2017) [outlook.com]',
      source: ndr,
    },
    {
      id: 'exchange-submission-quota',
      gives: 'rate_limited',
      when: { says: ['submission quota', 'submissionquotaexceeded*'] },
      sample: "550 5.2.2 submission quota exceeded; the sender's submission quota was exceeded",
      source: ndr,
    },
    {
      id: 'exchange-authentication',
      gives: 'auth_failed',
      when: {
        status: ['x.7.23', 'x.7.25', 'x.7.26', '5.7.509', '5.7.515', 'x.7.32x', 'x.7.321', 'x.7.322', 'x.7.323', 'x.7.324', 'x.7.325'],
        here: true,
      },
      sample: '550 5.7.515 Access denied, sending domain example.com does not meet the required level [AM1.prod.outlook.com]',
      source: 'https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/fix-error-code-5-7-515',
    },
    {
      id: 'exchange-banned',
      gives: 'sender_blocked',
      when: {
        status: [
          '5.7.501',
          '5.7.502',
          '5.7.503',
          '5.7.511',
          '5.7.513',
          '5.7.6xx',
          '5.7.60x',
          '5.7.61x',
          '5.7.7xx',
          '5.7.70x',
          '5.7.750',
          '5.1.8',
          '4.7.5xx',
          '4.7.6xx',
          '4.7.65x',
          '4.7.7xx',
        ],
        and: ['(denied|banned|blocked|limited|reputation|busy|spam|tenant|unregistered|throttled|rejected|traffic)'],
        unless: ['domain of sender', 'does not exist', 'dmarc', 'sender domain', 'domain not found'],
      },
      sample:
        '550 5.7.606 Access denied, banned sending IP [192.0.2.10]. To request removal from this list please visit https://sender.office.com/',
      source: ndr,
    },
    {
      id: 'outlook-rate',
      gives: 'rate_limited',
      when: { says: ['rp (001|002|003)'] },
      sample:
        "421 RP-001 (BAY004) Unfortunately, some messages from 192.0.2.10 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day.",
      source: outlook,
    },
    {
      id: 'outlook-block-list',
      gives: 'sender_blocked',
      when: {
        says: [
          '(s3150|s3140|s8002|s3113|s3115)',
          '(ou|sc|dy) (001|002|003|004)',
          'part of their network is on our block list',
          'weren t sent',
          'messages from werent sent',
        ],
      },
      sample:
        "550 5.7.1 Unfortunately, messages from [192.0.2.10] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
      source: outlook,
    },
    {
      id: 'exchange-relay',
      gives: 'relay_config',
      when: {
        says: [
          'tenantattribution',
          'tenantinboundattribution',
          'client not authenticated to send',
          'basic authentication is not supported for client submission',
          'not accepted domain',
        ],
        status: ['5.7.64', '5.7.60', '5.7.57', '5.7.54', '5.7.51', '5.7.30', '5.7.68', '5.7.367', '5.7.1'],
      },
      sample: '550 5.7.64 TenantAttribution; Relay Access Denied [AM1.prod.protection.outlook.com]',
      source: ndr,
    },
    {
      id: 'exchange-expired',
      gives: 'no_answer',
      when: {
        status: ['5.4.300', '4.4.7', '5.4.312', '5.4.316', '4.4.3xx', '4.4.316', '5.4.317', '4.4.31x'],
        unless: ['quota', 'full', 'dane', 'tls'],
      },
      sample: '550 5.4.300 Message expired',
      source: ndr,
    },
    {
      id: 'exchange-resources',
      gives: 'temporary',
      when: {
        says: [
          'insufficient system resources',

          'storedrv * (transient|temporar*)',
          'storage transient',
        ],
      },
      sample: '452 4.3.1 Insufficient system resources',
      source: 'https://learn.microsoft.com/exchange/mail-flow/back-pressure',
    },
    {
      id: 'outlook-mailbox-unavailable',
      gives: 'invalid_address',
      when: { says: ['requested action not taken mailbox unavailable'], status: ['5.5.0'], here: true },
      sample: '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [AM1.eop-EUR01.prod.protection.outlook.com]',
      source: outlook,
    },
  ],
}
