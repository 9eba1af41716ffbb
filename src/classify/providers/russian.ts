/**
 * Mail.ru and Yandex.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const russian: RuleTable = {
  name: 'mail.ru, yandex',
  hosts: ['mail.ru', 'yandex.ru', 'yandex.net', 'rambler.ru', 'ya.ru'],
  rules: [
    {
      id: 'mailru-disabled',
      gives: 'inactive_address',
      when: {
        says: [
          'local mailbox is unavailable account is disabled',
          'invalid mailbox * account is disabled',
          'is unavailable account is disabled',
          'account is frozen',
        ],
      },
      sample: '550 Message was not accepted -- invalid mailbox. Local mailbox jean@mail.ru is unavailable: account is disabled',
      source: 'https://help.mail.ru/developers/mailing_rules/technical',
    },
    {
      id: 'mailru-not-found',
      gives: 'invalid_address',
      when: { says: ['local mailbox is unavailable user (is|) (not|) found', 'is unavailable user not found'] },
      sample: '550 Message was not accepted -- invalid mailbox. Local mailbox jean@mail.ru is unavailable: user not found',
      source: 'https://help.mail.ru/developers/mailing_rules/technical',
    },
    {
      id: 'yandex-policy',
      gives: 'recipient_policy',
      when: { says: ['policy rejection on the target address'] },
      sample: '550 5.7.1 Policy rejection on the target address',
      source: 'https://yandex.com/support/mail/web/letter/create.html',
    },
  ],
}
