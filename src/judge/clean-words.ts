/**
 * Other people's words, made fit to be stored and shown: one line, no control characters, bounded.
 *
 * Pure.
 */

/** Longest words kept as evidence, in UTF-16 code units. */
export const maxEvidenceLength = 500

/** C0 and C1 controls, zero-width characters and those that turn the direction of writing. */
const unprintable = /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g

/** Cleans words and cuts them to at most `most` code units, never within a character. */
export function cleanWords(text: string, most: number = maxEvidenceLength): string {
  const clean = text
    .slice(0, 8 * most)
    .replace(unprintable, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Writes text in printable ASCII: letters lose their accents, what has no ASCII form becomes `?`. */
export function asciiWords(text: string): string {
  return text
    .replace(/[‘’‚′]/g, "'")
    .replace(/[“”„«»″]/g, '"')
    .replace(/[–—]/g, '-')
    .replaceAll('…', '...')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?')
}
