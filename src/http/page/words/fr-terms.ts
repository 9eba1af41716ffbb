/**
 * The page's words in French: statuses, causes and reasons, the same on every page.
 *
 * Pure.
 */
import type { Words } from './en.ts'

export const frTerms: Pick<
  Words,
  | 'status'
  | 'statusMeans'
  | 'mailStatus'
  | 'returnStatus'
  | 'type'
  | 'manual'
  | 'fault'
  | 'source'
  | 'kind'
  | 'action'
  | 'grade'
  | 'reasons'
  | 'notKnown'
  | 'none'
  | 'nobody'
  | 'older'
  | 'newest'
  | 'shown'
> = {
  status: { blacklisted: 'Sur liste noire', ok: 'OK', unknown: 'Inconnu' },
  statusMeans: {
    blacklisted: 'Les mails vers cette adresse sont refusés jusqu’à ce que quelqu’un lève le blocage.',
    ok: 'Les mails vers cette adresse passent. Ils sont arrivés, et aucun retour permanent n’est venu depuis.',
    unknown: 'Les mails vers cette adresse passent. On ne sait pas encore s’ils arrivent.',
  },
  mailStatus: { success: 'Succès', draft: 'Brouillon', failure: 'Échec' },
  returnStatus: { permanent: 'Permanent', temporary: 'Temporaire' },
  type: { hard: 'Dur (permanent)', soft: 'Souple (temporaire)' },
  manual: 'Bloquée à la main',
  fault: {
    recipient: 'du côté du destinataire',
    network: 'du réseau',
    sender: 'du côté de l’expéditeur',
    content: 'du contenu',
    policy: 'd’une règle du destinataire',
    unknown: 'inconnue',
  },
  source: {
    dsn: 'Un rapport par mail',
    reply: 'La réponse du serveur de messagerie pendant l’envoi',
    relay: 'Le refus de rebond : l’adresse était sur liste noire',
  },
  kind: {
    bounce: 'Retour',
    delay: 'Retard',
    success: 'Remis',
    auto_reply: 'Réponse automatique',
    complaint: 'Plainte',
    mdn: 'Accusé de lecture',
    challenge: 'Demande de confirmation',
    other: 'Autre',
  },
  action: { failed: 'échec', delayed: 'retard', delivered: 'remis', relayed: 'transmis', expanded: 'développé' },
  grade: {
    proven: 'Prouvé : il vient d’un serveur dont nous croyons les rapports, ou de notre propre session.',
    single: 'D’une origine quelconque, sur un mail qui n’avait qu’un destinataire.',
    claimed: 'Prétendu : quiconque a vu le mail a pu l’écrire.',
  },
  reasons: {
    blacklisted:
      'Il a compté : l’adresse est morte, et le rapport se prouve lui-même. L’adresse a été mise sur liste noire, ou l’était déjà.',
    'unknown-message': 'Il n’a pas compté : le mail dont il parle n’est pas, ou n’est plus, dans le journal.',
    'not-a-recipient': 'Il n’a pas compté : l’adresse qu’il nomme n’est pas un destinataire du mail.',
    'via-forward':
      'Il n’a pas compté : le mail avait été réexpédié, et c’est l’adresse de réexpédition qui est morte, pas celle que nous avions écrite.',
    'origin-unproven': 'Il n’a pas compté de lui-même : quiconque a vu le mail a pu écrire ce rapport. Si vous y croyez, confirmez-le.',
    'unblocked-by-hand':
      'Il n’a pas compté : quelqu’un a débloqué cette adresse à la main ; depuis, seul un rapport qui se prouve lui-même compte.',
    soft: 'Il n’a pas compté : la cause est temporaire, ou n’est pas la faute de l’adresse. Les retours temporaires sont montrés et ne bloquent pas.',
    'awaiting-confirmation':
      'Il n’a pas encore compté : des serveurs répondent ainsi pour des boîtes vivantes ; la règle attend d’autres retours.',
    'sent-before-unblock': 'Il n’a pas compté : le mail était parti avant le déblocage de l’adresse, il n’apprend donc rien.',
    duplicate: 'Il n’a pas compté de nouveau : le même retour était venu par un autre chemin.',
    'never-list': 'Il n’a pas compté : aucun retour ne peut bloquer cette adresse (policy.never).',
    'too-late': 'Il n’a pas compté : le rapport est venu trop longtemps après l’envoi du mail.',
    'resolver-suspect':
      'Il n’a pas compté : beaucoup de domaines sont devenus invalides à la fois, ou celui-ci marchait il y a peu. Un serveur de noms semble malade.',
    held: 'Il n’a pas compté : cela ressemble à une panne du fournisseur ; il est retenu avec les autres de son incident.',
    observed: 'Il aurait compté, mais rebond ne fait qu’observer (policy.mode).',
    confirmed: 'Il a compté : quelqu’un l’a confirmé.',
    dismissed: 'Il ne compte pas : quelqu’un l’a écarté.',
    released: 'Il n’a pas compté : il était retenu à cause d’une panne, et a été relâché.',
    reverted: 'Il a compté, puis a été annulé.',
    'not-a-failure': 'Il n’y avait rien à juger : c’est un rapport de retard ou de succès.',
    'refused-by-us': 'Ce n’est pas un retour : rebond a refusé le mail parce que l’adresse était sur liste noire.',
  },
  notKnown: 'inconnu',
  none: '—',
  nobody: 'sans nom',
  older: 'Plus anciens',
  newest: 'Revenir aux plus récents',
  shown: (count, more) => `${count} affichés${more ? ', il y en a de plus anciens' : ''}`,
}
