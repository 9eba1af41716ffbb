/**
 * An index of phrases: which of thousands a text says, in time that depends on the text and hardly on their number.
 *
 * Pure.
 */
import { parsePhrase, type Step, takesFrom } from './phrase.ts'
import { minPrefixLength } from './phrase-parts.ts'
import type { Words } from './words.ts'

type Entry = { readonly next: readonly Step[]; readonly clause: number }
type PrefixEntry = { readonly start: Step; readonly clause: number }

/** Holds phrases, each under the number of a clause, and finds which clauses a text fulfils. */
export class PhraseIndex {
  readonly #byWord = new Map<string, Entry[]>()
  readonly #byPrefix = new Map<string, PrefixEntry[]>()
  readonly #byAddress: Entry[] = []
  readonly #byName = new Map<string, number[]>()
  readonly #byLink = new Map<string, number[]>()

  /** Adds a phrase to a clause; `why`, read after "must", when it is not a phrase. */
  add(text: string, clause: number): { ok: true } | { ok: false; why: string } {
    const parsed = parsePhrase(text)
    if (!parsed.ok) return parsed
    const { phrase } = parsed
    if (phrase.kind === 'name') push(this.#byName, phrase.name, clause)
    else if (phrase.kind === 'link') push(this.#byLink, phrase.word, clause)
    else for (const start of phrase.starts) this.#addStart(start, clause)
    return { ok: true }
  }

  /** Sets `hits[clause]` to 1 for every clause with a phrase that the text says. */
  find(text: Words, hits: Uint8Array): void {
    for (const name of text.names) {
      for (let at = 0; at !== -1; at = nextLabel(name, at)) for (const clause of this.#byName.get(name.slice(at)) ?? []) hits[clause] = 1
    }
    for (const word of text.links) for (const clause of this.#byLink.get(word) ?? []) hits[clause] = 1
    const { words } = text
    for (let i = 0; i < words.length; i++) this.#findAt(text, i, hits)
    for (const at of text.addressesAt) matchAll(this.#byAddress, text, at, hits)
  }

  #findAt(text: Words, at: number, hits: Uint8Array): void {
    const { words } = text
    const word = words[at] as string
    const begun = word.length < minPrefixLength ? undefined : this.#byPrefix.get(word.slice(0, minPrefixLength))
    if (begun) for (const { start, clause } of begun) if (hits[clause] === 0 && takesFrom(start, text, at)) hits[clause] = 1
    const whole = this.#byWord.get(word)
    if (whole) matchAll(whole, text, at + 1, hits)
  }

  #addStart(start: Step, clause: number): void {
    switch (start.takes) {
      case 'address':
        this.#byAddress.push({ next: start.next, clause })
        return
      case 'prefix':
        push(this.#byPrefix, start.prefix.slice(0, minPrefixLength), { start, clause })
        return
      case 'word':
        push(this.#byWord, start.word, { next: start.next, clause })
        return
      case 'words': {
        const entry = { next: start.next, clause }
        for (const word of start.words) push(this.#byWord, word, entry)
      }
    }
  }
}

/** Tries what follows the first step of each entry. */
function matchAll(entries: readonly Entry[], text: Words, at: number, hits: Uint8Array): void {
  for (const { next, clause } of entries) {
    if (hits[clause] !== 0) continue
    for (const step of next) {
      if (!takesFrom(step, text, at)) continue
      hits[clause] = 1
      break
    }
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
