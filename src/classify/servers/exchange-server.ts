/**
 * What Exchange on premises and Domino say in words of their own.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const exchangeServer: RuleTable = {
  name: 'exchange, domino',
  marks: ['resolver adr', 'resolver rst', 'domino directory'],
  rules: [
    {
      id: 'exchange-size-limit',
      gives: 'message_too_large',
      when: { says: ['resolver rst (sendsizelimit|recipsizelimit)', '(sendsizelimit|recipsizelimit)'] },
      sample: '550 5.2.3 RESOLVER.RST.SendSizeLimit.Org; message too large for this organization',
      source: 'https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages',
    },
    {
      id: 'exchange-account-disabled',
      gives: 'inactive_address',
      when: { says: ['(accountdisabledexception|mapiexceptionaccountdisabled)'], code: ['5yz'] },
      sample: '554 5.2.0 STOREDRV.Deliver.Exception:AccountDisabledException.MapiExceptionAccountDisabled; Failed to process message',
      source: 'https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages',
    },
    {
      id: 'exchange-unable-to-relay',
      gives: 'relay_config',
      when: { says: ['unable to relay'] },
      sample: '550 5.7.1 Unable to relay for jean@example.net',
      source: 'https://learn.microsoft.com/exchange/mail-flow/connectors/allow-anonymous-relay',
    },
    {
      id: 'domino-not-listed',
      gives: 'invalid_address',
      when: { says: ['not listed in * (domino directory|address book|name address book)', 'not listed in public name address book'] },
      sample: 'User jean@example.com not listed in Domino Directory',
      source: 'https://help.hcl-software.com/domino/ (delivery failure reports)',
    },
    {
      id: 'domino-hops',
      gives: 'relay_config',
      when: { says: ['maximum hop count exceeded'] },
      sample: 'Maximum hop count exceeded. Message probably in a routing loop.',
      source: 'https://help.hcl-software.com/domino/ (delivery failure reports)',
    },
  ],
}
