/**
 * The text of a phrase → its parts: words, gaps, the place of an address, choices (phrase.ts says what they mean).
 *
 * Read by hand, character by character: a program start reads some two thousand phrases, and regular expressions cost it 0.2 s.
 * Pure.
 */
import { foldLetters, readWords } from './words.ts'

/** What one word of a text may be. */
export type Part =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'gap' }
  | { readonly kind: 'address' }

/** A place in a phrase: one of these sequences stands there; an empty one: it may be left out. */
export type Choice = readonly (readonly Part[])[]

type Read<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string }

/** Words that a `*` may pass over; gaps in one phrase: each multiplies the comparisons by it. */
const maxGaps = 2
/** Letters before the `*` of `word*`. */
export const minPrefixLength = 3

const gap: Part = { kind: 'gap' }
const address: Part = { kind: 'address' }

/** Reads the parts of a phrase in their order. `why` reads after "must". */
export function readParts(phrase: string): Read<{ choices: readonly Choice[] }> {
  const choices: Choice[] = []
  let at = 0
  while (at < phrase.length) {
    const open = phrase.indexOf('(', at)
    const plain = open === -1 ? phrase.slice(at) : phrase.slice(at, open)
    if (plain.includes(')') || plain.includes('|')) return { ok: false, why: 'write a choice as (one|other), without brackets inside' }
    if (plain !== '') {
      const sequence = readSequence(plain)
      if (!sequence.ok) return sequence
      for (const part of sequence.parts) choices.push([[part]])
    }
    if (open === -1) break
    const close = phrase.indexOf(')', open)
    const inside = phrase.slice(open + 1, close === -1 ? phrase.length : close)
    if (close === -1 || inside.includes('(')) return { ok: false, why: 'write a choice as (one|other), without brackets inside' }
    if (!isGap(phrase, open - 1) || !isGap(phrase, close + 1)) return { ok: false, why: 'have spaces around its brackets' }
    const options: (readonly Part[])[] = []
    for (const option of inside.split('|')) {
      const sequence = readSequence(option)
      if (!sequence.ok) return sequence
      options.push(sequence.parts)
    }
    choices.push(options)
    at = close + 1
  }
  const ends = [choices[0], choices.at(-1)]
  if (ends.some(end => end?.some(parts => parts.length === 1 && parts[0] === gap)))
    return { ok: false, why: 'begin and end with a word, not with *' }
  if (choices.filter(choice => choice.some(parts => parts.includes(gap))).length > maxGaps)
    return { ok: false, why: `hold at most ${maxGaps} * that stand alone` }
  return { ok: true, choices }
}

/** The words that a phrase may begin with, each once; null when one of them is not plain, or may be left out: the phrase must be parsed to know. */
export function firstWords(phrase: string): ReadonlySet<string> | null {
  const options = phrase.startsWith('(') ? phrase.slice(1, Math.max(1, phrase.indexOf(')'))).split('|') : [phrase]
  const words = new Set<string>()
  for (const option of options) {
    const end = option.search(/[ (]/)
    const word = end === -1 ? option : option.slice(0, end)
    if (word === '' || !isPlain(word)) return null
    words.add(word)
  }
  return words
}

function isGap(text: string, at: number): boolean {
  return at < 0 || at >= text.length || text[at] === ' ' || text[at] === '\t'
}

function readSequence(text: string): Read<{ parts: readonly Part[] }> {
  const parts: Part[] = []
  for (const word of text.split(' ')) {
    if (word === '') continue
    if (isPlain(word)) parts.push({ kind: 'words', words: [word] })
    else if (word === '*') parts.push(gap)
    else if (word === '@') parts.push(address)
    else if (word.endsWith('*')) {
      const prefix = foldLetters(word.slice(0, -1))
      if (prefix.length < minPrefixLength || /[^\p{L}\p{N}]/u.test(prefix))
        return { ok: false, why: `have three letters or more before the * of ${word}` }
      parts.push({ kind: 'prefix', prefix })
    } else if (word.includes('*')) return { ok: false, why: `have the * of ${word} at its end` }
    else {
      const read = spellings(word)
      // Left out in silence it would match any text: host names, addresses and status codes are no words.
      if (read.length === 0 && /[\p{L}\p{N}]/u.test(word)) return { ok: false, why: `hold words only: ${word} is none` }
      parts.push(...read)
    }
  }
  return { ok: true, parts }
}

/** ASCII letters, small, and digits: most words of most phrases, and the only ones that need no folding. */
function isPlain(word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i)
    if (!((code >= 97 && code <= 122) || (code >= 48 && code <= 57))) return false
  }
  return true
}

/** The words that a chunk with accents, apostrophes or capitals stands for. German servers write `Empfänger` or `Empfaenger`. */
function spellings(chunk: string): Part[] {
  const { words } = readWords(chunk)
  if (!/[äöü]/i.test(chunk)) return words.map(word => ({ kind: 'words', words: [word] }))
  const other = readWords(chunk.replace(/[äöü]/gi, letter => `${foldLetters(letter)}e`)).words
  return words.map((word, i) => ({ kind: 'words', words: [word, other[i] ?? word] }))
}
