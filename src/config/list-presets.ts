/**
 * Where well-known programs write which campaign and template a mail is of: `lists.presets`.
 *
 * Only what the program itself puts on its mail. SuiteCRM and EspoCRM mark their mass mail with an id for each recipient and none for the
 * campaign: there the subject names it, and personalised subjects want `lists.subjectPatterns`.
 * Pure.
 */

/** A header field, and where in it the id stands (`config/wildcard.ts`); no pattern: all of it. */
export type ListSource = { readonly header: string; readonly pattern?: string }

export type ListPreset = {
  readonly ids: readonly ListSource[]
  readonly templates: readonly ListSource[]
  /** Mail that carries this field is a campaign's, which its subject names. */
  readonly subjectWhen?: string
}

export const presetNames = ['odoo', 'mautic', 'suitecrm', 'espocrm', 'brevo'] as const
export type PresetName = (typeof presetNames)[number]

export const listPresets: Readonly<Record<PresetName, ListPreset>> = {
  // The mailing's number is in the link to unsubscribe (/mail/mailing/7/unsubscribe before 16, /mailing/7/... since); the model is the type of mail.
  odoo: {
    ids: [{ header: 'List-Unsubscribe', pattern: '*/mailing/{id}/*' }],
    templates: [{ header: 'X-Odoo-Objects', pattern: '{id}-*' }],
  },
  mautic: { ids: [{ header: 'X-EMAIL-ID' }], templates: [] },
  suitecrm: { ids: [], templates: [], subjectWhen: 'X-CampTrackID' },
  espocrm: { ids: [], templates: [], subjectWhen: 'X-Queue-Item-Id' },
  brevo: {
    ids: [{ header: 'X-Mailin-Campaign' }, { header: 'X-Campaign-Id' }],
    templates: [{ header: 'X-Mailin-Tag' }, { header: 'X-Mailin-Template' }],
  },
}
