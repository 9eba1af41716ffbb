/**
 * What there is to complete after `rebond`, as every shell's script needs it.
 *
 * Pure.
 */
import { helpOption, type Manual, type OptionManual } from '../manual/manual.ts'

export type CompletedOption = OptionManual & {
  readonly name: string
  readonly completes: 'nothing' | 'files' | 'directories' | 'choices' | 'anything'
}

/** The options of a command, `--help` too, with what follows each. */
export function completedOptions({ options }: Manual): CompletedOption[] {
  return Object.entries<OptionManual>({ ...options, help: helpOption }).map(([name, option]) => ({
    ...option,
    name,
    completes: after(option),
  }))
}

/** A text in single quotes, as a POSIX shell takes it. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function after({ type, value, choices }: OptionManual): CompletedOption['completes'] {
  if (type === 'boolean') return 'nothing'
  if (choices) return 'choices'
  return value === 'FILE' ? 'files' : value === 'DIR' ? 'directories' : 'anything'
}
