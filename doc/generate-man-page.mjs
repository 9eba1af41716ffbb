/**
 * Writes doc/rebond.1 from the manuals of the commands (src/cli/manual, built), in the macros of man(7). `npm run docs` runs it; a test fails
 * when the page and the manuals differ. With --check it writes nothing and exits 1 on a difference.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commands } from '../dist/cli/commands.js'
import { helpOption } from '../dist/cli/manual/manual.js'

const page = fileURLToPath(new URL('rebond.1', import.meta.url))
const manuals = commands.map(({ manual }) => manual)

/** Text as roff takes it: no escape, no hyphen where a minus is meant, no request at the start of a line. */
const roff = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('…', '...')
    .replaceAll('→', '\\(->')
    .replace(/^\./gm, '\\&.')

function* optionLines(options) {
  for (const [name, { short, value, says }] of Object.entries(options)) {
    const spelling = `${short === undefined ? '' : `\\fB\\-${short}\\fR, `}\\fB\\-\\-${roff(name)}\\fR`
    yield `.TP\n${spelling}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}\n${roff(says)}`
  }
}

function* command({ name, summary, synopsis, description, verbs, options, examples, exit }) {
  yield `.SS "${roff(name)}: ${roff(summary)}"`
  yield `.nf\n${synopsis.map(way => `\\fBrebond ${roff(way)}\\fR`).join('\n')}\n.fi`
  for (const text of description) yield text.startsWith(' ') ? `.PP\n.nf\n${roff(text)}\n.fi` : `.PP\n${roff(text)}`
  for (const [verb, says] of Object.entries(verbs ?? {})) yield `.TP\n\\fB${roff(verb)}\\fR\n${roff(says)}`
  yield* optionLines({ ...options, help: helpOption })
  for (const [wish, line] of examples) yield `.PP\n.nf\n    # ${roff(wish)}\n    ${roff(line)}\n.fi`
  const statuses = Object.entries(exit).map(([status, when]) => `${status} ${when}`)
  yield `.PP\nExit status: ${roff(statuses.join('; '))}.`
}

const text = `.\\" Generated from src/cli/manual by npm run docs. Do not edit.
.TH REBOND 1 "" "rebond" "User Commands"
.SH NAME
rebond \\- SMTP relay that refuses dead recipients before they are mailed again, and says why
.SH SYNOPSIS
\\fBrebond\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]
.SH DESCRIPTION
rebond stands between a CRM and its mail server. Mail leaves with a signed return path and comes back to rebond when it cannot be delivered;
an address that proved dead is refused at RCPT TO from then on, with the reason, until somebody lifts the block.
.SH COMMANDS
${manuals.flatMap(manual => [...command(manual)]).join('\n')}
.SH ENVIRONMENT
.TP
\\fBREBOND_URL\\fR
where the running server is, when \\-\\-url is not given
.TP
\\fBREBOND_TOKEN_FILE\\fR
file that holds the token, when \\-\\-token\\-file is not given
.TP
\\fBNO_COLOR\\fR
no colours, whatever its value
.SH FILES
The configuration is one YAML file, named by \\-\\-config; doc/configuration.md lists every key. Secrets stand in files of their own.
.SH SEE ALSO
The papers in doc/: operations.md, configuration.md, http\\-api.md, dns.md, migrate.md.
`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    process.stderr.write('doc/rebond.1 is not what src/cli/manual says: run npm run docs\n')
    process.exitCode = 1
  }
} else writeFileSync(page, text)
