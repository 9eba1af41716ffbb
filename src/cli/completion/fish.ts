/**
 * The completion script for fish: one `complete` line for each word there is.
 *
 * Pure.
 */
import type { Manual } from '../manual/manual.ts'
import { type CompletedOption, completedOptions } from './words.ts'

/** Writes the script. */
export function fishCompletion(manuals: readonly Manual[]): string {
  const first = manuals.map(({ name, summary }) => `complete -c rebond -n __fish_use_subcommand -a ${quoted(name)} -d ${quoted(summary)}`)
  return `# fish completion for rebond; made by: rebond completion fish
complete -c rebond -f
${[...first, ...manuals.flatMap(lines)].join('\n')}
`
}

function lines(manual: Manual): string[] {
  const { name, verbs = {}, operands } = manual
  const here = `__fish_seen_subcommand_from ${name}`
  const words = Object.keys(verbs)
  return [
    ...Object.entries(verbs).map(
      ([verb, says]) =>
        `complete -c rebond -n ${quoted(`${here}; and not __fish_seen_subcommand_from ${words.join(' ')}`)} -a ${quoted(verb)} -d ${quoted(says)}`,
    ),
    ...(operands === 'files' ? [`complete -c rebond -n ${quoted(here)} -F`] : []),
    ...completedOptions(manual).map(option => optionLine(here, option)),
  ]
}

function optionLine(here: string, { name, short, completes, choices = [], says }: CompletedOption): string {
  const value = {
    nothing: '',
    anything: ' -x',
    files: ' -r -F',
    directories: ` -x -a ${quoted('(__fish_complete_directories)')}`,
    choices: ` -x -a ${quoted(choices.join(' '))}`,
  }[completes]
  const spelling = short === undefined ? `-l ${name}` : `-l ${name} -s ${short}`
  return `complete -c rebond -n ${quoted(here)} ${spelling}${value} -d ${quoted(says)}`
}

/** Fish knows two escapes inside single quotes. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
