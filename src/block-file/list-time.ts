/**
 * Moments as other people's exports write them. A zone that is not named is UTC.
 *
 * Pure.
 */

/** Reads RFC 3339, RFC 5322, seconds or milliseconds since 1970, `2026-11-24 09:00:00`, `24-11-2026 09:00:00`; null when it is none of these. */
export function parseListTime(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? ''
  if (/^\d{9,10}$/.test(trimmed)) return Number(trimmed) * 1000
  if (/^\d{12,13}$/.test(trimmed)) return Number(trimmed)
  const dayFirst = /^(\d\d)[-/](\d\d)[-/](\d{4})(.*)$/.exec(trimmed)
  const written = dayFirst ? `${dayFirst[3]}-${dayFirst[2]}-${dayFirst[1]}${dayFirst[4]}` : trimmed
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i.exec(written)
  if (iso) return moment(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ? `.${iso[3].slice(0, 3)}` : ''}${zoneOf(iso[4])}`)
  return /^(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:UTC|GMT|[+-]\d{4})$/.test(written) ? moment(written) : null
}

function zoneOf(zone: string | undefined): string {
  if (zone === undefined || /^[a-z]/i.test(zone)) return 'Z'
  return zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
}

function moment(text: string): number | null {
  const at = Date.parse(text)
  return Number.isNaN(at) || at < 0 ? null : at
}
