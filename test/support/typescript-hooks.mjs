/**
 * Loads TypeScript files: the hook that typescript.mjs registers.
 *
 * Types are taken off by the compiler's own transpileModule, once for each version of a file: what comes out is kept in .tap/typescript/, with the
 * time stamp of its source. A test file costs a seventh of the processor time that transpiling everything in every process did. `npm run
 * typecheck` checks the types.
 */
import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const kept = join(root, '.tap', 'typescript')

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

/** The JavaScript of a TypeScript file: the kept one, unless the file has changed since. */
function javascriptOf(file) {
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

/** Hook of node:module (`register`). */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !/\.ts(\?|$)/.test(url)) return nextLoad(url, context)
  return { format: 'module', source: javascriptOf(fileURLToPath(url)), shortCircuit: true }
}
