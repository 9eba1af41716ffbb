/**
 * `rebond check-config --config FILE`: all problems at once, one a line; exit 0 or 1.
 */
import { formatProblem } from '../config/config.ts'
import { checkFiles, type FileProblem } from './check-files.ts'
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
  const files = loaded.ok ? await checkFiles(loaded.config) : []
  const problems = loaded.ok ? files.filter(one => !one.onlyInService).map(one => formatProblem(file, one)) : loaded.problems
  const warnings = loaded.ok ? [...loaded.warnings, ...files.filter(one => one.onlyInService).map(one => onlyInService(file, one))] : []
  const ok = problems.length === 0
  if (json) {
    stdout.write(`${JSON.stringify({ ok, problems, warnings })}\n`)
    return ok ? 0 : 1
  }
  const { red, yellow, green } = styleOf(stdout, env)
  for (const problem of problems) stdout.write(`${red(problem)}\n`)
  for (const warning of warnings) stdout.write(`${yellow(warning)}\n`)
  if (ok) stdout.write(`${file}: ${green('ok')}\n`)
  return ok ? 0 : 1
}

function onlyInService(file: string, { path }: FileProblem): string {
  return formatProblem(file, { path: `warning: ${path}`, message: 'is seen by the running service only (systemd), and was not checked' })
}
