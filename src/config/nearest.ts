/**
 * "Did you mean": the name that a mistyped one comes nearest to.
 * Pure.
 */

/** Gives the name with the fewest edits, at most `most` of them, without regard to case; null when there is none. */
export function nearest(names: Iterable<string>, typed: string, most: number): string | null {
  let best: string | null = null
  let fewest = most + 1
  for (const name of names) {
    if (Math.abs(name.length - typed.length) >= fewest) continue
    const edits = distance(name.toLowerCase(), typed.toLowerCase())
    if (edits < fewest) {
      best = name
      fewest = edits
    }
  }
  return best
}

/** Edit distance (Levenshtein). */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()]
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, y] of [...b].entries()) next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
