/**
 * Words that say: the mailbox was closed, disabled, suspended. Only where the mailbox is plainly the subject.
 *
 * Pure.
 */

import type { RuleTable } from '../rule.ts'
import { mailboxNouns } from './mailbox-nouns.ts'

const field = 'seen in the field'

export const mailboxInactive: RuleTable = {
  name: 'mailbox inactive',
  rules: [
    {
      id: 'blocked-for-inactivity',
      gives: 'inactive_address',
      when: {
        says: [
          '(blocked|disabled|suspended|closed|locked|deactivated|frozen|expired|deleted|removed|archived) * (due to|for|because of|after|owing to) * (inactivity|inactive|non use|not used|nonuse|lack of use|long inactivity|non activity|unused)',
          '(inactivity|dormant|dormancy)',
        ],
        unless: ['ip', 'sender'],
      },
      sample: '550 Account closed after long inactivity',
      source: 'https://postmaster.free.fr/',
    },
    {
      id: 'mailbox-takes-no-more',
      gives: 'inactive_address',
      when: {
        says: [
          `${mailboxNouns} * no longer (accepts|accept|accepting|receives|receive|receiving|takes) (any|) (mail|mails|messages|email|e mail|emails)`,
        ],
        unless: ['from', 'sender', 'temporar*', 'unknown'],
      },
      sample: '550 5.2.1 This address no longer accepts mail',
      source: field,
    },
    {
      // A mailbox that its own server locks for a moment says so with a 4yz.
      id: 'mailbox-locked',
      gives: 'inactive_address',
      when: {
        says: ['(account|mailbox|user|recipient|addressee|inbox) locked'],
        code: ['5yz'],
        unless: ['temporar*', 'sender', '(process|session|busy|lock file|lockfile)', 'your (account|mailbox)', 'ip'],
      },
      sample: '550 Mailbox locked',
      source: field,
    },
    {
      id: 'mailbox-or-domain-disabled',
      gives: 'inactive_address',
      when: {
        says: [
          '(user|account|recipient|mailbox|address) (or|and|or its) domain (is|are|was|has been|have been|) (disabled|suspended|inactive|deactivated|expired|closed)',
        ],
        unless: ['sender', 'your', 'from'],
      },
      sample: '550 user or domain is disabled',
      source: field,
    },
    {
      id: 'mailbox-disabled',
      gives: 'inactive_address',
      when: {
        says: [
          `${mailboxNouns} (address|account|name|) (is|was|has been|have been|are|had been) (currently|now|already|permanently|administratively|) (disabled|inactive|deactivated|suspended|closed|locked|frozen|expired|inactivated|dormant|terminated|cancelled|canceled|archived|unactivated|discontinued|retired|decommissioned|deprovisioned|removed|deleted|abandoned|disconnected|obsolete|defunct)`,
          `${mailboxNouns} (address|account|name|) (is|was|are|has been|) (not|no longer|not yet) (active|activated|enabled|in use|in service)`,
          `${mailboxNouns} (currently|) (disabled|inactive|suspended|deactivated|closed|expired|frozen|inactivated|dormant|terminated|cancelled|discontinued|retired|archived|deleted|obsolete|defunct)`,
          // With words between that name it: "User jdoe not active".
          `${mailboxNouns} * (not active|inactive|deactivated|inactivated|suspended|terminated|discontinued|decommissioned|defunct|obsolete)`,
          '@ (is|was|has been|) (currently|now|already|) (disabled|inactive|deactivated|suspended|terminated|discontinued|obsolete|frozen|expired|dormant|not active|no longer active|no longer in use|no longer used|no longer valid)',
          '(no longer has a|no longer has an|no longer has|does not have an active|doesnt have an active|has no active) (account|mailbox|email)',
          'because (it|the account|the mailbox|the user|the address) (was|is|has been) (terminated|disabled|suspended|closed|deactivated|deleted)',
          '(mailbox|account|user|subscriber|inbox) (is|was|has been) (currently|permanently|) (blocked|barred|on hold|quarantined)',
          `(disabled|inactive|deactivated|suspended|closed|locked|frozen|expired|dormant|terminated|cancelled|discontinued|archived|abandoned|defunct|deleted|inactivated|unactivated|retired) (recipient|email|e mail|mail|user|local|) (account|mailbox|user|recipient|address|alias|subscriber|member|inbox|customer)`,
          `${mailboxNouns} * (that you tried to reach|you tried to reach|you are trying to reach|you are trying to contact) is (disabled|inactive|suspended)`,
          `${mailboxNouns} * (does not|doesnt|do not|dont|not|no longer) (currently|) accept* (any|) (mail|mails|messages|email|e mail|emails|new mail|incoming)  (any more|anymore|any longer)`,
          '(account|mailbox|user|address) for (has been|is|was|has) (cancelled|canceled|closed|disabled|deactivated|suspended|terminated|deleted|removed|expired|inactive)',
          '(user|recipient|account|mailbox|subscriber|customer) * (is|was|has been) (suspended|frozen|deactivated|terminated|closed)',
          '(recipient|user|owner|subscriber) suspend* (the|this|his|its|mail|email) (service|account|mailbox)',
          '(account|mailbox) * (has been|have been|is|was) (disabled|discontinued|deactivated|suspended|terminated)',
          '(account|mailbox|user) (has|have) expired',
          '(mailbox|account|address|user) (is|) no longer available',
          'account (status|) (is|) (disabled|inactive|suspended|locked|closed)',
          'is now disabled',
          'is no longer active',
          'is not an active (account|user|address|mailbox|email|recipient)',
          'not an active address',
          'no longer (an|) active',
          'no longer (works|working|employed|with the|with us|with our|with this|works here|work here|an employee|affiliated|associated|at our|at the company)',
          '(employee|colleague|person|staff member|user|he|she) (has|have|) left (the|our|this|us)',
          '(employee|colleague|staff member) * (has|have) left',
          '(former|ex) (employee|staff member|colleague|member of staff)',
          '(does not|doesnt) (work|live) (here|for us|with us)',
          '(mailbox|account|user|alias|inbox) (removed|erased|purged)',
          `${mailboxNouns} * (shut down|switched off|turned off|taken down|taken out of service)`,
          'administratively disabled',
          '(email|mail) (account|address|service|access) * (disabled|suspended|deactivated|terminated|closed|inactive|cancelled|discontinued)',
          'disabled with mta service',
          'has left (the|our|this) (company|organization|organisation|firm|university|school|institute)',
          'mailbox currently suspended',
          'unprovisioned',
          'has been (deactivated|decommissioned)',
          'out of service',
          'has expired * account',
          '(this|that|the) (account|mailbox|user) has been (disabled|closed|suspended|deactivated|locked|blocked|cancelled|terminated|deleted|removed|expired)',
          '(address|account|mailbox) * no longer (in use|in service|valid for|monitored|used|available|exists)',
        ],
        unless: [
          'temporar*',
          'sender',
          'your (ip|account|mailbox|address|domain|host|server|isp|network|access)',
          'ip',
          'ip address',
          'ip addresses',
          'sending',
          'group',
          'quota',
          'full',
          'from address',
          'spam',
          // What the owner switched off is not the mailbox.
          '(has|have) (suspended|deactivated|disabled|discontinued|closed|terminated) (delivery|receiving|reception|html|mail|email|messages|newsletters|incoming|external|all)',
        ],
      },
      sample: '550 5.2.1 Account disabled',
      source: 'https://support.google.com/mail/?p=DisabledUser; RFC 3463 §3.3 (X.2.1)',
    },
  ],
}
