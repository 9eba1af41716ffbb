/**
 * The page's words in English: mail that passed, forwarding, webhooks, personal data, the audit.
 *
 * Pure.
 */
import type { WebhookEvent } from '../../../config/webhooks.ts'
import type { OurReason } from '../../../judge/audit-words.ts'

const events: Record<WebhookEvent, string> = {
  'address.blacklisted': 'Address blacklisted',
  'address.unblocked': 'Address unblocked',
  'mail.returned': 'Mail returned',
  'return.unclassified': 'Return not classified',
  'incident.opened': 'Incident opened',
  'incident.closed': 'Incident ended',
}

const ours: Record<OurReason, string> = {
  accepted: 'mail was accepted since',
  over: 'the incident is over',
  decided: 'every return that it held is decided',
  gone: 'the endpoint answered 410 Gone',
}

export const enSending = {
  mails: {
    title: 'Sent mail',
    intro: 'Every mail that passed, or tried to, the newest first.',
    recipient: 'Recipient',
    recipients: 'Recipients',
    from: 'Sender’s address',
    status: 'Mail',
    more: (count: string) => `and ${count} more`,
    empty: 'No mail has passed yet.',
    errors: { from: 'Enter the address of a sender.', id: 'Enter the id as the mail or the server’s reply has it.' },
  },
  outbox: {
    title: 'Forwarding',
    intro:
      'Returned mail that is passed on to whoever sent the first mail. What the mail server refuses for good, or for too long, is given up.',
    states: { all: 'All', waiting: 'Waiting', dead: 'Given up' },
    empty: { all: 'Nothing is to be forwarded.', waiting: 'Nothing waits to be forwarded.', dead: 'Nothing was given up.' },
    columns: {
      to: 'To',
      state: 'State',
      about: 'About',
      since: 'Since',
      attempts: 'Tries',
      next: 'Next try',
      lastError: 'What the last try met',
    },
    theMail: 'the mail',
    name: ({ to }: { to: string }) => `the mail to ${to}`,
    inDoubt: '(it may have arrived: no answer came)',
    again: 'Forward again',
    retry: 'Forward the chosen now',
    retryAll: 'Forward all that was given up',
    done: (count: string, more: boolean) => `To be forwarded now: ${count}.${more ? ' There are more: press the button again.' : ''}`,
  },
  webhooks: {
    title: 'Webhooks',
    one: 'Webhook endpoint',
    intro: 'Who is told what happens, and whether it arrived. Endpoints are configuration (webhooks).',
    empty: 'No endpoint is configured.',
    emptyMeans: 'Programs that want to hear of blocks and returns are configured under webhooks.',
    missing: 'No endpoint of the configuration has this name.',
    states: { ok: 'OK', resting: 'Resting', disabled: 'Switched off' },
    deliveryStates: { all: 'All', waiting: 'Waiting', delivered: 'Delivered', failed: 'Given up' },
    events,
    columns: {
      name: 'Endpoint',
      state: 'State',
      url: 'URL',
      events: 'Events',
      delivered: 'Last delivered',
      oldest: 'Oldest that waits',
      lastError: 'Last trouble',
      event: 'Event',
      about: 'About',
      at: 'When',
      attempts: 'Tries',
      next: 'Next try',
      answer: 'Answer',
    },
    disabledSince: 'Switched off since',
    gone: 'it answered 410 Gone',
    restsUntil: 'Rests until',
    log: 'What it was told',
    told: 'Data',
    noDeliveries: 'Nothing of this kind was told.',
    enableTitle: 'Switch it on again',
    enableHelp: 'It said that it wants nothing more (410 Gone). Switch it on, and what waits is told at once.',
    enable: 'Switch on',
    enabled: 'Switched on: what waits is told now.',
    replayPicked: 'Tell the chosen again',
    replayTime: 'Tell everything of a time again',
    replayHelp: 'For a receiver that lost what it was told, or did not take it. The webhook-id stays the same.',
    untilHelp: 'Optional; the day itself is included.',
    replayGo: 'Tell again',
    stateError: 'Choose one of the two.',
    done: (count: string, more: boolean) => `Told again: ${count}.${more ? ' There are more: ask for an earlier end.' : ''}`,
  },
  personal: {
    title: 'Personal data of this address',
    export: 'Everything that is kept',
    exportHelp: 'For a person who asks what is known of their address: one file, one record a line.',
    exportGo: 'Download',
    erase: 'Erase',
    eraseHelp:
      'Takes the address out of every record, for good. A block in force holds, under a hash: the address stays refused until somebody lifts it.',
    confirm: 'Type the address once more',
    confirmError: 'This is not the address of this page.',
    eraseGo: 'Erase for good',
    busy: 'Returns of mail to this address are being judged. Nothing was erased; try again in a moment.',
    done: (mails: string, returns: string) => `Erased. Mails it stood in: ${mails}; returns: ${returns}.`,
  },
  picking: { pick: 'Choose', choose: (what: string) => `Choose ${what}`, none: 'Choose at least one.' },
  audit: { noReason: 'no reason given', because: ': ', ours, theReturn: 'the return', rule: 'rule', ruleNow: 'now', revert: 'undone by' },
}
