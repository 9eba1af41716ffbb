/**
 * Arguments → the command they name, its help, or a sentence about what is wrong with them.
 */
import { formatOverview } from './manual/format-help.ts'
import type { Manual } from './manual/manual.ts'
import { styleOf } from './style.ts'

/** What a command reads and writes; a test gives its own. */
export type CommandIo = {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly env: Readonly<Record<string, string | undefined>>
}

export type Command = {
  readonly manual: Manual
  /** It goes on when nobody reads its output any more; other commands end then. */
  readonly outlivesReaders?: boolean
  /** Loads and runs the command; gives its exit status. */
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>
}

/** Wrong usage (contract.md, "Exit"). */
export const wrongUsage = 2

/** Runs the command that `args` names. Never throws: what a command throws is printed as a sentence, exit 1. */
export async function runCommand(commands: readonly Command[], args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    if (rest[0] !== undefined) return runCommand(commands, [rest[0], '--help'], io)
    const stream = name === undefined ? io.stderr : io.stdout
    const manuals = commands.map(({ manual }) => manual)
    stream.write(formatOverview(manuals, styleOf(stream, io.env)))
    return name === undefined ? wrongUsage : 0
  }
  const command = commands.find(({ manual }) => manual.name === name)
  if (!command) {
    const names = commands.map(({ manual }) => manual.name)
    io.stderr.write(`rebond: there is no command ${JSON.stringify(name)}; the commands are ${names.join(', ')}\n`)
    return wrongUsage
  }
  try {
    return await command.run(rest, io)
  } catch (err) {
    io.stderr.write(`rebond ${name}: ${sentence(err)}\n`)
    return 1
  }
}

/** An error as an operator reads it: its message and those of its causes; the stack only for a bug, which has no code. */
export function sentence(err: unknown): string {
  if (!(err instanceof Error)) return String(err)
  if (!('code' in err)) return err.stack ?? err.message
  const cause = err.cause instanceof Error && !err.message.includes(err.cause.message) ? ` (${err.cause.message})` : ''
  return `${err.message}${cause}`
}
