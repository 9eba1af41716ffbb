/**
 * Gmail and Google Workspace. The link in a reply names its reason; the same English sentence may carry three different ones.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'https://support.google.com/a/answer/3726730'

export const gmail: RuleTable = {
  name: 'gmail',
  hosts: ['google.com', 'googlemail.com'],
  marks: ['gsmtp'],
  rules: [
    {
      id: 'gmail-receiving-rate',
      gives: 'rate_limited',
      when: { says: ['/receivingrate', '/receivingrateperm', 'receiving mail at a rate that prevents', 'receiving mail too quickly'] },
      sample:
        '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. https://support.google.com/mail/?p=ReceivingRate - gsmtp',
      source,
    },
    {
      id: 'gmail-over-quota',
      gives: 'mailbox_full',
      when: { says: ['/overquotatemp', '/overquotaperm', 'out of storage space', 'email quota exceeded'] },
      sample:
        '552-5.2.2 The email account that you tried to reach is over quota and inactive.\n552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm - gsmtp',
      source: 'https://support.google.com/mail/?p=OverQuotaPerm',
    },
    {
      id: 'gmail-no-such-user',
      gives: 'invalid_address',
      when: {
        says: [
          '/nosuchuser',
          'email account that you tried to reach does not exist',
          'address not found your message wasnt delivered',
          'because the address couldnt be found',
        ],
      },
      sample:
        '550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 https://support.google.com/mail/?p=NoSuchUser - gsmtp',
      source: 'https://support.google.com/mail/?p=NoSuchUser',
    },
    {
      id: 'gmail-disabled',
      gives: 'inactive_address',
      when: { says: ['/disableduser', '/inactiveuser', 'email account that you tried to reach is (disabled|inactive)'] },
      sample: '550 5.2.1 The email account that you tried to reach is disabled. https://support.google.com/mail/?p=DisabledUser - gsmtp',
      source: 'https://support.google.com/mail/?p=DisabledUser',
    },
    {
      id: 'gmail-authentication',
      gives: 'auth_failed',
      when: {
        says: [
          '/ipv6autherror',
          '/unauthenticatederror',
          '/autherror',
          'ipv6 sending guidelines',
          'because (it|the sender) is unauthenticated',
          'requires all senders to authenticate',
        ],
      },
      sample:
        '550-5.7.1 Our system has detected that this message does\n550-5.7.1 not meet IPv6 sending guidelines regarding PTR records\n550 5.7.1 https://support.google.com/mail/?p=IPv6AuthError - gsmtp',
      source: 'https://support.google.com/mail/answer/81126',
    },
    {
      id: 'gmail-rate',
      gives: 'rate_limited',
      when: {
        says: [
          '/unsolicitedratelimiterror',
          'unusual rate of (unsolicited|) (mail|email)',
          'daily user sending limit',
          'daily smtp relay limit',
        ],
      },
      sample:
        '421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address. https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp',
      source,
    },
    {
      id: 'gmail-reputation',
      gives: 'sender_blocked',
      when: { says: ['low reputation', '/unsolicitediperror', 'reputation of the sending'] },
      sample:
        '550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain. - gsmtp',
      source: 'https://support.google.com/mail/answer/188131',
    },
    {
      id: 'gmail-content',
      gives: 'content_rejected',
      when: {
        says: [
          '/blockedmessage',
          '/unsolicitedmessageerror',
          'likely unsolicited mail',
          'this message is (likely|) suspicious',
          'illegal attachment',
          'missing a valid address in from',
          '/rfcmessagenoncompliant',
        ],
      },
      sample:
        '550 5.7.1 Our system has detected that this message is likely unsolicited mail. https://support.google.com/mail/?p=UnsolicitedMessageError - gsmtp',
      source,
    },
    {
      id: 'gmail-group',
      gives: 'recipient_policy',
      when: {
        says: [
          'groups.google.com',
          'the group you tried to contact',
          'permission to post messages to the group',
          '/policyviolation',
          'violates * email policy',
        ],
      },
      sample:
        "550 5.7.1 We're writing to let you know that the group you tried to contact (info) may not exist, or you may not have permission to post messages to the group.",
      source: 'https://support.google.com/a/answer/168383',
    },
    {
      id: 'gmail-temporary',
      gives: 'temporary',
      when: { says: ['mail server temporarily rejected message', 'try again later closing connection'] },
      sample: '451 4.3.0 Mail server temporarily rejected message. - gsmtp',
      source,
    },
  ],
}
