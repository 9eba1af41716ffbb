/**
 * What qmail, sendmail and Courier say in words of their own.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const qmailAndSendmail: RuleTable = {
  name: 'qmail, sendmail, courier',
  marks: ['sorry i wasnt able', 'im not going to try again'],
  rules: [
    {
      id: 'qmail-no-mailbox',
      gives: 'invalid_address',
      when: { says: ['sorry no mailbox here by that name', 'no mailbox here by that name'] },
      sample: '550 sorry, no mailbox here by that name. (#5.1.1)',
      source: 'qmail-1.03, qmail-local.c; http://cr.yp.to/proto/qsbmf.txt',
    },
    {
      id: 'qmail-bad-recipient-list',
      gives: 'recipient_policy',
      when: { says: ['(badrcptto|badrecipientto)'] },
      sample: '553 sorry, your envelope recipient is in my badrcptto list (#5.7.1)',
      source: 'netqmail, patches badrcptto and badmailto: the administrator refuses mail to it, which may be there',
    },
    {
      id: 'qmail-queue-refused',
      gives: 'content_rejected',
      when: { says: ['mail server permanently rejected message'] },
      sample: '554 mail server permanently rejected message (#5.3.0)',
      source: 'qmail-1.03, qmail.c (qmail-queue exit 31: a scanner refused the message)',
    },
    {
      id: 'qmail-over-quota',
      gives: 'mailbox_full',
      when: { says: ['mailbox is over quota', 'user is over quota', 'is over quota temporarily'] },
      sample: '552 sorry, mailbox jean@example.org is over quota temporarily (#5.1.1)',
      source: 'vpopmail vdelivermail.c',
    },
    {
      id: 'qmail-no-host',
      gives: 'invalid_domain',
      when: { says: ['couldnt find any host named', 'couldnt find any host by that name'] },
      sample: "Sorry, I couldn't find any host named oldcompany.example. (#5.1.2)",
      source: 'qmail-1.03, qmail-remote.c',
    },
    {
      id: 'qmail-no-connection',
      gives: 'no_answer',
      when: {
        says: [
          'wasnt able to establish an smtp connection',
          'smtp connection * not going to try again',
          'couldnt find a mail exchanger or ip address',
        ],
      },
      sample:
        "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.",
      source: 'qmail-1.03, qmail-remote.c, qmail-send.c',
    },
    {
      // Courier looks up the domain of MAIL FROM and answers 517; nobody else uses that code.
      id: 'courier-sender-domain',
      gives: 'relay_config',
      when: { code: [517] },
      sample: '517-Domain does not exist: example.com.\n517 Invalid domain, see <URL:ftp://ftp.isi.edu/in-notes/rfc1035.txt>',
      source: 'https://www.courier-mta.org/courier.html (BOFHCHECKDNS)',
    },
    {
      id: 'sendmail-host-unknown',
      gives: 'invalid_domain',
      when: { says: ['host unknown name server', 'host unknown'], unless: ['sender', 'try again', 'temporar*', 'client'] },
      sample: '550 5.1.2 <jean@example.org>... Host unknown (Name server: example.org: host not found)',
      source: 'sendmail 8.17 deliver.c',
    },
    {
      id: 'sendmail-no-longer-exists',
      gives: 'inactive_address',
      when: { says: ['recipient address no longer exists', '(user|mailbox|account|address) no longer exists'] },
      sample: '553 5.3.0 <jean@example.com>... Recipient address no longer exists',
      source: 'https://www.sendmail.org/~ca/email/doc8.12/cf/m4/anti_spam.html (access map)',
    },
    {
      id: 'sendmail-relay-lookup',
      gives: 'relay_config',
      when: { says: ['mx list for * points back to', 'local configuration error'] },
      sample: '554 5.3.5 Local configuration error: MX list for example.org. points back to mail.example.com',
      source: 'sendmail 8.17 domain.c',
    },
  ],
}
