/**
 * Rows for a person at a terminal: columns that line up under a heading, the last one cut where the terminal ends.
 *
 * Pure. Cells must be printable (printable.ts); one without a value is `-`.
 */
import type { Style } from './style.ts'

export type Cell = {
  readonly text: string
  readonly paint?: (text: string) => string
}

/** Lays out a table, indented by two; gives its lines. */
export function formatTable(heading: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string[] {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.text.length ?? 0)))
  const last = heading.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 2)
  const room = Math.max(10, style.columns - before)
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, paint = plain => plain }, column) => {
        if (column === last) return paint(text.length > room ? `${text.slice(0, room - 1)}…` : text)
        return paint(text) + ' '.repeat((widths[column] ?? 0) - text.length)
      })
      .join('  ')
  return [heading.map(title => ({ text: title, paint: style.bold })), ...rows].map(cells => `  ${line(cells)}`)
}
