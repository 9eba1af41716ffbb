/**
 * `rebond check-config --config FILE`: all problems at once, one a line; exit 0 or 1.
 */
import { loadConfig } from './load-config.ts'
import { checkConfigManual } from './manual/check-config.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { styleOf } from './style.ts'

/** Runs the command. */
export async function runCheckConfig(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(checkConfigManual, args, io)
  if (!read.ok) return read.status
  const { config: file, json } = read.values
  if (file === undefined) return refuseUsage(checkConfigManual, '--config FILE must be given', io)
  const { stdout, env } = io
  const loaded = await loadConfig(file)
  const problems = loaded.ok ? [] : loaded.problems
  const warnings = loaded.ok ? loaded.warnings : []
  if (json) {
    stdout.write(`${JSON.stringify({ ok: loaded.ok, problems, warnings })}\n`)
    return loaded.ok ? 0 : 1
  }
  const { red, yellow, green } = styleOf(stdout, env)
  for (const problem of problems) stdout.write(`${red(problem)}\n`)
  for (const warning of warnings) stdout.write(`${yellow(warning)}\n`)
  if (loaded.ok) stdout.write(`${file}: ${green('ok')}\n`)
  return loaded.ok ? 0 : 1
}
