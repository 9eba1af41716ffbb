/**
 * A command's manual as `--help` prints it, and the list of commands as `rebond --help` does.
 *
 * Pure. No line is longer than 80 columns unless an example or a synopsis is.
 */
import { type Style, unstyled } from '../style.ts'
import { helpOption, type Manual, optionWords } from './manual.ts'

const columns = 80

/** Writes the whole help of a command. */
export function formatHelp(manual: Manual, style: Style = unstyled): string {
  const { description, verbs, options, examples, exit } = manual
  const heading = (text: string) => style.bold(text)
  const sections = [formatUsage(manual), description.map(paragraph).join('\n\n')]
  if (verbs) sections.push(table(Object.entries(verbs)))
  const rows = Object.entries({ ...options, help: helpOption }).map(([name, option]) => [optionWords(name, option), option.says] as const)
  sections.push(`${heading('Options:')}\n${table(rows)}`)
  if (examples.length > 0) {
    sections.push(`${heading('Examples:')}\n${examples.map(([wish, line]) => `${style.dim(`  # ${wish}`)}\n  ${line}`).join('\n')}`)
  }
  const statuses = Object.entries(exit).map(([status, when]) => `${status} ${when}`)
  sections.push(paragraph(`Exit status: ${statuses.join('; ')}.`))
  return `${sections.join('\n\n')}\n`
}

/** Writes the ways to call a command. */
export function formatUsage({ synopsis }: Manual): string {
  return synopsis.map((way, index) => `${index === 0 ? 'usage:' : '      '} rebond ${way}`).join('\n')
}

/** Writes the list of commands. */
export function formatOverview(manuals: readonly Manual[], style: Style = unstyled): string {
  return [
    'rebond: an SMTP relay that refuses dead recipients before they are mailed again,',
    'and says why',
    '',
    'usage: rebond COMMAND [OPTION…]',
    '',
    style.bold('Commands:'),
    table(manuals.map(({ name, summary }) => [name, summary])),
    '',
    style.bold('Examples:'),
    style.dim('  # see it work, without a mail server: everything stays on this machine'),
    '  rebond serve --config config/default.yaml',
    style.dim('  # why does this customer get no mail?'),
    '  rebond address show jean@example.com',
    '',
    'rebond COMMAND --help says all of one command. Those that talk to the running',
    'server find it by --url, REBOND_URL, --config, or at http://127.0.0.1:8025.',
    'Colours are left out where output is no terminal, and with NO_COLOR set.',
    'Exit status: 0 done; 1 refused or failed; 2 wrong usage.',
    '',
  ].join('\n')
}

function paragraph(text: string): string {
  return text.startsWith(' ') ? text : wrap(text, columns).join('\n')
}

/** Two columns: what is typed, and what it does. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(26, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .flatMap(([left, right]) => {
      const lines = wrap(right, columns - width - 4)
      const head = left.length > width ? [`  ${left}`] : []
      const shown = head.length > 0 ? lines : lines.slice(1)
      const first = head.length > 0 ? [] : [`  ${left.padEnd(width)}  ${lines[0] ?? ''}`]
      return [...head, ...first, ...shown.map(line => `${' '.repeat(width + 4)}${line}`)]
    })
    .join('\n')
}

/** Breaks text at spaces into lines of at most `width`. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
