/**
 * Cells that a spreadsheet would take for a formula, made harmless and made themselves again (OWASP, "CSV Injection").
 *
 * A cell that begins with = + - @ tab or CR gets an apostrophe in front; so does one that begins with apostrophes and then one of these,
 * which keeps the way back unambiguous. Pure.
 */

const dangerous = /^'*[=+\-@\t\r]/
const defused = /^'+[=+\-@\t\r]/

/** Makes a cell harmless. */
export function defuse(cell: string): string {
  return dangerous.test(cell) ? `'${cell}` : cell
}

/** Undoes `defuse`. */
export function undefuse(cell: string): string {
  return defused.test(cell) ? cell.slice(1) : cell
}
