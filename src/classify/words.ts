/**
 * The words of a reply: its text cut into the tokens that rules compare.
 *
 * Words are lower-case, without accents, one letter each in Chinese, Japanese and Korean. Addresses, IP addresses, host names, links and
 * enhanced status codes stand apart, so that the local part `spam@` or the host `unknown.example` never votes on what the words mean,
 * and `user <jean@example.com> unknown` reads as `user unknown`.
 * One pass; every input ends in time linear in its length. Pure.
 */
import type { EnhancedStatus } from '../smtp/reply.ts'

export type Words = {
  /** In the order of the text. */
  readonly words: readonly string[]
  /** Host names, without port and trailing dot. */
  readonly names: readonly string[]
  /** Words of the paths and queries of links; their hosts are among `names`. */
  readonly links: readonly string[]
  /** Addresses as written, lower-cased. */
  readonly addresses: readonly string[]
  /** For each address, how many words stood before it. */
  readonly addressesAt: readonly number[]
  /** The text holds an IP address. */
  readonly hasIp: boolean
  /** Enhanced status codes in the order of the text (`#5.1.1` and `(#5.1.1)` too). */
  readonly statuses: readonly EnhancedStatus[]
}

type Draft = {
  words: string[]
  names: string[]
  links: string[]
  addresses: string[]
  addressesAt: number[]
  hasIp: boolean
  statuses: EnhancedStatus[]
}

const link = /\b(?:https?:\/\/|www\.)([^\s/<>"')\]?]{1,255})([^\s<>"')\]]*)/gi
const ipv4 = /^(?:ipv6:)?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?$/
const ipv6 = /^(?:ipv6:)?(?=[0-9a-f:.]{3,45}$)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d+){0,3}$/
const enhanced = /^#?([245])\.(\d{1,3})\.(\d{1,3})$/
const hostName = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*(?::\d+)?$/
/** `full.Please`: two sentences without a space, no host name. */
const sentenceEnd = /^\p{L}*\p{Ll}\.\p{Lu}\p{Ll}+$/u
/** Exchange writes its diagnostics as dotted names: RESOLVER.ADR.RecipNotFound. */
const diagnosticName = /^(?:resolver|transport|storedrv|routing|smtpsend|mapi|agent|dsn|queue)\./
const leading = /^[^\p{L}\p{N}#]+/u
const trailing = /[^\p{L}\p{N}]+$/u
/** Letters that Unicode does not decompose. */
const plainLetters: Readonly<Record<string, string>> = { ß: 'ss', ł: 'l', ø: 'o', æ: 'ae', œ: 'oe', đ: 'd', ı: 'i' }

/** What an ASCII character does: 0 part of a chunk that needs a closer look, 1 a letter or digit, 2 the end of a chunk. */
const roles = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code)
  if (/[A-Za-z0-9]/.test(character)) roles[code] = 1
  else if (code <= 32 || '<>()[]{}",;!|=?*'.includes(character)) roles[code] = 2
}
const wideSeparator = /[\s“”„«»…、。・「」]/

/** Reads the words of a text of any length and any content. */
export function readWords(text: string): Words {
  const draft: Draft = { words: [], names: [], links: [], addresses: [], addressesAt: [], hasIp: false, statuses: [] }
  const rest = foldAccents(text.includes('://') || text.includes('www.') ? takeLinks(text, draft) : text)
  let start = 0
  let plain = true
  for (let i = 0; i <= rest.length; i++) {
    const code = i < rest.length ? rest.charCodeAt(i) : 32
    const role = code < 128 ? roles[code] : wideSeparator.test(rest[i] as string) ? 2 : 0
    if (role === 1) continue
    if (role === 0) plain = false
    else {
      if (i > start) {
        if (plain) draft.words.push(rest.slice(start, i).toLowerCase())
        else readChunk(rest.slice(start, i), draft)
      }
      start = i + 1
      plain = true
    }
  }
  return draft
}

/** Folds case and accents: `Boîte` → `boite`, `Empfänger` → `empfanger`; half-width and full-width forms become one. */
export function foldLetters(text: string): string {
  return foldAccents(text)
    .toLowerCase()
    .replace(/[ßłøæœđı]/g, letter => plainLetters[letter] ?? letter)
}

const ascii = /^[\0-\x7f]*$/

function foldAccents(text: string): string {
  if (ascii.test(text)) return text
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

function takeLinks(text: string, draft: Draft): string {
  return text.replace(link, (_all, host: string, path: string) => {
    draft.names.push(host.toLowerCase().replace(/[.:]\d*$/, ''))
    for (const word of path.toLowerCase().split(/[^a-z0-9]+/)) if (word !== '') draft.links.push(word)
    return ' '
  })
}

/** A chunk with punctuation or letters beyond ASCII in it. */
function readChunk(chunk: string, draft: Draft): void {
  const core = chunk.replace(leading, '').replace(trailing, '')
  if (core === '') return
  const lower = foldLetters(core)
  const at = lower.indexOf('@')
  if (at > 0) {
    // `jean@example.com:blocked`, `jean@example.com...User`: what follows the address is words again.
    const stop = lower.slice(at).search(/:|\.\./)
    const until = stop === -1 ? lower.length : at + stop
    draft.addressesAt.push(draft.words.length)
    draft.addresses.push(lower.slice(0, until).replace(/^(?:rfc822|smtp|to|from|user|mailto):/, ''))
    if (until < lower.length) readChunk(lower.slice(until + 1), draft)
    return
  }
  if (lower.includes('.')) {
    const status = enhanced.exec(lower)
    if (status) {
      draft.statuses.push({ class: Number(status[1]) as 2 | 4 | 5, subject: Number(status[2]), detail: Number(status[3]) })
      return
    }
    if (ipv4.test(lower)) {
      draft.hasIp = true
      return
    }
    if (hostName.test(lower) && !sentenceEnd.test(core) && !diagnosticName.test(lower)) {
      draft.names.push(lower.replace(/:\d+$/, ''))
      return
    }
  }
  if (lower.includes(':') && ipv6.test(lower)) draft.hasIp = true
  else splitWords(lower, draft.words)
}

function splitWords(lower: string, words: string[]): void {
  let word = ''
  for (const letter of lower) {
    if (isWordLetter(letter)) word += letter
    else if (isIdeograph(letter)) {
      if (word !== '') words.push(word)
      words.push(letter)
      word = ''
    } else if (!isApostrophe(letter) || word.length <= 2) {
      // "doesn't" is one word; "l'utilisateur" and "d'un" are two.
      if (word !== '') words.push(word)
      word = ''
    }
  }
  if (word !== '') words.push(word)
}

function isApostrophe(letter: string): boolean {
  return letter === "'" || letter === '’' || letter === 'ʼ' || letter === '´'
}

function isWordLetter(letter: string): boolean {
  if (letter <= '\x7f') return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')
  return !isIdeograph(letter) && /[\p{L}\p{N}]/u.test(letter)
}

/** Scripts that write no spaces, or join particles to words: a rule compares their letters one by one. */
function isIdeograph(letter: string): boolean {
  return (
    (letter >= '\u3040' && letter <= '\u30ff') || (letter >= '\u3400' && letter <= '\u9fff') || (letter >= '\uac00' && letter <= '\ud7af')
  )
}
