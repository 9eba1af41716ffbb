/**
 * What servers call a mailbox or its owner, as a choice for phrases.
 * Pure.
 */

/** What servers call a mailbox or its owner, as a choice for phrases. */
export const mailboxNouns =
  '(user|recipient|addressee|account|mailbox|address|alias|subscriber|customer|username|member|userid|inbox|postbox|destinataire|recipients|users|accounts|mailboxes|addresses|adresse|maildrop|uid)'
