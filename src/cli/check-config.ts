/**
 * `rebond check-config --config FILE`: all problems at once, one a line; exit 0 or 1.
 */
import { parseArgs } from 'node:util'
import { loadConfig } from './load-config.ts'
import { type CommandIo, wrongUsage } from './run-command.ts'

const help = `usage: rebond check-config --config FILE

Checks a configuration file and prints every problem, one a line:

  FILE: key.path: must be …, not …

A line "FILE: warning: key.path: …" names what is allowed and probably not meant.

Nothing is started or changed. Exit status: 0 the file is right, 1 it is not, 2 wrong usage.
`

/** Runs the command. */
export async function runCheckConfig(args: readonly string[], { stdout, stderr }: CommandIo): Promise<number> {
  const file = configOption(args, help, { stdout, stderr })
  if (typeof file === 'number') return file
  const loaded = await loadConfig(file)
  if (loaded.ok) {
    for (const warning of loaded.warnings) stdout.write(`${warning}\n`)
    stdout.write(`${file}: ok\n`)
    return 0
  }
  for (const problem of loaded.problems) stdout.write(`${problem}\n`)
  return 1
}

/** Reads the one option `--config FILE`; gives the file, or the exit status when there is nothing more to do. */
export function configOption(
  args: readonly string[],
  help: string,
  { stdout, stderr }: Pick<CommandIo, 'stdout' | 'stderr'>,
): string | number {
  let values: { config?: string; help?: boolean }
  try {
    values = parseArgs({
      args: [...args],
      options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
    }).values
  } catch (err) {
    stderr.write(`rebond: ${(err as Error).message}\n\n${help}`)
    return wrongUsage
  }
  if (values.help) {
    stdout.write(help)
    return 0
  }
  if (values.config === undefined) {
    stderr.write(`rebond: --config FILE must be given\n\n${help}`)
    return wrongUsage
  }
  return values.config
}
