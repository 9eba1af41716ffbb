/**
 * `rebond completion bash|zsh|fish`: a script that completes commands, verbs, options, choices and files, made from the manuals.
 */

import { commands } from './commands.ts'
import { bashCompletion } from './completion/bash.ts'
import { fishCompletion } from './completion/fish.ts'
import { zshCompletion } from './completion/zsh.ts'
import { completionManual } from './manual/completion.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

/** Runs the command. */
export async function runCompletion(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(completionManual, args, io)
  if (!read.ok) return read.status
  const [shell, ...more] = read.positionals
  if (shell === undefined || !Object.hasOwn(shells, shell) || more.length > 0) {
    return refuseUsage(
      completionManual,
      `say one of bash, zsh or fish${shell === undefined ? '' : `, not ${read.positionals.join(' ')}`}`,
      io,
    )
  }
  io.stdout.write(shells[shell as keyof typeof shells](commands.map(({ manual }) => manual)))
  return 0
}
