/**
 * Papers that must not drift from the program.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

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
  for (const generator of ['generate-configuration', 'generate-man-page', 'generate-http-api', 'generate-licences']) {
    const { status, stderr } = spawnSync(process.execPath, [`doc/${generator}.mjs`, '--check'], { cwd: root, encoding: 'utf8' })
    t.equal(stderr, '', generator)
    t.equal(status, 0, generator)
  }
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

t.test('every test that the threat model names exists', async t => {
  const named = [...read('doc/threat-model.md').matchAll(/`(test\/[\w./-]+\.test\.ts)`: (.*?) \|$/gm)]
  t.ok(named.length > 20, 'the table was read')
  for (const [, file = '', title = ''] of named) t.ok(read(file).includes(`t.test('${title}'`), `${file}: ${title}`)
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
