/**
 * Doubts: words under which no reply means that the address is dead, although it says so. They are asked after a row that calls it dead
 * has matched, and overrule it: a dead address that is missed costs one more mail, a living one that is blocked costs a customer.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const field = 'seen in the field'

export const doubts: RuleTable = {
  name: 'doubts',
  doubts: true,
  rules: [
    {
      id: 'speaks-of-the-sender',
      gives: 'relay_config',
      when: {
        says: [
          '(sender|senders|originator|mailfrom|backscatter)',
          '(mail|envelope) from',
          '(return|reverse) (path|address)',
          'from (address|domain|header|field)',
          '(callout|callback|callbacks)',
          '(helo|ehlo)',
          'your (account|address|domain|domains|email address|hostname|login|user|username)',
          'your mailbox (is|does|doesnt|was|has|at|could|cannot)',
          '(from|as) (this|that|the|your) (address|account|user|mailbox|email|domain)',
          '(bounce|bounces) (address|mailbox|path)',
          'for sending',
          '(reply|errors) to (address|header|field)',
          '(votre|vos) (compte|adresse|domaine|boite|messagerie|serveur|ip)',
          '(ihr|ihre|ihrem|ihrer) (konto|account|adresse|domain|domäne|mailadresse|server|ip|postfach)',
          '(su|tu|sus|seu|sua|tuo|suo|vostro) (cuenta|direccion|dominio|buzon|servidor|ip|account|indirizzo|conta|endereco|caixa)',
          'uw (account|adres|domein|server|ip|mailadres)',
          '(ваш|ваша|вашего|вашем|вашему) (домен|домена|аккаунт|ящик|адрес|учетная|сервер|ip)',
          '(您的|你的) (账号|帐号|账户|帐户|域名|邮箱|地址|服务器|帳號|信箱)',
          'あなたの',
          '(absender|absenderadresse|absenders|versender)',
          '(expediteur|emetteur|expediteurs)',
          '(remitente|remetente|mittente|afzender|avsändare|afsender|lähettäjä|gonderen|gonderici)',
          '(отправител*|відправник*|nadawc*|odesilatel*)',
          '(发件人|寄件人|寄件者|发信人|发送者|送信元|送信者|發件人|差出人|発信元|発信者)',
          '(발신자|보낸 사람|보낸사람)',
        ],
        unless: [
          'your address (book|list)',
          '(return*|back) to (the|) sender',
          'sender (should|must|may|can) (check|verify|contact)',
          'you may have mistyped your',
        ],
      },
      sample: '550 No such user (originator news@example.com)',
      source: 'RFC 5321 §4.1.1.2: a server may refuse the reverse-path at RCPT',
    },
    {
      id: 'not-for-ever',
      gives: 'temporary',
      when: {
        says: [
          'temporar*',
          'later',
          '(again|retry|resend) (in|after) * (seconds|minutes|hours|hour|minute)',
          'please retry',
          'in progress',
          'unverified address',
          '(lookup|lookups) (failure|error|errors|failures)',
          '(database|directory|ldap|sql|internal|server|system) (error|failure|unavailable|problem|trouble|timeout|down|is down)',
          'error (in|reading|accessing|querying|opening|from) * (database|directory|table|map|ldap|file)',
          '(unable|not able|failed|could not|cannot|cant) to verify',
          '(cannot|cant|couldnt|could not) verify',
          // The thing that is missing is the server's own.
          '(user|recipient|account|mailbox|alias|mail|password) (database|directory|table|map|file|folder|store|spool|server|service|lookup) (is|was|) (not found|not available|not accessible|does not exist|doesnt exist|missing|unavailable|not exist)',
          'i o error',
          '(user|users|recipient) home directory',
          'maintenance',
          '(greylist*|graylist*)',
          '(is|being) (moved|migrated)',
          'vorübergehend*',
          'später',
          '(temporairement|momentanement|provisoirement|ulterieurement)',
          '(temporalmente|temporaneamente|temporariamente|momentaneamente)',
          '(mas|mais|piu) tarde',
          'tijdelijk',
          '(временно|позже|позднее|тимчасово)',
          '(tymczasowo|pozniej|docasne)',
          '(暂时|稍后|临时|暫時|稍後|一時|後ほど|しばらく)',
          '(나중에|일시)',
        ],
        unless: ['no longer temporar*'],
      },
      sample: '550 5.1.1 Directory error, no such object for this recipient',
      source: 'RFC 5321 §4.2.1: a server may say 5yz and mean 4yz; https://www.postfix.org/ADDRESS_VERIFICATION_README.html',
    },
    {
      id: 'asks-to-try-again',
      gives: 'temporary',
      when: {
        says: ['try again', 'yet'],
        unless: [
          '(typos|spelling)',
          '(correct|right|valid|different|another|other) (address|recipient|email)',
          '(check|verify|correct|confirm|recheck|review) * (try|trying|retry|send|sending|resend|resending|retrying)',
          'not (valid|exist|existing|known|found|active|activated) yet',
          'not yet (been|) (activated|created|exist|active)',
        ],
      },
      sample: '550 No such user, try again',
      source: field,
    },
    {
      id: 'resolver-trouble',
      gives: 'temporary',
      when: {
        says: ['(lookup|lookups) failed', 'dns (error|failure|problem|trouble|timeout)'],
        unless: ['(nxdomain|domain name not found|no such domain|null mx|nullmx)', 'no such (user|mailbox|recipient|address|account)'],
      },
      sample: '550 DNS problem: host not found',
      source: field,
    },
    {
      id: 'gave-up-waiting',
      gives: 'no_answer',
      when: {
        says: [
          '(message|mail|delivery|queue|delivery time|retry time) (has|is|was|) expired',
          '(message|delivery) * expired',
          '(timed out|timeout|time out|timeouts)',
          'too long in queue',
        ],
      },
      sample: '550 5.4.7 Delivery time expired, no such user',
      source: 'RFC 3463 §3.5 (X.4.7)',
    },
    {
      id: 'speaks-of-us',
      gives: 'sender_blocked',
      when: {
        says: [
          'your (ip|host|server|network|mail server|system|isp|provider|connection)',
          '(client|sending|connecting|connected|originating|peer) (host|hostname|ip|server|system|user|account|login|domain|address)',
          'smtp (user|login|account)',
          '(ip|host|server|client|network|connection) * (blocked|blacklisted|blocklisted|banned|rejected by|refused by|denied|listed)',
          '(blocked|blacklisted|banned) (by|using|for|from|due to) * (spam|policy|ip|dnsbl|rbl|list|abuse|reputation|filter|rule)',
          'blocked (using|by)',
          '(reputation|spam|spammer|spammers|abuse|dnsbl|rbl|rbls)',
          '(access|permission) (is|was|) denied',
          '(spf|dkim|dmarc)',
          'unknown (host|client|hostname|network|ip) *  (your|in our)',
        ],
      },
      sample: '550 User unknown in virtual alias table; client host 192.0.2.10 not welcome',
      source: field,
    },
    {
      id: 'mail-refused',
      gives: 'sender_blocked',
      when: {
        says: ['(message|mail|email|content|access) * (blocked|blacklisted|banned|denied|rejected by|refused by)'],
        unless: ['inactivity'],
      },
      sample: '550 Unknown recipient, all mail blocked',
      source: field,
    },
    {
      id: 'speaks-of-a-policy',
      gives: 'recipient_policy',
      when: {
        says: [
          '(policy|policies|prohibited|permission|permissions|unauthorized|unauthorised)',
          '(internal|local) use only',
          '(not|isnt|arent) (authorized|authorised|permitted)',
          // Not RFC 5321's 553, "mailbox name not allowed", which speaks of a name that no mailbox may have.
          '(is|are|was|were|mail|message|messages|email|you|user|users|senders|access|delivery|recipient|address|account|from|to|here|domain|relaying) (not allowed|isnt allowed|arent allowed)',
          '(only|solely) (accepts|accept|receives|for) * (internal|local|authenticated)',
          'may not exist',
          '(members|nonmembers)',
          'closed to',
          '(restricted|moderated|moderator|whitelist)',
        ],
      },
      sample: '550 No such recipient, unauthorised',
      source: 'RFC 3463 §3.8 (X.7.1, X.7.2)',
    },
    {
      id: 'speaks-of-the-way',
      gives: 'relay_config',
      when: {
        says: [
          '(loops|looping|hops|mail loop|routing loop)',
          '(relay|relaying) (denied|access|not|is not|prohibited)',
          '(authentication|credentials|login|password|authenticate|authenticated)',
          'smtputf8',
        ],
      },
      sample: '554 5.4.6 user unknown: forwarding goes round in loops',
      source: 'RFC 5321 §6.3; RFC 4954 §6',
    },
    {
      id: 'speaks-of-the-space',
      gives: 'mailbox_full',
      when: { says: ['(not enough|insufficient|no more|out of) (disk|storage|mailbox|free|) (space|storage|room)'] },
      sample: '550 5.1.1 User unknown (not enough disk space)',
      source: field,
    },
    {
      id: 'speaks-of-the-command',
      gives: 'unclassified',
      when: { status: ['5.5.1', '5.5.2', '5.5.4'], code: [500, 501, 502, 503, 504] },
      sample: '501 5.5.4 Invalid command arguments: Invalid domain name',
      source: 'RFC 5321 §4.2.2, RFC 3463 §3.6: a reply about the protocol',
    },
    {
      // Whose address? A recipient's has its status, 5.1.3, or is called so.
      id: 'speaks-of-a-syntax',
      gives: 'unclassified',
      when: {
        says: ['(address|path|mailbox|name) syntax', 'syntax error'],
        code: [501, 555],
        unless: ['(recipient|rcpt|destination|forward)'],
      },
      sample: '501 Bad address syntax',
      source: 'RFC 5321 §4.2.2: 501 answers MAIL as well as RCPT',
    },
    {
      id: 'speaks-of-the-size-or-content',
      gives: 'unclassified',
      when: {
        says: [
          '(disk|quota|storage|overquota)',
          '(virus|malware|phishing|attachment|attachments|mime|charset)',
          '(message|mime|file|subject|attachment|session|queue) (id|ids|name|number)',
          '(message|subject|header|headers|body) (contains|content|contents|format|header|headers)',
          'unknown (error|reason|problem|cause|command|option|parameter|mailer|status|failure|content|protocol|attachment|charset|encoding)',
          'rate limit*',
          '(mail|email|message) (transport|format|agent|client|error|command|protocol|type|structure|data)',
          'too (many|much|fast|large|big|long)',
        ],
        unless: ['over quota and unknown'],
      },
      sample: '550 5.1.1 no such user (unknown error 17)',
      source: field,
    },
  ],
}
