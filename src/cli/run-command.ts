/**
 * Arguments → the command they name, its help, or a sentence about what is wrong with them.
 */

/** What a command reads and writes; a test gives its own. */
export type CommandIo = {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly env: Readonly<Record<string, string | undefined>>
}

export type Command = {
  /** As typed after `rebond`, for example `check-config`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Loads and runs the command; gives its exit status. `--help` is the command's own. */
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>
}

/** Wrong usage (contract.md, "Exit"). */
export const wrongUsage = 2

/** Runs the command that `args` names. Never throws: what a command throws is printed as a sentence, exit 1. */
export async function runCommand(commands: readonly Command[], args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = rest[0] === undefined ? undefined : commands.find(one => one.name === rest[0])
    if (asked) return runCommand(commands, [asked.name, '--help'], io)
    const stream = name === undefined ? io.stderr : io.stdout
    stream.write(overview(commands))
    return name === undefined ? wrongUsage : 0
  }
  const command = commands.find(one => one.name === name)
  if (!command) {
    io.stderr.write(`rebond: there is no command ${JSON.stringify(name)}; the commands are ${commands.map(one => one.name).join(', ')}\n`)
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

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(one => one.name.length))
  return [
    'rebond: an SMTP relay that refuses dead recipients before they are mailed again, and says why',
    '',
    'usage: rebond COMMAND [OPTION…]',
    '',
    ...commands.map(one => `  ${one.name.padEnd(width)}  ${one.summary}`),
    '',
    'rebond COMMAND --help says all of one command. Exit status: 0 done, 1 refused or failed, 2 wrong usage.',
    '',
  ].join('\n')
}
