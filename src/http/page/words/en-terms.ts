/**
 * The page's words in English: statuses, causes and reasons, the same on every page.
 *
 * Pure.
 */
import type { Why } from '../../../store/return-records.ts'

export const enTerms = {
  status: { blacklisted: 'Blacklisted', ok: 'OK', unknown: 'Unknown' },
  statusMeans: {
    blacklisted: 'Mail to this address is refused until somebody lifts the block.',
    ok: 'Mail to this address passes. It has arrived, and nothing hard came back since.',
    unknown: 'Mail to this address passes. Whether it arrives is not known yet.',
  },
  mailStatus: { success: 'Success', draft: 'Draft', failure: 'Failure' },
  returnStatus: { permanent: 'Permanent', temporary: 'Temporary' },
  type: { hard: 'Hard (permanent)', soft: 'Soft (temporary)' },
  manual: 'Blocked by hand',
  fault: {
    recipient: 'the recipient’s side',
    network: 'the network',
    sender: 'the sender’s side',
    content: 'the content',
    policy: 'a policy of the recipient’s',
    unknown: 'not known',
  },
  source: {
    dsn: 'A report by mail',
    reply: 'The mail server’s reply while the mail was sent',
    relay: 'rebond’s own refusal: the address was blacklisted',
  },
  kind: {
    bounce: 'Return',
    delay: 'Delay',
    success: 'Delivered',
    auto_reply: 'Automatic reply',
    complaint: 'Complaint',
    mdn: 'Read receipt',
    challenge: 'Challenge',
    other: 'Other',
  },
  action: { failed: 'failed', delayed: 'delayed', delivered: 'delivered', relayed: 'relayed', expanded: 'expanded' },
  grade: {
    proven: 'Proven: it comes from a server that we trust to report, or from our own session.',
    single: 'From anywhere, about a mail that had exactly one recipient.',
    claimed: 'Claimed: anybody who saw the mail could have written it.',
  },
  reasons: {
    blacklisted: 'It counted: the address is dead, and the report proves itself. The address was blacklisted, or was already.',
    'unknown-message': 'It did not count: the mail it speaks of is not, or no longer, in the journal.',
    'not-a-recipient': 'It did not count: the address it names is none that the mail was sent to.',
    'via-forward': 'It did not count: the mail had been forwarded, and it is the forward that is dead, not the address we wrote to.',
    'origin-unproven':
      'It did not count by itself: anybody who saw the mail could have written this report. If you believe it, confirm it.',
    'unblocked-by-hand':
      'It did not count: somebody has unblocked this address by hand, and from then on only a report that proves itself counts.',
    soft: 'It did not count: the cause is temporary, or not the address’s own fault. Soft returns are shown and do not blacklist.',
    'awaiting-confirmation':
      'It has not counted yet: servers give this answer for living mailboxes too, so its rule waits for more mails to come back.',
    'sent-before-unblock': 'It did not count: the mail was sent before the address was unblocked, so it says nothing new.',
    duplicate: 'It did not count again: the same return had come by another way.',
    'never-list': 'It did not count: the address is on the list of those that no return may blacklist (policy.never).',
    'too-late': 'It did not count: the report came too long after the mail was sent.',
    'resolver-suspect':
      'It has not counted: many domains turned invalid at once, or this one worked a few days ago. It looks as if a name server was ill.',
    held: 'It has not counted: it looks like an outage of the provider, and is held with the others of its incident.',
    observed: 'It would have counted, but rebond only observes (policy.mode).',
    confirmed: 'It counted: somebody confirmed it.',
    dismissed: 'It does not count: somebody dismissed it.',
    released: 'It did not count: it was held as part of an outage, and let go.',
    reverted: 'It counted once, and was undone.',
    'not-a-failure': 'There was nothing to judge: it is a report of a delay or of success.',
    'refused-by-us': 'This is not a return: rebond refused the mail because the address was blacklisted.',
  } satisfies Record<Why, string>,
  notKnown: 'not known',
  none: '—',
  nobody: 'nobody said',
  older: 'Older',
  newest: 'Back to the newest',
  shown: (count: string, more: boolean) => `${count} shown${more ? ', there are older ones' : ''}`,
}
