/**
 * The command line as a person meets it: help that teaches and is true, completion, colours and bars that nobody but a terminal gets.
 */
import { spawnSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { printAddress } from '../../src/cli/address-text.ts'
import { commands } from '../../src/cli/commands.ts'
import { runCompletion } from '../../src/cli/completion.ts'
import { formatHelp, formatOverview } from '../../src/cli/manual/format-help.ts'
import { type Manual, optionWords } from '../../src/cli/manual/manual.ts'
import { formatProgress, openProgress } from '../../src/cli/progress.ts'
import { readArguments } from '../../src/cli/read-arguments.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import { styleOf, unstyled } from '../../src/cli/style.ts'
import { formatTable } from '../../src/cli/table.ts'

/** A stream that says it is a terminal, and what was written to it. */
function terminal(isTTY: boolean, columns = 80) {
  let written = ''
  const stream = Object.assign(new PassThrough(), { isTTY, columns })
  stream.on('data', piece => {
    written += piece
  })
  return { stream, written: () => written }
}

t.test('the bar says how much, how fast, how long still, in the width there is', async t => {
  const state = { label: 'import', unit: 'lines', total: 1_000_000, done: 640_000, elapsedMs: 50_000, columns: 120 }
  t.equal(formatProgress(state), `import [${'#'.repeat(19)}${'.'.repeat(11)}]  64 %  640,000 of 1,000,000 lines, 12,800/s, 0:29 left`)
  t.equal(formatProgress({ ...state, total: null }), 'import 640,000 lines, 12,800/s', 'no total: no promise')
  t.equal(formatProgress({ ...state, columns: 60 }), 'import  64 %  640,000 of 1,000,000 lines, 12,800/s, 0:29 left'.slice(0, 59))
  t.match(formatProgress({ ...state, elapsedMs: 0 }), /0\/s$/, 'no time has passed')
  t.match(formatProgress({ ...state, elapsedMs: 50_000_000 }), /, 7:48:45 left$/)
  t.match(formatProgress({ ...state, done: 2_000_000 }), /\[#{30}\] 100 %/, 'more than was promised')
  t.match(formatProgress({ ...state, total: 0, done: 0 }), /100 % {2}0 of 0 lines/)
  for (let columns = 1; columns < 130; columns++) t.ok(formatProgress({ ...state, columns }).length < columns, String(columns))
})

t.test('the bar is drawn ten times a second at most, on a terminal only, and leaves no trace', async t => {
  let at = 0
  const options = { label: 'import', unit: 'lines', total: 1000, now: () => at }
  for (const [isTTY, env, draws] of [
    [true, {}, 10],
    [false, {}, 0],
    [true, { TERM: 'dumb' }, 0],
  ] as const) {
    at = 0
    const { stream, written } = terminal(isTTY)
    const progress = openProgress({ stderr: stream, env }, options)
    for (at = 1; at <= 1000; at++) progress.advance()
    t.equal(written().split('import').length - 1, draws, JSON.stringify({ isTTY, env }))
    const before = written()
    progress.hide()
    progress.hide()
    t.equal(written().slice(before.length), draws > 0 ? '\r\x1b[K' : '', 'hidden once')
    progress.end()
    at += 1000
    progress.advance()
    t.equal(written().length, before.length + (draws > 0 ? 4 : 0), 'ended: never again')
  }
})

const manuals = commands.map(({ manual }): Manual => manual)

/** Streams for a command, and what it wrote. */
function quietIo(env: Record<string, string> = {}) {
  const [stdout, stderr] = [terminal(false), terminal(false)]
  return {
    io: { stdin: Readable.from([]), stdout: stdout.stream, stderr: stderr.stream, env },
    stdout: stdout.written,
    stderr: stderr.written,
  }
}

/** The words of an example's call of rebond, as a shell would split them; redirections and what follows a pipe are the shell's. */
function wordsOf(line: string): string[] {
  const call = /\brebond (.*?)(?: *(?:\||&&|2?>|<|\)$|$))/.exec(line)?.[1] ?? ''
  return [...call.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}

t.test('help names every way to call a command, every option and every status, in lines that fit', async t => {
  const overview = formatOverview(manuals)
  const summaries = overview.replace(/\s+/g, ' ')
  for (const manual of manuals) {
    const help = formatHelp(manual)
    t.ok(overview.includes(`  ${manual.name} `) && summaries.includes(manual.summary), manual.name)
    t.ok(help.startsWith(`usage: rebond ${manual.synopsis[0]}\n`), manual.name)
    for (const way of manual.synopsis) t.ok(help.includes(`rebond ${way}`))
    for (const [name, option] of Object.entries(manual.options)) {
      t.ok(help.includes(optionWords(name, option)), `${manual.name} --${name}`)
      t.equal(option.value === undefined, option.type === 'boolean', `${manual.name} --${name} has a word for its value`)
    }
    for (const status of Object.keys(manual.exit)) t.match(help, new RegExp(`Exit status: .*\\b${status}\\s`, 's'))
    for (const line of help.split('\n')) t.ok([...line].length <= 110, line)
    const flat = help.replace(/\s+/g, ' ')
    for (const verb of Object.keys(manual.verbs ?? {})) t.match(flat, ` ${verb} `)
  }
})

t.test('every example can be typed: its options exist, and its first word is a verb of the command', async t => {
  for (const manual of manuals) {
    if (manual.name !== '--version') t.ok(manual.examples.length > 0, `${manual.name} --help teaches by example`)
    for (const [wish, line] of manual.examples) {
      const [name, ...args] = wordsOf(line)
      t.equal(name ?? '', manual.name, wish)
      const { io, stderr } = quietIo()
      const read = readArguments(manual, args, io)
      t.ok(read.ok, `${line}: ${stderr()}`)
      if (read.ok && manual.verbs) t.ok((read.positionals[0] ?? '') in manual.verbs, line)
    }
  }
})

t.test('help COMMAND is COMMAND --help; what is wrong is said before how it would be right', async t => {
  for (const { name, exit } of manuals.filter(one => one.name !== '--version')) {
    const wrongUsage = Object.entries(exit).find(([, when]) => when === 'wrong usage')?.[0]
    const [helped, asked, wrong] = [quietIo(), quietIo(), quietIo()]
    t.equal(await runCommand(commands, ['help', name], helped.io), 0)
    t.equal(await runCommand(commands, [name, '-h'], asked.io), 0)
    t.equal(helped.stdout(), asked.stdout())
    t.equal(await runCommand(commands, [name, '--colour'], wrong.io), Number(wrongUsage), name)
    t.match(
      wrong.stderr(),
      new RegExp(`^rebond ${name}: Unknown option '--colour'\n\nusage: rebond ${name}.*--help says all of it\\.\n$`, 's'),
    )
    t.equal(wrong.stdout(), '')
  }
  const unknown = quietIo()
  t.equal(await runCommand(commands, ['help', 'serv'], unknown.io), 2)
  t.match(unknown.stderr(), /there is no command "serv"; the commands are serve, /)
})

t.test('bash completes commands, verbs, options, choices and files', async t => {
  const { io, stdout } = quietIo()
  t.equal(await runCompletion(['bash'], io), 0)
  const bash = spawnSync('bash', ['-c', 'type compgen'], { encoding: 'utf8' })
  if (bash.status !== 0) return t.pass('completion in bash', { skip: 'there is no bash: NOT checked' })
  const complete = (...typed: string[]) => {
    const words = typed.map(word => `'${word}'`).join(' ')
    const script = `${stdout()}\nCOMP_WORDS=(rebond ${words}); COMP_CWORD=${typed.length}; _rebond; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout: answer, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: 'config' })
    t.equal(stderr, '', typed.join(' '))
    return answer.trim().split('\n').sort()
  }
  t.same(complete('class'), ['classify', 'classify-reply'])
  t.same(complete('address', ''), ['block', 'show', 'unblock'])
  t.same(complete('address', 'show', '--t'), ['--token-file'])
  t.same(complete('token', 'new', 'x', '--scope', ''), ['admin', 'ingest', 'read', 'unblock'])
  t.same(complete('serve', '--config', 'exam'), ['example.yaml'])
  t.same(complete('serve', '-c', 'exam'), ['example.yaml'])
  t.same(complete('classify', 'exam'), ['example.yaml'])
  t.same(complete('address', 'show', '--why', ''), [''], 'what only a person knows is left to them')
  t.same(complete('help', 'ser'), ['serve'])
})

t.test('every shell is told of every command, verb and option', async t => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { io, stdout } = quietIo()
    t.equal(await runCompletion([shell], io), 0)
    for (const { name, verbs = {}, options } of manuals) {
      for (const word of [name, ...Object.keys(verbs)]) t.match(stdout(), word, `${shell}: ${name} ${word}`)
      for (const option of Object.keys(options))
        t.match(stdout(), shell === 'fish' ? `-l ${option} ` : `--${option}`, `${shell}: ${name} --${option}`)
    }
  }
  for (const args of [[], ['csh'], ['toString'], ['bash', 'zsh']]) {
    const { io, stderr } = quietIo()
    t.equal(await runCompletion(args, io), 2)
    t.match(stderr(), /say one of bash, zsh or fish/)
  }
})

const shown = {
  address: 'jean@example.com',
  status: 'blacklisted',
  since: '2026-11-24T08:30:00.000Z',
  until: null,
  reason: null,
  counts: { hard: 1, soft: 0, uncounted: 0 },
  lastUnblock: null,
  bounces: [],
}

t.test('colours and tables are for terminals, and NO_COLOR takes colours away', async t => {
  const tty = terminal(true, 60).stream
  t.match(styleOf(tty, {}), { onTerminal: true, columns: 60 })
  t.equal(styleOf(tty, {}).red('no'), '\x1b[31mno\x1b[39m')
  t.equal(styleOf(tty, { NO_COLOR: '' }).red('no'), '\x1b[31mno\x1b[39m', 'an empty NO_COLOR is none')
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as Record<string, string>[]) {
    t.equal(styleOf(tty, env).red('no'), 'no')
    t.equal(styleOf(tty, env).onTerminal, true)
  }
  t.equal(styleOf(terminal(false).stream, {}), unstyled)
  t.notMatch(printAddress(shown), /\x1b/)
  t.match(printAddress(shown, styleOf(tty, {})), /\x1b\[31mblacklisted\x1b\[39m since/)
  const lines = formatTable(
    ['a', 'what'],
    [
      [{ text: 'long' }, { text: 'x'.repeat(99) }],
      [{ text: 'b' }, { text: 'y' }],
    ],
    { ...unstyled, columns: 40 },
  )
  t.same(lines, ['  a     what', `  long  ${'x'.repeat(31)}…`, '  b     y'])
})
