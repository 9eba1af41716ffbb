/**
 * Colours, where they are seen: on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb. Elsewhere text stays as it is.
 */
import type { CommandIo } from './run-command.ts'

export type Style = {
  /** Whether a person looks on: tables are drawn then, and plain lines otherwise. */
  readonly onTerminal: boolean
  /** Of the terminal; 80 where there is none. */
  readonly columns: number
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const same = (text: string): string => text

/** For everything that is no terminal. */
export const unstyled: Style = { onTerminal: false, columns: 80, bold: same, dim: same, red: same, green: same, yellow: same }

/** The style of what is written to `stream`. */
export function styleOf(stream: NodeJS.WritableStream, env: CommandIo['env']): Style {
  const { isTTY, columns } = stream as { readonly isTTY?: boolean; readonly columns?: number }
  if (!isTTY) return unstyled
  const plain = { ...unstyled, onTerminal: true, columns: columns || unstyled.columns }
  if ((env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb') return plain
  const sgr = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`
  return { ...plain, bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39) }
}
