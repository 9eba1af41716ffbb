/**
 * Phrases: the one pattern language of rules, of ours and of operators'.
 *
 * A phrase is a sequence of words. `word*` is any word that begins so, `*` up to five words, `(a|b c|)` a choice, `@` an address, which
 * phrases without it pass over; a phrase with a dot is a host name and its sub-domains (`spamhaus.org`), one that begins with `/` a word of a link (`/nosuchuser`). There are no regular
 * expressions: a phrase costs a bounded number of comparisons a word on any input, and can be read aloud.
 * Pure.
 */
import { foldLetters, readWords, type Words } from './words.ts'

/** One step through a phrase, linked to what may follow. */
export type Step = {
  /** A word of these; a word that begins so; up to `maxGapWords` words; no word, but an address stands there; the end. */
  readonly takes: { readonly words: ReadonlySet<string> } | { readonly prefix: string } | 'gap' | 'address' | 'end'
  readonly next: readonly Step[]
  /** Behind a gap: every word that may come next; absent when anything may. Spares most walks. */
  readonly nextWords?: ReadonlySet<string>
}

export type Phrase =
  | { readonly kind: 'words'; readonly starts: readonly Step[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'link'; readonly word: string }

type Parsed<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string }

/** Words that a `*` may pass over. */
export const maxGapWords = 5
/** Gaps in one phrase: each multiplies the comparisons by `maxGapWords`. */
const maxGaps = 2
/** Letters before the `*` of `word*`. */
export const minPrefixLength = 3

const end: Step = { takes: 'end', next: [] }

/** Parses one phrase. `why` reads after "must". */
export function parsePhrase(phrase: string): Parsed<{ phrase: Phrase }> {
  if (phrase.startsWith('/')) {
    const word = phrase.slice(1).toLowerCase()
    if (!/^[a-z0-9]+$/.test(word)) return { ok: false, why: 'be letters and digits behind the /' }
    return { ok: true, phrase: { kind: 'link', word } }
  }
  if (/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(phrase)) return { ok: true, phrase: { kind: 'name', name: phrase.toLowerCase() } }
  if (/[^\s(]\(|\)[^\s)]/.test(phrase)) return { ok: false, why: 'have spaces around its brackets' }
  if (/[()|]/.test(phrase.replace(/\([^()]*\)/g, ''))) return { ok: false, why: 'write a choice as (one|other), without brackets inside' }
  if (/(?:^|\s)\*(?:\s*$)|^\s*\*(?:\s|$)/.test(phrase)) return { ok: false, why: 'begin and end with a word, not with *' }
  if ((phrase.match(/(?<!\S)\*(?!\S)/g) ?? []).length > maxGaps) return { ok: false, why: `hold at most ${maxGaps} * that stand alone` }
  let starts: readonly Step[] = [end]
  for (const [text, choice] of [...phrase.matchAll(/\(([^()]*)\)|[^()]+/g)].reverse()) {
    const linked = linkChoice(choice === undefined ? [text] : choice.split('|'), starts)
    if (!linked.ok) return linked
    starts = linked.starts
  }
  if (starts.some(step => step.takes === 'end' || step.takes === 'gap'))
    return { ok: false, why: 'begin with a word that may not be left out' }
  return { ok: true, phrase: { kind: 'words', starts } }
}

/** Does the text say the phrase from this word on, having come to this step? */
export function takesFrom(step: Step, text: Words, at: number): boolean {
  const { takes, next } = step
  const { words } = text
  if (takes === 'end') return true
  if (takes === 'gap') {
    const until = Math.min(words.length - 1, at + maxGapWords)
    for (let i = at; i <= until; i++) {
      if (step.nextWords && !step.nextWords.has(words[i] as string)) continue
      if (anyTakes(next, text, i)) return true
    }
    return false
  }
  if (takes === 'address') return text.addressesAt.includes(at) && anyTakes(next, text, at)
  const word = words[at]
  if (word === undefined || !('words' in takes ? takes.words.has(word) : word.startsWith(takes.prefix))) return false
  return anyTakes(next, text, at + 1)
}

function anyTakes(steps: readonly Step[], text: Words, at: number): boolean {
  for (const step of steps) if (takesFrom(step, text, at)) return true
  return false
}

/** Links one of several texts before `next`. Those of one word become one step, however many they are. */
function linkChoice(options: readonly string[], next: readonly Step[]): Parsed<{ starts: readonly Step[] }> {
  const words = new Set<string>()
  const starts: Step[] = []
  for (const option of options) {
    const alone = plainWord.test(option) ? [[option]] : /[*@]/.test(option) ? [] : bothUmlauts(option).map(one => readWords(one).words)
    if (alone.length > 0 && alone.every(one => one.length === 1)) {
      for (const [word] of alone) if (word !== undefined) words.add(word)
      continue
    }
    const linked = linkWords(option, next)
    if (!linked.ok) return linked
    starts.push(...linked.starts)
  }
  return { ok: true, starts: words.size === 0 ? starts : [{ takes: { words }, next }, ...starts] }
}

/** Links the words of a text before `next`. */
function linkWords(text: string, next: readonly Step[]): Parsed<{ starts: readonly Step[] }> {
  let starts = next
  for (const part of text.split(/\s+/).reverse()) {
    if (part === '') continue
    if (plainWord.test(part)) starts = [{ takes: { words: new Set([part]) }, next: starts }]
    else if (part === '@') starts = [{ takes: 'address', next: starts }]
    else if (part === '*') starts = [gapBefore(starts)]
    else if (part.endsWith('*')) {
      const prefix = foldLetters(part.slice(0, -1))
      if (prefix.length < minPrefixLength || /[^\p{L}\p{N}]/u.test(prefix))
        return { ok: false, why: `have three letters or more before the * of ${part}` }
      starts = [{ takes: { prefix }, next: starts }]
    } else if (part.includes('*')) return { ok: false, why: `have the * of ${part} at its end` }
    else {
      const spelt = bothUmlauts(part).map(one => readWords(one).words)
      for (const [i, word] of [...(spelt[0] ?? []).entries()].reverse()) {
        starts = [{ takes: { words: new Set([word, ...spelt.map(one => one[i] ?? word)]) }, next: starts }]
      }
    }
  }
  return { ok: true, starts }
}

function gapBefore(next: readonly Step[]): Step {
  const nextWords = firstWords(next)
  return nextWords ? { takes: 'gap', next, nextWords } : { takes: 'gap', next }
}

/** Every word that may come first in these steps; null when anything may, or nothing. */
export function firstWords(steps: readonly Step[]): ReadonlySet<string> | null {
  const words = new Set<string>()
  for (const { takes } of steps) {
    if (typeof takes === 'string' || !('words' in takes)) return null
    for (const word of takes.words) words.add(word)
  }
  return words
}

const plainWord = /^[a-z0-9]+$/

/** German servers write `Empfänger` or `Empfaenger`. */
function bothUmlauts(text: string): string[] {
  return /[äöü]/i.test(text) ? [text, text.replace(/[äöü]/gi, letter => `${foldLetters(letter)}e`)] : [text]
}
