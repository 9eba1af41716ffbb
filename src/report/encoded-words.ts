/**
 * Header text: encoded words of RFC 2047 (with the language tags of RFC 2231 §5), raw UTF-8 of RFC 6532, and 8 bit that nobody declared.
 *
 * Never throws; linear: each of the pattern's parts ends at the next question mark.
 * Pure.
 */
import { decodeOctets } from './charset.ts'

const encodedWord = /=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=/g
const onlySpace = /^[ \t\r\n]*$/

/**
 * Decodes the value of a header field (octets as latin1, or text already). Adjacent words are joined, also where a character was cut in two
 * between them; a word that cannot be read stands as it came. Control characters become spaces.
 */
export function decodeHeaderText(raw: string): string {
  if (!raw.includes('=?')) return clean(decodePlain(raw))
  let text = ''
  let from = 0
  // Octets of the words read so far that share one charset and stand side by side.
  let charset = ''
  let held = ''
  const release = () => {
    if (held !== '') text += decodeOctets(held, charset)
    held = ''
  }
  for (const match of raw.matchAll(encodedWord)) {
    const between = raw.slice(from, match.index)
    const label = (match[1] ?? '').replace(/\*.*$/s, '').toLowerCase()
    const octets = decodeWord(match[2] ?? '', match[3] ?? '')
    const joined = from > 0 && onlySpace.test(between)
    if (!joined || label !== charset) release()
    if (!joined) text += decodePlain(between)
    charset = label
    held += octets
    from = match.index + match[0].length
  }
  release()
  return clean(text + decodePlain(raw.slice(from)))
}

/** Octets of one word, as latin1. */
function decodeWord(encoding: string, body: string): string {
  if (encoding === 'B' || encoding === 'b') return Buffer.from(body, 'base64').toString('latin1')
  return body.replace(/_/g, ' ').replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Text outside of words: above latin1 it is decoded already. */
function decodePlain(raw: string): string {
  return /[^\0-\xff]/.test(raw) ? raw : decodeOctets(raw, null)
}

function clean(text: string): string {
  return text.replace(/[\0-\x1f\x7f\u2028\u2029]+/g, ' ').trim()
}
