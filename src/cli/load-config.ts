/**
 * A configuration file → `Config`: reads the YAML, checks all of it, resolves its paths, and reads nothing else.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { formatProblem, parseConfig } from '../config/config.ts'
import { resolvePaths } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'

export type LoadedConfig = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] }

/** Loads `file`. Every problem is one line, `FILE: key.path: must be …, not …`, all of them at once. */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (err) {
    const why = (err as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (err as Error).message
    return { ok: false, problems: [`${file}: must be a configuration file that can be read: ${why}`] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map(error => `${file}:${lines.linePos(error.pos[0]).line}: must be YAML: ${firstLine(error.message)}`),
    }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (err) {
    return { ok: false, problems: [`${file}: must be YAML that can be expanded: ${firstLine((err as Error).message)}`] }
  }
  const parsed = parseConfig(value)
  if (!parsed.ok) return { ok: false, problems: parsed.problems.map(problem => formatProblem(file, problem)) }
  return { ok: true, config: resolvePaths(parsed.config, path => resolve(dirname(file), path)) }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
