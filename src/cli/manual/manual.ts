/**
 * The manual of a command as data: help, shell completion, the manual page and the reading of arguments all come from it, so that none of
 * them can say what another does not.
 *
 * Pure, and light: the manuals of all commands are loaded whenever any of them runs.
 */

/** One option; `node:util`'s parseArgs reads `type`, `short` and `multiple` of it. */
export type OptionManual = {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands for the value in help: FILE, URL, TEXT. After FILE and DIR a shell completes paths. */
  readonly value?: string
  /** Every value there is, for completion. */
  readonly choices?: readonly string[]
  /** What it does: a sentence without capital and full stop. */
  readonly says: string
}

export type Manual = {
  /** As typed after `rebond`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Each way to call it, without `rebond`. */
  readonly synopsis: readonly string[]
  /** Paragraphs; one that begins with a space is shown as it stands. */
  readonly description: readonly string[]
  /** First words that the command takes, with what each does. */
  readonly verbs?: Readonly<Record<string, string>>
  /** What else it takes, for completion. */
  readonly operands?: 'files' | 'words'
  readonly options: Readonly<Record<string, OptionManual>>
  /** What somebody wants to do, and the line that does it. */
  readonly examples: readonly (readonly [wish: string, line: string])[]
  /** Exit status → when. */
  readonly exit: Readonly<Record<number, string>>
}

/** Every command knows it. */
export const helpOption = { type: 'boolean', short: 'h', says: 'this text' } as const satisfies OptionManual

/** An option with the word for its value: `--why TEXT`. */
export function optionWords(name: string, { short, value }: OptionManual): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}
