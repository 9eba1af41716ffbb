/**
 * The vocabulary of verdicts: category, fault, type and the rule that decided (doc/data-path.md, "A return").
 *
 * The type and the fault follow from the category alone, so that no rule can call a full mailbox hard.
 * Pure.
 */

export const categories = [
  'invalid_address',
  'invalid_domain',
  'inactive_address',
  'moved_address',
  'no_mail_domain',
  'mailbox_full',
  'no_answer',
  'temporary',
  'rate_limited',
  'sender_blocked',
  'auth_failed',
  'content_rejected',
  'message_too_large',
  'recipient_policy',
  'relay_config',
  'unclassified',
] as const

export type Category = (typeof categories)[number]

/** Whose fault the failure is. Only `recipient` can be hard. */
export type Fault = 'recipient' | 'network' | 'sender' | 'content' | 'policy' | 'unknown'

/** hard: the address or its domain is dead; soft: everything else. */
export type BounceType = 'hard' | 'soft'

/** The command a reply answered; `report`: it is quoted in a returned mail. */
export type Phase = 'connect' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'report'

/** What a rule may ask for before its hard verdict blacklists: this many mails, returned on this many different days (UTC). */
export type Confirm = { readonly mails: number; readonly distinctDays: number }

export type Verdict = {
  readonly category: Category
  readonly fault: Fault
  readonly type: BounceType
  /** Id of the rule that decided; stored with every return. */
  readonly rule: string
  /** Absent: one hard return is enough. */
  readonly confirm?: Confirm
  /** Days after which a block by this rule ends; absent: it stays until somebody lifts it. */
  readonly ttlDays?: number
}

export type CategoryFacts = {
  readonly fault: Fault
  readonly type: BounceType
  readonly label: { readonly en: string; readonly fr: string }
}

const facts = (fault: Fault, type: BounceType, en: string, fr: string): CategoryFacts => ({ fault, type, label: { en, fr } })

export const categoryFacts: Readonly<Record<Category, CategoryFacts>> = {
  invalid_address: facts('recipient', 'hard', 'Invalid address', 'Adresse mail invalide'),
  invalid_domain: facts('recipient', 'hard', 'Invalid domain', 'Domaine invalide'),
  inactive_address: facts('recipient', 'hard', 'Inactive address', 'Adresse mail inactive'),
  moved_address: facts('recipient', 'hard', 'Address has moved', 'Adresse déplacée'),
  no_mail_domain: facts('recipient', 'hard', 'Domain accepts no mail', 'Domaine sans messagerie'),
  mailbox_full: facts('recipient', 'soft', 'Mailbox full', 'Boîte mail saturée'),
  no_answer: facts('network', 'soft', "No answer from the recipient's server", 'Aucune réponse du serveur du destinataire'),
  temporary: facts('network', 'soft', 'Temporarily unavailable', 'Indisponibilité temporaire'),
  rate_limited: facts('sender', 'soft', 'Sending too fast', 'Envoi trop rapide'),
  sender_blocked: facts('sender', 'soft', 'Sender blocked', 'Expéditeur bloqué'),
  auth_failed: facts('sender', 'soft', 'Sender authentication', "Authentification de l'expéditeur"),
  content_rejected: facts('content', 'soft', 'Content refused', 'Contenu refusé'),
  message_too_large: facts('content', 'soft', 'Message too large', 'Message trop volumineux'),
  recipient_policy: facts('policy', 'soft', "Refused by the recipient's policy", 'Refusé par le destinataire'),
  relay_config: facts('sender', 'soft', 'Relay configuration', 'Configuration du relais'),
  unclassified: facts('unknown', 'soft', 'Unclassified', 'Non classé'),
}

/** Makes the verdict of a category, with the fault and type that follow from it. */
export function verdictOf(category: Category, rule: string, more: Pick<Verdict, 'confirm' | 'ttlDays'> = {}): Verdict {
  const { fault, type } = categoryFacts[category]
  return { category, fault, type, rule, ...more }
}
