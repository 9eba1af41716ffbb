/**
 * Phrases: the one pattern language of rules, of ours and of operators'.
 *
 * A phrase is a sequence of words. `word*` is any word that begins so, `*` up to five words, `(a|b c|)` a choice, `@` an address, which
 * phrases without it pass over; a phrase with a dot is a host name and its sub-domains (`spamhaus.org`), one that begins with `/` a word of a link (`/nosuchuser`). There are no regular
 * expressions: a phrase costs a bounded number of comparisons a word on any input, and can be read aloud.
 * Pure.
 */
import { type Choice, type Part, readParts } from './phrase-parts.ts'
import type { Words } from './words.ts'

/** One step through a phrase, linked to what may follow. */
export type Step =
  | { readonly takes: 'word'; readonly word: string; readonly next: readonly Step[] }
  | { readonly takes: 'words'; readonly words: ReadonlySet<string>; readonly next: readonly Step[] }
  | { readonly takes: 'prefix'; readonly prefix: string; readonly next: readonly Step[] }
  /** Up to `maxGapWords` words. */
  | { readonly takes: 'gap'; readonly next: readonly Step[] }
  /** No word, but an address stands there. */
  | { readonly takes: 'address'; readonly next: readonly Step[] }
  | { readonly takes: 'end' }

export type Phrase =
  | { readonly kind: 'words'; readonly starts: readonly Step[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'link'; readonly word: string }

/** Words that a `*` may pass over. */
export const maxGapWords = 5

const end: readonly Step[] = [{ takes: 'end' }]

/** Parses one phrase. `why` reads after "must". */
export function parsePhrase(phrase: string): { readonly ok: true; readonly phrase: Phrase } | { readonly ok: false; readonly why: string } {
  if (phrase.startsWith('/')) {
    const word = phrase.slice(1).toLowerCase()
    if (!/^[a-z0-9]+$/.test(word)) return { ok: false, why: 'be letters and digits behind the /' }
    return { ok: true, phrase: { kind: 'link', word } }
  }
  if (phrase.includes('.') && /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(phrase))
    return { ok: true, phrase: { kind: 'name', name: phrase.toLowerCase() } }
  const read = readParts(phrase)
  if (!read.ok) return read
  let starts = end
  for (let i = read.choices.length - 1; i >= 0; i--) starts = linkChoice(read.choices[i] as Choice, starts)
  if (starts.some(step => step.takes === 'end' || step.takes === 'gap'))
    return { ok: false, why: 'begin with a word that may not be left out' }
  return { ok: true, phrase: { kind: 'words', starts } }
}

/** Does the text say the phrase from this word on, having come to this step? */
export function takesFrom(step: Step, text: Words, at: number): boolean {
  const { words } = text
  switch (step.takes) {
    case 'end':
      return true
    case 'word':
      return words[at] === step.word && anyTakes(step.next, text, at + 1)
    case 'words':
      return step.words.has(words[at] ?? '') && anyTakes(step.next, text, at + 1)
    case 'prefix':
      return words[at]?.startsWith(step.prefix) === true && anyTakes(step.next, text, at + 1)
    case 'address':
      return text.addressesAt.includes(at) && anyTakes(step.next, text, at)
    case 'gap': {
      const until = Math.min(words.length - 1, at + maxGapWords)
      for (let i = at; i <= until; i++) if (anyTakes(step.next, text, i)) return true
      return false
    }
  }
}

function anyTakes(steps: readonly Step[], text: Words, at: number): boolean {
  for (const step of steps) if (takesFrom(step, text, at)) return true
  return false
}

/** Links one of several sequences before `next`. Those of one word become one step, however many they are. */
function linkChoice(choice: Choice, next: readonly Step[]): readonly Step[] {
  if (choice.length === 1) return linkSequence(choice[0] as readonly Part[], next)
  const words = new Set<string>()
  const starts: Step[] = []
  for (const parts of choice) {
    const [only] = parts
    if (parts.length === 1 && only?.kind === 'words') for (const word of only.words) words.add(word)
    else starts.push(...linkSequence(parts, next))
  }
  if (words.size > 0) starts.unshift({ takes: 'words', words, next })
  return starts
}

function linkSequence(parts: readonly Part[], next: readonly Step[]): readonly Step[] {
  let starts = next
  for (let i = parts.length - 1; i >= 0; i--) starts = [stepOf(parts[i] as Part, starts)]
  return starts
}

function stepOf(part: Part, next: readonly Step[]): Step {
  switch (part.kind) {
    case 'words':
      return part.words.length === 1
        ? { takes: 'word', word: part.words[0] as string, next }
        : { takes: 'words', words: new Set(part.words), next }
    case 'prefix':
      return { takes: 'prefix', prefix: part.prefix, next }
    case 'gap':
      return { takes: 'gap', next }
    case 'address':
      return { takes: 'address', next }
  }
}
