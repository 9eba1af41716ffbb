/**
 * The reasons that label the corpus (the vocabulary of Sisimai), and which of our categories are right for each.
 *
 * Neighbouring categories are right where the words of a reply allow both.
 */
const right: Readonly<Record<string, string>> = {
  userunknown: 'invalid_address inactive_address moved_address',
  hostunknown: 'invalid_domain no_mail_domain invalid_address',
  hasmoved: 'moved_address invalid_address inactive_address',
  notaccept: 'no_mail_domain invalid_domain recipient_policy temporary sender_blocked',
  suspend: 'inactive_address invalid_address temporary recipient_policy',
  filtered: 'invalid_address inactive_address recipient_policy content_rejected sender_blocked unclassified',
  mailboxfull: 'mailbox_full message_too_large',
  mesgtoobig: 'message_too_large mailbox_full',
  exceedlimit: 'message_too_large mailbox_full rate_limited',
  expired: 'no_answer temporary rate_limited mailbox_full',
  networkerror: 'no_answer temporary relay_config invalid_domain',
  blocked: 'sender_blocked auth_failed content_rejected rate_limited relay_config recipient_policy',
  rejected: 'sender_blocked relay_config auth_failed recipient_policy content_rejected rate_limited',
  badreputation: 'sender_blocked rate_limited temporary',
  authfailure: 'auth_failed sender_blocked content_rejected',
  requireptr: 'auth_failed sender_blocked relay_config',
  failedstarttls: 'auth_failed relay_config temporary no_answer',
  policyviolation: 'content_rejected sender_blocked recipient_policy auth_failed relay_config message_too_large unclassified',
  securityerror: 'relay_config auth_failed recipient_policy sender_blocked content_rejected unclassified',
  norelaying: 'relay_config sender_blocked recipient_policy auth_failed',
  spamdetected: 'content_rejected sender_blocked',
  virusdetected: 'content_rejected',
  contenterror: 'content_rejected relay_config message_too_large unclassified',
  notcompliantrfc: 'content_rejected relay_config auth_failed sender_blocked unclassified',
  toomanyconn: 'rate_limited temporary sender_blocked',
  speeding: 'rate_limited temporary sender_blocked',
  systemerror: 'temporary relay_config no_answer unclassified',
  systemfull: 'temporary mailbox_full',
  mailererror: 'temporary relay_config recipient_policy unclassified',
  syntaxerror: 'relay_config temporary unclassified',
  suppressed: 'recipient_policy inactive_address unclassified',
}

/** The categories that are right for a reason; null where the reason is not scored. */
export function rightFor(reason: string): readonly string[] | null {
  return right[reason]?.split(' ') ?? null
}
