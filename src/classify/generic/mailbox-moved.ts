/**
 * Words that say: the recipient has another address now.
 *
 * Pure.
 */

import type { RuleTable } from '../rule.ts'
import { mailboxNouns } from './mailbox-nouns.ts'

export const mailboxMoved: RuleTable = {
  name: 'moved',
  rules: [
    {
      id: 'mailbox-moved',
      gives: 'moved_address',
      when: {
        says: [
          `${mailboxNouns} * (has|have|was|is) (moved|been moved|changed to|relocated|migrated)`,
          `${mailboxNouns} * (changed|moved) (to|his|her|their|address)`,
          '(has|have) (moved|changed) (his|her|their|to|email|e mail|address|addresses|mail)',
          '(new|changed) (email|e mail|mail|) address (is|please|:|for)',
          'please use (the new|my new|new|our new)',
          'user not local please (try|forward|use)',
          '(user|person|owner|addressee) has (moved|left)',
          '(has been|was|is) replaced by @',
          'please use @',
          '(my|email|e mail|mail|the) address has changed',
          'no longer on server',
          'no longer (at|on) this (server|address|site|host|domain)',
          'moved permanently',
          'forwarding (address|order) expired',
          'changed (its|the) address',
          'nouvelle adresse',
          'a demenage',
          '(a|ont) change d adresse',
          'neue (e mail|email|mail|) (adresse|anschrift)',
          'nueva direccion',
          'nuovo indirizzo',
          'novo endereco',
          'nieuw (e mailadres|emailadres|adres)',
          'новый адрес',
          'адрес изменен',
          'mailbox owner has changed',
        ],
        unless: ['(server|site|website|service) has moved', 'been moved to (spam|junk|quarantine)'],
      },
      sample: '551 5.1.6 User has moved; please try <new@example.com>',
      source: 'RFC 3463 §3.2 (X.1.6); RFC 5321 §4.2.3 (551)',
    },
    {
      id: 'try-another-address',
      gives: 'moved_address',
      when: { says: ['(try|use|to|is|at|address) @', 'try @'], code: [551], unless: ['sender', 'from', 'relay', 'your'] },
      sample: '551 Please try <jean@example.net> instead',
      source: 'RFC 5321 §3.4: 551, the server knows where the mail goes and does not take it there',
    },
  ],
}
