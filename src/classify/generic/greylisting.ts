/**
 * Words of greylists. Asked first of all: a greylist may call itself a block list.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const greylisting: RuleTable = {
  name: 'greylisting',
  rules: [
    {
      id: 'greylisted',
      gives: 'temporary',
      when: {
        says: [
          '(greylist|greylisted|greylisting|graylist|graylisted|graylisting|postgrey|greylistd|grey list|grey listed|grey listing|gray listed|gray listing)',
          'liste grise',
          'lista gris',
          '灰名单',
          'グレイリスト',
          'серый список',
          'серого списка',
          'грейлист*',
        ],
      },
      sample: '554 5.7.1 <user@example.com>: Recipient address rejected: Greylisted, please try again in 300 seconds',
      source: 'RFC 6647',
    },
    {
      id: 'address-probe-pending',
      gives: 'temporary',
      when: {
        says: [
          'address verification in progress',
          'unverified address',
          'verification in progress',
          'could not verify recipient * (time|later)',
          'recipient verify (deferred|temporar*)',
        ],
        unless: ['undeliverable address', 'user unknown', 'said'],
      },
      sample: '450 4.1.1 <user@example.com>: Recipient address rejected: unverified address: Address verification in progress',
      source: 'https://www.postfix.org/ADDRESS_VERIFICATION_README.html',
    },
  ],
}
