/**
 * The JavaScript of TypeScript files: types are taken off by the compiler's own transpileModule, once for each version of a file. What comes out is
 * kept in .tap/typescript/, with the time stamp of its source. `npm run typecheck` checks the types.
 *
 * Run as a program it transpiles all that is not kept yet, so that not every test process of a fresh clone loads the compiler for its own few files.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const kept = join(root, '.tap', 'typescript')

/** The JavaScript of a TypeScript file: the kept one, unless the file has changed since. */
export function javascriptOf(file) {
  const output = join(kept, relative(root, file).replaceAll('..', '_'))
  const { mtime } = statSync(file)
  if (statSync(output, { throwIfNoEntry: false })?.mtime.getTime() === mtime.getTime()) return readFileSync(output)
  const text = transpile(file, readFileSync(file, 'utf8'))
  mkdirSync(dirname(output), { recursive: true })
  // Several test files may want it at once: each writes its own, and the last one renamed stays.
  const own = `${output}.${process.pid}.${process.hrtime.bigint()}`
  writeFileSync(own, text)
  utimesSync(own, mtime, mtime)
  renameSync(own, output)
  return text
}

function transpile(file, source) {
  const ts = createRequire(import.meta.url)('typescript')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    inlineSourceMap: true,
  }
  return ts.transpileModule(source, { fileName: file, compilerOptions }).outputText
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const directory of ['src', 'test']) {
    const files = readdirSync(join(root, directory), { recursive: true }).filter(name => name.endsWith('.ts'))
    for (const name of files) javascriptOf(join(root, directory, name))
  }
}
