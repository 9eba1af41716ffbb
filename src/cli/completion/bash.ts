/**
 * The completion script for bash. It needs no other package: `compgen` does the work.
 *
 * Pure.
 */
import type { Manual } from '../manual/manual.ts'
import { type CompletedOption, completedOptions, singleQuoted } from './words.ts'

/** Writes the script. */
export function bashCompletion(manuals: readonly Manual[]): string {
  const names = [...manuals.map(({ name }) => name), 'help', '--help']
  return `# bash completion for rebond; made by: rebond completion bash
_rebond() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W ${singleQuoted(names.join(' '))} -- "$cur"))
    return
  fi
  local options='' verbs='' files=''
  case $command in
    help) verbs=${singleQuoted(manuals.map(({ name }) => name).join(' '))} ;;
${manuals.map(branch).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ $COMP_CWORD -eq 2 && -n $verbs ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$cur"))
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _rebond rebond
`
}

function branch(manual: Manual): string {
  const options = completedOptions(manual)
  const values = options.map(afterOption).filter(line => line !== null)
  return [
    `    ${manual.name})`,
    `      options=${singleQuoted(options.map(({ name }) => `--${name}`).join(' '))}`,
    ...(manual.verbs ? [`      verbs=${singleQuoted(Object.keys(manual.verbs).join(' '))}`] : []),
    ...(manual.operands === 'files' ? ['      files=yes'] : []),
    ...(values.length > 0 ? ['      case $prev in', ...values.map(line => `        ${line}`), '      esac'] : []),
    '      ;;',
  ].join('\n')
}

function afterOption({ name, short, completes, choices = [] }: CompletedOption): string | null {
  const pattern = short === undefined ? `--${name}` : `--${name}|-${short}`
  switch (completes) {
    case 'nothing':
      return null
    case 'anything':
      return `${pattern}) return ;;`
    case 'choices':
      return `${pattern}) COMPREPLY=($(compgen -W ${singleQuoted(choices.join(' '))} -- "$cur")); return ;;`
    default: {
      const kind = completes === 'directories' ? '-d' : '-f'
      return `${pattern}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen ${kind} -- "$cur"); return ;;`
    }
  }
}
