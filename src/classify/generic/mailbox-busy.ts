/**
 * Words that say: the mailbox is there, but switched off for now. Neither dead nor full.
 *
 * Pure.
 */

import type { RuleTable } from '../rule.ts'
import { mailboxNouns } from './mailbox-nouns.ts'

const field = 'seen in the field'

export const mailboxBusy: RuleTable = {
  name: 'mailbox busy',
  rules: [
    {
      id: 'mailbox-temporarily-off',
      gives: 'temporary',
      when: {
        says: [
          `${mailboxNouns} * (temporarily|temporary) (locked|disabled|unavailable|blocked|suspended|inactive|inaccessible|closed|rejected|deferred|offline|not available)`,
          '(temporarily|temporary) (locked|disabled|suspended|unavailable|not available) * (mailbox|account|user|recipient)',
          '(postfach|mailbox|empfänger) * (vorübergehend|zeitweise|momentan|derzeit) * (gesperrt|nicht erreichbar|nicht verfügbar|unavailable)',
          '(temporairement|momentanement|provisoirement) (indisponible|bloque*|suspendu*|inaccessible|ferme*|desactive*)',
          '(temporalmente|temporaneamente|temporariamente) (no disponible|bloquead*|suspendid*|deshabilitad*|non disponibile|sospes*|indisponivel|desativad*)',
          'tijdelijk (niet beschikbaar|geblokkeerd|onbereikbaar|niet bereikbaar)',
          '(временно|времено) (недоступ*|заблокирован*|отключен*|не принима*)',
          '(tymczasowo|czasowo) (niedostepn*|zablokowan*)',
          '(暂时|临时) * (不可用|无法|停用|冻结)',
          '一時的',
        ],
      },
      sample: '550 5.7.1 <user@example.com>: Recipient address rejected: User user@example.com temporary locked. Please try again later!',
      source: field,
    },
  ],
}
