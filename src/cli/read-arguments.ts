/**
 * The arguments of a command, read as its manual says; help and wrong usage are answered here, alike for every command.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { formatHelp, formatUsage } from './manual/format-help.ts'
import { helpOption, type Manual, type OptionManual } from './manual/manual.ts'
import { type CommandIo, wrongUsage } from './run-command.ts'
import { styleOf } from './style.ts'

type ValueOf<O extends OptionManual> = O extends { type: 'boolean' } ? boolean : O extends { multiple: true } ? readonly string[] : string

/** The options that were given. */
export type ValuesOf<M extends Manual> = { readonly [K in keyof M['options']]?: ValueOf<M['options'][K]> | undefined }

export type Arguments<M extends Manual> =
  | { readonly ok: true; readonly values: ValuesOf<M>; readonly positionals: readonly string[] }
  /** Answered already: the command ends with this status. */
  | { readonly ok: false; readonly status: number }

/** Reads the arguments. `--help` is printed, and what is wrong with them said, before this returns. */
export function readArguments<M extends Manual>(
  manual: M,
  args: readonly string[],
  io: Pick<CommandIo, 'stdout' | 'stderr' | 'env'>,
): Arguments<M> {
  let values: Record<string, unknown>
  let positionals: string[]
  try {
    const options = { ...manual.options, help: helpOption } as NonNullable<ParseArgsConfig['options']>
    ;({ values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true }))
  } catch (err) {
    return { ok: false, status: refuseUsage(manual, firstSentence((err as Error).message), io) }
  }
  if (values.help) {
    io.stdout.write(formatHelp(manual, styleOf(io.stdout, io.env)))
    return { ok: false, status: 0 }
  }
  const operands = positionals.length > 0 && manual.verbs === undefined && manual.operands === undefined
  if (operands) return { ok: false, status: refuseUsage(manual, `it takes options only, not ${JSON.stringify(positionals[0])}`, io) }
  return { ok: true, values: values as ValuesOf<M>, positionals }
}

/** Says what is wrong with the arguments and how they should be; gives the exit status. */
export function refuseUsage(manual: Manual, why: string, { stderr }: Pick<CommandIo, 'stderr'>): number {
  stderr.write(`rebond ${manual.name}: ${why}\n\n${formatUsage(manual)}\nrebond ${manual.name} --help says all of it.\n`)
  return wrongUsage
}

/** Without parseArgs' hints about `--`. */
function firstSentence(message: string): string {
  return message.replace(/\. To specify .*$/s, '').replace(/\.$/, '')
}
