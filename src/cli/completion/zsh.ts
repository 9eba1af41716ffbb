/**
 * The completion script for zsh, by its `_arguments`: what each word does is shown beside it.
 *
 * Pure.
 */
import type { Manual } from '../manual/manual.ts'
import { type CompletedOption, completedOptions, singleQuoted } from './words.ts'

/** Writes the script. */
export function zshCompletion(manuals: readonly Manual[]): string {
  return `#compdef rebond
# zsh completion for rebond; made by: rebond completion zsh
_rebond() {
  local -a commands verbs
  commands=(
${manuals.map(({ name, summary }) => `    ${described(name, summary)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${manuals.map(branch).join('\n')}
    help) _describe command commands ;;
  esac
}
if [[ $funcstack[1] == _rebond ]]; then
  _rebond "$@"
else
  compdef _rebond rebond
fi
`
}

function branch(manual: Manual): string {
  const { name, verbs, operands } = manual
  const specs = completedOptions(manual).flatMap(optionSpecs)
  if (verbs) specs.push(singleQuoted('1:verb:->verb'))
  if (operands === 'files') specs.push(singleQuoted('*:file:_files'))
  const after = verbs
    ? [
        `      verbs=(${Object.entries(verbs)
          .map(([verb, says]) => described(verb, says))
          .join(' ')})`,
        '      [[ $state == verb ]] && _describe verb verbs',
      ]
    : []
  const state = verbs ? ['      local state'] : []
  return [`    ${name})`, ...state, `      _arguments \\\n        ${specs.join(' \\\n        ')}`, ...after, '      ;;'].join('\n')
}

function optionSpecs({ name, short, multiple, completes, choices = [], value = '', says }: CompletedOption): string[] {
  const repeat = multiple ? '*' : ''
  const words = says.replace(/[[\]:\\]/g, '\\$&')
  const tail = {
    nothing: '',
    anything: `:${value}:`,
    files: ':file:_files',
    directories: ':directory:_files -/',
    choices: `:${value}:(${choices.join(' ')})`,
  }[completes]
  const spellings = short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  return spellings.map(spelling => singleQuoted(`${repeat}${spelling}[${words}]${tail}`))
}

function described(word: string, says: string): string {
  return singleQuoted(`${word}:${says.replaceAll(':', '\\:')}`)
}
