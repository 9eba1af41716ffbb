/**
 * Papers that must not drift from the program.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { commands } from '../src/cli/commands.ts'
import type { Manual } from '../src/cli/manual/manual.ts'
import { plainNode, runHere, temporaryDirectory } from './support/program.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'doc'), { recursive: true, encoding: 'utf8' }).map(path => `doc/${path}`),
].filter(path => path.endsWith('.md'))

t.test('generated papers are what the program says', async t => {
  const generators = ['licences', 'configuration', 'man-page', 'http-api'].map(name => `await import('./doc/generate-${name}.mjs')`)
  // In one process: each of them loads half of the program.
  const args = plainNode(['--input-type=module', '--eval', generators.join('\n'), '--', '--check'])
  const { status, stderr } = spawnSync(...args, { cwd: root, encoding: 'utf8' })
  t.same({ status, stderr }, { status: 0, stderr: '' })
  t.notMatch(read('doc/configuration.md'), /\|\s+\|$/m, 'every key has a meaning')
})

t.test('every link inside the papers leads somewhere', async t => {
  for (const page of pages) {
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      t.ok(existsSync(join(root, dirname(page), link)), `${page} links to ${link}`)
    }
  }
})

/** The words of a command line, up to where a shell ends it; quotes taken off. */
function wordsOf(line: string): string[] {
  const whole = /^((?:"[^"]*"|'[^']*'|[^"'|<>;&()])*)/.exec(line)?.[1] ?? ''
  return [...whole.matchAll(/(?:"[^"]*"|'[^']*'|\S)+/g)].map(([word]) => word.replace(/["']/g, ''))
}

t.test('every command line of the papers is one that rebond understands', async t => {
  const known = new Map(commands.map(({ manual }) => [manual.name, manual as Manual]))
  let seen = 0
  for (const page of pages.filter(page => page !== 'CHANGELOG.md')) {
    const text = read(page).replace(/\\\n\s*/g, ' ')
    const blocks = [...text.matchAll(/^ *```(?:sh|bash|console)\n(.*?)^ *```$/gms)].flatMap(([, block = '']) => block.split('\n'))
    const inline = [...text.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`((?:rebond|node dist\/main\.js) [^`]+)`/g)].map(
      ([, line = '']) => line,
    )
    for (const line of [...blocks, ...inline]) {
      const [, call] = /(?:^|[|;&(] *|\$ |sudo -u \S+ )(?:[A-Z_]+=\S+ )*(?:rebond|node dist\/main\.js) (.*)$/.exec(line.trim()) ?? []
      const [name = '', ...words] = wordsOf(call ?? '')
      if (call === undefined || /^(?:--|[A-Z]+$|COMMAND)/.test(name)) continue
      const manual = known.get(name)
      t.ok(manual, `${page}: rebond ${name}`)
      if (!manual) continue
      seen++
      const options = words.filter(word => /^--\w/.test(word)).map(word => word.slice(2).replace(/=.*/, ''))
      for (const option of options) t.ok(option === 'help' || option in manual.options, `${page}: rebond ${name} --${option}`)
      const [verb = ''] = words
      if (manual.verbs && !verb.startsWith('-') && verb !== '')
        t.ok(
          verb.split('|').every(one => one in (manual.verbs ?? {})),
          `${page}: rebond ${name} ${verb}`,
        )
    }
  }
  t.ok(seen > 40, `${seen} command lines were read`)
})

t.test('fuzzing reaches every property', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { fuzz: string } }
  const paths = scripts.fuzz.split(' ').flatMap(word => (word.startsWith('test/') ? [word.replace('*.test.ts', '')] : []))
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.test.ts'))
  // Properties of the stores are sequences of calls with a disk below: their number of runs is their own.
  for (const path of files.filter(one => !one.startsWith('store/') && /^import .* from 'fast-check'$/m.test(read(`test/${one}`))))
    t.ok(
      paths.some(start => `test/${path}`.startsWith(start)),
      path,
    )
})

t.test('every test that the threat model names exists', async t => {
  const named = [...read('doc/threat-model.md').matchAll(/`(test\/[\w./-]+\.ts)`: (.*?) \|$/gm)]
  t.ok(named.length > 20, 'the table was read')
  for (const [, file = '', title = ''] of named) t.ok(read(file).includes(`t.test('${title}'`), `${file}: ${title}`)
})

t.test('every configuration of the site guides is right as it stands, and warns of nothing', async t => {
  const directory = await temporaryDirectory(t)
  const sites = pages.filter(page => page.startsWith('doc/sites/'))
  t.same(sites.map(page => basename(page)).sort(), ['amazon-ses.md', 'exchange-online.md', 'ionos.md', 'ovh.md', 'postfix-owns-port-25.md'])
  for (const page of sites) {
    const text = read(page)
    for (const heading of [/^#+ What it forbids$/m, /^## What was run$/m]) t.match(text, heading, page)
    const blocks = [...text.matchAll(/^```yaml\n(# rebond\.yaml\n.*?)^```$/gms)].map(([, block = '']) => block)
    t.ok(blocks.length > 0, page)
    for (const [index, block] of blocks.entries()) {
      // The secrets that it names lie beside it here.
      const named = [...block.matchAll(/\/etc\/rebond\/([\w-]+)/g)].map(([, name = '']) => name)
      for (const name of named) writeFileSync(join(directory, name), 'a-secret-of-one-line\n')
      const file = join(directory, `${basename(page, '.md')}-${index}.yaml`)
      writeFileSync(file, block.replaceAll('/etc/rebond/', `${directory}/`))
      t.same(await runHere(['check-config', '--config', file]), { status: 0, stdout: `${file}: ok\n`, stderr: '' }, `${page}, ${index}`)
    }
  }
})

t.test('the README names both commands, and every dependency is pinned and has its reason', async t => {
  t.match(read('README.md'), /npm start/)
  t.match(read('README.md'), /npm test/)
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  const reasons = read('doc/adr/0001-dependencies.md')
  const rows = [...reasons.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  )
  const wanted = { ...dependencies, ...devDependencies }
  t.same(rows.sort(), Object.keys(wanted).sort(), 'the table lists what package.json does, and nothing else')
  for (const [name, version] of Object.entries(wanted)) t.match(version, /^\d+\.\d+\.\d+(?:-[\w.]+)?$/, `${name} is pinned`)
})

t.test('no paper and no source carries a path of somebody’s machine', async t => {
  for (const page of pages) t.notMatch(read(page), /(?:^|[^a-z])\/(?:work|home|root|Users)\//m, page)
})
