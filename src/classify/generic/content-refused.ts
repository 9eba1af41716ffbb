/**
 * Words about what the message holds and how it is built.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const field = 'seen in the field'

export const contentRefused: RuleTable = {
  name: 'content',
  rules: [
    {
      id: 'spam-or-virus',
      gives: 'content_rejected',
      when: {
        says: [
          '(spam|spams|spamming|spammy|junk|unsolicited|phishing|phish|ube|uce|scam)',
          '(virus|viruses|malware|infected|trojan|worm|malicious|ransomware|viruses)',
          '(antispam|antivirus|spamassassin|clamav|rspamd|bayes)',
          '(bulk|mass) (mail|mailing|mailer|email|messages)',
          'mass mailer',
          'junkmail',
          'considered (spam|unsolicited)',
          'advertis* (mail|email|message)',
          'неприемлем*',
          '(спам|спамом|спама|вирус|вирусом|вирусы)',
          '(垃圾|病毒|反垃圾)',
          '(スパム|迷惑メール|ウイルス|ウィルス)',
          '(스팸|바이러스)',
          'indesirable*',
          'pourriel',
          'correo (no deseado|basura)',
          'posta indesiderata',
          'lixo eletronico',
          'ongewenste (mail|email|e mail|berichten)',
          'unerwünschte* (mail|nachricht|werbung|email|e mail)',
          'niechcian*',
        ],
        unless: ['spam folder of'],
      },
      sample: '550 5.7.1 No spam here, thank you',
      source: field,
    },
    {
      id: 'content-refused',
      gives: 'content_rejected',
      when: {
        says: [
          '(content|contents|attachment|attachments|body|subject|header|headers|message content|mime|url|link|links|urls|html|character set|charset|attached file|file extension|zip) * (rejected|refused|denied|blocked|not allowed|prohibited|not accepted|forbidden|filtered|banned|unacceptable|disallowed|suspicious|illegal|prohibited|invalid|not rfc|violat*|not permitted|unsafe|malformed|missing|not supported|noncompliant)',
          '(illegal|banned|prohibited|forbidden|disallowed|dangerous|suspicious|blocked|executable|unacceptable|rejected|offensive|malformed|inappropriate|rejecting|bad|missing) * (content|contents|attachment|attachments|file|header|headers|url|link|body|subject|mime|text|html)',
          'message (was|has been|is|) (filtered|refused|blocked|quarantined|censored) * (content|filter|body)',
          '(message|mail|email|e mail) (was|has been|is|) (filtered|censored|quarantined)',
          '(content|message|mail|email) filter*',
          'blocked because its content',
          'potential security (issue|risk|threat)',
          'security (issue|risk|threat)',
          'matches a profile',
          'nature of the content',
          'breaches * policy',
          'headers are not rfc compliant',
          '(header|headers) * syntax',
          '(not|isnt|non) rfc (822|2822|5322|compliant)',
          'rfc (822|2822|5322) (violation|compliant|compliance|conformant)',
          'missing * (from|date|message id|to) header',
          '(no|missing|invalid|multiple|duplicate|bad|having no) (valid|) * (from|date|message id|subject|to) header*',
          'missing a valid address in from',
          'improper use of 8 bit',
          '(8bit|8 bit) (data|characters|chars)',
          'bare (lf|cr|linefeed|newline)',
          'bare (carriage|line)',
          'line too long',
          'lines (are|) too long',
          '(mismatched|mismatches) with message header',
          '(conversion|converting) * (failed|required|prohibited)',
          'message (format|structure) * (invalid|error|bad|illegal)',
          'media (type|) not supported',
          'not rfc compliant',
          'rejet* * (contenu|filtre)',
          'contenu * (refuse|rejete|interdit|bloque)',
          'inhalt * (abgelehnt|nicht erlaubt|unzulassig)',
          '(contenido|contenuto|conteudo) * (rechazado|no permitido|rifiutato|non consentito|rejeitado|bloqueado|prohibido|recusado)',
          '内容 * (拒绝|不合法|违规|被拒|违反)',
          'content denied',
          'mail rejete',
          'message content rejected',
        ],
        unless: ['message size', 'too large', 'no content here', 'bad address'],
      },
      sample: '552-5.7.0 This message was blocked because its content presents a potential\n552 5.7.0 security issue',
      source: 'RFC 3463 §3.7; https://support.google.com/mail/?p=BlockedMessage',
    },
    {
      id: 'content-status',
      gives: 'content_rejected',
      when: {
        status: ['5.6.0', '5.6.1', '5.6.2', '5.6.3', '5.6.4', '5.6.5', '5.6.6', '5.6.9', '4.6.x'],
        unless: ['unknown user', 'user unknown', 'hops'],
      },
      sample: '550 5.6.0 CAT.InvalidContent.Exception: general failure',
      source: 'RFC 3463 §3.7; https://www.iana.org/assignments/smtp-enhanced-status-codes',
    },
  ],
}
