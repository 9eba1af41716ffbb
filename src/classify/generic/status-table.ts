/**
 * What is left when the words say nothing we know: the enhanced status, then the bare code.
 *
 * A status is weaker than words: many servers send 5.7.1 or 5.1.1 for everything. 5.0.0 means "no detail" and decides nothing.
 * Pure.
 */
import type { Rule, RuleTable } from '../rule.ts'
import type { Category } from '../verdict.ts'

const iana = 'https://www.iana.org/assignments/smtp-enhanced-status-codes'

/** Words under which even a plain status about the address is not believed: they speak of a refusal, of somebody else, or of later. */
const doubt = [
  '(denied|refused|blocked|forbidden|prohibited|limit|limits|exceeded|policy|sender|from|service|restricted|security|error|verify|ip|server|your|rule|rules|filter|unauthorized|message|later|rate|quota|loop|relay|spam|refuse|bloque|gesperrt|bloccato|заблокирован)',
  '(not|isnt) (allowed|permitted|accepted|authorized|authorised)',
  'too many',
  'temporar*',
  'rejected by',
  'transaction failed',
]
/** What a server calls the thing that has the status. */
const mailboxNouns = [
  '(user|recipient|addressee|account|mailbox|address|alias|subscriber|customer|inbox|email|mail)',
  '(postfach|konto|empfänger|benutzer|boite|compte|destinataire|adresse|cuenta|buzon|usuario|casella|utente|destinatario|conta|caixa|gebruiker|skrzynka|uzytkownik)',
  '(ящик|пользователь|получатель|почтовый|адресат)',
  '(邮箱|用户|账户|帐户|收件人|ユーザ|アカウント|メールボックス|宛先|사용자|계정|메일)',
]

const row = (id: string, gives: Category, when: Rule['when'], sample: string, source: string): Rule => ({ id, gives, when, sample, source })
const rfc3463 = (section: string) => `RFC 3463 §${section}; ${iana}`

export const enhancedStatuses: RuleTable = {
  name: 'enhanced status',
  rules: [
    row('rfc3463-x.1.1', 'invalid_address', { status: ['5.1.1'], unless: doubt }, '550 5.1.1 <user@example.com>', rfc3463('3.2')),
    row('rfc3463-x.1.2', 'invalid_domain', { status: ['5.1.2'], unless: doubt }, '550 5.1.2 Bad destination system', rfc3463('3.2')),
    row('rfc3463-x.1.3', 'invalid_address', { status: ['5.1.3'], unless: doubt }, '501 5.1.3 Bad syntax', rfc3463('3.2')),
    row(
      'rfc3463-x.1.6',
      'moved_address',
      { status: ['5.1.6', '5.7.17'], unless: doubt },
      '550 5.1.6 Mailbox change',
      `${rfc3463('3.2')}; RFC 7293 §9`,
    ),
    row('rfc7505-x.1.10', 'no_mail_domain', { status: ['5.1.10'], unless: doubt }, '550 5.1.10 <user@example.org>', 'RFC 7505 §4.1'),
    row(
      'address-rejected',
      'invalid_address',
      { status: ['5.1.0'], says: ['(address|recipient|addressee|user|mailbox) (address|) (rejected|failed)'], unless: doubt },
      '550 #5.1.0 Address rejected.',
      'https://www.cisco.com/c/en/us/support/security/email-security-appliance/ (recipient access table)',
    ),
    row(
      'rfc3463-x.2.1',
      'inactive_address',
      { status: ['5.2.1', '5.7.13'], says: mailboxNouns, unless: [...doubt, '(rejected|declined)'] },
      '550 5.2.1 Mailbox off',
      `${rfc3463('3.3')}; RFC 5248 (525 5.7.13)`,
    ),
    row('rfc3463-4.2.1', 'temporary', { status: ['4.2.1'] }, '450 4.2.1 Mailbox off', rfc3463('3.3')),
    row('rfc3463-x.3.1', 'temporary', { status: ['x.3.0', 'x.3.1', 'x.3.2', '4.3.x'] }, '452 4.3.1 (storage)', rfc3463('3.4')),
    row('rfc3463-x.3.5', 'relay_config', { status: ['5.3.3', '5.3.5', '5.3.6'] }, '550 5.3.5 System incorrectly set up', rfc3463('3.4')),
    row(
      'rfc3463-x.4.4',
      'invalid_domain',
      {
        status: ['5.4.4'],
        says: ['(domain|host|dns|name|route|mx|hostname|routing)'],
        unless: [...doubt, 'timed out', 'try again', '(lookup|complete|timeout|temporar*|failure)'],
      },
      '550 5.4.4 Unable to route: invalid DNS name',
      rfc3463('3.5'),
    ),
    row(
      'rfc3463-x.4.1',
      'no_answer',
      { status: ['x.4.1', 'x.4.2', '4.4.x', '5.4.7', '5.4.3', '5.4.0'], unless: ['denied', 'rejected'] },
      '4.4.1 (host silent)',
      rfc3463('3.5'),
    ),
    row('rfc3463-x.4.5', 'rate_limited', { status: ['5.4.5', 'x.7.28'] }, '550 5.4.5 (congestion)', rfc3463('3.5')),
    row('rfc3463-x.4.6', 'relay_config', { status: ['5.4.6', '5.4.14'] }, '550 5.4.6 (again)', rfc3463('3.5')),
    row('rfc3463-x.5.3', 'rate_limited', { status: ['4.5.3', '5.5.3'] }, '452 4.5.3 Enough', rfc3463('3.6')),
    row('rfc3463-x.7.2', 'recipient_policy', { status: ['5.7.2'] }, '550 5.7.2 Expansion of the list', rfc3463('3.8')),
    row(
      'rfc4954-x.7.8',
      'relay_config',
      { status: ['5.7.3', '5.7.8', '5.7.9', '5.7.10', '5.7.11', '5.7.12', '5.7.14'] },
      '535 5.7.8 Credentials bad',
      `RFC 4954 §6; ${iana}`,
    ),
    row(
      'rfc3463-x.7.5',
      'auth_failed',
      { status: ['5.7.4', '5.7.5', '5.7.6', '5.7.7', '5.7.30', '4.7.20'] },
      '550 5.7.5 Cryptographic failure',
      rfc3463('3.8'),
    ),
    row('rfc3463-4.x.x', 'temporary', { status: ['4.7.x', '4.1.x', '4.2.x', '4.5.x', '4.6.x'] }, '451 4.7.1 Come in a while', rfc3463('2')),
    row('rfc3463-5.7.x', 'sender_blocked', { status: ['5.7.x'] }, '554 5.7.1 Delivery not authorized', rfc3463('3.8')),
  ],
}

export const bareCodes: RuleTable = {
  name: 'bare code',
  rules: [
    row(
      'refused-without-a-reason',
      'sender_blocked',
      {
        says: ['(blocked|rejected|refused|denied|forbidden|prohibited|banned|unwelcome|unacceptable)'],
        code: ['5yz'],
        unless: ['(recipient|address|user|mailbox|account|rcpt|destinataire|empfänger|recipients)', 'said', 'unknown'],
      },
      '550 Rejected',
      'seen in the field: whoever means the mailbox says so',
    ),
    row(
      'code-521',
      'sender_blocked',
      { code: [521, 571, 554], says: ['(accept|accepting|no) * (connection|connections|mail|smtp)'] },
      '521 no connections',
      'RFC 7504 §3',
    ),
    row(
      'code-552',
      'mailbox_full',
      { code: [552, 452], says: ['(mailbox|account|storage|space|exceeded|allocation)'] },
      '552 Requested mail action aborted: allocation',
      'RFC 5321 §4.2.3',
    ),
    row('code-login', 'relay_config', { code: [530, 534, 535, 538] }, '535 no', 'RFC 4954 §6'),
    row('code-4yz', 'temporary', { code: ['4yz'] }, '421 bye', 'RFC 5321 §4.2.1'),
  ],
}
