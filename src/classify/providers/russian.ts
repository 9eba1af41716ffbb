/**
 * Mail.ru, Yandex, and I.UA, whose replies are often a link alone: its last part is the code.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const russian: RuleTable = {
  name: 'mail.ru, yandex, i.ua',
  hosts: ['mail.ru', 'yandex.ru', 'yandex.net', 'rambler.ru', 'ya.ru', 'i.ua'],
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
      id: 'iua-unknown',
      gives: 'invalid_address',
      when: { says: ['mail.i.ua'], and: ['/2'] },
      sample: '550 https://mail.i.ua/err/2/',
      source: 'https://mail.i.ua/err/2/ (user is not found)',
    },
    {
      id: 'iua-inactive',
      gives: 'inactive_address',
      when: { says: ['mail.i.ua'], and: ['/3'], unless: ['full'] },
      sample: '550 https://mail.i.ua/err/3/',
      source: 'https://mail.i.ua/err/3/ (mailbox was not used for more than 3 months)',
    },
    {
      id: 'iua-full',
      gives: 'mailbox_full',
      when: { says: ['mail.i.ua'], and: ['/4'] },
      sample: '550 https://mail.i.ua/err/4/',
      source: 'https://mail.i.ua/err/4/ (mailbox is full)',
    },
    {
      id: 'iua-blocked',
      gives: 'sender_blocked',
      when: { says: ['mail.i.ua'], and: ['/5', '/7', '/8', '/9'] },
      sample: '550 https://mail.i.ua/err/9/',
      source: 'https://mail.i.ua/err/9/ (the address of the server is blacklisted)',
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
