/**
 * The house as a test: which room may import from which, and that floor 0 is pure (CONTRIBUTING.md, "The house").
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const test = dirname(fileURLToPath(import.meta.url))
const src = join(test, '..', 'src')

const floorOf: Readonly<Record<string, number>> = {
  'main.ts': 4,
  'app.ts': 4,
  cli: 4,
  relay: 3,
  intake: 3,
  http: 3,
  sandbox: 3,
  judge: 2,
  notify: 2,
  privacy: 2,
  store: 1,
  wire: 1,
  observe: 1,
  smtp: 0,
  'return-path': 0,
  report: 0,
  classify: 0,
  config: 0,
  'block-file': 0,
}

/** What a pure file may import from outside the house. */
const pureImports = new Set(['node:buffer', 'node:crypto', 'node:url'])
const pureFrom: Readonly<Record<string, readonly string[]>> = {
  config: ['zod', 'ipaddr.js'],
  'block-file': ['csv-parse/sync', 'csv-stringify/sync'],
}
const pureCrypto = new Set(['createHash', 'createHmac', 'timingSafeEqual'])
/** What reads the clock, randomness or the world. */
const impure =
  /\b(?:Date\.now|new Date\(\)|performance\.|Math\.random|process\.|console\.|fetch\(|set(?:Timeout|Interval|Immediate)\b|queueMicrotask|randomUUID|randomBytes|structuredClone\(process)/

type Import = { readonly from: string; readonly names: readonly string[]; readonly typeOnly: boolean }
type File = {
  readonly path: string
  readonly room: string
  readonly text: string
  readonly code: string
  readonly imports: readonly Import[]
}

const files: readonly File[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .sort()
  .map(path => {
    const text = readFileSync(join(src, path), 'utf8')
    return { path, room: path.split('/')[0] ?? path, text, ...read(text) }
  })

/** The imports of a file (dynamic ones and workers too), and its code without comments. */
function read(text: string): { imports: Import[]; code: string } {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2023, true)
  const imports: Import[] = []
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      const clause = ts.isImportDeclaration(node) ? node.importClause : undefined
      const bindings = clause?.namedBindings
      const names = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(one => (one.propertyName ?? one.name).text) : ['*']
      const typeOnly = ts.isImportDeclaration(node) ? clause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly
      imports.push({ from: node.moduleSpecifier.text, names, typeOnly })
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      imports.push({ from: argument && ts.isStringLiteral(argument) ? argument.text : '?', names: ['*'], typeOnly: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const code = text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1')
  return { imports, code }
}

/** The file in src/ that a relative import means; null for a package. */
const target = (file: File, from: string): string | null => (from.startsWith('.') ? normalize(join(dirname(file.path), from)) : null)
const roomOf = (path: string): string => path.split('/')[0] ?? path
/** The files that are so: what must be none is asserted once, since thousands of assertions cost more than all the reading. */
const pathsOf = (isSo: (file: File) => boolean): string[] => files.filter(isSo).map(({ path }) => path)

t.test('every file stands in a room of the house', async t => {
  t.ok(files.length > 20, 'the house was read')
  t.same(
    pathsOf(({ room }) => !(room in floorOf)),
    [],
  )
})

t.test('a room imports from its own floor or a lower one', async t => {
  const known = new Set(files.map(({ path }) => path))
  const missing: string[] = []
  const upwards: string[] = []
  for (const file of files) {
    for (const { from } of file.imports) {
      const path = target(file, from)
      if (path === null) continue
      if (!known.has(path)) missing.push(`${file.path} imports ${from}, which is not in src/`)
      const [own, other] = [floorOf[file.room] ?? -1, floorOf[roomOf(path)] ?? 9]
      if (other > own) upwards.push(`${file.path} (floor ${own}) imports ${path} (floor ${other})`)
    }
  }
  t.same({ missing, upwards }, { missing: [], upwards: [] })
})

t.test('no room imports in a circle', async t => {
  const edges = new Map<string, Set<string>>()
  for (const file of files) {
    for (const { from } of file.imports) {
      const path = target(file, from)
      if (path && roomOf(path) !== file.room) edges.set(file.room, (edges.get(file.room) ?? new Set()).add(roomOf(path)))
    }
  }
  const circleFrom = (room: string, walk: readonly string[]): string | null => {
    if (walk.includes(room)) return [...walk, room].join(' → ')
    for (const next of edges.get(room) ?? []) {
      const circle = circleFrom(next, [...walk, room])
      if (circle) return circle
    }
    return null
  }
  for (const room of edges.keys()) t.equal(circleFrom(room, []), null, `${room} comes back to itself`)
})

t.test('floor 0 is pure: no clock, no randomness, no I/O, no timers', async t => {
  for (const file of files.filter(({ room }) => floorOf[room] === 0)) {
    for (const { from, names } of file.imports) {
      if (from.startsWith('.')) continue
      const allowed =
        pureImports.has(from) || pureFrom[file.room]?.includes(from) || (file.path === 'report/general.ts' && from === 'mailparser')
      t.ok(allowed, `${file.path} imports ${from}`)
      if (from === 'node:crypto')
        t.ok(
          names.every(name => pureCrypto.has(name)),
          `${file.path} takes ${names.join(', ')} of node:crypto`,
        )
    }
    t.notMatch(file.code, impure, file.path)
  }
})

t.test('only main.ts ends the process', async t => {
  t.same(
    pathsOf(({ code }) => /process\.(?:exit|abort|kill)\b/.test(code)),
    ['main.ts'],
  )
})

t.test('only the page of the house that owns it talks to a library', async t => {
  const owners: Readonly<Record<string, readonly string[]>> = {
    'smtp-server': ['intake', 'sandbox'],
    nodemailer: ['intake', 'sandbox'],
    imapflow: ['intake'],
    mailparser: ['report'],
    level: ['store'],
    pg: ['store'],
    pino: ['observe'],
    'prom-client': ['observe'],
    fastify: ['http'],
    '@fastify/cookie': ['http'],
    yaml: ['cli'],
    'csv-parse/sync': ['block-file'],
    'csv-stringify/sync': ['block-file'],
    tldts: ['cli', 'judge'],
  }
  for (const file of files) {
    for (const { from, typeOnly } of file.imports) {
      const rooms = Object.hasOwn(owners, from) ? owners[from] : undefined
      if (rooms && !typeOnly) t.ok(rooms.includes(file.room), `${file.path} imports ${from}`)
    }
  }
})

t.test('every file says what it is, is short enough for one thought, and has a name that says what is inside', async t => {
  t.same(
    pathsOf(({ text }) => !/^(?:#!.*\n)?\/\*\*/.test(text)),
    [],
    'each opens with what it is',
  )
  t.same(
    pathsOf(({ text }) => text.split('\n').length > 400),
    [],
    'each has at most 400 lines',
  )
  t.same(
    pathsOf(({ path }) => /(?:^|\/)(?:utils?|helpers?|common|misc|types|index)(?:\.ts|\/)/.test(path)),
    [],
    'each is named for what is inside',
  )
  t.same(
    pathsOf(({ path }) => !/^[a-z0-9/.-]+$/.test(path)),
    [],
    'each is kebab-case',
  )
  const lengths = files.map(({ text }) => text.split('\n').length).sort((a, b) => a - b)
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0
  t.ok(median <= 120, `the median file has ${median} lines, at most 120`)
})

t.test('the type checker is never switched off', async t => {
  t.same(
    pathsOf(({ text, code }) => /: any\b|\bas any\b/.test(code) || /@ts-(?:ignore|expect-error|nocheck)/.test(text)),
    [],
  )
})

t.test('npm test runs every test file once: by itself, or in one file of suites/', async t => {
  const { tap } = JSON.parse(readFileSync(join(test, '..', 'package.json'), 'utf8')) as { tap: { include: string[] } }
  const folders = tap.include.map(pattern => /^test\/([a-z0-9-]+)\/\*\.test\.ts$/.exec(pattern)?.[1] ?? pattern)
  const all = readdirSync(test, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.test.ts'))
  const started = all.filter(path => folders.includes(dirname(path)))
  const shared = started
    .filter(path => dirname(path) === 'suites')
    .flatMap(path => read(readFileSync(join(test, path), 'utf8')).imports.map(({ from }) => normalize(join('suites', from))))
  t.same([...started, ...shared].sort(), all.sort())
})
