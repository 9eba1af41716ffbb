/**
 * An index of phrases: which of thousands a text says, in time that depends on the text and hardly on their number.
 *
 * Pure.
 */
import { maxGapWords, parsePhrase, type Step, takesFrom } from './phrase.ts'
import { firstWords, minPrefixLength } from './phrase-parts.ts'
import type { Words } from './words.ts'

/** What must follow for a clause to be fulfilled. */
type Rest = { readonly next: readonly Step[]; readonly clause: number }
/** Those of one path: the clauses that are fulfilled at its end, and those that want more. */
type Rests = { readonly done: number[]; readonly more: Rest[] }
type PrefixRest = Rest & { readonly prefix: string }

/** All that may follow one first word, by the word that comes next: made when a text first holds that word. */
type Opening = {
  /** Phrases of this word alone. */
  readonly whole: readonly number[]
  readonly byNext: ReadonlyMap<string, Rests>
  readonly byNextBehindGap: ReadonlyMap<string, Rests>
  /** What begins with none of both: a prefix, an address. */
  readonly others: readonly Rest[]
}

/** A phrase that begins with a plain word: parsed when a text first holds that word, for most texts hold few of the thousands. */
type Pending = { readonly text: string; readonly clause: number; starts: readonly Step[] | null }
type FirstWord = { readonly pending: Pending[]; opening: Opening | null }

/** Holds phrases, each under the number of a clause, and finds which clauses a text fulfils. */
export class PhraseIndex {
  readonly #byWord = new Map<string, FirstWord>()
  readonly #byPrefix = new Map<string, PrefixRest[]>()
  readonly #byAddress: Rest[] = []
  readonly #byName = new Map<string, number[]>()
  readonly #byLink = new Map<string, number[]>()

  /**
   * Adds a phrase to a clause; `why`, read after "must", when it is seen not to be a phrase: one that begins with a plain word is parsed by `find`,
   * and must have been checked (`parsePhrase`). All are added before the first `find`.
   */
  add(text: string, clause: number): { ok: true } | { ok: false; why: string } {
    const first = firstWords(text)
    if (first) {
      const pending: Pending = { text, clause, starts: null }
      for (const word of first) this.#addPending(word, pending)
      return { ok: true }
    }
    const parsed = parsePhrase(text)
    if (!parsed.ok) return parsed
    const { phrase } = parsed
    if (phrase.kind === 'name') push(this.#byName, phrase.name, clause)
    else if (phrase.kind === 'link') push(this.#byLink, phrase.word, clause)
    else for (const start of phrase.starts) this.#addStart(start, clause)
    return { ok: true }
  }

  /**
   * Sets `hits[clause]` to 1 for every clause with a phrase that the text says.
   * @throws {Error} when a phrase that was not checked is none.
   */
  find(text: Words, hits: Uint8Array): void {
    for (const name of text.names) {
      for (let at = 0; at !== -1; at = nextLabel(name, at)) for (const clause of this.#byName.get(name.slice(at)) ?? []) hits[clause] = 1
    }
    for (const word of text.links) for (const clause of this.#byLink.get(word) ?? []) hits[clause] = 1
    for (let at = 0; at < text.words.length; at++) this.#findAt(text, at, hits)
    for (const at of text.addressesAt) findRests(this.#byAddress, text, at, hits)
  }

  #findAt(text: Words, at: number, hits: Uint8Array): void {
    const { words } = text
    const word = words[at] as string
    const begun = word.length < minPrefixLength ? undefined : this.#byPrefix.get(word.slice(0, minPrefixLength))
    if (begun) for (const rest of begun) if (word.startsWith(rest.prefix)) findRest(rest, text, at + 1, hits)
    const first = this.#byWord.get(word)
    if (!first) return
    first.opening ??= openingOf(first.pending.flatMap(pending => restsOf(pending, word)))
    const { opening } = first
    for (const clause of opening.whole) hits[clause] = 1
    const next = words[at + 1]
    const rests = next === undefined ? undefined : opening.byNext.get(next)
    if (rests) follow(rests, text, at + 2, hits)
    if (opening.byNextBehindGap.size > 0) {
      const until = Math.min(words.length - 1, at + 1 + maxGapWords)
      for (let i = at + 1; i <= until; i++) {
        const behind = opening.byNextBehindGap.get(words[i] as string)
        if (behind) follow(behind, text, i + 1, hits)
      }
    }
    findRests(opening.others, text, at + 1, hits)
  }

  #addStart(start: Step, clause: number): void {
    switch (start.takes) {
      case 'address':
        this.#byAddress.push({ next: start.next, clause })
        return
      case 'prefix':
        push(this.#byPrefix, start.prefix.slice(0, minPrefixLength), { prefix: start.prefix, next: start.next, clause })
        return
      case 'word':
        this.#addPending(start.word, { text: '', clause, starts: [start] })
        return
      case 'words': {
        const pending = { text: '', clause, starts: [start] }
        for (const word of start.words) this.#addPending(word, pending)
      }
    }
  }

  #addPending(word: string, pending: Pending): void {
    const first = this.#byWord.get(word)
    if (first) first.pending.push(pending)
    else this.#byWord.set(word, { pending: [pending], opening: null })
  }
}

/** What may follow `word` in a phrase that begins with it. */
function restsOf(pending: Pending, word: string): Rest[] {
  pending.starts ??= startsOf(pending.text)
  const begun = pending.starts.filter(step => (step.takes === 'word' ? step.word === word : step.takes === 'words' && step.words.has(word)))
  return begun.map(step => ({ next: step.takes === 'end' ? [] : step.next, clause: pending.clause }))
}

function startsOf(text: string): readonly Step[] {
  const parsed = parsePhrase(text)
  if (!parsed.ok) throw new Error(`the phrase ${text} must ${parsed.why}`)
  return parsed.phrase.kind === 'words' ? parsed.phrase.starts : []
}

function openingOf(rests: readonly Rest[]): Opening {
  const whole: number[] = []
  const others: Rest[] = []
  const byNext = new Map<string, Rests>()
  const byNextBehindGap = new Map<string, Rests>()
  for (const { next, clause } of rests) {
    for (const step of next) {
      if (step.takes === 'end') whole.push(clause)
      else if (step.takes === 'gap' && step.next.every(isWord)) for (const behind of step.next) addByWord(byNextBehindGap, behind, clause)
      else if (isWord(step)) addByWord(byNext, step, clause)
      else others.push({ next: [step], clause })
    }
  }
  return { whole, byNext, byNextBehindGap, others }
}

type WordStep = Extract<Step, { takes: 'word' | 'words' }>

function isWord(step: Step): step is WordStep {
  return step.takes === 'word' || step.takes === 'words'
}

function addByWord(map: Map<string, Rests>, step: Step, clause: number): void {
  if (!isWord(step)) return
  const more = step.next.filter(one => one.takes !== 'end')
  for (const word of step.takes === 'word' ? [step.word] : step.words) {
    const known = map.get(word)
    const rests = known ?? { done: [], more: [] }
    if (!known) map.set(word, rests)
    if (more.length < step.next.length) rests.done.push(clause)
    else rests.more.push({ next: more, clause })
  }
}

function follow({ done, more }: Rests, text: Words, at: number, hits: Uint8Array): void {
  for (const clause of done) hits[clause] = 1
  findRests(more, text, at, hits)
}

function findRests(rests: readonly Rest[], text: Words, at: number, hits: Uint8Array): void {
  for (const rest of rests) findRest(rest, text, at, hits)
}

function findRest({ next, clause }: Rest, text: Words, at: number, hits: Uint8Array): void {
  if (hits[clause] !== 0) return
  for (const step of next) {
    if (!takesFrom(step, text, at)) continue
    hits[clause] = 1
    return
  }
}

function nextLabel(name: string, at: number): number {
  const dot = name.indexOf('.', at)
  return dot === -1 ? -1 : dot + 1
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
