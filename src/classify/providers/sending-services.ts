/**
 * Mail services that send for others (Amazon SES, SendGrid, Mailgun, SparkPost, Postmark): what they refuse or suppress themselves.
 *
 * A suppression list holds addresses that bounced once, and those whose owner complained: it proves neither.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const sendingServices: RuleTable = {
  name: 'sending services',
  hosts: ['amazonses.com', 'amazonaws.com', 'sendgrid.net', 'mailgun.org', 'sparkpostmail.com', 'mtasv.net', 'postmarkapp.com'],
  rules: [
    {
      id: 'suppression-list',
      gives: 'recipient_policy',
      when: {
        says: [
          'suppression list',
          '(suppressed|suppress)  * (address|recipient|sending|customer|system|policy)',
          '(address|recipient|recipients) * suppressed',
          'previously (bounced|unsubscribed|complained)',
          '(marked|flagged) (as|) inactive',
          'not sent because * bounced',
          'recent history of bouncing',
        ],
      },
      sample: 'Amazon SES did not send the message to this address because it is on the suppression list for your account.',
      source: 'https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html',
    },
    {
      id: 'mailgun-recipient-rejected',
      gives: 'invalid_address',
      when: { says: ['recipient rejected'], status: ['5.0.1'], here: true },
      sample: '550 5.0.1 Recipient rejected',
      sampleHost: 'mxb.mailgun.org',
      source: 'https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store (no route matched)',
    },
    {
      id: 'ses-identity',
      gives: 'relay_config',
      when: {
        says: ['email address is not verified', 'identities failed the check', 'unauthenticated senders not allowed', 'sender identity'],
      },
      sample:
        '554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: news@example.com',
      source: 'https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html',
    },
    {
      id: 'ses-paused',
      gives: 'sender_blocked',
      when: {
        says: [
          'sending paused for this account',
          'sending suspended for this account',
          'account (is|) (paused|suspended) sending',
          'sending (is|) disabled for',
        ],
      },
      sample: '454 Throttling failure: Sending paused for this account',
      source: 'https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html',
    },
  ],
}
