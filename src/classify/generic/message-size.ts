/**
 * Words that say: too large.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const messageSize: RuleTable = {
  name: 'message size',
  rules: [
    {
      id: 'message-too-large',
      gives: 'message_too_large',
      when: {
        says: [
          '(message|mail|email|e mail|size|msg|attachment|letter|data|header|headers|line|messages|item|content) * (too big|too large|too long|oversize|oversized)',
          '(message|mail|email|fixed|maximum|max|msg|total) (message|mail|) (size|length) * (exceed*|limit|limits|maximum|too|over|greater|larger|big)',
          '(exceed*|over|above|larger than|bigger than|greater than) * (message|fixed|maximum|allowed|allowable|permitted) * (size|length)',
          'exceeded * message size limits',
          'size limit (exceeded|reached|violation)',
          'message size',
          'message length exceeds',
          'maximum (message|mail|) size',
          'sendsizelimit*',
          'recipsizelimit*',
          'resolver rst recipsizelimit*',
          'max message size',
          'mailsize',
          'line limit exceeded',
          'size of (the|this|your|) (message|mail|email) *  (exceed*|large|limit)',
          'exceeds size limit',
          'exceeds (the|a|our) (size|maximum)',
          'taille limite du message',
          'taille (du|de) (message|mail) * (limite|trop|depasse*|maximale|excede)',
          '(exceed*|over|above|than|limit of|is) * (mb|kb|megabytes|kilobytes|mbytes|mib|gb) * (limit|maximum|allowed|size|for)',
          '(message|mail|email) (is|) (bigger|larger) than',
          '(message|mail|email) (is|) over (size|sized)',
          'accept* (messages|mail|mails|email) (over|larger|above|bigger)',
          '(depasse|excede) * taille (maximale|maximum|autorisee|limite)',
          'überschreitet * (größe|grösse|grössenlimit|größenbeschränkung)',
          '(supera|excede|sobrepasa) * (tamaño|dimensione|tamanho)',
          'message trop (volumineux|gros|grand|long)',
          '(nachricht|mail|e mail) * zu (gross|groß)',
          'nachrichtengrösse*',
          '(mensaje|correo|mensagem|messaggio) * (demasiado grande|muito grande|troppo grande|excede|supera|muito longa)',
          'bericht * te groot',
          '(размер|письмо) * (превышает|превышен|слишком больш*)',
          'слишком больш* (размер|письмо|сообщение)',
          '(邮件|信件) * (太大|过大|超过限制|超过|超出)',
          '邮件大小超过',
          'メッセージ * (大きすぎ|サイズ)',
        ],
        unless: [
          'mailbox size (limit|) exceeded',
          'mailbox (is full|full)',
          'would exceed mailbox',
          'mailbox exceeds',
          'in (the|) queue',
          'mail file',
          'quota',
          'mailbox size',
          'mail file size',
        ],
      },
      sample: '552 5.3.4 Message size exceeds fixed maximum message size (10485760)',
      source: 'RFC 1870 §6.1; RFC 3463 §3.4 (X.3.4)',
    },
    {
      id: 'message-size-status',
      gives: 'message_too_large',
      when: { status: ['x.2.3', '5.3.4'], unless: ['quota', 'mailbox full'] },
      sample: '550 5.2.3 RESOLVER.RST.Limit',
      source: 'RFC 3463 §3.3 (X.2.3), §3.4 (X.3.4)',
    },
  ],
}
