/**
 * Orange and La Poste. They end each reply with a code whose last three digits decide.
 *
 * Pure.
 */
import type { Rule, RuleTable } from '../rule.ts'
import type { Category } from '../verdict.ts'

const orangeDoc = 'https://postmaster.orange.fr/'

const prefixes = ['ofr', 'lpn', 'lpnaaa', 'ouk']

/** OFR_416, OFR004_101, LPN007_417, OUK_513: the machine's number stands between the letters and the code. */
const coded = (id: string, gives: Category, codes: readonly string[], sample: string, more: Partial<Rule> = {}): Rule => ({
  id: `orange-${id}`,
  gives,
  when: {
    says: [
      `(${prefixes.join('|')}) (${codes.join('|')})`,
      ...['ofr00*', 'ofr0*', 'lpn0*', 'lpn1*', 'ouk0*', 'ofr1*', 'ofr2*', 'lpn2*'].map(machine => `${machine} (${codes.join('|')})`),
    ],
  },
  sample,
  source: orangeDoc,
  ...more,
})

export const orangeAndLaPoste: RuleTable = {
  name: 'orange, la poste',
  hosts: ['orange.fr', 'wanadoo.fr', 'laposte.net'],
  rules: [
    coded('unknown', 'invalid_address', ['416'], '550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]'),
    coded('full', 'mailbox_full', ['417'], '552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]'),
    coded('archived', 'inactive_address', ['420'], '550 5.5.0 Boite du destinataire archivee. Archived recipient. LPN007_420'),
    coded('account-blocked', 'inactive_address', ['426'], '550 5.5.0 Le compte du destinataire est bloque. LPN007_426', {
      confirm: { mails: 2, distinctDays: 2 },
    }),
    coded(
      'blocklist',
      'sender_blocked',
      ['100', '101', '102', '103', '108', '109', '201', '630', '999'],
      '550 5.5.0 Service refuse. Veuillez essayer plus tard. LPN001_108',
    ),
    coded(
      'connections',
      'rate_limited',
      ['104'],
      '421 mwinf5c79 ME Trop de connexions, veuillez verifier votre configuration. OFR005_104 [104]',
    ),
    coded(
      'later',
      'temporary',
      ['105', '106', '107', '423', '424', '503', '505'],
      '450 4.7.1 Client host rejected: Service refuse. Veuillez essayer plus tard. LPN027_503',
    ),
    coded('login', 'relay_config', ['305', '402', '415', '421'], '550 5.5.0 Authentification requise. Authentication Required. LPN105_402'),
    coded(
      'authentication',
      'auth_failed',
      ['401', '403', '405', '517', '515', '518'],
      '550 5.7.1 Verifiez la configuration SPF/DNS de votre nom de domaine. OFR_403 [403]',
    ),
    coded('content', 'content_rejected', ['506', '510', '513'], '550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]'),
    coded('size', 'message_too_large', ['514'], '552 5.3.4 Taille limite du message atteinte. Message size limit reached. OFR_514 [514]'),
    {
      id: 'laposte-spamhaus',
      gives: 'sender_blocked',
      when: { says: ['messagerie * ont ete bloques par nos services', 'emails envoyes vers la messagerie'] },
      sample: '550 5.5.0 Les emails envoyes vers la messagerie Laposte.net ont ete bloques par nos services.',
      source: 'https://www.laposte.net/spamhaus',
    },
  ],
}
