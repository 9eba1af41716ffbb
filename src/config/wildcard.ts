/**
 * Wildcard patterns over hostile text, for lists that name themselves in a subject or a link: `*` stands for anything, `{id}` for what is wanted.
 *
 * A pattern is anchored at both ends and compared without regard to case. There is nothing in it that could make matching slow: each literal
 * is searched for once, from where the one before it ended, so that the work is bounded by text times pattern.
 * Pure.
 */

/** Literals in order; between each two of them, before the first and after the last stands a wildcard, or nothing at the ends. */
export type Wildcard = {
  readonly literals: readonly string[]
  /** Index of the literal behind the wanted part; null: the pattern wants nothing. */
  readonly wanted: number | null
}

export type WildcardParsed = { readonly ok: true; readonly wildcard: Wildcard } | { readonly ok: false; readonly why: string }

const id = '{id}'

/** Parses a pattern. */
export function parseWildcard(pattern: string): WildcardParsed {
  const tokens = pattern.split(/(\*|\{[^{}]*\})/)
  const wild = tokens.filter((_, index) => index % 2 === 1)
  const strange = wild.find(one => one !== '*' && one !== id)
  if (strange !== undefined) return { ok: false, why: `knows * and ${id}, not ${strange}` }
  if (wild.filter(one => one === id).length > 1) return { ok: false, why: `may hold ${id} once` }
  const literals = tokens.filter((_, index) => index % 2 === 0)
  if (literals.slice(1, -1).includes(''))
    return { ok: false, why: 'must have text between two wildcards: nobody could tell where one ends' }
  if (literals.every(literal => literal.trim() === '')) return { ok: false, why: 'must hold some text beside wildcards' }
  const at = wild.indexOf(id)
  return { ok: true, wildcard: { literals: literals.map(folded), wanted: at === -1 ? null : at + 1 } }
}

/** Matches a text: what stands at `{id}`, empty when the pattern has none; null when it does not match, or nothing stands there. */
export function matchWildcard({ literals, wanted }: Wildcard, text: string): string | null {
  const searched = folded(text)
  const last = literals.length - 1
  let found = ''
  let end = 0
  for (const [index, literal] of literals.entries()) {
    const from = end
    const at =
      index === 0
        ? searched.startsWith(literal)
          ? 0
          : -1
        : index === last
          ? searched.length - literal.length
          : searched.indexOf(literal, from)
    if (at < from || (index === last && !searched.endsWith(literal))) return null
    if (index === wanted) found = text.slice(from, at).trim()
    end = at + literal.length
  }
  if (end !== searched.length) return null
  return wanted !== null && found === '' ? null : found
}

/** In one case, where that leaves every character in its place. */
function folded(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text
}
