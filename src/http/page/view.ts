/**
 * What a page is rendered for: the language and time zone of whoever asks, and what that person may do.
 *
 * Language: a choice (`?lang=`, kept in a cookie) before Accept-Language. Time zone: the browser's own, which page.js puts in a cookie, else UTC.
 */
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../tokens.ts'
import { type Formats, formatsOf, isZone, type Language, languages } from './formats.ts'
import { formToken } from './sessions.ts'
import { en, type Words } from './words/en.ts'
import { fr } from './words/fr.ts'

export const languageCookie = 'rebond_language'
export const zoneCookie = 'rebond_zone'

export type View = {
  readonly language: Language
  readonly words: Words
  /** IANA name. */
  readonly zone: string
  readonly formats: Formats
  /** Path and query that were asked for. */
  readonly path: string
  /** Name of the token that logged in; null: none was needed, or nobody has. */
  readonly person: string | null
  /** Pages and forms may be shown: somebody has logged in, or needs not. */
  readonly admitted: boolean
  /** Whether this person may do what needs a scope. */
  readonly may: (scope: Scope) => boolean
  /** A fresh token for the forms of this page. */
  readonly formToken: () => string
}

const catalogs: Readonly<Record<Language, Words>> = { en, fr }

/** Makes the view of a request. */
export function viewOf(request: FastifyRequest): View {
  const { formKey, scopes } = request
  const language = chosenLanguage(request) ?? acceptedLanguage(request.headers['accept-language'] ?? '')
  const zone = zoneOf(request.cookies[zoneCookie])
  return {
    language,
    words: catalogs[language],
    zone,
    formats: formatsOf(language, zone),
    path: request.url,
    person: request.caller,
    admitted: formKey !== null,
    may: scope => formKey !== null && (scopes === null || scopes.includes(scope)),
    formToken: () => (formKey === null ? '' : formToken(formKey)),
  }
}

/** The language that the query asks for; null: none that we have. */
export function askedLanguage(query: unknown): Language | null {
  const asked = typeof query === 'object' && query !== null && 'lang' in query ? query.lang : null
  return languages.find(language => language === asked) ?? null
}

function chosenLanguage({ query, cookies }: FastifyRequest): Language | null {
  return askedLanguage(query) ?? languages.find(language => language === cookies[languageCookie]) ?? null
}

/** The best of our languages for an Accept-Language field (RFC 9110 §12.5.4); English when none fits. */
export function acceptedLanguage(field: string): Language {
  const ranges = field.slice(0, 1000).split(',').map(readRange)
  const best = ranges.filter(({ language, quality }) => language !== null && quality > 0).sort((a, b) => b.quality - a.quality)[0]
  return best?.language ?? 'en'
}

function readRange(text: string): { language: Language | null; quality: number } {
  const [tag = '', ...parameters] = text
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/)
  const [primary] = tag.split('-')
  const quality = parameters.find(one => one.startsWith('q='))?.slice(2)
  return { language: languages.find(language => language === primary) ?? null, quality: quality === undefined ? 1 : Number(quality) || 0 }
}

function zoneOf(cookie: string | undefined): string {
  return cookie !== undefined && isZone(cookie) ? cookie : 'UTC'
}
