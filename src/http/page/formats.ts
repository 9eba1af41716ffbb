/**
 * Numbers, moments and days as people of a language write them, in their time zone.
 *
 * Pure.
 */

export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]

export type Formats = {
  /** Short, for tables: `24 Nov 2026, 10:05`. */
  moment(iso: string): string
  /** To the second and with its zone: `24 November 2026 at 10:05:30 CET`. */
  exact(iso: string): string
  /** `2026-11-24 10:05:30`: what spreadsheets read as a moment. */
  sheet(iso: string): string
  /** A day of UTC: `24 Nov 2026`. */
  day(iso: string): string
  number(count: number): string
  /** A number that a link of ours carries, as text; what is none is 0. */
  count(text: string): string
  /** A part of one, as a percentage with one decimal. */
  share(part: number): string
}

const locales: Readonly<Record<Language, string>> = { en: 'en-GB', fr: 'fr-FR' }
/** As many zones as there are on Earth, by two languages. */
const maxKept = 1000
const kept = new Map<string, Formats>()

/** Gives the formats of a language in a time zone; `zone` must be one that `isZone` knows. */
export function formatsOf(language: Language, zone: string): Formats {
  const name = `${language} ${zone}`
  const before = kept.get(name)
  if (before) return before
  const made = makeFormats(locales[language], zone)
  if (kept.size < maxKept) kept.set(name, made)
  return made
}

function makeFormats(locale: string, timeZone: string): Formats {
  const moment = new Intl.DateTimeFormat(locale, {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
  const exact = new Intl.DateTimeFormat(locale, {
    timeZone,
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  })
  const sheet = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const day = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' })
  const number = new Intl.NumberFormat(locale)
  const share = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 })
  return {
    // The day stays on one line, and so does the time.
    moment: iso => moment.format(new Date(iso)).replace(/ (?=.*,)/g, '\u00a0'),
    exact: iso => exact.format(new Date(iso)),
    sheet: iso => sheet.format(new Date(iso)),
    day: iso => day.format(new Date(iso)),
    number: count => number.format(count),
    count: text => number.format(Math.abs(Number.parseInt(text, 10)) || 0),
    share: part => share.format(part),
  }
}

/** Says whether a text names a time zone of the IANA database. */
export function isZone(text: string): boolean {
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(text)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== ''
  } catch {
    return false
  }
}

/** When a day (`2026-11-24`) begins in a time zone, in milliseconds since 1970; NaN when it is no day. */
export function startOfDay(day: string, zone: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)
  if (!match) return Number.NaN
  const utc = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))
  // V8 reads 30 February as 2 March.
  if (new Date(utc).toISOString().slice(0, 10) !== day) return Number.NaN
  const guess = utc - offsetMs(utc, zone)
  // Where the clocks change between the two, the offset at the guess is the right one.
  return utc - offsetMs(guess, zone)
}

/** The day after a day. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

/** How far the clocks of a zone are ahead of UTC at a moment. */
function offsetMs(at: number, timeZone: string): number {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at)
  return Date.parse(`${shown.replace(' ', 'T')}Z`) - Math.floor(at / 1000) * 1000
}
