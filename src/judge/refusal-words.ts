/**
 * What a refusal says, in each language: templates and the words for each category. ASCII only: a reply is (RFC 5321 §4.2), so French goes
 * without accents.
 *
 * Pure.
 */
import { categories, categoryFacts } from '../classify/verdict.ts'
import type { PolicyConfig } from '../config/schema.ts'
import type { DataRefusalWords } from '../smtp/data-refusal.ts'
import type { BlockCategory } from '../store/address-record.ts'
import { asciiWords } from './clean-words.ts'

export type Language = PolicyConfig['refusal']['language']

/** The parts of a refusal; `says` is null when nothing of it is left after cutting, `ref` when there is no return behind the block. */
export type RefusalParts = {
  readonly who: string
  readonly since: string
  readonly what: string
  readonly says: string | null
  readonly ref: string | null
  /** null: there is no page to send the reader to. */
  readonly link: string | null
}

export type Wording = {
  /** Stands for an address that a reply cannot hold. */
  readonly thisAddress: string
  readonly what: Readonly<Record<BlockCategory, string>>
  /** Stands where a link would. */
  readonly ask: string
  readonly line: (parts: RefusalParts) => string
  /** Of a mail that nobody gets, above and below its blacklisted recipients. */
  readonly data: DataRefusalWords
}

const quoted = (says: string | null): string => (says === null ? '' : ` ("${says}")`)
const referred = (ref: string | null): string => (ref === null ? '' : `ref ${ref}; `)

/** The label of a category within a sentence, for those that have no better words. */
function labels(language: Language): Record<BlockCategory, string> {
  const entries = categories.map(category => {
    const label = asciiWords(categoryFacts[category].label[language])
    return [category, label.slice(0, 1).toLowerCase() + label.slice(1)]
  })
  return Object.fromEntries(entries) as Record<BlockCategory, string>
}

const askEn = 'ask the administrator of rebond to lift it'
const askFr = "demandez a l'administrateur de rebond de la lever"

export const wordings: Readonly<Record<Language, Wording>> = {
  en: {
    thisAddress: '<this address>',
    what: {
      ...labels('en'),
      invalid_address: 'mailbox does not exist',
      invalid_domain: 'domain does not exist',
      inactive_address: 'mailbox is no longer in use',
      moved_address: 'address has moved',
      no_mail_domain: 'domain accepts no mail',
      manual: 'blocked by hand',
    },
    ask: askEn,
    line: ({ who, since, what, says, ref, link }) =>
      `${who} is blacklisted since ${since}: ${what}${quoted(says)}; ${referred(ref)}${link ?? askEn}`,
    data: { first: 'Sent to nobody; blacklisted recipients: {count}', more: 'and {count} more' },
  },
  fr: {
    thisAddress: '<cette adresse>',
    what: {
      ...labels('fr'),
      invalid_address: "la boite n'existe pas",
      invalid_domain: "le domaine n'existe pas",
      inactive_address: "la boite n'est plus utilisee",
      moved_address: "l'adresse a change",
      no_mail_domain: "le domaine n'accepte pas de mail",
      manual: 'bloquee a la main',
    },
    ask: askFr,
    line: ({ who, since, what, says, ref, link }) =>
      `${who} est sur liste noire depuis le ${since} : ${what}${quoted(says)}; ${referred(ref)}${link ?? askFr}`,
    data: { first: 'Envoye a personne ; destinataires sur liste noire : {count}', more: 'et {count} de plus' },
  },
}
