/**
 * The page's words in French: the frame of every page, forms, the log-in, problems.
 *
 * Pure.
 */
import type { Words } from './en.ts'

export const frFrame: Pick<Words, 'language' | 'skip' | 'nav' | 'person' | 'lookUp' | 'footer' | 'login' | 'form' | 'problem'> = {
  language: 'Français',
  skip: 'Aller au contenu',
  nav: {
    label: 'Pages',
    overview: 'Vue d’ensemble',
    returns: 'Mails retournés',
    mails: 'Mails envoyés',
    blacklist: 'Liste noire',
    suspects: 'Suspectes',
    incidents: 'Incidents',
    lists: 'Listes',
    outbox: 'À transmettre',
    webhooks: 'Webhooks',
  },
  person: { signedInAs: 'Connecté :', logOut: 'Se déconnecter', switchLabel: 'Langue' },
  lookUp: { label: 'Chercher une adresse', placeholder: 'nom@example.com', go: 'Chercher' },
  footer: { zone: zone => `Heures du fuseau ${zone}.`, api: 'API', problems: 'Erreurs expliquées' },
  login: {
    title: 'Connexion',
    intro: 'Collez le jeton que votre administrateur vous a donné. Il est échangé contre un cookie valable douze heures.',
    token: 'Jeton',
    go: 'Se connecter',
    missing: 'Saisissez un jeton.',
    wrong: 'Ce jeton est inconnu.',
    noRead: 'Ce jeton ne permet pas de lire (il lui manque la portée read) : il ne pourrait rien vous montrer.',
    limited: seconds => `Trop de jetons erronés sont venus de votre réseau. Attendez ${seconds} secondes, puis réessayez.`,
    ended: 'Vous êtes déconnecté.',
    help: 'Pas de jeton ? Un administrateur en crée un avec « rebond token new ».',
    moving: 'Un instant…',
  },
  form: {
    staleTitle: 'Rien n’a changé',
    stale: 'Ce formulaire est resté ouvert trop longtemps, ou venait d’ailleurs. Rien n’a changé ; envoyez-le de nouveau.',
    why: 'Raison',
    whyHelp: 'Pour qui posera la question plus tard.',
    whyMissing: 'Dites pourquoi, en quelques mots.',
    whyLong: '500 caractères au plus.',
    by: 'Votre nom',
    byHelp: 'Facultatif.',
    byLong: '100 caractères au plus.',
  },
  problem: {
    back: 'Retour aux mails retournés',
    again: 'Rouvrir cette page',
    reference: 'Référence pour l’administrateur',
    kinds: {
      'invalid-request': {
        title: 'La demande n’est pas valable',
        means: 'Une partie de l’adresse de la page n’est pas ce qu’elle doit être.',
      },
      'bad-cursor': { title: 'Cette page de la liste n’existe plus', means: 'Recommencez au début de la liste.' },
      'bad-request': { title: 'La demande est illisible', means: 'Son chemin n’est pas encodé comme il faut.' },
      'missing-token': { title: 'Il faut un jeton', means: 'Connectez-vous avec un jeton.' },
      'invalid-token': { title: 'Le jeton est inconnu', means: 'Il n’est aucun de ceux qui sont configurés (http.tokens).' },
      'insufficient-scope': {
        title: 'Votre jeton ne le permet pas',
        means: 'Demandez à un administrateur un jeton qui a la portée nécessaire.',
      },
      'token-required': {
        title: 'Sans jeton, seule cette machine peut demander',
        means: 'Aucun jeton n’est configuré : seules les demandes directes de cette machine reçoivent une réponse.',
      },
      'not-found': { title: 'Rien ici', means: 'Rien n’a cette adresse, ou cela a été oublié.' },
      'method-not-allowed': { title: 'Cette page ne connaît pas cette méthode', means: 'Revenez à la page, et recommencez.' },
      'body-too-large': { title: 'Le formulaire est trop grand', means: 'Il peut avoir 64 Kio.' },
      'unsupported-media-type': { title: 'Le formulaire a une forme inconnue', means: 'Revenez à la page, et recommencez.' },
      'uri-too-long': { title: 'L’adresse de la page est trop longue', means: 'Une adresse mail peut avoir 320 octets.' },
      'too-many-attempts': { title: 'Trop de jetons erronés', means: 'Attendez une minute, puis réessayez.' },
      'internal-error': { title: 'rebond a un défaut', means: 'La demande n’a pas pu être traitée ; le journal du serveur dit pourquoi.' },
      'store-unavailable': {
        title: 'La base ne répond pas',
        means: 'Ce qui était demandé n’a pas été confirmé. Réessayez dans un instant.',
      },
    },
  },
}
