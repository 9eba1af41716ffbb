/**
 * What mail servers say in words of their own, whoever runs them: Postfix, Exim with cPanel, qmail, sendmail, Exchange, Courier, Domino.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const postfix: RuleTable = {
  name: 'postfix',
  marks: ['recipient address rejected', 'sender address rejected', 'client host rejected', 'name service error for'],
  rules: [
    {
      id: 'postfix-null-mx',
      gives: 'no_mail_domain',
      when: { says: ['nullmx'], unless: ['sender address rejected'] },
      sample: '556 5.1.10 <jean@example.org>: Recipient address rejected: Domain example.org does not accept mail (nullMX)',
      source: 'https://www.postfix.org/postconf.5.html (RFC 7505 support since 3.0)',
    },
    {
      id: 'postfix-sender-rejected',
      gives: 'relay_config',
      when: {
        says: ['sender address rejected'],
        unless: [
          'spf',
          'dmarc',
          'blocked',
          'blacklisted',
          'listed',
          'spam',
          'access denied',
          'reputation',
          'banned',
          'rejected by',
          'dnsbl',
          'rbl',
          'greylist*',
          'policy',
          'rate',
          'limit',
        ],
      },
      sample: '450 4.1.8 <news@example.com>: Sender address rejected: Domain not found',
      source: 'https://www.postfix.org/postconf.5.html#reject_unknown_sender_domain',
    },
    {
      id: 'postfix-sender-denied',
      gives: 'sender_blocked',
      when: { says: ['sender address rejected access denied', 'sender address rejected * (blocked|blacklisted|banned|listed)'] },
      sample: '554 5.7.1 <news@example.com>: Sender address rejected: Access denied',
      source: 'https://www.postfix.org/access.5.html (check_sender_access)',
    },
    {
      id: 'postfix-host-not-found',
      gives: 'invalid_domain',
      when: {
        says: [
          'host or domain name not found name service error * host not found',
          'host or domain name not found name service error for',
          'host or domain name not found',
        ],
        unless: ['try again', 'sender'],
      },
      sample: '5.4.4 Host or domain name not found. Name service error for name=oldcompany.example type=A: Host not found',
      source: 'Postfix 3.7 smtp_addr.c',
    },
    {
      id: 'postfix-relay-table',
      gives: 'invalid_address',
      when: {
        says: [
          'user unknown in (local|virtual|relay) (recipient|mailbox|alias) (table|maps)',
          'user unknown in relay recipient table',
          'user unknown in virtual',
        ],
      },
      sample: '550 5.1.1 <jean@bbox.fr>: Recipient address rejected: Utilisateur inconnu. User unknown in relay recipient table',
      source: 'Postfix 3.7 smtpd_check.c',
    },
  ],
}

export const exim: RuleTable = {
  name: 'exim',
  marks: ['sender verify failed', 'no such user here', 'unrouteable address'],
  rules: [
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

export const exchangeServer: RuleTable = {
  name: 'exchange, domino',
  marks: ['resolver adr', 'resolver rst', 'domino directory'],
  rules: [
    {
      id: 'exchange-size-limit',
      gives: 'message_too_large',
      when: { says: ['resolver rst (sendsizelimit|recipsizelimit)', '(sendsizelimit|recipsizelimit)'] },
      sample: '550 5.2.3 RESOLVER.RST.SendSizeLimit.Org; message too large for this organization',
      source: 'https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages',
    },
    {
      id: 'exchange-unable-to-relay',
      gives: 'relay_config',
      when: { says: ['unable to relay'] },
      sample: '550 5.7.1 Unable to relay for jean@example.net',
      source: 'https://learn.microsoft.com/exchange/mail-flow/connectors/allow-anonymous-relay',
    },
    {
      id: 'domino-not-listed',
      gives: 'invalid_address',
      when: { says: ['not listed in * (domino directory|address book|name address book)', 'not listed in public name address book'] },
      sample: 'User jean@example.com not listed in Domino Directory',
      source: 'https://help.hcl-software.com/domino/ (delivery failure reports)',
    },
    {
      id: 'domino-hops',
      gives: 'relay_config',
      when: { says: ['maximum hop count exceeded'] },
      sample: 'Maximum hop count exceeded. Message probably in a routing loop.',
      source: 'https://help.hcl-software.com/domino/ (delivery failure reports)',
    },
  ],
}
