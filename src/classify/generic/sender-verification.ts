/**
 * Words of servers that asked whether the sender exists, or who he says he is, and were not content with the answer.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const postfix = 'https://www.postfix.org/postconf.5.html'

const exim = 'https://www.exim.org/exim-html-current/doc/html/spec_html/'

export const senderVerification: RuleTable = {
  name: 'sender verification',
  rules: [
    {
      id: 'sender-verify-failed',
      gives: 'relay_config',
      when: {
        says: [
          'sender verif* failed',
          'sender (address|domain|) (verification|verify|check|callout) * (failed|failure|fail)',
          '(could not|cannot|unable to|couldnt|cant|can not) verify * (sender|mail from|return path|envelope from|from address)',
          'verify mailfrom failed',
          'callback setup failed',
          'callout verification failed',
          'verification failed for',
          'could not complete sender verify',
          '(callout|callback|call back|call out) * (failed|failure|rejected|unsuccessful)',
          'sender address * (could not|couldnt|cannot|can not) be verified',
          'the mail server could not deliver mail to',
          '(sender|envelope from|mail from|return path) * (undeliverable|not deliverable|unverifiable|unverified)',
        ],
        unless: [
          'recipient verif* failed',
          'recipient verification',
          'unrouteable address * recipient',
          'verification failed for recipient',
        ],
      },
      sample: '550 Could not verify sender <news@example.com>',
      source: `${exim}ch-access_control_lists.html (sender verification)`,
    },
    {
      id: 'sender-domain-unusable',
      gives: 'relay_config',
      when: {
        says: [
          '(domain|host|name) of sender * (not|unresolvable|invalid)',
          'sender * domain * (does not|doesnt|must|not|isnt|invalid|unknown|unresolvable|unroutable|has no|without|couldnt|cannot|must be) (exist|resolve|found|valid|resolvable|mx|dns|verified|known|accepted|existent|be found|be resolved|be resolvable)',
          'sender domain (unknown|invalid|unresolvable|unroutable|nonexistent|unverified|rejected)',
          'sender * (domain|address) (does not|doesnt) (exist|resolve)',
          '(invalid|unknown|unresolvable|unroutable|unrouteable|nonexistent|bad|illegal|malformed|forged|fake) (envelope|) (sender|from|return path|mailfrom)',
          '(invalid|unknown|unresolvable|bad|illegal|malformed) (mail|mailer) from',
          'domain name required for sender',
          'mail from * must (resolve|exist|be)',
          '(route|deliver) to (the|) (sender|return path|reverse path)',
          '(mail from|sender|senders|return path|reverse path|return address|envelope sender) * (user unknown|unknown user|no such user|not found|does not exist|doesnt exist|mailbox unavailable|not exist|not known)',
          '(sender|senders|return path|reverse path|return address|envelope sender) * unknown',
          '(no such|unknown|nonexistent) (user|address|mailbox|) (as|for|in|) (the|) (sender|return path|reverse path)',
          '(mail from|sender|return path|from address|from domain|envelope from|mailfrom) (address|domain|) (is|was|) (not valid|invalid|unknown|unresolvable|malformed|illegal|does not exist|doesnt exist|not found|nonexistent|unresolved|not known|must exist)',
          'sender (address|) has null mx',
          'sender * null mx',
          '(mail from|sender|from) domain * (no|without|lacks) (mx|mail exchanger|a record)',
          'from unknown tld',
          'no valid (mx|dns|a record) * (sender|return|mail from|from)',
          'mx * for sender * (does not|not|unresolvable|invalid)',
          'unresolvable sender',
          'mail from domain * (resolve|exist|found|valid)',
          'mail from must have',
          'your (domain|address|e mail address|email address) * (does not|doesnt) (exist|resolve)',
          '(cannot|cant|couldnt|unable to) resolve your domain',
          'adresse (emetteur|expediteur) (invalide|inconnue|incorrecte)',
          'emetteur invalide',
          'expediteur (invalide|inconnu)',
          'domaine (de l|) (expediteur|emetteur) * (invalide|inconnu|inexistant)',
          'absender * (unbekannt|ungültig|existiert nicht|nicht gefunden|nicht aufgelöst)',
          'absenderadresse * (unbekannt|ungültig|existiert nicht)',
          'remitente (invalido|desconocido|no valido|no existe|inexistente)',
          'mittente (non valido|sconosciuto|inesistente|non esiste)',
          'remetente (invalido|desconhecido|inexistente|nao existe)',
          'afzender * (onbekend|ongeldig|bestaat niet)',
          '(неверный|несуществующий|недопустимый|некорректный) (адрес|домен|) (отправител*|обратный)',
          '(отправител*|отправителя) * (не существует|не найден|неизвестен|недействител*)',
          'expediteur * (existe pas|inconnu*|inexistant*|introuvable|invalide)',
          '(送信元|送信者|差出人) * (存在しません|不明|見つかりません|存在しない)',
          'домен отправителя * (не|не существует|неизвестен)',
          '(发件人|发件人地址) (不合法|不存在|无效)',
        ],
        unless: ['from unknown senders', 'refuses mail from', '(spf|dkim|dmarc)', 'header from', 'this group'],
      },
      sample: '553 5.1.8 <news@example.com>... Domain of sender address news@example.com does not exist',
      source: 'sendmail cf/README (accept_unresolvable_domains); RFC 7505 §4.2',
    },
    {
      id: 'sender-address-refused',
      gives: 'relay_config',
      when: {
        says: [
          'sender (address|) * (not|isnt) (allowed|permitted|authorized|authorised|owned)',
          'sender address rejected * (not owned|not logged|need fully|improper|bad syntax)',
          'not permitted to (relay|send) (as|from)',
          'not allowed to send * (as|from|on behalf)',
          '(cannot|can not) send (as|on behalf)',
          'send as denied',
          'is not (allowed|authorized|authorised) to send (mail|) (as|from|on behalf)',
          'unauthenticated senders not allowed',
          'from address * not (verified|match*|allowed|authorized)',
          'email address is not verified',
          'sender identity',
          'mail from (command|) not allowed',
          'permissions to send (as|on)',
          'permission to send (as|on behalf)',
        ],
        unless: ['to send to', 'to this recipient', 'to the recipient', 'openspf.org', 'openspf.net', 'spf'],
      },
      sample: '550 Requested action not taken: mailbox unavailable\nSender address is not allowed.',
      source: 'https://postmaster.gmx.net/en/error-messages',
    },
    {
      id: 'sender-status',
      gives: 'relay_config',
      when: {
        status: ['x.1.7', 'x.1.8', '5.7.27'],
        unless: ['bad outbound sender', 'outbound spam', 'recipient address rejected', 'host does not accept mail'],
      },
      sample: '550 5.1.7 No such domain news.example.com.',
      source: 'RFC 3463 §3.2; RFC 7505 §4.2 (X.7.27)',
    },
    {
      id: 'helo-refused',
      gives: 'relay_config',
      when: {
        says: [
          '(helo|ehlo) (command|name|hostname|host|string|argument|domain|) * (rejected|refused|invalid|denied|not accepted|must|required|mismatch|forged|does not|not valid|not resolvable)',
          '(invalid|bad|forged|illegal|fake|bogus|malformed) (helo|ehlo)',
          'need fully qualified (hostname|address|domain)',
          '(helo|ehlo) (required|first)',
          'polite people say hello first',
        ],
      },
      sample: '504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname',
      source: `${postfix}#reject_non_fqdn_helo_hostname`,
    },
    {
      id: 'refused-at-mail',
      gives: 'relay_config',
      when: {
        says: ['(does not|doesnt|not) exist', '(unknown|invalid|nonexistent|unresolvable|unroutable)', 'not found', 'not valid'],
        phase: ['mail'],
        code: ['5yz'],
      },
      sample: '553 5.1.0 news.example.com does not exist',
      samplePhase: 'mail',
      source: 'RFC 5321 §3.3: a reply to MAIL speaks of the reverse-path',
    },
    {
      id: 'smtputf8-required',
      gives: 'relay_config',
      when: { says: ['smtputf8', 'internationalized (address|email|mail)', 'non ascii (address|local part|recipient)'], code: ['5yz'] },
      sample: '550 5.6.7 Address is internationalized: SMTPUTF8 is required but was not offered',
      source: 'RFC 6531 §3.5',
    },
  ],
}
