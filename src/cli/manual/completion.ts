/** The manual of `rebond completion`. Pure. */
import type { Manual } from './manual.ts'

export const completionManual = {
  name: 'completion',
  summary: 'print a script that completes commands in bash, zsh or fish',
  synopsis: ['completion bash|zsh|fish'],
  description: ['Prints a script for your shell, which then completes commands, verbs, options and files of rebond at the Tab key.'],
  verbs: { bash: 'for bash', zsh: 'for zsh', fish: 'for fish' },
  options: {},
  examples: [
    ['bash, for you', 'rebond completion bash > ~/.local/share/bash-completion/completions/rebond'],
    ['bash, for this session', 'source <(rebond completion bash)'],
    ['zsh, in a directory of $fpath', 'rebond completion zsh > /usr/local/share/zsh/site-functions/_rebond'],
    ['fish', 'rebond completion fish > ~/.config/fish/completions/rebond.fish'],
  ],
  exit: { 0: 'done', 2: 'wrong usage' },
} as const satisfies Manual
